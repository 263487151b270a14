package overview_test

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"

	"codeberg.org/reeve/reeve/masterd/cluster"
	"codeberg.org/reeve/reeve/masterd/overview"
	"codeberg.org/reeve/reeve/masterd/roles"
	"codeberg.org/reeve/reeve/shared/agentlink"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/shared/resources"
)

var launched = time.Date(2026, 11, 23, 1, 0, 0, 0, time.UTC)

func task(framework, id string, state mesosv1.TaskState) *cluster.Task {
	return &cluster.Task{
		ID: ids.Task{Framework: ids.Framework(framework), ID: id}, Agent: "S0", State: state, Latest: state,
		Info: &mesosv1.TaskInfo{Name: new("name of " + id)}, Launched: launched,
		Resources: resources.MustParse("cpus:1;mem:64;ports:[31000-31001]"),
	}
}

func framework(id string, tasks ...*cluster.Task) *cluster.Framework {
	f := &cluster.Framework{
		ID: ids.Framework(id), Info: &mesosv1.FrameworkInfo{Name: new("framework " + id), User: new("ann")},
		Tasks: map[string]*cluster.Task{}, Roles: []string{"*"},
	}
	for _, t := range tasks {
		f.Tasks[t.ID.ID] = t
	}
	return f
}

func agent() *cluster.Agent {
	return &cluster.Agent{
		ID: "S0", HTTP: "10.0.0.1:5051", State: cluster.AgentActive,
		Info:  &mesosv1.AgentInfo{Hostname: new("one")},
		Total: resources.MustParse("cpus:8;mem:1024"),
	}
}

func view(version uint64, a *cluster.Agent, frameworks ...*cluster.Framework) *cluster.View {
	v := &cluster.View{
		Version: version, Agents: map[ids.Agent]*cluster.Agent{a.ID: a}, Frameworks: map[ids.Framework]*cluster.Framework{},
		Offers: map[ids.Offer]*cluster.Offer{},
	}
	for _, f := range frameworks {
		v.Frameworks[f.ID] = f
	}
	return v
}

func noUsage(ids.Agent) (*agentlink.HostUsage, time.Time, bool) { return nil, time.Time{}, false }

// said is what a line tells, by ids.
type said struct {
	Snapshot, Changed                            bool
	Agents, Frameworks, Tasks, Jobs              []string
	AgentsGone, FrameworksGone, TasksGone, Undid []string
	Events                                       int
}

func summarise(line reeveapi.Watch, changed bool) said {
	s := said{
		Snapshot: line.Snapshot, Changed: changed, AgentsGone: line.AgentsRemoved, FrameworksGone: line.FrameworksRemoved,
		TasksGone: line.TasksRemoved, Undid: line.JobsRemoved, Events: len(line.Events),
	}
	for _, a := range line.Agents {
		s.Agents = append(s.Agents, a.ID)
	}
	for _, f := range line.Frameworks {
		s.Frameworks = append(s.Frameworks, f.ID)
	}
	for _, t := range line.Tasks {
		s.Tasks = append(s.Tasks, t.ID+" "+t.State)
	}
	for _, j := range line.Jobs {
		s.Jobs = append(s.Jobs, j.Spec.Name)
	}
	for _, list := range [][]string{s.Agents, s.Frameworks, s.Tasks, s.Jobs, s.AgentsGone, s.FrameworksGone, s.TasksGone} {
		slices.Sort(list)
	}
	return s
}

