package conformance

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"codeberg.org/reeve/reeve/shared/codec"
)

func getTree(t *testing.T, target string) any {
	t.Helper()
	a := ask(t, http.MethodGet, target, nil)
	if a.status != http.StatusOK || a.header.Get("Content-Type") != "application/json" {
		t.Fatalf("%s: %d as %q: %s", target, a.status, a.header.Get("Content-Type"), a.body)
	}
	var v any
	if err := json.Unmarshal(a.body, &v); err != nil {
		t.Fatalf("%s: %v in %s", target, err, a.body)
	}
	return v
}

// TestLegacyDocuments: every member that a real Mesos wrote is there, below the process id, too (spec 7.1 to 7.3).
func TestLegacyDocuments(t *testing.T) {
	needRoot(t)
	running(t)
	type document struct{ url, path, recorded string }
	var all []document
	for _, name := range []string{"state", "slaves", "frameworks", "tasks", "roles", "state-summary"} {
		all = append(all, document{masterURL(), "/" + name, "master-" + name}, document{masterURL(), "/master/" + name, "master-" + name})
	}
	for path, name := range map[string]string{"/state": "state", "/containers": "containers", "/monitor/statistics": "monitor_statistics"} {
		for _, prefix := range []string{"", "/slave(1)", "/slave%281%29"} {
			all = append(all, document{agentURL(), prefix + path, "agent-" + name})
		}
	}
	all = append(all, document{masterURL(), "/version", "master-version"}, document{agentURL(), "/version", "agent-version"},
		document{masterURL(), "/system/stats.json", "master-system_stats.json"})
	for _, d := range all {
		t.Run(d.path+" of "+d.recorded, func(t *testing.T) {
			got := getTree(t, d.url+d.path)
			for _, missing := range lacks("", recorded(t, d.recorded), got, []string{
				".flags", ".roles[].offered", ".roles[].reserved", ".git_sha",
			}) {
				t.Error(missing)
			}
			plain := ask(t, http.MethodGet, d.url+d.path, nil)
			wrapped := ask(t, http.MethodGet, d.url+d.path+"?jsonp=call.me", nil)
			if !strings.HasPrefix(string(wrapped.body), "call.me(") || !strings.HasSuffix(string(wrapped.body), ")") || wrapped.header.Get("Content-Type") != "text/javascript" {
				t.Errorf("with jsonp: %q of %d bytes, plain %d", wrapped.header.Get("Content-Type"), len(wrapped.body), len(plain.body))
			}
			if a := ask(t, http.MethodGet, d.url+d.path+"/", nil); a.status != http.StatusOK {
				t.Errorf("with a slash at its end: %d", a.status)
			}
			if a := ask(t, http.MethodPost, d.url+d.path, nil); a.status != http.StatusMethodNotAllowed {
				t.Errorf("POST: %d, want 405", a.status)
			}
		})
	}
}

