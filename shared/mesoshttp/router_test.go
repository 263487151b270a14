package mesoshttp_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"codeberg.org/reeve/reeve/shared/mesoshttp"
)

// named answers with its name and the path it was given.
func named(name string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, name+" "+r.URL.Path) }
}

func TestRouter(t *testing.T) {
	agents := mesoshttp.NewRouter("slave(1)",
		mesoshttp.Route{Path: "/state", Handler: named("state"), Methods: []string{"GET"}},
		mesoshttp.Route{Path: "/api/v1", Handler: named("api")},
		mesoshttp.Route{Path: "/api/v1/executor", Handler: named("executor")},
		mesoshttp.Route{Path: "/version", Handler: named("version"), Separate: true},
		mesoshttp.Route{Path: "/redirect", Handler: named("redirect"), Exact: true},
	)
	for _, test := range []struct{ method, target, want string }{
		{"GET", "/state", "200 state /state"},
		{"GET", "/state/", "200 state /state"},
		{"GET", "/slave(1)/state", "200 state /state"},
		{"GET", "/slave%281%29/state/", "200 state /state"},
		{"GET", "/state/of/things", "200 state /state/of/things"},
		{"POST", "/state", "405 405 Method Not Allowed. Expecting one of { 'GET' }, but received 'POST'."},
		{"GET", "/state.json", "404 404 Not Found."},
		{"GET", "/state//", "200 state /state/"},
		{"GET", "/master/state", "404 404 Not Found."},
		{"POST", "/api/v1", "200 api /api/v1"},
		{"POST", "/api/v1/", "200 api /api/v1"},
		{"POST", "/slave(1)/api/v1/executor", "200 executor /api/v1/executor"},
		{"GET", "/version", "200 version /version"},
		{"GET", "/slave(1)/version", "404 404 Not Found."},
		{"GET", "/redirect", "200 redirect /redirect"},
		{"GET", "/redirect/x", "404 404 Not Found."},
		{"GET", "/slave(1)", "404 404 Not Found."},
		{"GET", "/slave(1)/", "404 404 Not Found."},
		{"GET", "/", "404 404 Not Found."},
		{"GET", "/state/../flags", "404 404 Not Found."},
		{"GET", "/state/%2e%2e/flags", "404 404 Not Found."},
		{"GET", "/..state", "404 404 Not Found."},
	} {
		t.Run(test.method+" "+test.target, func(t *testing.T) {
			w := httptest.NewRecorder()
			agents.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), test.method, test.target, nil))
			status, body, _ := strings.Cut(test.want, " ")
			if got := w.Result().Status; !strings.HasPrefix(got, status) || w.Body.String() != body {
				t.Errorf("got %s %q, want %s %q", got, w.Body, status, body)
			}
		})
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodOptions, "/", nil)
	r.URL.Path = "*"
	w := httptest.NewRecorder()
	if agents.ServeHTTP(w, r); w.Code != http.StatusBadRequest {
		t.Errorf("OPTIONS *: got %d, want 400", w.Code)
	}
}

// FuzzNormalize: no path may come out unrooted or climbing, and normalising twice is normalising once unless the process
// id is nested, which addresses a path of that name.
func FuzzNormalize(f *testing.F) {
	for _, seed := range []string{"", "/", "//", "/master", "/master/", "/master/state/", "/a/../b", "a", "/..", "/master/master"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, path string) {
		normal, prefixed, ok := mesoshttp.Normalize(path, "master")
		if !ok {
			if strings.HasPrefix(path, "/") && !strings.Contains(path, "/..") {
				t.Errorf("%q was refused", path)
			}
			return
		}
		if !strings.HasPrefix(normal, "/") || strings.Contains(normal, "/..") || len(normal) > len(path) {
			t.Errorf("%q became %q", path, normal)
		}
		if prefixed && !strings.HasPrefix(path, "/master") {
			t.Errorf("%q counts as prefixed", path)
		}
	})
}
