package overview

import (
	"cmp"
	"iter"
	"slices"
	"time"

	"codeberg.org/reeve/reeve/masterd/cluster"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/shared/taskstate"
	"codeberg.org/reeve/reeve/shared/version"
)

// Identity is what the figures say besides the view's.
type Identity struct {
	Name, ID string // of the cluster
	Leader   string // name of the leading master
	Term     uint64
	Elected  time.Time
	Started  time.Time
	Gossip   map[string]int // members by state
	Masters  []reeveapi.Master
}

// tally counts tasks: by framework and state, and those that have not ended by agent. It is kept up to date by change,
// because counting a large cluster anew for every line would be most of a watcher's work.
type tally struct {
	frameworks map[ids.Framework][]int // indexed by mesosv1.TaskState
	agents     map[ids.Agent]int
}

func newTally() *tally {
	return &tally{frameworks: map[ids.Framework][]int{}, agents: map[ids.Agent]int{}}
}

// tallyOf counts everything in a view.
func tallyOf(v *cluster.View) *tally {
	c := newTally()
	for f := range frameworks(v) {
		for t := range Remembered(f) {
			c.change(nil, t)
		}
	}
	return c
}

// change notes that a task became another; nil is none.
func (c *tally) change(was, is *cluster.Task) {
	c.add(was, -1)
	c.add(is, 1)
}

func (c *tally) add(t *cluster.Task, n int) {
	if t == nil {
		return
	}
	states := c.frameworks[t.ID.Framework]
	if states == nil {
		states = make([]int, len(mesosv1.TaskState_name))
		c.frameworks[t.ID.Framework] = states
	}
	if i := int(t.Latest); i >= 0 && i < len(states) {
		states[i] += n
	}
	if taskstate.Terminal(t.Latest) {
		return
	}
	if c.agents[t.Agent] += n; c.agents[t.Agent] == 0 {
		delete(c.agents, t.Agent)
	}
}

// states counts a framework's tasks by the name of their state.
func (c *tally) states(id ids.Framework) map[string]int {
	out := map[string]int{}
	for i, n := range c.frameworks[id] {
		if n != 0 {
			out[mesosv1.TaskState(i).String()] = n
		}
	}
	return out
}

// frameworks yields the live and the completed frameworks of a view.
func frameworks(v *cluster.View) func(yield func(*cluster.Framework) bool) {
	return func(yield func(*cluster.Framework) bool) {
		for _, f := range v.Frameworks {
			if !yield(f) {
				return
			}
		}
		for _, f := range v.Completed {
			if !yield(f) {
				return
			}
		}
	}
}

// Cluster returns the figures of the whole.
func Cluster(id Identity, v *cluster.View, usage Usage) reeveapi.Cluster {
	return tallyOf(v).cluster(id, v, usage)
}

func (c *tally) cluster(id Identity, v *cluster.View, usage Usage) reeveapi.Cluster {
	out := reeveapi.Cluster{
		Name: id.Name, ID: id.ID, Version: version.Reeve, Leader: id.Leader, Term: id.Term, Elected: id.Elected,
		Started: id.Started, Masters: id.Masters, Gossip: id.Gossip, Commit: version.Commit(), Built: version.Built(), BuiltBy: version.Builder(),
		Agents: map[string]int{}, Tasks: map[string]int{}, Frameworks: map[string]int{},
	}
	for _, a := range v.Agents {
		out.Agents[agentState(a)]++
		if counts(a) {
			add(&out.Offered, Amounts(a.Offered))
		}
	}
	sums := Resources(v, usage)
	out.Total, out.Allocated, out.Used = sums.Total, sums.Allocated, sums.Used
	for f := range frameworks(v) {
		out.Frameworks[frameworkState(f.State)]++
		for state, n := range c.states(f.ID) {
			out.Tasks[state] += n
		}
	}
	return out
}

// counts says whether what an agent has is part of the cluster's resources.
func counts(a *cluster.Agent) bool {
	return a.State == cluster.AgentActive || a.State == cluster.AgentDisconnected
}

