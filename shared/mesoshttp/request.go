package mesoshttp

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"

	"google.golang.org/protobuf/proto"

	"codeberg.org/reeve/reeve/shared/codec"
)

// MaxCall is the largest body of a call, unpacked: an ACCEPT that launches ten thousand tasks has about 10 MB.
const MaxCall = 16 << 20

// ReadCall does the checks that every call endpoint makes before it looks at the call (spec 1.4, rows 4 to 7): method,
// content type, body. It answers what fails and returns false.
func ReadCall(w http.ResponseWriter, r *http.Request, call proto.Message) (codec.Codec, bool) {
	if r.Method != http.MethodPost {
		WriteMethodNotAllowed(w, r, http.MethodPost)
		return "", false
	}
	contentType, ok := last(r, "Content-Type")
	if !ok {
		WriteText(w, r, http.StatusBadRequest, "Expecting 'Content-Type' to be present")
		return "", false
	}
	coder, ok := codec.FromContentType(contentType)
	if !ok {
		WriteText(w, r, http.StatusUnsupportedMediaType, fmt.Sprintf(
			"Expecting 'Content-Type' of %s or %s", codec.JSON.MediaType(), codec.Protobuf.MediaType()))
		return "", false
	}
	body, status, err := ReadBody(w, r, MaxCall)
	if err != nil {
		WriteText(w, r, status, err.Error())
		return "", false
	}
	if err := coder.Unmarshal(body, call); err != nil {
		WriteText(w, r, http.StatusBadRequest, decodeText(coder, body, call, err))
		return "", false
	}
	return coder, true
}

// ReadBody reads a whole body of at most limit bytes, unpacking gzip. On failure it returns the status to answer with.
func ReadBody(w http.ResponseWriter, r *http.Request, limit int64) (body []byte, status int, err error) {
	var from io.Reader = http.MaxBytesReader(w, r.Body, limit)
	switch r.Header.Get("Content-Encoding") {
	case "", "identity":
	case "gzip":
		unpacked, err := gzip.NewReader(from)
		if err != nil {
			return nil, http.StatusBadRequest, fmt.Errorf("failed to unpack the gzip body: %w", err)
		}
		from = unpacked
	default:
		return nil, http.StatusUnsupportedMediaType, fmt.Errorf(
			"content encoding %q is not supported; send gzip or none", r.Header.Get("Content-Encoding"))
	}
	body, err = io.ReadAll(io.LimitReader(from, limit+1)) // unpacked, it may be a thousand times larger
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok || int64(len(body)) > limit {
		return nil, http.StatusRequestEntityTooLarge, fmt.Errorf(
			"the body is larger than %d bytes, the most allowed here", limit)
	}
	if err != nil {
		return nil, http.StatusBadRequest, fmt.Errorf("failed to read the body: %w", err)
	}
	return body, 0, nil
}

// last returns the last line of a header, which is the one that Mesos keeps (spec 8, pitfall 10).
func last(r *http.Request, name string) (string, bool) {
	values := r.Header.Values(name)
	if len(values) == 0 {
		return "", false
	}
	return values[len(values)-1], true
}

// Negotiate chooses the codec of an answer from Accept (spec 1.5): JSON where both will do. It answers 406 and returns
// false if neither will.
func Negotiate(w http.ResponseWriter, r *http.Request) (codec.Codec, bool) {
	c, ok := codec.Negotiate(r.Header.Values("Accept"))
	if !ok {
		WriteText(w, r, http.StatusNotAcceptable, fmt.Sprintf(
			"Expecting 'Accept' to allow '%s' or '%s'", codec.Protobuf.MediaType(), codec.JSON.MediaType()))
	}
	return c, ok
}

// WriteMessage answers with a message in the negotiated codec.
func WriteMessage(w http.ResponseWriter, r *http.Request, c codec.Codec, m proto.Message) {
	body, err := c.Marshal(m)
	if err != nil {
		WriteText(w, r, http.StatusInternalServerError, fmt.Sprintf("failed to encode the answer: %v", err))
		return
	}
	Write(w, r, http.StatusOK, c.MediaType(), body)
}
