package mesoshttp

import (
	"net/http"

	"codeberg.org/reeve/reeve/shared/fault"
)

// StatusOf is the table of this edge: what each kind of error is in HTTP.
func StatusOf(kind fault.Kind) int {
	switch kind {
	case fault.Invalid:
		return http.StatusBadRequest
	case fault.NotFound:
		return http.StatusNotFound
	case fault.Conflict:
		return http.StatusConflict
	case fault.Unauthenticated:
		return http.StatusUnauthorized
	case fault.Forbidden:
		return http.StatusForbidden
	case fault.NotLeader, fault.Unavailable:
		return http.StatusServiceUnavailable
	case fault.Exhausted:
		return http.StatusTooManyRequests
	case fault.Unsupported:
		return http.StatusNotImplemented
	case fault.Internal:
		return http.StatusInternalServerError
	}
	return http.StatusInternalServerError
}

// WriteError answers with the status of err's kind and its text.
func WriteError(w http.ResponseWriter, r *http.Request, err error) {
	WriteText(w, r, StatusOf(fault.KindOf(err)), err.Error())
}
