package reading

import (
	"cmp"
	"maps"
	"slices"

	"codeberg.org/reeve/reeve/masterd/cluster"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosjson"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/secrets"
)

// executor is one executor with the agent that runs it.
type executor struct {
	agent ids.Agent
	info  *mesosv1.ExecutorInfo
}

// index is a view sorted the way that documents list it, made once for a document.
type index struct {
	view       *cluster.View
	registered []*cluster.Agent // active or disconnected
	recovered  []*cluster.Agent
	live       []*cluster.Framework
	offers     map[ids.Framework][]*cluster.Offer
	executors  map[ids.Framework][]executor
}

func newIndex(v *cluster.View) *index {
	x := &index{
		view:      v,
		offers:    make(map[ids.Framework][]*cluster.Offer),
		executors: make(map[ids.Framework][]executor),
	}
	for _, a := range v.Agents {
		switch a.State {
		case cluster.AgentActive, cluster.AgentDisconnected:
			x.registered = append(x.registered, a)
		case cluster.AgentRecovered:
			x.recovered = append(x.recovered, a)
		case cluster.AgentUnreachable, cluster.AgentGone: // in no document of Mesos
		}
	}
	slices.SortFunc(x.registered, byRegistration)
	slices.SortFunc(x.recovered, byRegistration)
	x.live = slices.SortedFunc(maps.Values(v.Frameworks), func(a, b *cluster.Framework) int {
		return cmp.Or(a.Registered.Compare(b.Registered), cmp.Compare(a.ID, b.ID))
	})
	for _, o := range v.Offers {
		x.offers[o.Framework] = append(x.offers[o.Framework], o)
	}
	for _, offers := range x.offers {
		slices.SortFunc(offers, func(a, b *cluster.Offer) int {
			return cmp.Or(a.Made.Compare(b.Made), cmp.Compare(a.ID, b.ID))
		})
	}
	for _, a := range x.registered {
		for framework, executors := range a.Executors {
			for _, id := range slices.Sorted(maps.Keys(executors)) {
				x.executors[framework] = append(x.executors[framework], executor{a.ID, secrets.HiddenExecutor(executors[id])})
			}
		}
	}
	return x
}

func byRegistration(a, b *cluster.Agent) int {
	return cmp.Or(a.Registered.Compare(b.Registered), cmp.Compare(a.ID, b.ID))
}

// tasksOf lists a framework's live tasks, oldest first.
func tasksOf(f *cluster.Framework) []*cluster.Task {
	return slices.SortedFunc(maps.Values(f.Tasks), func(a, b *cluster.Task) int {
		return cmp.Or(a.Launched.Compare(b.Launched), cmp.Compare(a.ID.ID, b.ID.ID))
	})
}

// shape is the task as documents show it.
func shape(t *cluster.Task) mesosjson.Task {
	return mesosjson.Task{
		ID:        t.ID.ID,
		Framework: string(t.ID.Framework),
		Executor:  string(t.Executor),
		Agent:     string(t.Agent),
		Info:      t.Info,
		Role:      t.Role,
		State:     t.Latest,
		Statuses:  t.Statuses,
		Resources: t.Resources,
	}
}
