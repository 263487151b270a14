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
		{
			"POST", api, `{"type":"UPDATE_WEIGHTS","update_weights":{"weight_infos":[{"role":"a","weight":0}]}}`, 400,
			invalid + " for role 'a': Invalid weight '0': Weights must be positive",
		},
		{
			"POST", api, `{"type":"UPDATE_WEIGHTS","update_weights":{"weight_infos":[{"role":"a b","weight":1}]}}`, 400,
			invalid + ": Invalid role 'a b': …",
		},
		{"POST", api, `{"type":"UPDATE_WEIGHTS","update_weights":{"weight_infos":[{"role":"a"}]}}`, 400, "…"}, // required
		{"POST", api, `{"type":"UPDATE_WEIGHTS","update_weights":{"weight_infos":[{"role":"a/b","weight":2.5},{"role":" * ","weight":3}]}}`, 200, ""},
		{
			"POST", api, `{"type":"GET_WEIGHTS"}`, 200,
			`{"type":"GET_WEIGHTS","get_weights":{"weight_infos":[{"weight":3.0,"role":"*"},{"weight":2.5,"role":"a/b"}]}}`,
		},
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
		{"GET", "/quota", ``, http.StatusTemporaryRedirect, ""},
		{"POST", "/quota", `{}`, http.StatusTemporaryRedirect, ""},
		{"DELETE", "/quota/a", ``, http.StatusTemporaryRedirect, ""},
	})
}

