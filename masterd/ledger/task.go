package ledger

import (
	"slices"

	"codeberg.org/reeve/reeve/masterd/view"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/shared/resources"
	"codeberg.org/reeve/reeve/shared/taskstate"
)

// Where a task is:
//
//	Framework.Tasks        launched, until a terminal update is acknowledged; its agent has it in Agent.Tasks
//	Framework.Unreachable  its agent is; it may come back
//	Framework.Ended        for the record
//
// It holds its resources in the first, until its latest state is terminal.

// PutTask replaces a task of Framework.Tasks, or puts it there.
func (l *Ledger) PutTask(f *Framework, t *view.Task) {
	f.Tasks[t.ID.ID] = t
	l.TouchFramework(f)
}

// AddTask starts to track a task, and charges it for what it holds. The allocator has to know of that already.
func (l *Ledger) AddTask(f *Framework, a *Agent, t *view.Task) {
	a.Tasks[t.ID] = true
	f.Agents[a.ID] = true
	l.PutTask(f, t)
	l.TouchAgent(a)
	if !taskstate.Terminal(t.Latest) {
		l.charge(f, a, t.Resources)
	}
}

// charge adds to what a framework holds on an agent.
func (l *Ledger) charge(f *Framework, a *Agent, r resources.Resources) {
	if r.Empty() {
		return
	}
	f.Allocated[a.ID] = f.Allocated[a.ID].Plus(r)
	a.Allocated = a.Allocated.Plus(r)
	l.TouchAgent(a)
	l.TouchFramework(f)
}

// Release gives back what a task or executor held.
func (l *Ledger) Release(f *Framework, a *Agent, r resources.Resources) {
	if r.Empty() {
		return
	}
	if left := f.Allocated[a.ID].Minus(r); left.Empty() {
		delete(f.Allocated, a.ID)
	} else {
		f.Allocated[a.ID] = left
	}
	a.Allocated = a.Allocated.Minus(r)
	l.Alloc.Recover(f.ID, a.ID, r, nil)
	l.TouchAgent(a)
	l.TouchFramework(f)
}

// EndTask moves a task to the records.
func (l *Ledger) EndTask(f *Framework, a *Agent, t *view.Task) {
	l.dropTask(f, a, t)
	l.Record(f, t)
}

// Record keeps an ended task, and forgets the oldest.
func (l *Ledger) Record(f *Framework, t *view.Task) {
	l.TouchFramework(f)
	f.Ended = append(f.Ended, t)
	if over := len(f.Ended) - l.limits.CompletedTasks; over > 0 {
		f.Ended = f.Ended[over:]
	}
}

// dropTask takes a task off the active ones, and gives back what it holds unless its end has done that.
func (l *Ledger) dropTask(f *Framework, a *Agent, t *view.Task) {
	if !taskstate.Terminal(t.Latest) {
		l.Release(f, a, t.Resources)
	}
	delete(f.Tasks, t.ID.ID)
	delete(a.Tasks, t.ID)
	delete(a.Kills, t.ID)
	if len(a.Tasks) == 0 {
		l.emptied = append(l.emptied, a.ID)
	}
	l.TouchAgent(a)
	l.TouchFramework(f)
}

// MoveToUnreachable keeps a task whose agent is lost, and forgets the oldest such.
func (l *Ledger) MoveToUnreachable(f *Framework, a *Agent, t *view.Task) {
	l.dropTask(f, a, t)
	f.Unreachable = append(f.Unreachable, t)
	f.LostIDs[t.ID.ID] = true
	for len(f.Unreachable) > l.limits.UnreachableTasks {
		delete(f.LostIDs, f.Unreachable[0].ID.ID)
		f.Unreachable = f.Unreachable[1:]
	}
}

// ForgetUnreachable takes a task off the unreachable ones and returns it, nil if there is none of that id.
func (l *Ledger) ForgetUnreachable(f *Framework, id ids.Task) *view.Task {
	if !f.LostIDs[id.ID] {
		return nil
	}
	delete(f.LostIDs, id.ID)
	i := slices.IndexFunc(f.Unreachable, func(u *view.Task) bool { return u.ID == id })
	t := f.Unreachable[i]
	f.Unreachable = slices.Concat(f.Unreachable[:i], f.Unreachable[i+1:])
	l.TouchFramework(f)
	return t
}

// AddExecutor starts to track a custom executor. Its resources count once, however many tasks share it.
func (l *Ledger) AddExecutor(f *Framework, a *Agent, info *mesosv1.ExecutorInfo, uses resources.Resources) {
	if a.Executors[f.ID] == nil {
		a.Executors[f.ID] = map[ids.Executor]*Executor{}
	}
	a.Executors[f.ID][ids.Executor(info.GetExecutorId().GetValue())] = &Executor{Info: info, Uses: uses}
	f.Agents[a.ID] = true
	l.TouchAgent(a)
	l.charge(f, a, uses)
}

// DropExecutor forgets one that ended; it does nothing if there is none of that id.
func (l *Ledger) DropExecutor(f *Framework, a *Agent, id ids.Executor) {
	e := a.Executors[f.ID][id]
	if e == nil {
		return
	}
	l.Release(f, a, e.Uses)
	delete(a.Executors[f.ID], id)
	if len(a.Executors[f.ID]) == 0 {
		delete(a.Executors, f.ID)
	}
	l.TouchAgent(a)
}

// Reported is what a task or executor that an agent reports adds to what is held there. It belongs to one role, as it did
// when it was launched. Should the agent say that two of them have the same port, the first one has it: what is given back
// is never more than what was taken.
func Reported(f *Framework, a *Agent, from []*mesosv1.Resource) resources.Resources {
	r, err := resources.FromProto(from)
	if err != nil {
		return resources.Resources{} // it was checked when it was launched
	}
	role := "*"
	if roles := r.AllocationRoles(); len(roles) > 0 {
		role = roles[0]
	} else if len(f.Roles) > 0 {
		role = f.Roles[0]
	}
	held := a.Allocated.Unallocate()
	return held.Plus(r.Unallocate()).Minus(held).Allocate(role)
}

// AboutTask is an event for people: a task is in the state that its framework knows.
func (l *Ledger) AboutTask(t *view.Task, text string) reeveapi.Event {
	e := reeveapi.Event{Kind: t.State.String(), Subject: t.Info.GetName(), ID: t.ID.String(), Text: text}
	if a := l.Agents[t.Agent]; a != nil {
		e.Agent = a.Info.GetHostname()
	}
	if taskstate.Terminal(t.State) {
		e.Who = t.KilledBy
	}
	return e
}