// TestForThirdParties: what mesos-dns and mesos_exporter decode of /state, with its types (spec 7.1).
func TestForThirdParties(t *testing.T) {
	needRoot(t)
	f := subscribe(t, codec.JSON, plainInfo)
	offer := f.offer()
	agent := textAt(offer, "agent_id", "value")
	f.do(accept([]string{textAt(offer, "id", "value")}, taskInfo("web", agent,
		strings.TrimSuffix(small, "]")+`,{"name":"ports","type":"RANGES","ranges":{"range":[{"begin":31005,"end":31006}]}}]`,
		command("sleep 1000")+`,"labels":{"labels":[{"key":"k","value":"v"}]},"discovery":{"visibility":"EXTERNAL","name":"site","ports":{"ports":[{"number":31005,"name":"http","protocol":"tcp"}]}}`)))
	f.reaches("web", "TASK_RUNNING")
	var state struct {
		Leader     string `json:"leader"`
		Cluster    string `json:"cluster"`
		Frameworks []struct {
			ID, Name, Hostname string
			PID                *string `json:"pid"`
			Active             bool
			Tasks              []struct {
				ID, Name, State string
				FrameworkID     string `json:"framework_id"`
				SlaveID         string `json:"slave_id"`
				Resources       struct {
					CPUs  float64
					Ports string
				}
				Labels    []struct{ Key, Value string }
				Discovery struct {
					Visibility, Name string
					Ports            struct {
						Ports []struct {
							Number         int
							Name, Protocol string
						}
					}
				}
				Statuses []struct {
					State           string
					Timestamp       float64
					ContainerStatus struct {
						NetworkInfos []struct {
							IPAddresses []struct {
								IPAddress string `json:"ip_address"`
							} `json:"ip_addresses"`
						} `json:"network_infos"`
					} `json:"container_status"`
				}
			}
		}
		Slaves []struct {
			ID, Hostname, PID string
			Resources         struct{ Ports string }
			Attributes        map[string]any
		}
	}
	a := ask(t, http.MethodGet, masterURL()+"/master/state", nil)
	if err := json.Unmarshal(a.body, &state); err != nil {
		t.Fatal(err)
	}
	if want := "master@" + cluster.Masters[0].Addresses.HTTP; state.Leader != want || state.Cluster != "conformance" {
		t.Errorf("leader %q of %q, want %q", state.Leader, state.Cluster, want)
	}
	found := false
	for _, one := range state.Frameworks {
		if one.PID != nil {
			t.Errorf("framework %s has pid %q: readers trip over it", one.Name, *one.PID)
		}
		for _, task := range one.Tasks {
			if task.FrameworkID != f.id {
				continue
			}
			found = true
			last := task.Statuses[len(task.Statuses)-1]
			if task.Resources.Ports != "[31005-31006]" || task.Discovery.Visibility != "EXTERNAL" || task.Discovery.Name != "site" ||
				task.Discovery.Ports.Ports[0].Number != 31005 || task.Labels[0].Value != "v" || task.SlaveID != agent ||
				last.State != "TASK_RUNNING" || last.Timestamp == 0 || last.ContainerStatus.NetworkInfos[0].IPAddresses[0].IPAddress == "" {
				t.Errorf("the task is %+v", task)
			}
		}
	}
	if !found {
		t.Errorf("no task of %s in %s", f.id, a.body)
	}
	slave := state.Slaves[0]
	if slave.PID != "slave(1)@"+cluster.Agents[0].Addresses.HTTP || slave.Resources.Ports != "[31000-31099]" ||
		slave.Attributes["rack"] != "r1" || slave.Attributes["weight"] != 3.0 || slave.Attributes["zone"] != "[1-4]" {
		t.Errorf("the agent is %+v", slave)
	}
}

// TestTaskQueries: paging, order and filters of /tasks, of the other lists theirs (spec 7.2).
func TestTaskQueries(t *testing.T) {
	f := subscribe(t, codec.JSON, plainInfo)
	for _, id := range []string{"a", "b", "c"} {
		f.launch(id, "true")
		f.reaches(id, "TASK_FINISHED")
	}
	mine := "framework_id=" + f.id
	for query, want := range map[string]string{
		mine: "c b a", mine + "&order=asc": "a b c", mine + "&limit=2": "c b", mine + "&limit=2&offset=1&order=asc": "b c",
		mine + "&limit=-1": "c b a", mine + "&offset=9": "", mine + "&task_id=b": "b", "framework_id=nobody": "",
		mine + "&limit=0": "",
	} {
		list, _ := at(getTree(t, masterURL()+"/tasks?"+query), "tasks").([]any)
		var ids []string
		for _, task := range list {
			ids = append(ids, textAt(task, "id"))
		}
		if got := strings.Join(ids, " "); got != want {
			t.Errorf("?%s: %q, want %q", query, got, want)
		}
	}
	if got := at(getTree(t, masterURL()+"/frameworks?"+mine), "frameworks", 0, "id"); got != f.id {
		t.Errorf("frameworks of %s: %v", f.id, got)
	}
	if got := ask(t, http.MethodGet, masterURL()+"/slaves?slave_id=nobody", nil); string(got.body) != `{"slaves":[],"recovered_slaves":[]}` {
		t.Errorf("slaves of nobody: %v", got)
	}
}