// TestWatcher goes through the life of a small cluster, line by line.
func TestWatcher(t *testing.T) {
	const staging, running, finished = mesosv1.TaskState_TASK_STAGING, mesosv1.TaskState_TASK_RUNNING, mesosv1.TaskState_TASK_FINISHED
	a, quiet := agent(), framework("quiet", task("quiet", "q", running))
	first := framework("f", task("f", "t", staging))
	started := framework("f", task("f", "t", running), task("f", "u", staging))
	ended := framework("f")
	ended.State, ended.Ended = cluster.FrameworkCompleted, []*cluster.Task{task("f", "t", finished)}

	completed := view(5, a, quiet)
	completed.Completed = []*cluster.Framework{ended}
	noAgents := view(7, a)
	noAgents.Agents = nil
	job := reeveapi.Job{Spec: reeveapi.JobSpec{Name: "j"}, State: reeveapi.JobPending}
	done := job
	done.State = reeveapi.JobFinished
	many := make([]reeveapi.Event, 300)
	for i := range many {
		many[i].Seq = uint64(i + 1)
	}
	usage := func(at time.Time) overview.Usage {
		return func(ids.Agent) (*agentlink.HostUsage, time.Time, bool) {
			return &agentlink.HostUsage{Cpus: 2}, at, true
		}
	}

	var w overview.Watcher
	for _, step := range []struct {
		name string
		now  overview.Now
		want said
	}{
		{
			"snapshot",
			overview.Now{View: view(1, a, quiet, first), Jobs: []reeveapi.Job{job}, Events: many},
			said{
				Snapshot: true, Changed: true, Agents: []string{"S0"}, Frameworks: []string{"f", "quiet"},
				Tasks: []string{"q TASK_RUNNING", "t TASK_STAGING"}, Jobs: []string{"j"}, Events: 200,
			},
		},
		{"nothing", overview.Now{View: view(1, a, quiet, first), Jobs: []reeveapi.Job{job}}, said{}},
		{
			"a task runs, another is launched",
			overview.Now{View: view(2, a, quiet, started), Jobs: []reeveapi.Job{job}},
			said{Changed: true, Agents: []string{"S0"}, Frameworks: []string{"f"}, Tasks: []string{"t TASK_RUNNING", "u TASK_STAGING"}},
		},
		{
			"a job ends, something happens",
			overview.Now{View: view(2, a, quiet, started), Jobs: []reeveapi.Job{done}, Events: many[:1]},
			said{Changed: true, Jobs: []string{"j"}, Events: 1},
		},
		{
			"measured",
			overview.Now{View: view(2, a, quiet, started), Jobs: []reeveapi.Job{done}, At: launched, Usage: usage(launched)},
			said{Changed: true, Agents: []string{"S0"}},
		},
		{
			"measured again too soon", overview.Now{
				View: view(2, a, quiet, started), Jobs: []reeveapi.Job{done}, At: launched.Add(time.Second), Usage: usage(launched.Add(time.Second)),
			}, said{},
		},
		{
			"the framework completes, a task is forgotten",
			overview.Now{View: completed, Jobs: []reeveapi.Job{done}},
			said{Changed: true, Agents: []string{"S0"}, Frameworks: []string{"f"}, Tasks: []string{"t TASK_FINISHED"}, TasksGone: []string{"f/u"}},
		},
		{
			"the framework is forgotten, the job too",
			overview.Now{View: view(6, a, quiet)},
			said{Changed: true, FrameworksGone: []string{"f"}, TasksGone: []string{"f/t"}, Undid: []string{"j"}},
		},
		{
			"all is gone",
			overview.Now{View: noAgents},
			said{Changed: true, AgentsGone: []string{"S0"}, FrameworksGone: []string{"quiet"}, TasksGone: []string{"quiet/q"}},
		},
	} {
		if step.now.Usage == nil {
			step.now.Usage = noUsage
		}
		line, changed := w.Next(step.now)
		if diff := cmp.Diff(summarise(line, changed), step.want); diff != "" {
			t.Errorf("%s: got (-), want (+):\n%s", step.name, diff)
		}
	}
}

// TestOffersAreAChange: offers are counted at their framework and are no part of it.
func TestOffersAreAChange(t *testing.T) {
	a, f := agent(), framework("f")
	var w overview.Watcher
	w.Next(overview.Now{View: view(1, a, f), Usage: noUsage})
	offered := view(2, a, f)
	offered.Offers["O1"] = &cluster.Offer{ID: "O1", Framework: "f", Agent: "S0"}
	line, _ := w.Next(overview.Now{View: offered, Usage: noUsage})
	if len(line.Frameworks) != 1 || line.Frameworks[0].Offers != 1 {
		t.Errorf("the line is %+v", line)
	}
}

// TestRolesAreWatched: roles and offers are compared once a second, and only what changed is said.
func TestRolesAreWatched(t *testing.T) {
	a, f, at := agent(), framework("f"), time.Unix(1000, 0)
	var w overview.Watcher
	next := func(after time.Duration, v *cluster.View) string {
		at = at.Add(after)
		line, _ := w.Next(overview.Now{At: at, View: v, Usage: noUsage})
		var said []string
		for _, r := range line.Roles {
			said = append(said, fmt.Sprintf("%s %g %s", r.Name, r.Weight, r.Limit))
		}
		for _, o := range line.Offers {
			said = append(said, fmt.Sprintf("%s %s %s %g", o.ID, o.FrameworkName, o.AgentName, o.Resources.CPUs))
		}
		slices.Sort(said)
		return strings.Join(append(append(said, line.RolesRemoved...), line.OffersRemoved...), "; ")
	}
	limited := view(2, a, f)
	limited.Settings = roles.Settings{Quotas: map[string]roles.Quota{"x": {Limit: roles.Amounts{"cpus": 2000}}}}
	limited.Offers["O1"] = &cluster.Offer{ID: "O1", Framework: "f", Agent: "S0", Role: "*", Resources: resources.MustParse("cpus:2").Allocate("*")}
	weighed := view(3, a, f)
	weighed.Settings = roles.Settings{Weights: map[string]float64{"*": 3}}
	for i, step := range []struct {
		after time.Duration
		view  *cluster.View
		want  string
	}{
		{0, view(1, a, f), "* 1 "},
		{100 * time.Millisecond, limited, ""},
		{900 * time.Millisecond, limited, "O1 framework f one 2; x 1 cpus:2"},
		{time.Second, limited, ""},
		{time.Second, weighed, "* 3 ; x; O1"},
	} {
		if got := next(step.after, step.view); got != step.want {
			t.Errorf("step %d says %q, want %q", i, got, step.want)
		}
	}
}