// TestQuota: what the calls about quotas and /quota take and answer (spec 2.4, 3.9, 7.2). The cluster has no agent.
func TestQuota(t *testing.T) {
	update := func(configs string) string {
		return `{"type":"UPDATE_QUOTA","update_quota":{"force":true,"quota_configs":[` + configs + `]}}`
	}
	set := func(request string) string {
		return `{"type":"SET_QUOTA","set_quota":{"quota_request":{` + request + `}}}`
	}
	const cpus = `{"name":"cpus","type":"SCALAR","scalar":{"value":1}}`
	invalid, legacy := "Invalid QuotaConfig: ", "Failed to validate set quota request: "
	exchanges(t, newMaster(t), []exchange{
		{"POST", api, `{"type":"GET_QUOTA"}`, 200, `{"type":"GET_QUOTA","get_quota":{"status":{}}}`},
		{"GET", "/quota", "", 200, `{}`},
		{"POST", api, `{"type":"UPDATE_QUOTA"}`, 400, "Failed to validate master::Call: Expecting 'update_quota' to be present"},
		{"POST", api, update(`{"role":"a/b"}`), 400, "Updating quota on nested role 'a/b' is not supported yet"},
		{"POST", api, update(`{"role":"a b"}`), 400, invalid + "Invalid 'QuotaConfig.role': …"},
		{"POST", api, update(`{"limits":{}}`), 400, "…"}, // the role is required
		{
			"POST", api, update(`{"role":"a","limits":{"cpus":{"value":-1}}}`), 400,
			invalid + "Invalid limit configuration {'cpus': -1}: Negative values not supported",
		},
		{"POST", api, update(`{"role":"a","guarantees":{"ports":{"value":1}}}`), 400, invalid + "Invalid guarantee configuration {'ports': 1}: …"},
		{"POST", api, update(`{"role":"a","limits":{"mem":{"value":1099511627777}}}`), 400, invalid +
			"Invalid 'QuotaConfig.limits': {'mem': 1099511627777} is invalid: values greater than 1 exabyte (1099511627776) are not supported"},
		{
			"POST", api, update(`{"role":"a","guarantees":{"cpus":{"value":2}},"limits":{"cpus":{"value":1}}}`), 400,
			invalid + "'QuotaConfig.guarantees' cpus:2 is not contained within the 'QuotaConfig.limits' cpus:1",
		},
		{
			"POST", api, strings.Replace(update(`{"role":"a","guarantees":{"cpus":{"value":2}}}`), "true", "false", 1), 400,
			invalid + "total quota guarantees 'cpus:2' exceed cluster capacity '{}' (use 'force' flag to bypass this check)",
		},
		{"POST", api, update(`{"role":"a","limits":{"cpus":{"value":3},"mem":{"value":64}}},{"role":"*","guarantees":{"disk":{"value":5}}}`), 200, ""},
		{"POST", api, `{"type":"GET_QUOTA"}`, 200, `{"type":"GET_QUOTA","get_quota":{"status":{"infos":[` +
			`{"role":"*","guarantee":[{"name":"disk","type":"SCALAR","scalar":{"value":5.0}}]},{"role":"a"}],"configs":[` +
			`{"role":"*","guarantees":{"disk":{"value":5.0}}},{"role":"a","limits":{"cpus":{"value":3.0},"mem":{"value":64.0}}}]}}}`},
		{"POST", api, update(`{"role":"a","limits":{"cpus":{"value":"4"}}},{"role":"*"}`), 200, ""}, // numbers as text; nothing said: none
		{"GET", "/master/quota", "", 200, `{"infos":[{"role":"a"}],"configs":[{"role":"a","limits":{"cpus":{"value":4.0}}}]}`},
		{"GET", "/quota?jsonp=f", "", 200, `f({"infos":…`},
		{"POST", api, `{"type":"GET_ROLES"}`, 200, `{"type":"GET_ROLES","get_roles":{"roles":[{"name":"a","weight":1.0…`},
		{"GET", "/roles", "", 200, `{"roles":[{"name":"a","weight":1.0,"quota":{"role":"a","guarantee":{},"limit":{"cpus":4.0},"consumed":{}},…`},

		{"POST", api, `{"type":"SET_QUOTA"}`, 400, "Failed to validate master::Call: Expecting 'set_quota' to be present"},
		{"POST", api, set(`"role":"b"`), 400, legacy + "QuotaInfo with empty 'guarantee'"},
		{"POST", api, set(`"guarantee":[` + cpus + `]`), 400, legacy + "QuotaInfo must specify a role"},
		{"POST", api, set(`"role":"b","guarantee":[` + cpus + `,` + cpus + `]`), 400, legacy + "QuotaInfo contains duplicate resource name 'cpus'"},
		{
			"POST", api, set(`"role":"b","guarantee":[{"name":"cpus","type":"SCALAR","scalar":{"value":1},"role":"x"}]`), 400,
			legacy + "QuotaInfo must not contain any ReservationInfo",
		},
		{
			"POST", api, set(`"role":"b","guarantee":[{"name":"ports","type":"RANGES","ranges":{"range":[]}}]`), 400,
			legacy + "QuotaInfo must not include non-scalar resources",
		},
		{
			"POST", api, set(`"role":"b","guarantee":[{"name":"cpus","type":"SCALAR","scalar":{"value":1},"revocable":{}}]`), 400,
			legacy + "QuotaInfo must not contain RevocableInfo",
		},
		{"POST", api, set(`"role":"b","guarantee":[` + cpus + `]`), 409, "Heuristic capacity check for set quota request failed: …"},
		{"POST", "/quota", `{"role":"b","guarantee":[` + cpus + `]}`, 409, "Heuristic capacity check for set quota request failed: …"},
		{"POST", "/quota", `{"force":true,"role":"b","guarantee":[` + cpus + `]}`, 200, ""},
		{
			"POST", "/quota", `{"force":true,"role":"b","guarantee":[` + cpus + `]}`, 400,
			legacy + "Quota can not be set for a role that already has quota",
		},
		{"POST", "/quota", `{"role":"b"`, 400, `Failed to parse set quota request JSON '{"role":"b"': …`},
		{"GET", "/quota", "", 200, `{"infos":[{"role":"a"},{"role":"b","guarantee":[{"name":"cpus","type":"SCALAR","scalar":{"value":1.0}}]}],` +
			`"configs":[{"role":"a","limits":{"cpus":{"value":4.0}}},{"role":"b","guarantees":{"cpus":{"value":1.0}},"limits":{"cpus":{"value":1.0}}}]}`},
		{"POST", api, `{"type":"REMOVE_QUOTA","remove_quota":{"role":"c"}}`, 400, "Failed to remove quota for role 'c': Role 'c' has no quota set"},
		{"POST", api, `{"type":"REMOVE_QUOTA","remove_quota":{"role":"a"}}`, 200, ""},
		{"DELETE", "/quota", "", 400, "Failed to parse request path '/quota': …"},
		{"DELETE", "/quota/a%20b", "", 400, "Failed to validate remove quota request for role 'a b': …"},
		{"DELETE", "/master/quota/b", "", 200, ""},
		{"DELETE", "/quota/b", "", 400, "Failed to remove quota for role 'b': Role 'b' has no quota set"},
		{"PUT", "/quota", "", 405, "…"},
		{"GET", "/quota", "", 200, `{}`},
	})
}

