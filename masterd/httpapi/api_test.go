package httpapi_test

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"

	"codeberg.org/reeve/reeve/masterd/httpapi"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// ask sends one request to the handler itself.
func (m *testMaster) ask(t *testing.T, method, target, body string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, target, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	m.handler.ServeHTTP(w, r)
	return w
}

// TestStandby: what every master answers itself, and what it sends to the leader or cannot answer yet (spec 1.6).
func TestStandby(t *testing.T) {
	const here, away, nobody, recovering = 200, 307, 503, 503
	elsewhere, own := newStandby(masterInfo(15060)), newStandby(masterInfo(15050))
	lost := newStandby(nil)
	for _, test := range []struct {
		method, target            string
		known, unknown, elected   int
		location, body, lostAsked string
	}{
		{"GET", "/state", away, nobody, recovering, "//127.0.0.1:15060/state", "Master has not finished recovery", "No leader elected"},
		{"GET", "/master/tasks/?limit=1", away, nobody, recovering, "//127.0.0.1:15060/master/tasks/?limit=1", "Master has not finished recovery", "No leader elected"},
		{"POST", "/master/api/v1/scheduler", away, nobody, recovering, "//127.0.0.1:15060/master/api/v1/scheduler", "Master has not finished recovery", "No leader elected"},
		{"GET", "/api/v1", away, nobody, recovering, "//127.0.0.1:15060/api/v1", "", ""},
		{"GET", "/reeve/v1/tasks?state=x", away, nobody, recovering, "//127.0.0.1:15060/reeve/v1/tasks?state=x", "", ""},
		{"GET", "/redirect", away, nobody, away, "//127.0.0.1:15060", "", ""},
		{"GET", "/master/redirect/state", 404, 404, 404, "", "", ""},
		{"GET", "/health", here, here, here, "", "", ""},
		{"GET", "/master/flags", here, here, here, "", "", ""},
		{"GET", "/version", here, here, here, "", "", ""},
		{"GET", "/master/version", 404, 404, 404, "", "", ""},
		{"GET", "/metrics/snapshot", here, here, here, "", "", ""},
		{"GET", "/metrics", here, here, here, "", "", ""},
		{"GET", "/files/debug", here, here, here, "", "", ""},
		{"GET", "/reeve/v1/masters", here, here, here, "", "", ""},
		{"GET", "/reeve/v1/masters/members", here, here, here, "", "", `[{"name":"one","kind":"master","state":"alive"`},
		{"GET", "/reeve/v1/openapi.yaml", here, here, here, "", "", ""},
		{"GET", "/ready", here, nobody, nobody, "", "", ""},
	} {
		t.Run(test.method+" "+test.target, func(t *testing.T) {
			w := elsewhere.ask(t, test.method, test.target, "")
			if w.Code != test.known || w.Header().Get("Location") != test.location {
				t.Errorf("with a leader: got %d to %q, want %d to %q", w.Code, w.Header().Get("Location"), test.known, test.location)
			}
			if w := lost.ask(t, test.method, test.target, ""); w.Code != test.unknown || !strings.Contains(w.Body.String(), test.lostAsked) {
				t.Errorf("without one: got %d %q, want %d %q", w.Code, w.Body, test.unknown, test.lostAsked)
			}
			if w := own.ask(t, test.method, test.target, ""); w.Code != test.elected || !strings.Contains(w.Body.String(), test.body) {
				t.Errorf("just elected: got %d %q, want %d %q", w.Code, w.Body, test.elected, test.body)
			}
		})
	}
}