func TestTask(t *testing.T) {
	one := task("f", "t", mesosv1.TaskState_TASK_FAILED)
	one.User, one.Role, one.Ended = "ann", "dev", launched.Add(time.Minute)
	one.Info.Command = &mesosv1.CommandInfo{
		Shell: new(false), Value: new("/bin/echo"), Arguments: []string{"echo", "hi"},
		Environment: &mesosv1.Environment{Variables: []*mesosv1.Environment_Variable{
			{Name: new("SEEN"), Value: new("1")},
			{Name: new("HIDDEN"), Secret: &mesosv1.Secret{Value: &mesosv1.Secret_Value{Data: []byte("s")}}},
		}},
	}
	one.Info.Labels = &mesosv1.Labels{Labels: []*mesosv1.Label{{Key: new("k"), Value: new("v")}}}
	one.Statuses = []*mesosv1.TaskStatus{
		{
			State: mesosv1.TaskState_TASK_RUNNING.Enum(), Timestamp: new(1795395023.5),
			ContainerStatus: &mesosv1.ContainerStatus{ContainerId: &mesosv1.ContainerID{Value: new("c")}},
		},
		{
			State: mesosv1.TaskState_TASK_FAILED.Enum(), Timestamp: proto.Float64(1795395024), Message: new("exit 3"),
			Reason: mesosv1.TaskStatus_REASON_COMMAND_EXECUTOR_FAILED.Enum(), Source: mesosv1.TaskStatus_SOURCE_EXECUTOR.Enum(),
		},
	}
	got := overview.Task(one, "framework f", agent())
	want := reeveapi.Task{
		ID: "t", Framework: "f", FrameworkName: "framework f", Name: "name of t", Role: "dev", Executor: "t", Agent: "S0",
		AgentName: "one", AgentHTTP: "10.0.0.1:5051", Container: "c", State: "TASK_FAILED", Message: "exit 3",
		Reason: "REASON_COMMAND_EXECUTOR_FAILED", Source: "SOURCE_EXECUTOR", Requested: reeveapi.Amounts{CPUs: 1, Mem: 64},
		Ports: "[31000-31001]", Command: "echo hi", User: "ann", Labels: map[string]string{"k": "v"},
		Env: map[string]string{"SEEN": "1"}, Sandbox: "/frameworks/f/executors/t/runs/latest",
		History: []reeveapi.TaskStep{
			{State: "TASK_STAGING", At: launched},
			{State: "TASK_RUNNING", At: time.UnixMilli(1795395023500).UTC()},
			{State: "TASK_FAILED", At: time.Unix(1795395024, 0).UTC(), Message: "exit 3"},
		},
		Launched: launched, Ended: launched.Add(time.Minute),
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("got (-), want (+):\n%s", diff)
	}
	one.Executor, one.Info.Executor = "e", &mesosv1.ExecutorInfo{Type: mesosv1.ExecutorInfo_DEFAULT.Enum()}
	if got := overview.Task(one, "", nil).Sandbox; got != "/frameworks/f/executors/e/runs/latest/tasks/t" {
		t.Errorf("sandbox of a task of a group is %s", got)
	}
}

