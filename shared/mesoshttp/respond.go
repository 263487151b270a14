package mesoshttp

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
)

// The content types of ordinary answers. JSON has no charset: clients compare it byte for byte (spec 8, pitfall 10).
const (
	textType       = "text/plain; charset=utf-8"
	jsonType       = "application/json"
	javascriptType = "text/javascript"
)

// gzipMin is the size from which answers are compressed for clients that ask for it (spec 1.5).
const gzipMin = 1024

// Write answers with a whole body: Content-Length, and gzip if it pays and the client takes it.
func Write(w http.ResponseWriter, r *http.Request, status int, contentType string, body []byte) {
	h := w.Header()
	if contentType != "" {
		h.Set("Content-Type", contentType)
	} else {
		h["Content-Type"] = nil // no body, no guess
	}
	if len(body) >= gzipMin && acceptsGzip(r) {
		if packed, err := compress(body); err == nil {
			h.Set("Content-Encoding", "gzip")
			h.Add("Vary", "Accept-Encoding")
			body = packed
		}
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // the peer has left; nobody is there to be told
	}
}

func compress(body []byte) ([]byte, error) {
	var buf bytes.Buffer
	zw, err := gzip.NewWriterLevel(&buf, gzip.BestSpeed)
	if err != nil {
		return nil, err
	}
	if _, err := zw.Write(body); err != nil {
		return nil, err
	}
	if err := zw.Close(); err != nil {
		return nil, err
	}
	return buf.Bytes(), nil
}

// acceptsGzip reads Accept-Encoding; a quality of 0 excludes.
func acceptsGzip(r *http.Request) bool {
	for part := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		name, params, _ := strings.Cut(strings.TrimSpace(part), ";")
		if strings.TrimSpace(name) == "gzip" || strings.TrimSpace(name) == "*" {
			return !zeroQuality(params)
		}
	}
	return false
}

// zeroQuality reports whether parameters such as "q=0.0" exclude what they follow.
func zeroQuality(params string) bool {
	value, ok := strings.CutPrefix(strings.ReplaceAll(params, " ", ""), "q=")
	if !ok {
		return false
	}
	q, err := strconv.ParseFloat(value, 64)
	return err == nil && q == 0
}

// WriteText answers with a plain sentence.
func WriteText(w http.ResponseWriter, r *http.Request, status int, text string) {
	Write(w, r, status, textType, []byte(text))
}

// WriteStatus answers with Mesos's default body for a status: "404 Not Found.".
func WriteStatus(w http.ResponseWriter, r *http.Request, status int) {
	WriteText(w, r, status, fmt.Sprintf("%d %s.", status, http.StatusText(status)))
}

// WriteEmpty answers without a body and with Content-Length 0, which clients of the scheduler API need (spec 8, pitfall 4).
func WriteEmpty(w http.ResponseWriter, r *http.Request, status int) { Write(w, r, status, "", nil) }

// WriteMethodNotAllowed answers 405 with the methods that are allowed.
func WriteMethodNotAllowed(w http.ResponseWriter, r *http.Request, methods ...string) {
	w.Header().Set("Allow", strings.Join(methods, ", "))
	quoted := make([]string, len(methods))
	for i, m := range methods {
		quoted[i] = "'" + m + "'"
	}
	WriteText(w, r, http.StatusMethodNotAllowed, fmt.Sprintf(
		"405 Method Not Allowed. Expecting one of { %s }, but received '%s'.", strings.Join(quoted, ", "), r.Method))
}

// callback is what may stand before the bracket of a jsonp answer: a JavaScript path and nothing that could be markup.
var callback = regexp.MustCompile(`^[A-Za-z_$][A-Za-z0-9_$.\[\]]{0,127}$`)

// WriteJSON answers a legacy GET: JSON, or a call of the function named by ?jsonp= (spec 1.2).
func WriteJSON(w http.ResponseWriter, r *http.Request, body []byte) {
	name := r.URL.Query().Get("jsonp")
	if name == "" {
		Write(w, r, http.StatusOK, jsonType, body)
		return
	}
	if !callback.MatchString(name) {
		WriteText(w, r, http.StatusBadRequest, fmt.Sprintf(
			"jsonp is %q, and must be the name of a JavaScript function", name))
		return
	}
	out := make([]byte, 0, len(name)+len(body)+2)
	out = append(out, name...)
	out = append(out, '(')
	out = append(out, body...)
	out = append(out, ')')
	Write(w, r, http.StatusOK, javascriptType, out)
}
