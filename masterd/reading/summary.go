package reading

import (
	"cmp"
	"maps"
	"slices"

	"codeberg.org/reeve/reeve/masterd/cluster"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosjson"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/resources"
)

// parse reads resources that came in messages. What cannot be read was refused long before it got into a view.
func parse(wire []*mesosv1.Resource) resources.Resources {
	r, err := resources.FromProto(wire)
	if err != nil {
		return resources.Resources{}
	}
	return r
}

// TaskQuery is what /tasks asks for. Limit -1 means all.
type TaskQuery struct {
	Framework, Task string // "" for any
	Limit, Offset   int
	Ascending       bool
}

// Tasks writes the document of /tasks: running, unreachable and ended tasks, those of ended frameworks included, newest
// first unless asked otherwise.
func Tasks(w *mesosjson.Writer, v *cluster.View, q TaskQuery) {
	var found []*cluster.Task
	add := func(f *cluster.Framework) {
		if q.Framework != "" && q.Framework != string(f.ID) {
			return
		}
		for t := range allTasks(f) {
			if q.Task == "" || q.Task == t.ID.ID {
				found = append(found, t)
			}
		}
	}
	for _, f := range v.Frameworks {
		add(f)
	}
	for _, f := range v.Completed {
		add(f)
	}
	slices.SortFunc(found, func(a, b *cluster.Task) int {
		c := cmp.Or(
			cmp.Compare(firstSeen(a), firstSeen(b)),
			cmp.Compare(a.ID.Framework, b.ID.Framework),
			cmp.Compare(a.ID.ID, b.ID.ID))
		if q.Ascending {
			return c
		}
		return -c
	})
	found = found[min(max(0, q.Offset), len(found)):]
	if q.Limit >= 0 {
		found = found[:min(q.Limit, len(found))]
	}
	w.Open()
	tasksField(w, "tasks", found)
	w.Close()
}

// allTasks yields every task that is remembered of a framework.
func allTasks(f *cluster.Framework) func(yield func(*cluster.Task) bool) {
	return func(yield func(*cluster.Task) bool) {
		for _, t := range f.Tasks {
			if !yield(t) {
				return
			}
		}
		for _, list := range [][]*cluster.Task{f.Unreachable, f.Ended} {
			for _, t := range list {
				if !yield(t) {
					return
				}
			}
		}
	}
}

// firstSeen orders tasks: by the first status that has been reported of them.
func firstSeen(t *cluster.Task) float64 {
	if len(t.Statuses) > 0 {
		return t.Statuses[0].GetTimestamp()
	}
	return mesosjson.Seconds(t.Launched)
}

// counted are the states that /state-summary counts, in its order.
var counted = []mesosv1.TaskState{
	mesosv1.TaskState_TASK_STAGING,
	mesosv1.TaskState_TASK_STARTING,
	mesosv1.TaskState_TASK_RUNNING,
	mesosv1.TaskState_TASK_KILLING,
	mesosv1.TaskState_TASK_FINISHED,
	mesosv1.TaskState_TASK_KILLED,
	mesosv1.TaskState_TASK_FAILED,
	mesosv1.TaskState_TASK_LOST,
	mesosv1.TaskState_TASK_ERROR,
	mesosv1.TaskState_TASK_UNREACHABLE,
}

// tally is what the summary says of one agent or framework.
type tally struct {
	states map[mesosv1.TaskState]int
	others map[string]bool // the frameworks of an agent, or the agents of a framework
}

func newTally() *tally {
	return &tally{states: map[mesosv1.TaskState]int{}, others: map[string]bool{}}
}

func (t *tally) write(w *mesosjson.Writer, others string) {
	for _, state := range counted {
		w.IntField(state.String(), int64(t.states[state]))
	}
	w.TextsField(others, slices.Sorted(maps.Keys(t.others)))
}

// Summary writes the document of /state-summary. Ended frameworks are in it only by what their tasks add to agents that
// still run some.
func Summary(w *mesosjson.Writer, id Identity, v *cluster.View) {
	x := newIndex(v)
	agents := make(map[ids.Agent]*tally, len(x.registered))
	for _, a := range x.registered {
		agents[a.ID] = newTally()
	}
	frameworks := make(map[ids.Framework]*tally, len(x.live))
	for _, f := range x.live {
		sum := newTally()
		for t := range allTasks(f) {
			sum.states[t.Latest]++
			sum.others[string(t.Agent)] = true
			if a := agents[t.Agent]; a != nil {
				a.states[t.Latest]++
				a.others[string(f.ID)] = true
			}
		}
		frameworks[f.ID] = sum
	}
	w.Open()
	w.TextField("hostname", id.Info.GetHostname())
	if id.Cluster != "" {
		w.TextField("cluster", id.Cluster)
	}
	w.Key("slaves")
	w.OpenList()
	for _, a := range x.registered {
		w.Open()
		agentSummary(w, a)
		agents[a.ID].write(w, "framework_ids")
		w.Close()
	}
	w.CloseList()
	w.Key("frameworks")
	w.OpenList()
	for _, f := range x.live {
		w.Open()
		frameworkSummary(w, f)
		frameworks[f.ID].write(w, "slave_ids")
		w.Close()
	}
	w.CloseList()
	w.Close()
}