// TestTaskAheadOfItsUpdates: state, message and history agree while updates wait on the agent.
func TestTaskAheadOfItsUpdates(t *testing.T) {
	const running, failed = mesosv1.TaskState_TASK_RUNNING, mesosv1.TaskState_TASK_FAILED
	told := &mesosv1.TaskStatus{
		State: running.Enum(), Timestamp: proto.Float64(1795395024), Message: new("up"), Source: mesosv1.TaskStatus_SOURCE_EXECUTOR.Enum(),
	}
	for name, test := range map[string]struct {
		latest   mesosv1.TaskState
		statuses []*mesosv1.TaskStatus
		ended    time.Time
		states   []string
		at       time.Time
	}{
		"ended":           {failed, []*mesosv1.TaskStatus{told}, launched.Add(time.Hour), []string{"TASK_STAGING", "TASK_RUNNING", "TASK_FAILED"}, launched.Add(time.Hour)},
		"nothing was yet": {failed, nil, launched.Add(time.Hour), []string{"TASK_STAGING", "TASK_FAILED"}, launched.Add(time.Hour)},
		"runs":            {running, nil, time.Time{}, []string{"TASK_STAGING", "TASK_RUNNING"}, launched},
	} {
		one := task("f", "t", running)
		one.Latest, one.Statuses, one.Ended = test.latest, test.statuses, test.ended
		got := overview.Task(one, "", nil)
		var states []string
		for _, step := range got.History {
			states = append(states, step.State)
		}
		last := got.History[len(got.History)-1]
		if got.State != test.latest.String() || !slices.Equal(states, test.states) || !last.At.Equal(test.at) {
			t.Errorf("%s: got state %s, history %+v, want %v, the last at %v", name, got.State, got.History, test.states, test.at)
		}
		if got.Message == "" || got.Message != last.Message || got.Source != "" || got.Reason != "" {
			t.Errorf("%s: got message %q, reason %q, source %q, want a message and nothing of an older update", name, got.Message, got.Reason, got.Source)
		}
	}
	if got := overview.Task(task("f", "t", mesosv1.TaskState_TASK_STAGING), "", nil); got.Message != "" || len(got.History) != 1 {
		t.Errorf("a new task is shown as %+v", got)
	}
}

func TestCluster(t *testing.T) {
	away := agent()
	away.ID, away.State = "S1", cluster.AgentUnreachable
	f := framework("f", task("f", "t", mesosv1.TaskState_TASK_RUNNING))
	f.Ended = []*cluster.Task{task("f", "old", mesosv1.TaskState_TASK_FINISHED)}
	v := view(1, agent(), f)
	v.Agents[away.ID] = away
	usage := func(id ids.Agent) (*agentlink.HostUsage, time.Time, bool) {
		return &agentlink.HostUsage{Cpus: 1.5, MemBytes: 3 << 20}, launched, id == "S0"
	}
	got := overview.Cluster(overview.Identity{Name: "c", Leader: "m"}, v, usage)
	if diff := cmp.Diff(got.Agents, map[string]int{"active": 1, "unreachable": 1}); diff != "" {
		t.Errorf("agents:\n%s", diff)
	}
	if diff := cmp.Diff(got.Tasks, map[string]int{"TASK_RUNNING": 1, "TASK_FINISHED": 1}); diff != "" {
		t.Errorf("tasks:\n%s", diff)
	}
	if got.Total.CPUs != 8 || got.Used.CPUs != 1.5 || got.Used.Mem != 3 {
		t.Errorf("figures are %+v; an unreachable agent has nothing to give", got)
	}
	agents := overview.Agents(v, usage)
	if len(agents) != 2 || agents[0].Tasks != 1 || agents[0].Usage == nil || agents[1].Usage != nil {
		t.Errorf("agents are %+v", agents)
	}
	if _, ok := overview.FindTask(v, ids.Task{Framework: "f", ID: "old"}); !ok {
		t.Error("an ended task is not found")
	}
	tasks := overview.Tasks(v, overview.Task, func(t *cluster.Task) bool { return t.ID.ID == "old" })
	if list := slices.Collect(tasks); len(list) != 1 {
		t.Errorf("tasks are %+v", list)
	}
}

// TestFrameworkTimes: when a framework came, came again and went, and no figure that JSON has no word for.
func TestFrameworkTimes(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	f := &cluster.Framework{ID: "f1", Info: &mesosv1.FrameworkInfo{FailoverTimeout: new(math.Inf(1))}, Since: at.Add(time.Hour), Registered: at, Reregistered: at.Add(time.Minute)}
	got := overview.Framework(f, nil, 0)
	if !got.Since.Equal(f.Since) || !got.Registered.Equal(at) || !got.Reregistered.Equal(f.Reregistered) || got.Failover != math.MaxInt32 {
		t.Errorf("%+v", got)
	}
	if _, err := json.Marshal(got); err != nil {
		t.Error(err)
	}
	f.Reregistered, f.Info = at, &mesosv1.FrameworkInfo{}
	if got := overview.Framework(f, nil, 0); !got.Reregistered.IsZero() || got.Failover != 0 {
		t.Errorf("one that never came again: %+v", got)
	}
}
