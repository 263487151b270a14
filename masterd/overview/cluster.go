package overview

import (
	"cmp"
	"slices"
	"time"

	"codeberg.org/reeve/reeve/masterd/cluster"
	"codeberg.org/reeve/reeve/shared/ids"
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
	Masters  []reeveapi.Master
}

// count is what is counted of one framework. It holds as long as the framework's pointer does.
type count struct {
	of     *cluster.Framework
	states map[string]int
	agents map[ids.Agent]int // tasks that have not ended
}

func countOf(f *cluster.Framework) *count {
	c := &count{of: f, states: map[string]int{}, agents: map[ids.Agent]int{}}
	for t := range Remembered(f) {
		c.states[t.Latest.String()]++
		if !taskstate.Terminal(t.Latest) {
			c.agents[t.Agent]++
		}
	}
	return c
}

// counts keeps the counts of frameworks, so that only those that changed are counted again.
type counts map[ids.Framework]*count

// update counts the frameworks of v.
func (c counts) update(v *cluster.View) {
	for id := range c {
		if v.Frameworks[id] == nil && !slices.ContainsFunc(v.Completed, func(f *cluster.Framework) bool { return f.ID == id }) {
			delete(c, id)
		}
	}
	for f := range frameworks(v) {
		if have := c[f.ID]; have == nil || have.of != f {
			c[f.ID] = countOf(f)
		}
	}
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

// perAgent sums the tasks that have not ended, by agent.
func (c counts) perAgent() map[ids.Agent]int {
	sum := map[ids.Agent]int{}
	for _, one := range c {
		for agent, n := range one.agents {
			sum[agent] += n
		}
	}
	return sum
}

// Cluster returns the figures of the whole.
func Cluster(id Identity, v *cluster.View, usage Usage) reeveapi.Cluster {
	c := counts{}
	c.update(v)
	return c.cluster(id, v, usage)
}

func (c counts) cluster(id Identity, v *cluster.View, usage Usage) reeveapi.Cluster {
	out := reeveapi.Cluster{
		Name: id.Name, ID: id.ID, Version: version.Reeve, Leader: id.Leader, Term: id.Term, Elected: id.Elected,
		Started: id.Started, Masters: id.Masters,
		Agents: map[string]int{}, Tasks: map[string]int{}, Frameworks: map[string]int{},
	}
	for _, a := range v.Agents {
		out.Agents[agentState(a.State)]++
		if a.State != cluster.AgentActive && a.State != cluster.AgentDisconnected {
			continue
		}
		add(&out.Total, Amounts(a.Total))
		add(&out.Allocated, Amounts(a.Allocated))
		add(&out.Offered, Amounts(a.Offered))
		if u, _, ok := usage(a.ID); ok {
			add(&out.Used, reeveapi.Amounts{
				CPUs: u.GetCpus(), Mem: megabytes(u.GetMemBytes()), Disk: megabytes(u.GetDiskBytes()),
			})
		}
	}
	for f := range frameworks(v) {
		out.Frameworks[frameworkState(f.State)]++
		for state, n := range c[f.ID].states {
			out.Tasks[state] += n
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
	c := counts{}
	c.update(v)
	tasks := c.perAgent()
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
	offers := offersOf(v)
	list := make([]reeveapi.Framework, 0, len(v.Frameworks)+len(v.Completed))
	for f := range frameworks(v) {
		list = append(list, Framework(f, countOf(f).states, offers[f.ID]))
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

// Tasks lists the tasks of a view that keep says yes to, oldest first.
func Tasks(v *cluster.View, keep func(*cluster.Task) bool) []reeveapi.Task {
	list := []reeveapi.Task{}
	for f := range frameworks(v) {
		for t := range Remembered(f) {
			if keep(t) {
				list = append(list, Task(t, f.Info.GetName(), v.Agents[t.Agent]))
			}
		}
	}
	slices.SortFunc(list, func(a, b reeveapi.Task) int {
		return cmp.Or(a.Launched.Compare(b.Launched), cmp.Compare(a.Framework, b.Framework), cmp.Compare(a.ID, b.ID))
	})
	return list
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