func TestLegacyForms(t *testing.T) {
	m := newMaster(t)
	m.agent(t)
	if w := m.ask(t, "GET", "/master/slaves?jsonp=angular.callbacks._0", ""); !strings.HasPrefix(w.Body.String(), `angular.callbacks._0({"slaves":[{"id":`) ||
		!strings.HasSuffix(w.Body.String(), "})") || w.Header().Get("Content-Type") != "text/javascript" {
		t.Errorf("jsonp: got %s %s", w.Header().Get("Content-Type"), w.Body)
	}
	if w := m.ask(t, "GET", "/slaves?jsonp=%3Cscript%3E", ""); w.Code != http.StatusBadRequest {
		t.Errorf("jsonp with markup: got %d %s", w.Code, w.Body)
	}
	if w := m.ask(t, "POST", "/state", ""); w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != "GET, HEAD" {
		t.Errorf("POST /state: got %d, Allow %q", w.Code, w.Header().Get("Allow"))
	}
	if w := m.ask(t, "GET", "/tasks?limit=many", ""); w.Code != http.StatusBadRequest {
		t.Errorf("limit=many: got %d", w.Code)
	}
	if w := m.ask(t, "POST", "/teardown", ""); w.Code != http.StatusBadRequest {
		t.Errorf("teardown of nothing: got %d %s", w.Code, w.Body)
	}
	w := m.ask(t, "GET", "/slaves?slave_id=nobody", "")
	if want := `{"slaves":[],"recovered_slaves":[]}`; w.Body.String() != want {
		t.Errorf("slave_id=nobody: got %s, want %s", w.Body, want)
	}
	packed := m.ask(t, "GET", "/state", "", "Accept-Encoding", "gzip")
	if packed.Header().Get("Content-Encoding") != "gzip" {
		t.Fatalf("headers of a large answer are %v, want gzip", packed.Header())
	}
	unpacked, err := gzip.NewReader(packed.Body)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(unpacked)
	if err != nil || !json.Valid(body) {
		t.Errorf("unpacked: %v %s", err, body)
	}
	if small := m.ask(t, "GET", "/roles", "", "Accept-Encoding", "gzip"); small.Header().Get("Content-Encoding") != "" {
		t.Error("a small answer is packed")
	}
}

func TestOperatorCalls(t *testing.T) {
	m := newMaster(t)
	m.agent(t)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "log"), []byte("0123456789"), 0o600); err != nil {
		t.Fatal(err)
	}
	m.roots = map[string]string{"/master": dir}
	for _, test := range []struct {
		name, body string
		status     int
		want       string // what the answer contains
	}{
		{"flags", `{"type":"GET_FLAGS"}`, 200, `{"type":"GET_FLAGS","get_flags":{"flags":[{"name":"work_dir","value":"/w"}]}}`},
		{"logging", `{"type":"GET_LOGGING_LEVEL"}`, 200, `{"type":"GET_LOGGING_LEVEL","get_logging_level":{"level":0}}`},
		{"metrics", `{"type":"GET_METRICS","get_metrics":{}}`, 200, `{"name":"master/elected","value":1.0}`},
		{"operations", `{"type":"GET_OPERATIONS"}`, 200, `{"type":"GET_OPERATIONS","get_operations":{}}`},
		{"weights", `{"type":"GET_WEIGHTS"}`, 200, `{"type":"GET_WEIGHTS"}`},
		{"quota", `{"type":"GET_QUOTA"}`, 200, `{"type":"GET_QUOTA","get_quota":{"status":{}}}`},
		{"maintenance", `{"type":"GET_MAINTENANCE_STATUS"}`, 200, `{"type":"GET_MAINTENANCE_STATUS","get_maintenance_status":{"status":{}}}`},
		{"schedule", `{"type":"GET_MAINTENANCE_SCHEDULE"}`, 200, `{"type":"GET_MAINTENANCE_SCHEDULE","get_maintenance_schedule":{"schedule":{}}}`},
		{"master", `{"type":"GET_MASTER"}`, 200, `"pid":"master@127.0.0.1:15050"`},
		{"agents", `{"type":"GET_AGENTS"}`, 200, `"pid":"slave(1)@127.0.0.1:15051"`},
		{"executors", `{"type":"GET_EXECUTORS"}`, 200, `{"type":"GET_EXECUTORS","get_executors":{"executors":[]}}`},
		{"read a slice", `{"type":"READ_FILE","read_file":{"path":"/master/log","offset":2,"length":3}}`, 200, `{"type":"READ_FILE","read_file":{"size":10,"data":"MjM0"}}`},
		{"read the rest", `{"type":"READ_FILE","read_file":{"path":"/master/log","offset":8}}`, 200, `"data":"ODk="`},
		{"read nothing", `{"type":"READ_FILE","read_file":{"path":"/master/nope","offset":0}}`, 404, ``},
		{"list", `{"type":"LIST_FILES","list_files":{"path":"/master"}}`, 200, `"path":"/master/log"`},
		{"list nothing", `{"type":"LIST_FILES","list_files":{"path":"/nope"}}`, 404, ``},
		{"tear down nobody", `{"type":"TEARDOWN","teardown":{"framework_id":{"value":"x"}}}`, 400, `No framework found`},
		{"empty files", `{"type":"READ_FILE"}`, 400, `Expecting 'read_file' to be present`},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := m.ask(t, "POST", "/api/v1", test.body)
			if w.Code != test.status || !strings.Contains(w.Body.String(), test.want) {
				t.Errorf("got %d %s, want %d with %s", w.Code, w.Body, test.status, test.want)
			}
		})
	}
}

