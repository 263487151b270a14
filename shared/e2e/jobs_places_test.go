package e2e

import (
	"bufio"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"codeberg.org/reeve/reeve/shared/localcluster"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// racks are the agents of startRacks: a1 in rack a and zone x, a2 in rack b and zone x, a3 in rack c and zone y.
var racks = [][]string{{"--attributes=rack:a;zone:x"}, {"--attributes=rack:b;zone:x"}, {"--attributes=rack:c;zone:y"}}

// Instances go where their job's constraints let them, for each operator there is; those that have no place say why. So do all
// when agents are full, or taken out of use.
func TestWhereInstancesGo(t *testing.T) {
	t.Parallel()
	r := startWith(t, localcluster.Options{Bin: bin(t), Masters: 1, Agents: 3, AgentOwn: racks})
	r.full()
	names := map[string]string{}
	agents, err := r.client.Agents(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range agents {
		names[a.ID] = a.Attributes["rack"]
	}
	type where map[string]int // by rack
	tests := map[string]struct {
		instances  int
		constraint string
		want       []where // any of them
		waits      string
	}{
		"equals":   {1, `attribute: rack, operator: equals, value: b`, []where{{"b": 1}}, ""},
		"differs":  {2, `attribute: rack, operator: not_equals, value: b`, []where{{"a": 1, "c": 1}}, ""},
		"in":       {2, `attribute: rack, operator: in, values: [b, c]`, []where{{"b": 1, "c": 1}}, ""},
		"notin":    {1, `attribute: rack, operator: not_in, values: [a, b]`, []where{{"c": 1}}, ""},
		"like":     {2, `attribute: hostname, operator: like, value: 'a[13]\..*'`, []where{{"a": 1, "c": 1}}, ""},
		"unlike":   {1, `attribute: hostname, operator: unlike, value: 'a[13]\..*'`, []where{{"b": 1}}, ""},
		"group":    {4, `attribute: zone, operator: group_by`, []where{{"a": 1, "b": 1, "c": 2}}, ""},
		"unique":   {4, `attribute: rack, operator: unique`, []where{{"a": 1, "b": 1, "c": 1}}, "of 3 agents that offered in role *, on 1: an instance is on rack a, which must be unique"},
		"most":     {5, `attribute: zone, operator: max_per, value: 2`, []where{{"a": 1, "b": 1, "c": 2}}, "on 2: 2 instances are on zone x, the most allowed; on 1: 2 instances are on zone y"},
		"spread":   {4, `attribute: zone, operator: spread`, []where{{"a": 1, "b": 1, "c": 2}}, ""},
		"missing":  {1, `attribute: colour, operator: equals, value: red`, []where{{}}, "on 3: no attribute colour"},
		"reserved": {1, `attribute: role, operator: equals, value: prod`, []where{{}}, `on 3: nothing there is of role "prod"`},
	}
	for _, name := range slices.Sorted(maps.Keys(tests)) {
		text := fmt.Sprintf("name: %s\nkind: service\ninstances: %d\ncommand: exec sleep 1000\nconstraints: [{%s}]\n", name, tests[name].instances, tests[name].constraint)
		r.must("run", "-f", write(t, text))
	}
	for _, name := range slices.Sorted(maps.Keys(tests)) {
		test := tests[name]
		placed := 0
		for _, n := range test.want[0] {
			placed += n
		}
		job := r.awaitJob(name, "its instances where they may be", func(j *reeveapi.Job) bool {
			return j.Healthy == placed && (test.waits == "" || strings.Contains(j.Waiting, test.waits))
		})
		got := where{}
		for _, i := range job.Instances {
			if i.Agent != "" {
				got[names[i.Agent]]++
			}
		}
		if !slices.ContainsFunc(test.want, func(w where) bool { return maps.Equal(w, got) }) {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
		for _, i := range job.Instances {
			if i.Agent == "" && !strings.Contains(i.Waiting, test.waits) {
				t.Errorf("%s: an instance waits for %q", name, i.Waiting)
			}
		}
	}
	r.packed()
}

// full fills every agent, and looks at what a job says that comes too late; and one that comes when all are out of use.
func (r *rig) full() {
	r.t.Helper()
	r.must("run", "-f", write(r.t, "{name: hog, kind: service, instances: 3, command: exec sleep 1000, resources: {cpus: 4, mem: 2048}, constraints: [{attribute: hostname, operator: unique}]}"))
	r.awaitJob("hog", "all that there is", healthy(3))
	r.must("run", "late", "-c", "true", "--cpus=0.5", "--mem=32")
	waits := func(name, text string) {
		r.t.Helper()
		r.awaitJob(name, "to say "+text, func(j *reeveapi.Job) bool {
			return strings.Contains(j.Instances[0].Waiting, text) && strings.Contains(j.Waiting, text)
		})
	}
	waits("late", "no offer in role * yet; of 3 agents that made no offer, on 3: at most 0 cpus left, 0.5 asked")
	r.must("stop", "--yes", "hog")
	r.awaitJob("late", "its end", func(j *reeveapi.Job) bool { return j.State == reeveapi.JobFinished })
	for _, name := range []string{"a1", "a2", "a3"} {
		r.must("deactivate", name+".localhost")
	}
	r.must("run", "nowhere", "-c", "true", "--cpus=0.5", "--mem=32")
	waits("nowhere", "of 3 agents that made no offer, on 3: deactivated by an operator")
	for _, name := range []string{"a1", "a2", "a3"} {
		r.must("reactivate", name+".localhost")
	}
	r.awaitJob("nowhere", "its end", func(j *reeveapi.Job) bool { return j.State == reeveapi.JobFinished })
}

// packed compares the two ways to choose among agents that would do.
func (r *rig) packed() {
	r.t.Helper()
	on := map[string]int{}
	for _, placement := range []string{reeveapi.PlacePack, reeveapi.PlaceSpread} {
		r.must("run", "-f", write(r.t, fmt.Sprintf("{name: by-%s, instances: 3, command: exec sleep 1000, placement: %s}", placement, placement)))
		job := r.awaitJob("by-"+placement, "three that run", func(j *reeveapi.Job) bool {
			return !slices.ContainsFunc(j.Instances, func(i reeveapi.Instance) bool { return i.State != "TASK_RUNNING" })
		})
		agents := map[string]bool{}
		for _, i := range job.Instances {
			agents[i.Agent] = true
		}
		on[placement] = len(agents)
	}
	if on[reeveapi.PlacePack] != 1 || on[reeveapi.PlaceSpread] != 3 {
		r.t.Errorf("agents of three instances: %v, want 1 when packed and 3 when spread", on)
	}
}

// call makes a call as a script does, and returns the status and what was answered.
func (r *rig) call(method, path, match, body string) (int, string, http.Header) {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), method, "http://"+r.Masters[0].Addresses.HTTP+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	if match != "" {
		req.Header.Set("If-Match", match)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var answer strings.Builder
	if _, err := bufio.NewReader(resp.Body).WriteTo(&answer); err != nil {
		r.t.Fatal(err)
	}
	return resp.StatusCode, answer.String(), resp.Header
}

// What people and scripts hand in: files in YAML and JSON with mistakes in them, versions that are not the newest; and what they
// hear: ports in variables and in discovery information, and changes as they happen.
func TestFilesVersionsAndTheStream(t *testing.T) {
	t.Parallel()
	r := start(t, 1, 1)
	changes := r.changes("ports")
	if got := r.reeve("run", "-f", write(t, "name: x\nhealth:\n  comand: y\n")); got.code != 2 || !strings.HasSuffix(got.stderr, ": line 3, column 3: there is no key health.comand; did you mean command?\n") {
		t.Errorf("a misspelt key: %+v", got)
	}
	if code, said, _ := r.call(http.MethodPost, "/reeve/v1/jobs", "", "{\"name\": \"x\",\n\t\"comand\": \"y\"}"); code != 400 || !strings.Contains(said, "line 2, column 2: there is no key comand") {
		t.Errorf("a misspelt key by the API: %d %s", code, said)
	}
	if got := r.reeve("run", "--dry-run", "--name", "image", "--image", "redis:7", "--cpus=64"); got.code != 1 || !strings.Contains(got.stdout, "4 cpus left, 64 asked") {
		t.Errorf("a dry run of an image, which has a command of its own: %+v", got)
	}
	r.must("run", "-f", write(t, `{"name": "ports", "kind": "service", "ports": 2, "fixed_ports": [31042], "labels": {"team": "\ud83d\ude00"},
		"command": "echo \u00e4\/\"$PORT0 $PORT1 $PORT2 $REEVE_JOB $REEVE_INSTANCE\"; exec sleep 1000"}`))
	job := r.awaitJob("ports", "to run", healthy(1))
	p := job.Instances[0].Ports
	tasks := r.await("its output", func(ts []reeveapi.Task) bool {
		return all(ts, 1, "TASK_RUNNING") && r.stdout(ts[0]) == fmt.Sprintf("ä/31042 %d %d ports 0\n", p[1], p[2])
	})
	if tasks[0].Labels["team"] != "😀" {
		t.Errorf("its labels are %v", tasks[0].Labels)
	}
	if _, state, _ := r.call(http.MethodGet, "/tasks", "", ""); !strings.Contains(state, fmt.Sprintf(`{"name":"port0","number":31042},{"name":"port1","number":%d},{"name":"port2","number":%d}`, p[1], p[2])) &&
		!strings.Contains(state, fmt.Sprintf(`{"number":31042,"name":"port0"},{"number":%d,"name":"port1"},{"number":%d,"name":"port2"}`, p[1], p[2])) {
		t.Errorf("no ports in the discovery information of %s", state)
	}

	code, _, header := r.call(http.MethodGet, "/reeve/v1/jobs/ports", "", "")
	if tag := header.Get("ETag"); code != 200 || tag != `"1"` {
		t.Errorf("the job's ETag is %s, want its version", tag)
	}
	r.must("scale", "ports", "2")
	for _, other := range []struct{ method, path, body string }{
		{http.MethodPut, "", `{"name": "ports", "kind": "service", "command": "mine"}`},
		{http.MethodPost, "/scale", `{"instances": 9}`},
		{http.MethodPost, "/restart", ""},
		{http.MethodPost, "/rollback", ""},
		{http.MethodPost, "/stop", ""},
	} {
		if code, said, _ := r.call(other.method, "/reeve/v1/jobs/ports"+other.path, `"1"`, other.body); code != 409 || !strings.Contains(said, "is at version 2 now") {
			t.Errorf("%s %s of version 1 is answered with %d %s", other.method, other.path, code, said)
		}
	}
	if code, said, _ := r.call(http.MethodPost, "/reeve/v1/jobs/ports/stop", `"2"`, ""); code != 200 {
		t.Errorf("stopping what was seen: %d %s", code, said)
	}
	for change := range changes {
		if change.State == reeveapi.JobStopped {
			return
		}
	}
	t.Error("the stream has ended before it told of the job's end")
}

// changes follows a job in the stream, until the test ends.
func (r *rig) changes(name string) <-chan reeveapi.Job {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), http.MethodGet, "http://"+r.Masters[0].Addresses.HTTP+"/reeve/v1/watch", http.NoBody)
	if err != nil {
		r.t.Fatal(err)
	}
	found := make(chan reeveapi.Job, 1000)
	go func() {
		defer close(found)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			r.t.Error(err)
			return
		}
		defer func() { _ = resp.Body.Close() }()
		lines := json.NewDecoder(resp.Body)
		for {
			var line reeveapi.Watch
			if lines.Decode(&line) != nil {
				return // the test has ended, or looks at what is missing
			}
			for _, j := range line.Jobs {
				if j.Spec.Name == name {
					found <- j
				}
			}
		}
	}()
	return found
}
