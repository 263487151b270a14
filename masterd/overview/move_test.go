package overview_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"codeberg.org/reeve/reeve/masterd/cluster"
	"codeberg.org/reeve/reeve/masterd/overview"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/shared/resources"
)

// TestMovesAreTold lets anything become of tasks: a reader of all lines, who knows of most changes only what moved, knows each
// task as it would have been told whole at that moment. A move is never of a task that was not told before.
func TestMovesAreTold(t *testing.T) {
	states := []mesosv1.TaskState{
		mesosv1.TaskState_TASK_STAGING, mesosv1.TaskState_TASK_STARTING, mesosv1.TaskState_TASK_RUNNING, mesosv1.TaskState_TASK_FAILED,
	}
	rapid.Check(t, func(rt *rapid.T) {
		var w overview.Watcher
		a, f := agent(), framework("f")
		known, want := map[string]reeveapi.Task{}, map[string]reeveapi.Task{}
		for i := range rapid.IntRange(1, 25).Draw(rt, "lines") {
			if rapid.IntRange(0, 5).Draw(rt, "the agent moves") == 0 {
				own := *a
				own.HTTP = fmt.Sprint("h:", i)
				a = &own
			}
			f = copyOf(f)
			if rapid.IntRange(0, 5).Draw(rt, "the framework changes") == 0 {
				f.Info = &mesosv1.FrameworkInfo{Name: new(fmt.Sprint("name ", i)), User: new("ann")}
			}
			was := maps.Clone(f.Tasks)
			for range rapid.IntRange(0, 4).Draw(rt, "changes") {
				anything(rt, f, fmt.Sprint(rapid.IntRange(0, 5).Draw(rt, "task")), i, states)
			}
			if rapid.IntRange(0, 9).Draw(rt, "the reader comes anew") == 0 {
				w, known = overview.Watcher{}, map[string]reeveapi.Task{}
				was, want = map[string]*cluster.Task{}, map[string]reeveapi.Task{}
			}
			line, _ := w.Next(overview.Now{View: view(uint64(i+1), a, f), Usage: noUsage, At: launched.Add(time.Duration(i) * time.Second)})
			read(rt, known, line)
			for id, now := range f.Tasks {
				if was[id] != now {
					want["f/"+id] = overview.Task(now, f.Info.GetName(), a)
				}
			}
			maps.DeleteFunc(want, func(key string, _ reeveapi.Task) bool { return f.Tasks[key[len("f/"):]] == nil })
			if diff := cmp.Diff(want, known); diff != "" {
				rt.Fatalf("line %d: told whole (-), read (+):\n%s", i, diff)
			}
		}
	})
}

// anything changes, adds or removes a task; old ones stay as they are.
func anything(rt *rapid.T, f *cluster.Framework, id string, i int, states []mesosv1.TaskState) {
	old := f.Tasks[id]
	state := rapid.SampledFrom(states).Draw(rt, "state")
	if old == nil || rapid.IntRange(0, 9).Draw(rt, "another of that id") == 0 {
		f.Tasks[id] = task("f", id, state)
		return
	}
	own := *old
	own.State, own.Latest = state, state
	switch rapid.IntRange(0, 8).Draw(rt, "what") {
	case 0:
		delete(f.Tasks, id)
		return
	case 1:
		own.Resources = resources.MustParse("cpus:2;mem:64")
	case 2:
		own.Statuses = nil
	case 3:
		own.PullTotal, own.Pulled, own.Fetched = 10, int64(i), rapid.SampledFrom([]string{"", "http://x/y"}).Draw(rt, "of")
	case 4: // the agent says so, the update comes later
		own.Ended = launched.Add(time.Minute)
	default:
		at := new(float64(1795395024 + i))
		status := &mesosv1.TaskStatus{State: state.Enum(), Timestamp: at, Message: new(fmt.Sprint("m", i))}
		if rapid.Bool().Draw(rt, "healthy") {
			status.Healthy = new(true)
			status.ContainerStatus = &mesosv1.ContainerStatus{ContainerId: &mesosv1.ContainerID{Value: new("c")}}
		}
		own.Statuses = append(slices.Clip(own.Statuses), status)
	}
	f.Tasks[id] = &own
}

func copyOf(f *cluster.Framework) *cluster.Framework {
	own := *f
	own.Tasks = maps.Clone(f.Tasks)
	return &own
}

// read takes a line as readers do.
func read(rt *rapid.T, known map[string]reeveapi.Task, line reeveapi.Watch) {
	for _, t := range line.Tasks {
		known[t.Framework+"/"+t.ID] = t
	}
	for i := range line.TasksMoved {
		m := &line.TasksMoved[i]
		t, told := known[m.Task]
		if !told {
			rt.Fatalf("a move of a task that was not told: %+v", m)
		}
		t.Move(m)
		known[m.Task] = t
	}
	for _, key := range line.TasksRemoved {
		delete(known, key)
	}
}