// TestFiles: the sandbox by all of its paths, and the pager's way to the end of a file (spec 3.12, 7.4).
func TestFiles(t *testing.T) {
	needRoot(t)
	f := subscribe(t, codec.JSON, plainInfo)
	agent := f.launch("writer", "mkdir sub; printf 0123456789 > part; mv part out; sleep 1000")
	f.reaches("writer", "TASK_RUNNING")
	virtual := "/frameworks/" + f.id + "/executors/writer/runs/latest"
	await(t, "the file", func() bool {
		return ask(t, http.MethodGet, agentURL()+"/files/read?offset=0&path="+virtual+"/out", nil).status == http.StatusOK
	})
	debug := getTree(t, agentURL()+"/files/debug")
	host := textAt(debug, virtual)
	if host == "" || !strings.Contains(host, "/slaves/"+agent+"/frameworks/"+f.id+"/executors/writer/runs/") {
		t.Fatalf("files/debug says %q for %s", host, virtual)
	}
	latest := host[:strings.LastIndex(host, "/")] + "/latest"
	for _, dir := range []string{virtual, host, latest} {
		read := func(query string) answer {
			return ask(t, http.MethodGet, agentURL()+"/files/read?path="+url.QueryEscape(dir+"/out")+query, nil)
		}
		for query, want := range map[string]string{
			"&offset=0": `{"offset":0,"data":"0123456789"}`, "&offset=2&length=3": `{"offset":2,"data":"234"}`,
			"": `{"offset":10,"data":""}`, "&offset=-1": `{"offset":10,"data":""}`, "&offset=50": `{"offset":50,"data":""}`,
			"&offset=4&length=-1": `{"offset":4,"data":"456789"}`,
		} {
			if a := read(query); a.status != http.StatusOK || string(a.body) != want {
				t.Errorf("read %s%s: %v, want %s", dir, query, a, want)
			}
		}
		if a := read("&offset=x"); a.status != http.StatusBadRequest {
			t.Errorf("offset=x: %v", a)
		}
		list, _ := getTree(t, agentURL()+"/files/browse?path="+url.QueryEscape(dir)).([]any)
		names := map[string]string{}
		for _, one := range list {
			names[textAt(one, "path")] = textAt(one, "mode")
			for _, member := range []string{"nlink", "size", "mtime", "uid", "gid"} {
				if at(one, member) == nil {
					t.Errorf("an entry has no %s: %v", member, one)
				}
			}
		}
		if names[dir+"/out"] != "-rw-r--r--" || !strings.HasPrefix(names[dir+"/sub"], "drwx") || names[dir+"/stdout"] == "" {
			t.Errorf("browse %s: %v", dir, names)
		}
	}
	down := ask(t, http.MethodGet, agentURL()+"/files/download?path="+virtual+"/out", nil)
	if string(down.body) != "0123456789" || down.header.Get("Content-Disposition") != "attachment; filename=out" || down.header.Get("Content-Type") != "application/octet-stream" {
		t.Errorf("download: %v with %v", down, down.header)
	}
	for target, status := range map[string]int{
		"/files/read": 400, "/files/browse": 400, "/files/browse?path=/nope": 404, "/files/read?path=/nope": 404,
		"/files/read?path=" + virtual: 400, "/files/download?path=" + virtual: 400, "/files/download?path=/nope": 404,
		"/files/read?offset=0&path=" + virtual + "/../../../../../../../../etc/passwd": 404, "/slave(1)/files/debug": 404,
	} {
		if a := ask(t, http.MethodGet, agentURL()+target, nil); a.status != status {
			t.Errorf("%s: %v, want %d", target, a, status)
		}
	}
	for target, daemon := range map[string]string{"/master/log": masterURL(), "/slave/log": agentURL()} {
		if a := ask(t, http.MethodGet, daemon+"/files/read?offset=0&length=100&path="+target, nil); a.status != http.StatusOK || !strings.Contains(string(a.body), "msg") {
			t.Errorf("%s: %v", target, a)
		}
	}
}

