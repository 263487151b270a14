package ledger

import (
	"slices"
	"time"

	"codeberg.org/reeve/reeve/masterd/view"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
)

// A term knows what ended in it. Agents tell it what ended before, which it merges here: by the time of the end, and without
// what it knows already.

// Past is a framework that agents remember.
type Past struct {
	Info  *mesosv1.FrameworkInfo // id is set
	Over  bool                   // it was removed: its id can't come back
	Tasks []*view.Task           // ended
}

// Remember adds what agents remember to what the term knows. A framework that does not live is one of the completed ones; if
// it is not known to be over, it may still subscribe, and takes its tasks with it.
func (l *Ledger) Remember(past Past) {
	id := ids.Framework(past.Info.GetId().GetValue())
	if f := l.Frameworks[id]; f != nil {
		if ended, news := merge(f.Ended, past.Tasks, l.limits.CompletedTasks); news {
			f.Ended = ended
			l.TouchFramework(f)
		}
		return
	}
	i := slices.IndexFunc(l.completed, func(f *view.Framework) bool { return f.ID == id })
	next := &view.Framework{ID: id, Info: past.Info, State: view.FrameworkCompleted, Roles: rolesOf(past.Info)}
	if i >= 0 {
		*next = *l.completed[i]
	}
	ended, news := merge(next.Ended, past.Tasks, l.limits.CompletedTasks)
	if i >= 0 && !news && (l.removed[id] || !past.Over) {
		return
	}
	next.Ended = ended
	if !l.ended[id] && len(ended) > 0 { // nobody saw when it was removed; its tasks were over by then
		next.Registered, next.Unregistered = firstLaunch(ended), ended[len(ended)-1].Ended
	}
	if past.Over {
		l.removed[id] = true
	}
	if i >= 0 {
		l.completed = slices.Delete(l.completed, i, i+1)
	}
	l.complete(next)
}

// complete enters a completed framework by the time of its end, and forgets the oldest.
func (l *Ledger) complete(f *view.Framework) {
	i := len(l.completed)
	for i > 0 && l.completed[i-1].Unregistered.After(f.Unregistered) {
		i--
	}
	l.completed = slices.Insert(l.completed, i, f)
	for len(l.completed) > l.limits.CompletedFrameworks {
		delete(l.removed, l.completed[0].ID)
		delete(l.ended, l.completed[0].ID)
		l.completed = l.completed[1:]
	}
	l.views.completed = true
	l.changed = true
}

// recall gives a framework that lives what is remembered of it.
func (l *Ledger) recall(f *Framework) {
	i := slices.IndexFunc(l.completed, func(old *view.Framework) bool { return old.ID == f.ID })
	if i < 0 {
		return
	}
	f.Ended = slices.Clone(l.completed[i].Ended)
	l.completed = slices.Delete(l.completed, i, i+1)
	l.views.completed = true
}

// run is one run of a task: its id may be used again once it has ended.
type run struct {
	task  ids.Task
	agent ids.Agent
	uuid  string // of the update that ended it; "" if that was ours, as when its framework was removed
}

func runOf(t *view.Task) run {
	r := run{task: t.ID, agent: t.Agent}
	if n := len(t.Statuses); n > 0 {
		r.uuid = string(t.Statuses[n-1].GetUuid())
	}
	return r
}

// merge adds the tasks that are news, and says whether there were any. The result is ordered by the times of the ends, and
// shares nothing with old.
func merge(old, tasks []*view.Task, limit int) (merged []*view.Task, news bool) {
	known := make(map[run]bool, len(old)+len(tasks))
	for _, t := range old {
		known[runOf(t)] = true
	}
	merged = slices.Clone(old)
	for _, t := range tasks {
		r := runOf(t)
		if known[r] || known[run{task: r.task, agent: r.agent}] {
			continue
		}
		known[r] = true
		merged = append(merged, t)
		news = true
	}
	if news {
		slices.SortStableFunc(merged, func(a, b *view.Task) int { return a.Ended.Compare(b.Ended) })
	}
	if over := len(merged) - limit; over > 0 {
		merged = merged[over:]
	}
	return merged, news
}

func firstLaunch(tasks []*view.Task) time.Time {
	first := tasks[0].Launched
	for _, t := range tasks {
		if t.Launched.Before(first) {
			first = t.Launched
		}
	}
	return first
}
