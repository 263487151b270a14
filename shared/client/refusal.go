package client

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"

	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// maxRefusal is how much of an error's text is read.
const maxRefusal = 64 << 10

// refusal makes an error of an answer that is not a success, and closes it. Mesos's endpoints answer with a text, ours
// with a reeveapi.Error.
func refusal(answer *http.Response) error {
	defer func() { _ = answer.Body.Close() }() // nothing was written
	kind := kindOf(answer.StatusCode)
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxRefusal))
	if err != nil {
		return fault.Wrap(kind, err, "%s, and its explanation got lost", answer.Status)
	}
	var ours reeveapi.Error
	if json.Unmarshal(body, &ours) == nil && ours.Error != "" {
		for _, k := range fault.Kinds() {
			if k.String() == ours.Kind {
				kind = k
			}
		}
		return fault.New(kind, "%s", ours.Error)
	}
	if text := strings.TrimSpace(string(body)); text != "" {
		return fault.New(kind, "%s", text)
	}
	return fault.New(kind, "the answer was %s, without an explanation", answer.Status)
}

// kindOf is the table of this edge, the other way round.
func kindOf(status int) fault.Kind {
	switch status {
	case http.StatusBadRequest, http.StatusMethodNotAllowed, http.StatusNotAcceptable, http.StatusUnsupportedMediaType,
		http.StatusRequestEntityTooLarge:
		return fault.Invalid
	case http.StatusUnauthorized:
		return fault.Unauthenticated
	case http.StatusForbidden:
		return fault.Forbidden
	case http.StatusNotFound, http.StatusGone:
		return fault.NotFound
	case http.StatusConflict:
		return fault.Conflict
	case http.StatusTooManyRequests:
		return fault.Exhausted
	case http.StatusNotImplemented:
		return fault.Unsupported
	case http.StatusServiceUnavailable, http.StatusBadGateway, http.StatusGatewayTimeout:
		return fault.Unavailable
	default:
		return fault.Internal
	}
}