// TestOtherEndpoints: status and form of what is left of 1.2.
func TestOtherEndpoints(t *testing.T) {
	for _, test := range []struct {
		base, target string
		status       int
		contentType  string
		body         string
	}{
		{masterURL(), "/health", 200, "", ""},
		{masterURL(), "/master/health", 200, "", ""},
		{agentURL(), "/slave(1)/health", 200, "", ""},
		{masterURL(), "/flags", 200, "application/json", `{"flags":{`},
		{agentURL(), "/slave(1)/flags", 200, "application/json", `{"flags":{`},
		{masterURL(), "/help", 200, "text/html", "/state-summary"},
		{masterURL(), "/help/master/state", 200, "text/html", ""},
		{agentURL(), "/help", 200, "text/html", "/monitor/statistics"},
		{masterURL(), "/registrar(1)/registry", 200, "application/json", `"slaves":{"slaves":[{"info":{`},
		{masterURL(), "/registrar%281%29/registry", 200, "application/json", ""},
		{agentURL(), "/containerizer/debug", 200, "application/json", `{"pending":[]}`},
		{agentURL(), "/slave(1)/containerizer/debug", 200, "application/json", ""},
		{masterURL(), "/profiler/start", 400, "text/plain; charset=utf-8", ""},
		{agentURL(), "/memory-profiler/start", 400, "text/plain; charset=utf-8", ""},
		{agentURL(), "/api/v1/resource_provider", 501, "text/plain; charset=utf-8", "resource providers"},
		{masterURL(), "/metrics/snapshot?timeout=5secs", 200, "application/json", "master/elected"},
		{masterURL(), "/metrics/snapshot?timeout=soon", 400, "text/plain; charset=utf-8", "soon"},
		{masterURL(), "/master/metrics/snapshot", 404, "text/plain; charset=utf-8", "404 Not Found."},
		{masterURL(), "/master/version", 404, "text/plain; charset=utf-8", "404 Not Found."},
		{masterURL(), "/nope", 404, "text/plain; charset=utf-8", "404 Not Found."},
		{masterURL(), "/state.json", 404, "text/plain; charset=utf-8", ""},
		{masterURL(), "/state/deeper/still", 200, "application/json", ""},
		{masterURL(), "/state/..", 404, "text/plain; charset=utf-8", ""},
		{masterURL(), "/redirect", 307, "", ""},
		{masterURL(), "/master/redirect", 307, "", ""},
		{masterURL(), "/redirect/x", 404, "text/plain; charset=utf-8", ""},
	} {
		a := ask(t, http.MethodGet, test.base+test.target, nil)
		if a.status != test.status || a.header.Get("Content-Type") != test.contentType || !strings.Contains(string(a.body), test.body) {
			t.Errorf("%s: %d as %q: %s; want %d as %q with %q", test.target, a.status, a.header.Get("Content-Type"), a.body, test.status, test.contentType, test.body)
		}
		if a.header.Get("Date") == "" {
			t.Errorf("%s: no Date", test.target)
		}
	}
	port := cluster.Masters[0].Addresses.HTTP[strings.LastIndex(cluster.Masters[0].Addresses.HTTP, ":"):]
	if a := ask(t, http.MethodGet, masterURL()+"/master/redirect", nil); !strings.HasPrefix(a.header.Get("Location"), "//") || !strings.HasSuffix(a.header.Get("Location"), port) {
		t.Errorf("/redirect leads to %q, want //host%s", a.header.Get("Location"), port)
	}
}

// TestTeardownForm: the legacy way to end a framework (spec 1.2).
func TestTeardownForm(t *testing.T) {
	f := subscribe(t, codec.JSON, plainInfo)
	for body, want := range map[string]string{"": "400", "frameworkId=nope": "400 No framework found with specified ID"} {
		if a := ask(t, http.MethodPost, masterURL()+"/master/teardown", []byte(body)); !strings.HasPrefix(a.String(), want) {
			t.Errorf("%q: %v, want %s", body, a, want)
		}
	}
	if a := ask(t, http.MethodPost, masterURL()+"/master/teardown", fmt.Appendf(nil, "frameworkId=%s", f.id)); a.status != http.StatusOK || len(a.body) != 0 {
		t.Errorf("got %v", a)
	}
	f.ended()
}
