package httpapi_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// exchange is a request and what it must be answered with. An answer that ends with … is compared up to there.
type exchange struct {
	method, path, body string
	status             int
	answer             string
}

// exchanges sends requests in order.
func exchanges(t *testing.T, m *testMaster, all []exchange) {
	t.Helper()
	for _, x := range all {
		r := httptest.NewRequestWithContext(t.Context(), x.method, x.path, strings.NewReader(x.body))
		if strings.HasPrefix(x.path, "/api") {
			r.Header.Set("Content-Type", "application/json")
		}
		w := httptest.NewRecorder()
		m.handler.ServeHTTP(w, r)
		body, err := io.ReadAll(w.Result().Body)
		if err != nil {
			t.Fatal(err)
		}
		got, want := string(body), x.answer
		if head, ok := strings.CutSuffix(want, "…"); ok {
			got, want = got[:min(len(got), len(head))], head
		}
		if w.Code != x.status || got != want {
			t.Errorf("%s %s %s:\n%d %s\nwant\n%d %s", x.method, x.path, x.body, w.Code, body, x.status, x.answer)
		}
	}
}

const api = "/api/v1"

// TestWeights: what UPDATE_WEIGHTS, GET_WEIGHTS and /weights take and answer (spec 2.4, 3.9, 7.2).
func TestWeights(t *testing.T) {
	invalid := "Failed to validate update weights request JSON"
	exchanges(t, newMaster(t), []exchange{
		{"POST", api, `{"type":"GET_WEIGHTS"}`, 200, `{"type":"GET_WEIGHTS"}`},
		{"GET", "/weights", "", 200, `[]`},
		{"POST", api, `{"type":"UPDATE_WEIGHTS"}`, 400, "Failed to validate master::Call: Expecting 'update_weights' to be present"},
		{"POST", api, `{"type":"UPDATE_WEIGHTS","update_weights":{"weight_infos":[{"role":"a","weight":0}]}}`, 400,
			invalid + " for role 'a': Invalid weight '0': Weights must be positive"},
		{"POST", api, `{"type":"UPDATE_WEIGHTS","update_weights":{"weight_infos":[{"role":"a b","weight":1}]}}`, 400,
			invalid + ": Invalid role 'a b': …"},
		{"POST", api, `{"type":"UPDATE_WEIGHTS","update_weights":{"weight_infos":[{"role":"a"}]}}`, 400, "…"}, // required
		{"POST", api, `{"type":"UPDATE_WEIGHTS","update_weights":{"weight_infos":[{"role":"a/b","weight":2.5},{"role":" * ","weight":3}]}}`, 200, ""},
		{"POST", api, `{"type":"GET_WEIGHTS"}`, 200,
			`{"type":"GET_WEIGHTS","get_weights":{"weight_infos":[{"weight":3.0,"role":"*"},{"weight":2.5,"role":"a/b"}]}}`},
		{"PUT", "/master/weights", `[{"role":"a/b","weight":4}]`, 200, ""},
		{"PUT", "/weights", `[]`, 200, ""},
		{"PUT", "/weights", `{"role":"a"}`, 400, "Failed to parse update weights request JSON ('{\"role\":\"a\"}'): …"},
		{"PUT", "/weights", `[{"role":"a","weight":"x"}]`, 400, "Failed to convert weights JSON array to protobuf (…"},
		{"PUT", "/weights", `[{"role":"a","weight":-1}]`, 400, invalid + " for role 'a': Invalid weight '-1': Weights must be positive"},
		{"GET", "/weights", "", 200, `[{"weight":3.0,"role":"*"},{"weight":4.0,"role":"a/b"}]`},
		{"GET", "/weights?jsonp=f", "", 200, `f([{"weight":3.0,"role":"*"},{"weight":4.0,"role":"a/b"}])`},
		{"POST", "/weights", "", 405, "…"},
		{"GET", "/roles", "", 200, `{"roles":[{"name":"*","weight":3.0,"quota":{"role":"*","guarantee":{},"limit":{},"consumed":{}},` +
			`"resources":{},"allocated":{},"offered":{},"reserved":{},"frameworks":[]},{"name":"a/b","weight":4.0,…`},
		{"POST", api, `{"type":"GET_ROLES"}`, 200, `{"type":"GET_ROLES","get_roles":{"roles":[{"name":"*","weight":3.0…`},
	})
}

// TestStandbysSendWritersOn: settings are the leader's.
func TestStandbysSendWritersOn(t *testing.T) {
	exchanges(t, newStandby(masterInfo(15060)), []exchange{
		{"PUT", "/weights", `[]`, http.StatusTemporaryRedirect, ""},
		{"GET", "/weights", ``, http.StatusTemporaryRedirect, ""},
	})
}
