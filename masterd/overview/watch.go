package overview

import (
	"reflect"
	"slices"
	"time"

	"codeberg.org/reeve/reeve/masterd/cluster"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// snapshotEvents is how many past events a snapshot repeats.
const snapshotEvents = 200

// usageEvery is how often agents are told again for nothing but a newer measurement of their host.
const usageEvery = 5 * time.Second

// rolesEvery is how often roles and offers are compared: summing up all frameworks and agents takes a while.
const rolesEvery = time.Second

// Now is what a Watcher compares with what it said before.
type Now struct {
	At       time.Time
	Identity Identity
	View     *cluster.View
	Jobs     []reeveapi.Job
	Events   []reeveapi.Event // newer than Since
	Usage    Usage
}

// Watcher makes the lines of one /reeve/v1/watch stream. It is for one goroutine; the zero value starts with a snapshot.
type Watcher struct {
	view     *cluster.View
	tally    *tally
	agents   map[ids.Agent]shownAgent
	offers   map[ids.Framework]int
	jobs     map[string]reeveapi.Job
	roles    map[string]reeveapi.Role
	offered  map[string]time.Time // when each offer was made
	looked   uint64               // version of the view at which roles and offers were compared last
	lookedAt time.Time
	identity Identity
	seq      uint64
	usageAt  time.Time
}

// shownAgent is what the last line about an agent was made from.
type shownAgent struct {
	of     *cluster.Agent
	tasks  int
	usedAt time.Time
}

// Since is the sequence number after which the next Now needs events.
func (w *Watcher) Since() uint64 { return w.seq }

// Next returns what has changed since the line before; changed is false if nothing has.
func (w *Watcher) Next(now Now) (line reeveapi.Watch, changed bool) {
	first := w.view == nil
	if first {
		w.view, w.tally = &cluster.View{}, newTally()
		w.agents, w.jobs = map[ids.Agent]shownAgent{}, map[string]reeveapi.Job{}
		w.roles, w.offered = map[string]reeveapi.Role{}, map[string]time.Time{}
	}
	line = reeveapi.Watch{Snapshot: first, Version: now.View.Version}
	offers := offersOf(now.View)
	w.frameworkDiff(&line, now.View, offers)
	w.agentDiff(&line, now)
	w.jobDiff(&line, now.Jobs)
	if first || now.View.Version != w.looked && now.At.Sub(w.lookedAt) >= rolesEvery {
		w.looked, w.lookedAt = now.View.Version, now.At
		w.roleDiff(&line, now.View)
		w.offerDiff(&line, now.View)
	}
	w.eventDiff(&line, now.Events)
	changed = first || now.View.Version != w.view.Version || !empty(line) || !reflect.DeepEqual(now.Identity, w.identity)
	if changed {
		figures := w.tally.cluster(now.Identity, now.View, now.Usage)
		line.Cluster = &figures
	}
	w.view, w.offers, w.identity = now.View, offers, now.Identity
	return line, changed
}

func empty(l reeveapi.Watch) bool {
	return len(l.Agents)+len(l.AgentsRemoved)+len(l.Frameworks)+len(l.FrameworksRemoved)+len(l.Tasks)+len(l.TasksMoved)+
		len(l.TasksRemoved)+len(l.Jobs)+len(l.JobsRemoved)+len(l.Events)+
		len(l.Roles)+len(l.RolesRemoved)+len(l.Offers)+len(l.OffersRemoved) == 0
}

func byID(v *cluster.View) map[ids.Framework]*cluster.Framework {
	all := make(map[ids.Framework]*cluster.Framework, len(v.Frameworks)+len(v.Completed))
	for f := range frameworks(v) {
		all[f.ID] = f
	}
	return all
}

// frameworkDiff compares frameworks, and the tasks of those that changed.
func (w *Watcher) frameworkDiff(line *reeveapi.Watch, v *cluster.View, offers map[ids.Framework]int) {
	before, after := byID(w.view), byID(v)
	for id, f := range after {
		old := before[id]
		if old == f && offers[id] == w.offers[id] {
			continue
		}
		if old != f {
			w.taskDiff(line, v, old, f)
		}
		line.Frameworks = append(line.Frameworks, Framework(f, w.tally.states(id), offers[id]))
	}
	for id, old := range before {
		if after[id] == nil {
			line.FrameworksRemoved = append(line.FrameworksRemoved, string(id))
			w.taskDiff(line, v, old, nil)
			delete(w.tally.frameworks, id)
		}
	}
}

// remembered finds a framework's tasks by id without copying the large map. Of an id that was used twice the newest one
// counts.
type remembered struct{ live, past map[string]*cluster.Task }

func rememberedOf(f *cluster.Framework) remembered {
	if f == nil {
		return remembered{}
	}
	r := remembered{live: f.Tasks, past: make(map[string]*cluster.Task, len(f.Unreachable)+len(f.Ended))}
	for _, list := range [][]*cluster.Task{f.Ended, f.Unreachable} {
		for _, t := range list {
			if f.Tasks[t.ID.ID] == nil {
				r.past[t.ID.ID] = t
			}
		}
	}
	return r
}

func (r remembered) find(id string) *cluster.Task {
	if t := r.live[id]; t != nil {
		return t
	}
	return r.past[id]
}

func (r remembered) len() int { return len(r.live) + len(r.past) }

// taskDiff runs for every change of a framework, which may have a hundred thousand tasks: it allocates for what changed
// only, and looks for what is gone only if something must be.
func (w *Watcher) taskDiff(line *reeveapi.Watch, v *cluster.View, old, f *cluster.Framework) {
	before, after := rememberedOf(old), rememberedOf(f)
	added := 0
	for _, tasks := range []map[string]*cluster.Task{after.live, after.past} {
		for id, t := range tasks {
			was := before.find(id)
			if was == t {
				continue
			}
			w.tally.change(was, t)
			if was == nil {
				added++
			} else if move, ok := Move(was, t, f.Info.GetName(), v.Agents[t.Agent]); ok {
				line.TasksMoved = append(line.TasksMoved, move)
				continue
			}
			line.Tasks = append(line.Tasks, Task(t, f.Info.GetName(), v.Agents[t.Agent]))
		}
	}
	if before.len()+added == after.len() {
		return
	}
	for _, tasks := range []map[string]*cluster.Task{before.live, before.past} {
		for id, t := range tasks {
			if after.find(id) == nil {
				w.tally.change(t, nil)
				line.TasksRemoved = append(line.TasksRemoved, t.ID.String())
			}
		}
	}
}

func (w *Watcher) agentDiff(line *reeveapi.Watch, now Now) {
	tasks := w.tally.agents
	measure := now.At.Sub(w.usageAt) >= usageEvery
	if measure {
		w.usageAt = now.At
	}
	for id, a := range now.View.Agents {
		said, known := w.agents[id]
		next := shownAgent{of: a, tasks: tasks[id], usedAt: said.usedAt}
		if _, at, ok := now.Usage(id); ok && (measure || !known) {
			next.usedAt = at
		}
		if next != said {
			w.agents[id] = next
			line.Agents = append(line.Agents, Agent(a, next.tasks, now.Usage))
		}
	}
	for id := range w.agents {
		if now.View.Agents[id] == nil {
			delete(w.agents, id)
			line.AgentsRemoved = append(line.AgentsRemoved, string(id))
		}
	}
}

func (w *Watcher) jobDiff(line *reeveapi.Watch, jobs []reeveapi.Job) {
	seen := make(map[string]bool, len(jobs))
	for _, j := range jobs {
		seen[j.Spec.Name] = true
		if old, known := w.jobs[j.Spec.Name]; !known || !reflect.DeepEqual(old, j) {
			w.jobs[j.Spec.Name] = j
			line.Jobs = append(line.Jobs, j)
		}
	}
	for name := range w.jobs {
		if !seen[name] {
			delete(w.jobs, name)
			line.JobsRemoved = append(line.JobsRemoved, name)
		}
	}
}

func (w *Watcher) eventDiff(line *reeveapi.Watch, events []reeveapi.Event) {
	if len(events) == 0 {
		return
	}
	w.seq = events[len(events)-1].Seq
	if line.Snapshot && len(events) > snapshotEvents {
		events = events[len(events)-snapshotEvents:]
	}
	line.Events = slices.Clone(events)
}