func TestReeve(t *testing.T) {
	m := newMaster(t)
	m.agent(t)
	for _, test := range []struct {
		name, method, target, body string
		status                     int
		want                       string
	}{
		{"cluster", "GET", "/reeve/v1/cluster", "", 200, `"leader":"one","term":3`},
		{"trailing slash", "GET", "/reeve/v1/cluster/", "", 200, `"id":"cluster-id"`},
		{"masters", "GET", "/reeve/v1/masters", "", 200, `[{"name":"one"`},
		{"agents", "GET", "/reeve/v1/agents", "", 200, `"total":{"cpus":8,"mem":8192,"disk":10240,"gpus":0}`},
		{"no tasks", "GET", "/reeve/v1/tasks", "", 200, "[]\n"},
		{"no jobs", "GET", "/reeve/v1/jobs", "", 200, "[]\n"},
		{"events", "GET", "/reeve/v1/events", "", 200, `"kind":"AGENT_`},
		{"events since", "GET", "/reeve/v1/events?since=1000000", "", 200, "[]\n"},
		{"events since nonsense", "GET", "/reeve/v1/events?since=x", "", 400, `"kind":"invalid"`},
		{"no such task", "GET", "/reeve/v1/tasks/f/t", "", 404, `"kind":"not found"`},
		{"kill nobody", "POST", "/reeve/v1/tasks/f/t/kill", "", 404, `"kind":"not found"`},
		{"kill oddly", "POST", "/reeve/v1/tasks/f/t/kill?grace=-1", "", 400, `grace is`},
		{"no such job", "GET", "/reeve/v1/jobs/x", "", 404, `there is no job`},
		{"no such path", "GET", "/reeve/v1/nope", "", 404, `openapi.yaml`},
		{"wrong method", "DELETE", "/reeve/v1/tasks", "", 405, `use GET`},
		{"an unknown name", "POST", "/reeve/v1/jobs", "{\"name\":\"x\",\n \"comand\":\"x\"}", 400, `line 2, column 2: there is no key comand; did you mean command?`},
		{"an unknown name in a change", "POST", "/reeve/v1/jobs/x/scale", `{"colour":"x"}`, 400, `colour`},
		{"two jobs", "POST", "/reeve/v1/jobs", `{"name":"x"}{}`, 400, `the body is no job`},
		{"no job", "POST", "/reeve/v1/jobs", ``, 400, `the file is empty`},
		{"a job in YAML", "POST", "/reeve/v1/jobs/plan", "name: y\ncommand: |\n  true\n", 200, `"action":"create"`},
		{"a job", "POST", "/reeve/v1/jobs", `{"name":"x","command":"true","resources":{"cpus":0.1,"mem":32}}`, 201, `"state":"pending"`},
		{"the job", "GET", "/reeve/v1/jobs/x", "", 200, `"name":"x"`},
		{"the job again", "POST", "/reeve/v1/jobs", `{"name":"x","command":"true","resources":{"cpus":0.1,"mem":32}}`, 409, `"kind":"conflict"`},
		{"scale it", "POST", "/reeve/v1/jobs/x/scale", `{"instances":3}`, 200, `"version":2`},
		{"roll it back", "POST", "/reeve/v1/jobs/x/rollback", `{"version":9}`, 404, `no version 9 that is remembered; roll back to one of 1, 2`},
		{"restart it", "POST", "/reeve/v1/jobs/x/restart", "", 409, `only services`},
		{"trigger it", "POST", "/reeve/v1/jobs/x/trigger", "", 409, `only periodic`},
		{"update blindly", "PUT", "/reeve/v1/jobs/x", `{"name":"x","command":"false","resources":{}}`, 400, `If-Match`},
		{"plan it", "POST", "/reeve/v1/jobs/plan", `{"name":"x","command":"false","resources":{}}`, 200, `"action":"update"`},
		{"a schedule too much", "POST", "/reeve/v1/jobs/plan", `{"name":"y","command":"x","resources":{},"schedule":{"cron":"* * * * *"}}`, 400, `kind: periodic`},
		{"the schema", "GET", "/reeve/v1/jobs/schema.json", "", 200, `"title": "A job of Reeve"`},
		{"forget it", "DELETE", "/reeve/v1/jobs/x", "", 409, `stop it before you remove it`},
		{"stop it", "POST", "/reeve/v1/jobs/x/stop", "", 200, `"stopped":true`},
		{"a console", "POST", "/reeve/v1/sessions", `{"id":"s1","from":"10.9.8.7","key":"SHA256:x","read_only":true}`, 204, ""},
		{"the console left", "POST", "/reeve/v1/sessions", `{"id":"s1","from":"10.9.8.7","closed":"after 3s"}`, 204, ""},
		{"its events", "GET", "/reeve/v1/events", "", 200, `"id":"s1","text":"read-only from 10.9.8.7 with SHA256:x"`},
		{"its end", "GET", "/reeve/v1/events", "", 200, `"kind":"CONSOLE_CLOSED"`},
		{"a console without id", "POST", "/reeve/v1/sessions", `{"from":"10.9.8.7"}`, 400, `id is empty`},
		{"a console that tells stories", "POST", "/reeve/v1/sessions", `{"id":"s","from":"` + strings.Repeat("x", 257) + `"}`, 400, `from has 257 bytes`},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := m.ask(t, test.method, test.target, test.body)
			if w.Code != test.status || !strings.Contains(w.Body.String(), test.want) {
				t.Errorf("got %d %s, want %d with %s", w.Code, w.Body, test.status, test.want)
			}
			if w.Code >= 400 {
				var e reeveapi.Error
				if err := json.Unmarshal(w.Body.Bytes(), &e); err != nil || e.Error == "" || e.Kind == "" {
					t.Errorf("the error is not told in JSON: %v %s", err, w.Body)
				}
			}
		})
	}
}