// TestReeveRoles: Reeve's own calls about roles, which take roles below others, too.
func TestReeveRoles(t *testing.T) {
	const quota, weights = "/reeve/v1/quota", "/reeve/v1/weights"
	exchanges(t, newMaster(t), []exchange{
		{"GET", quota, "", 200, "[]\n"},
		{"GET", weights, "", 200, "[]\n"},
		{"GET", "/reeve/v1/offers", "", 200, "[]\n"},
		{"PUT", quota, `{"role":"a","limit":{"cpus":2}}`, 204, ""},
		{"PUT", quota, `{"role":"a/b","limit":{"cpus":1}}`, 204, ""},
		{"PUT", quota, `{"role":"a/b","guarantee":{"cpus":1},"force":true}`, 400, `{"error":"Invalid quota configuration. Parent role 'a' with guarantees ({})…`},
		{"PUT", quota, `{"role":"a/b","guarantee":{"cpus":3},"force":true}`, 400, `{"error":"Invalid quota configuration. Role 'a/b' with guarantees (cpus:3)…`},
		{"PUT", quota, `{"role":"a/b"}`, 400, `{"error":"the quota of role a/b says neither a guarantee nor a limit; DELETE takes a quota away","kind":"invalid"}` + "\n"},
		{"PUT", quota, `{"role":"a b","limit":{"cpus":2}}`, 400, "…"},
		{"PUT", quota, `{"role":"a","limits":{"cpus":2}}`, 400, `{"error":"the body is not what this call takes: …`},
		{"GET", quota, "", 200, `[{"role":"a","limit":{"cpus":2}},{"role":"a/b","limit":{"cpus":1}}]` + "\n"},
		{"DELETE", quota + "/a%2Fb", "", 204, ""},
		{"DELETE", quota + "/a%2Fb", "", 400, `{"error":"Failed to remove quota for role 'a/b': Role 'a/b' has no quota set","kind":"invalid"}` + "\n"},
		{"PUT", weights, `{"role":"a/b","weight":2.5}`, 204, ""},
		{"PUT", weights, `{"role":"a/b","weight":0}`, 400, "…"},
		{"GET", weights, "", 200, `[{"role":"a/b","weight":2.5}]` + "\n"},
		{"GET", "/reeve/v1/roles", "", 200, `[{"name":"a","weight":1,"frameworks":[],"share":0,"allocated":{"cpus":0,"mem":0,"disk":0,"gpus":0},` +
			`"offered":{"cpus":0,"mem":0,"disk":0,"gpus":0},"reserved":{"cpus":0,"mem":0,"disk":0,"gpus":0},` +
			`"consumed":{"cpus":0,"mem":0,"disk":0,"gpus":0},"limit":{"cpus":2}},{"name":"a/b","weight":2.5,…`},
	})
}

// TestExplainCalls: what /reeve/v1/explain takes; what it says is tested where it is said.
func TestExplainCalls(t *testing.T) {
	const path = "/reeve/v1/explain"
	exchanges(t, newMaster(t), []exchange{
		{"GET", path, "", 400, `{"error":"say which framework or which job: ?framework=… or ?job=…"…`},
		{"GET", path + "?framework=a&job=b", "", 400, "…"},
		{"GET", path + "?framework=a", "", 404, `{"error":"there is no framework \"a\"; …`},
		{"GET", path + "?job=b", "", 404, `{"error":"there is no job \"b\"","kind":"not found"}` + "\n"},
		{"GET", path + "?framework=reeve", "", 200, `{"framework":"reeve-jobs","framework_name":"reeve","state":"active","roles":[]}` + "\n"},
		{"POST", "/reeve/v1/jobs", `{"name":"j","command":"true","role":"dev","resources":{"cpus":1,"mem":32}}`, 201, "…"},
		{"GET", path + "?job=j", "", 200, `{"framework":"reeve-jobs","framework_name":"reeve","state":"active","job":"j","job_state":"pending","waiting":"…`},
	})
}
