package reading_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"

	"codeberg.org/reeve/reeve/masterd/cluster"
	"codeberg.org/reeve/reeve/masterd/reading"
	"codeberg.org/reeve/reeve/shared/codec"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesoshttp"
	"codeberg.org/reeve/reeve/shared/mesosjson"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/mesosv1/master"
	"codeberg.org/reeve/reeve/shared/resources"
)

// The files of testdata are what a real Mesos answered while one task ran, and after it had ended.

func fixture(t *testing.T, moment, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", moment, name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// tree parses JSON and keeps how numbers are written: 1 and 1.0 differ.
func tree(t *testing.T, data []byte) any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%v in %s", err, data)
	}
	return v
}

// forget removes what differs for a reason: an agent of Reeve can do less, its binary was built at another time, and
// AgentInfo.checkpoint is not in the public v1 messages.
func forget(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for _, name := range []string{"build_date", "build_time", "build_user", "git_sha"} {
			delete(v, name)
		}
		if _, isAgent := v["pid"]; isAgent {
			delete(v, "capabilities")
		}
		if info, ok := v["agent_info"].(map[string]any); ok {
			delete(info, "checkpoint")
		}
		for k := range v {
			v[k] = forget(v[k])
		}
	case []any:
		for i := range v {
			v[i] = forget(v[i])
		}
	}
	return v
}