// TestDescribed holds openapi.yaml and the routes together, both ways.
func TestDescribed(t *testing.T) {
	var doc struct {
		Paths map[string]map[string]any
	}
	if err := yaml.Unmarshal(newStandby(nil).ask(t, "GET", "/reeve/v1/openapi.yaml", "").Body.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	described := map[string]bool{}
	for path, methods := range doc.Paths {
		for method := range methods {
			if method != "parameters" {
				described[strings.ToUpper(method)+" "+path] = true
			}
		}
	}
	routed := map[string]bool{}
	for _, route := range httpapi.ReeveRoutes() {
		routed[route] = true
	}
	if diff := cmp.Diff(described, routed); diff != "" {
		t.Errorf("described (-), routed (+):\n%s", diff)
	}
}

func TestAuthentication(t *testing.T) {
	m := newMaster(t)
	m.auth = httpapi.Auth{Readonly: true, Readwrite: true, Frameworks: true, Secrets: map[string]string{"ann": "s"}}
	m.build()
	for target, realm := range map[string]string{
		"/api/v1/scheduler": "mesos-master-scheduler",
		"/api/v1":           "mesos-master-readwrite",
		"/state":            "mesos-master-readonly",
		"/files/debug":      "mesos-master-readonly",
		"/reeve/v1/agents":  "mesos-master-readonly",
	} {
		w := m.ask(t, "GET", target, "")
		if w.Code != 401 || w.Header().Get("WWW-Authenticate") != `Basic realm="`+realm+`"` || w.Body.String() != "401 Unauthorized." {
			t.Errorf("%s: got %d %v %s", target, w.Code, w.Header(), w.Body)
		}
	}
	if w := m.ask(t, "GET", "/state", "", "Authorization", "Basic YW5uOng="); w.Code != 401 {
		t.Errorf("a wrong secret: got %d", w.Code)
	}
	if w := m.ask(t, "GET", "/state", "", "Authorization", "Basic YW5uOnM="); w.Code != 200 {
		t.Errorf("the right secret: got %d", w.Code)
	}
	if w := m.ask(t, "GET", "/health", ""); w.Code != 200 {
		t.Errorf("/health: got %d, want no question", w.Code)
	}
}

// TestProfilesStayHome: profiles tell of memory; only this machine may ask.
func TestProfilesStayHome(t *testing.T) {
	m := newStandby(nil)
	r := httptest.NewRequestWithContext(t.Context(), "GET", "/debug/pprof/cmdline", nil)
	for addr, want := range map[string]int{"127.0.0.1:5": 200, "[::1]:5": 200, "10.0.0.1:5": 403, "": 403} {
		r.RemoteAddr = addr
		w := httptest.NewRecorder()
		m.handler.ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("from %q: got %d, want %d", addr, w.Code, want)
		}
	}
}