// Resources sums up what the agents of a view have, have given away and use.
func Resources(v *cluster.View, usage Usage) reeveapi.ClusterSample {
	var out reeveapi.ClusterSample
	for _, a := range v.Agents {
		if !counts(a) {
			continue
		}
		add(&out.Total, Amounts(a.Total))
		add(&out.Allocated, Amounts(a.Allocated))
		if u, _, ok := usage(a.ID); ok {
			add(&out.Used, reeveapi.Amounts{
				CPUs: u.GetCpus(), Mem: megabytes(u.GetMemBytes()), Disk: megabytes(u.GetDiskBytes()),
			})
		}
	}
	return out
}

func add(sum *reeveapi.Amounts, a reeveapi.Amounts) {
	sum.CPUs += a.CPUs
	sum.Mem += a.Mem
	sum.Disk += a.Disk
	sum.GPUs += a.GPUs
}

func megabytes(n int64) float64 { return float64(n) / (1 << 20) }

// Agents lists every agent of a view, by name.
func Agents(v *cluster.View, usage Usage) []reeveapi.Agent {
	tasks := tallyOf(v).agents
	list := make([]reeveapi.Agent, 0, len(v.Agents))
	for _, a := range v.Agents {
		list = append(list, Agent(a, tasks[a.ID], usage))
	}
	slices.SortFunc(list, func(a, b reeveapi.Agent) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
	return list
}

// Frameworks lists every framework of a view, oldest first.
func Frameworks(v *cluster.View) []reeveapi.Framework {
	offers, tasks := offersOf(v), tallyOf(v)
	list := make([]reeveapi.Framework, 0, len(v.Frameworks)+len(v.Completed))
	for f := range frameworks(v) {
		list = append(list, Framework(f, tasks.states(f.ID), offers[f.ID]))
	}
	slices.SortFunc(list, func(a, b reeveapi.Framework) int {
		return cmp.Or(a.Registered.Compare(b.Registered), cmp.Compare(a.ID, b.ID))
	})
	return list
}

func offersOf(v *cluster.View) map[ids.Framework]int {
	n := map[ids.Framework]int{}
	for _, o := range v.Offers {
		n[o.Framework]++
	}
	return n
}

// Tasks are those tasks of a view that keep says yes to, oldest first, as show shows them: Task or Brief. There may be
// very many: one is made when its turn comes, and is good until the next one's.
func Tasks(v *cluster.View, show func(*cluster.Task, string, *cluster.Agent) reeveapi.Task, keep func(*cluster.Task) bool) iter.Seq[*reeveapi.Task] {
	type member struct {
		task      *cluster.Task
		framework string // its name
		launched  time.Time
	}
	var list []member
	for f := range frameworks(v) {
		name := f.Info.GetName()
		for t := range Remembered(f) {
			if keep(t) {
				list = append(list, member{t, name, t.Launched})
			}
		}
	}
	slices.SortFunc(list, func(a, b member) int {
		if c := a.launched.Compare(b.launched); c != 0 {
			return c // almost all, without a look at the tasks themselves
		}
		return cmp.Or(cmp.Compare(a.task.ID.Framework, b.task.ID.Framework), cmp.Compare(a.task.ID.ID, b.task.ID.ID))
	})
	return func(yield func(*reeveapi.Task) bool) {
		var shown reeveapi.Task
		for _, m := range list {
			shown = show(m.task, m.framework, v.Agents[m.task.Agent])
			if !yield(&shown) {
				return
			}
		}
	}
}

// FindTask returns one task.
func FindTask(v *cluster.View, id ids.Task) (reeveapi.Task, bool) {
	for f := range frameworks(v) {
		if f.ID != id.Framework {
			continue
		}
		if t := f.Tasks[id.ID]; t != nil {
			return Task(t, f.Info.GetName(), v.Agents[t.Agent]), true
		}
		for _, list := range [][]*cluster.Task{f.Unreachable, f.Ended} {
			for _, l := range slices.Backward(list) { // an id may have been used before: the newest counts
				if t := l; t.ID == id {
					return Task(t, f.Info.GetName(), v.Agents[t.Agent]), true
				}
			}
		}
	}
	return reeveapi.Task{}, false
}