func parse(t *testing.T, wire []*mesosv1.Resource) resources.Resources {
	t.Helper()
	r, err := resources.FromProto(wire)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func at(i *mesosv1.TimeInfo) time.Time {
	if i == nil {
		return time.Time{}
	}
	return time.Unix(0, i.GetNanoseconds())
}

// viewOf rebuilds the view from which Mesos answered GET_STATE.
func viewOf(t *testing.T, moment string) *cluster.View {
	t.Helper()
	var answer master.Response
	if err := codec.JSON.Unmarshal(fixture(t, moment, "op-master-GET_STATE"), &answer); err != nil {
		t.Fatal(err)
	}
	state := answer.GetGetState()
	v := &cluster.View{
		Agents:     map[ids.Agent]*cluster.Agent{},
		Frameworks: map[ids.Framework]*cluster.Framework{},
		Offers:     map[ids.Offer]*cluster.Offer{},
	}
	for _, a := range state.GetGetAgents().GetAgents() {
		id := ids.Agent(a.GetAgentInfo().GetId().GetValue())
		v.Agents[id] = &cluster.Agent{
			ID: id, Info: a.GetAgentInfo(), HTTP: strings.TrimPrefix(a.GetPid(), "slave(1)@"), State: cluster.AgentActive,
			Registered: at(a.GetRegisteredTime()),
			Total:      parse(t, a.GetTotalResources()),
			Allocated:  parse(t, a.GetAllocatedResources()),
			Offered:    parse(t, a.GetOfferedResources()),
		}
	}
	tasks := func(of ids.Framework, list []*mesosv1.Task) []*cluster.Task {
		var out []*cluster.Task
		for _, task := range list {
			if task.GetFrameworkId().GetValue() == string(of) {
				out = append(out, taskOf(t, task))
			}
		}
		return out
	}
	framework := func(f *master.Response_GetFrameworks_Framework) *cluster.Framework {
		id := ids.Framework(f.GetFrameworkInfo().GetId().GetValue())
		out := &cluster.Framework{
			ID: id, Info: f.GetFrameworkInfo(), State: cluster.FrameworkActive, Roles: []string{"*"},
			Registered: at(f.GetRegisteredTime()), Unregistered: at(f.GetUnregisteredTime()),
			Tasks:     map[string]*cluster.Task{},
			Allocated: parse(t, f.GetAllocatedResources()),
			Offered:   parse(t, f.GetOfferedResources()),
			Ended:     tasks(id, state.GetGetTasks().GetCompletedTasks()),
		}
		for _, task := range tasks(id, state.GetGetTasks().GetTasks()) {
			out.Tasks[task.ID.ID] = task
		}
		return out
	}
	for _, f := range state.GetGetFrameworks().GetFrameworks() {
		one := framework(f)
		v.Frameworks[one.ID] = one
	}
	for _, f := range state.GetGetFrameworks().GetCompletedFrameworks() {
		one := framework(f)
		one.State = cluster.FrameworkCompleted
		v.Completed = append(v.Completed, one)
	}
	return v
}

func taskOf(t *testing.T, m *mesosv1.Task) *cluster.Task {
	t.Helper()
	return &cluster.Task{
		ID:    ids.Task{Framework: ids.Framework(m.GetFrameworkId().GetValue()), ID: m.GetTaskId().GetValue()},
		Agent: ids.Agent(m.GetAgentId().GetValue()), Executor: ids.Executor(m.GetExecutorId().GetValue()),
		Info: &mesosv1.TaskInfo{Name: m.Name, TaskId: m.TaskId, AgentId: m.AgentId}, Role: "*",
		State: m.GetState(), Latest: m.GetState(), Statuses: m.GetStatuses(), Resources: parse(t, m.GetResources()),
		User: "root", Launched: time.Unix(1795395023, 0),
	}
}

func identity(t *testing.T, moment string) reading.Identity {
	t.Helper()
	var answer master.Response
	if err := codec.JSON.Unmarshal(fixture(t, moment, "op-master-GET_MASTER"), &answer); err != nil {
		t.Fatal(err)
	}
	var state struct {
		Flags map[string]string `json:"flags"`
	}
	if err := json.Unmarshal(fixture(t, moment, "master-state"), &state); err != nil {
		t.Fatal(err)
	}
	m := answer.GetGetMaster()
	seconds := func(f float64) time.Time { return time.UnixMicro(int64(f*1e6 + 0.5)) }
	return reading.Identity{
		Info: m.GetMasterInfo(), Leader: m.GetMasterInfo(), Build: mesoshttp.Build(),
		Started: seconds(m.GetStartTime()), Elected: seconds(m.GetElectedTime()), Flags: state.Flags,
	}
}

func TestLegacyDocumentsAreThoseOfMesos(t *testing.T) {
	for _, moment := range []string{"running", "after"} {
		v, id := viewOf(t, moment), identity(t, moment)
		for name, write := range map[string]func(*mesosjson.Writer){
			"master-state":         func(w *mesosjson.Writer) { reading.State(w, id, v) },
			"master-slaves":        func(w *mesosjson.Writer) { reading.Agents(w, v, "") },
			"master-frameworks":    func(w *mesosjson.Writer) { reading.Frameworks(w, v, "") },
			"master-roles":         func(w *mesosjson.Writer) { reading.WriteRoles(w, v) },
			"master-state-summary": func(w *mesosjson.Writer) { reading.Summary(w, id, v) },
			"master-tasks":         func(w *mesosjson.Writer) { reading.Tasks(w, v, reading.TaskQuery{Limit: 100}) },
		} {
			t.Run(moment+"/"+name, func(t *testing.T) {
				var w mesosjson.Writer
				write(&w)
				body, err := w.Bytes()
				if err != nil {
					t.Fatal(err)
				}
				got, want := forget(tree(t, body)), forget(tree(t, fixture(t, moment, name)))
				if diff := cmp.Diff(got, want); diff != "" {
					t.Errorf("got (-), want (+):\n%s", diff)
				}
			})
		}
	}
}

func TestOperatorAnswersAreThoseOfMesos(t *testing.T) {
	for _, moment := range []string{"running", "after"} {
		v := viewOf(t, moment)
		for name, m := range map[string]proto.Message{
			"GET_STATE": &master.Response{Type: master.Response_GET_STATE.Enum(), GetState: reading.GetState(v)},
			"GET_AGENTS": &master.Response{
				Type: master.Response_GET_AGENTS.Enum(), GetAgents: reading.GetAgents(v),
			},
			"GET_FRAMEWORKS": &master.Response{
				Type: master.Response_GET_FRAMEWORKS.Enum(), GetFrameworks: reading.GetFrameworks(v),
			},
			"GET_EXECUTORS": &master.Response{
				Type: master.Response_GET_EXECUTORS.Enum(), GetExecutors: reading.GetExecutors(v),
			},
			"GET_TASKS": &master.Response{Type: master.Response_GET_TASKS.Enum(), GetTasks: reading.GetTasks(v)},
			"GET_ROLES": &master.Response{Type: master.Response_GET_ROLES.Enum(), GetRoles: reading.GetRoles(v)},
		} {
			t.Run(moment+"/"+name, func(t *testing.T) {
				body, err := mesoshttp.MarshalListing(codec.JSON, m)
				if err != nil {
					t.Fatal(err)
				}
				got, want := forget(tree(t, body)), forget(tree(t, fixture(t, moment, "op-master-"+name)))
				if diff := cmp.Diff(got, want); diff != "" {
					t.Errorf("got (-), want (+):\n%s", diff)
				}
			})
		}
	}
}

// TestAllMetricsExist compares names: an exporter that knows Mesos's indexes them blindly.
func TestAllMetricsExist(t *testing.T) {
	var want map[string]float64
	if err := json.Unmarshal(fixture(t, "running", "master-metrics_snapshot"), &want); err != nil {
		t.Fatal(err)
	}
	got := reading.Gauges(reading.Standing{Leading: true}, viewOf(t, "running"))
	for _, name := range reading.Counters() {
		got[name] = 0
	}
	for name := range want {
		switch {
		case strings.HasPrefix(name, "registrar/"), strings.HasPrefix(name, "system/"),
			strings.HasPrefix(name, "allocator/mesos/allocation_run_"):
			continue // others measure those
		case strings.HasPrefix(name, "allocator/mesos/quota/"), strings.Contains(name, "/source_"):
			continue // come and go with what they are about
		}
		if _, ok := got[name]; !ok {
			t.Errorf("metric %s is missing", name)
		}
	}
	for _, name := range []string{"master/cpus_used", "master/cpus_percent", "master/tasks_running", "master/frameworks_active", "allocator/mesos/roles/*/shares/dominant"} {
		if got[name] != want[name] {
			t.Errorf("%s is %v, want %v", name, got[name], want[name])
		}
	}
	prefix := "master/frameworks/mesos-execute%20instance/c9934b01-e3ec-448d-b21c-1bc2ea83b03d-0000/"
	for _, name := range []string{"subscribed", "roles/*/suppressed", "tasks/active/task_running"} {
		if got[prefix+name] != want[prefix+name] {
			t.Errorf("%s is %v, want %v", prefix+name, got[prefix+name], want[prefix+name])
		}
	}
}

func TestTaskQueries(t *testing.T) {
	f := &cluster.Framework{ID: "f", Info: &mesosv1.FrameworkInfo{}, Tasks: map[string]*cluster.Task{}}
	for i, id := range []string{"a", "b", "c"} {
		f.Tasks[id] = &cluster.Task{
			ID: ids.Task{Framework: "f", ID: id}, Info: &mesosv1.TaskInfo{}, Launched: time.Unix(int64(100+i), 0),
		}
	}
	v := &cluster.View{Frameworks: map[ids.Framework]*cluster.Framework{"f": f}}
	for name, test := range map[string]struct {
		query reading.TaskQuery
		want  string
	}{
		"all, newest first": {reading.TaskQuery{Limit: -1}, "cba"},
		"oldest first":      {reading.TaskQuery{Limit: -1, Ascending: true}, "abc"},
		"limit":             {reading.TaskQuery{Limit: 2}, "cb"},
		"offset":            {reading.TaskQuery{Limit: 2, Offset: 2}, "a"},
		"offset too large":  {reading.TaskQuery{Limit: 2, Offset: 9}, ""},
		"one task":          {reading.TaskQuery{Limit: -1, Task: "b"}, "b"},
		"no such framework": {reading.TaskQuery{Limit: -1, Framework: "x"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var w mesosjson.Writer
			reading.Tasks(&w, v, test.query)
			body, err := w.Bytes()
			if err != nil {
				t.Fatal(err)
			}
			var got struct{ Tasks []struct{ ID string } }
			if err := json.Unmarshal(body, &got); err != nil {
				t.Fatal(err)
			}
			order := ""
			for _, task := range got.Tasks {
				order += task.ID
			}
			if order != test.want {
				t.Errorf("got %q, want %q", order, test.want)
			}
		})
	}
}
