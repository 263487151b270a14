package store

import "codeberg.org/reeve/reeve/shared/reeveapi"

func agentKey(a *reeveapi.Agent) string         { return a.ID }
func frameworkKey(f *reeveapi.Framework) string { return f.ID }
func jobKey(j *reeveapi.Job) string             { return j.Spec.Name }
func roleKey(r *reeveapi.Role) string           { return r.Name }
func offerKey(o *reeveapi.Offer) string         { return o.ID }

// runs are lines that can be taken together: only the first of each may be a snapshot.
func runs(lines []*reeveapi.Watch) [][]*reeveapi.Watch {
	var out [][]*reeveapi.Watch
	from := 0
	for i, w := range lines {
		if w.Snapshot && i > from {
			out, from = append(out, lines[from:i]), i
		}
	}
	if from < len(lines) {
		out = append(out, lines[from:])
	}
	return out
}

// aid is what makes changes of tasks cost less: it is of the newest ones.
type aid struct {
	index index
	spare []*reeveapi.Task // memory
}

// moved are the tasks after some lines.
func moved(tasks List[reeveapi.Task], lines []*reeveapi.Watch, by *aid) List[reeveapi.Task] {
	e := tasks.edit()
	e.index, e.spare = &by.index, &by.spare
	for _, w := range lines {
		n := &w.Numbers
		for i := range w.Tasks {
			e.set(TaskKey(&w.Tasks[i]), number(n.Tasks, i), &w.Tasks[i])
		}
		for i := range w.TasksMoved {
			if t := e.amend(w.TasksMoved[i].Task, number(n.TasksMoved, i)); t != nil {
				t.Move(&w.TasksMoved[i])
			}
		}
		for i, key := range w.TasksRemoved {
			e.remove(key, number(n.TasksRemoved, i))
		}
	}
	return e.done()
}

// number is one of numbers, 0 if there are none.
func number(all []int, i int) int {
	if i < len(all) {
		return all[i]
	}
	return 0
}

// steps are what lines say of one list.
func steps[T any](lines []*reeveapi.Watch, of func(w *reeveapi.Watch) (changed []T, removed []string)) []Step[T] {
	var out []Step[T]
	for _, w := range lines {
		if changed, removed := of(w); len(changed)+len(removed) > 0 {
			out = append(out, Step[T]{changed, removed})
		}
	}
	return out
}
