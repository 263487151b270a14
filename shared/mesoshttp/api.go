package mesoshttp

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// APIRoute is one route of /reeve/v1. A segment of Path in braces matches any one segment; the handler finds it with
// r.PathValue, decoded.
type APIRoute struct {
	Method, Path string
	Handler      http.HandlerFunc
}

// apiHandler routes /reeve/v1. It is not http.ServeMux because that answers what it does not know, and paths it would
// rather clean, in its own words and redirects instead of reeveapi.Error.
type apiHandler []APIRoute

// NewAPI returns the handler of some routes.
func NewAPI(routes ...APIRoute) http.Handler { return apiHandler(routes) }

// ServeHTTP routes one request.
func (h apiHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimSuffix(r.URL.EscapedPath(), "/")
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	var allowed []string
	for _, route := range h {
		values, ok := matchPath(route.Path, path)
		if !ok {
			continue
		}
		if route.Method != method {
			allowed = append(allowed, route.Method)
			continue
		}
		for name, value := range values {
			r.SetPathValue(name, value)
		}
		route.Handler(w, r)
		return
	}
	if len(allowed) > 0 {
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		writeAPIError(w, r, http.StatusMethodNotAllowed, fault.Invalid,
			fmt.Sprintf("%s is not possible here; use %s", r.Method, strings.Join(allowed, " or ")))
		return
	}
	WriteAPIError(w, r, fault.New(fault.NotFound, "there is no %s; /reeve/v1/openapi.yaml lists what there is", r.URL.Path))
}

// matchPath compares a path, still escaped, with a pattern.
func matchPath(pattern, path string) (map[string]string, bool) {
	want, got := strings.Split(pattern, "/"), strings.Split(path, "/")
	if len(want) != len(got) {
		return nil, false
	}
	values := map[string]string{}
	for i := range want {
		segment, err := url.PathUnescape(got[i])
		if err != nil {
			return nil, false
		}
		if name, ok := strings.CutPrefix(want[i], "{"); ok && segment != "" {
			values[strings.TrimSuffix(name, "}")] = segment
		} else if want[i] != segment {
			return nil, false
		}
	}
	return values, true
}

// maxAPIBody bounds the bodies of /reeve/v1.
const maxAPIBody = 1 << 20

// ReadAPI decodes a JSON body. Unknown names are refused: they are misspellings.
func ReadAPI(w http.ResponseWriter, r *http.Request, into any) error {
	body, err := ReadAPIBody(w, r)
	if err != nil {
		return err
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return fault.New(fault.Invalid, "the body is not what this call takes: %v", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return fault.New(fault.Invalid, "the body has more than one JSON value")
	}
	return nil
}

// ReadAPIBody reads a body as it is. Its error is of kind Invalid or Exhausted.
func ReadAPIBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	body, status, err := ReadBody(w, r, maxAPIBody)
	switch {
	case err == nil:
		return body, nil
	case status == http.StatusRequestEntityTooLarge:
		return nil, fault.New(fault.Exhausted, "%v", err)
	}
	return nil, fault.New(fault.Invalid, "%v", err)
}

// On says whether a parameter of a URL that is a switch is on, such as ?follow=1.
func On(r *http.Request, name string) bool {
	text := r.URL.Query().Get(name)
	return text != "" && text != "0" && text != "false"
}

// WriteAPI answers with a JSON value.
func WriteAPI(w http.ResponseWriter, r *http.Request, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		WriteAPIError(w, r, fmt.Errorf("encode the answer: %w", err))
		return
	}
	Write(w, r, status, jsonType, append(body, '\n'))
}

// WriteAPIError answers with reeveapi.Error and the status of err's kind.
func WriteAPIError(w http.ResponseWriter, r *http.Request, err error) {
	kind := fault.KindOf(err)
	writeAPIError(w, r, StatusOf(kind), kind, err.Error())
}

func writeAPIError(w http.ResponseWriter, r *http.Request, status int, kind fault.Kind, text string) {
	body, err := json.Marshal(reeveapi.Error{Error: text, Kind: kind.String()})
	if err != nil {
		body = []byte("{}") // cannot happen: two strings
	}
	Write(w, r, status, jsonType, append(body, '\n'))
}
