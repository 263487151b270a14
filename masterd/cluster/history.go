package cluster

import (
	"time"

	"codeberg.org/reeve/reeve/masterd/ledger"
	"codeberg.org/reeve/reeve/masterd/message"
	"codeberg.org/reeve/reeve/masterd/view"
	"codeberg.org/reeve/reeve/shared/agentlink"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/resources"
	"codeberg.org/reeve/reeve/shared/taskstate"
)

// What ended before this term is known to the agents only, and they tell it after they have registered. Mesos's masters
// forget it.

// Of the past, the agents together are asked for this many tasks, and one of them for no more than that.
const (
	wantedPast      = 50_000
	wantedOfAnAgent = 500
)

// historyWanted is how many tasks that ended one agent is asked for.
func (s *State) historyWanted() int {
	return min(wantedOfAnAgent, max(1, wantedPast/max(1, s.book.Members())))
}

// agentHistory takes some of what an agent remembers. Those of its frameworks that it takes for going on and that have ended
// it is told of.
func (s *State) agentHistory(in AgentHistory) {
	a := s.book.Agents[s.conns[in.Conn]]
	if a == nil || a.Conn != in.Conn {
		return
	}
	tasks := map[ids.Framework][]*Task{}
	for _, rt := range in.History.GetTasks() {
		if t := pastTask(a, rt); t != nil {
			tasks[t.ID.Framework] = append(tasks[t.ID.Framework], t)
		}
	}
	for _, past := range in.History.GetFrameworks() {
		id := ids.Framework(past.GetInfo().GetId().GetValue())
		if id == "" || past.GetEnded() && s.book.Frameworks[id] != nil { // which is no memory
			continue
		}
		if !past.GetEnded() && s.book.Completed(id) {
			s.turn.ToAgent(a.Conn, message.ShutdownFramework(id))
		}
		s.book.Remember(ledger.Past{Info: past.GetInfo(), Over: past.GetEnded(), Tasks: tasks[id]})
		if f := s.book.Frameworks[id]; f != nil {
			f.Agents[a.ID] = true // it wants to hear when the framework ends
		}
	}
}

// pastTask is a task that an agent remembers; nil if that is not one which ended.
func pastTask(a *agent, rt *agentlink.Task) *Task {
	rec := rt.GetTask()
	n := len(rec.GetStatuses())
	if n == 0 || rec.GetTaskId().GetValue() == "" || !taskstate.Terminal(rec.GetState()) {
		return nil
	}
	t := newTask(ids.Framework(rec.GetFrameworkId().GetValue()), a, rt)
	t.Launched, t.Ended = statusTime(rec.GetStatuses()[0]), statusTime(rec.GetStatuses()[n-1])
	if r, err := resources.FromProto(rec.GetResources()); err == nil { // it was checked when it was launched
		t.Resources = r
	}
	return t
}

// newTask is a task as an agent tells of it, but for its resources and times.
func newTask(fw ids.Framework, a *agent, rt *agentlink.Task) *Task {
	rec := rt.GetTask()
	t := &Task{
		ID: ids.Task{Framework: fw, ID: rec.GetTaskId().GetValue()}, Agent: a.ID,
		Executor: ids.Executor(rec.GetExecutorId().GetValue()), Info: rt.GetInfo(),
		State: rec.GetState(), Latest: rec.GetState(), Statuses: rec.GetStatuses(), User: rec.GetUser(), UUID: rec.GetStatusUpdateUuid(),
	}
	if rec.StatusUpdateState != nil {
		t.State = rec.GetStatusUpdateState()
	}
	if t.Info == nil {
		t.Info = view.InfoOf(rec)
	} else if t.Info.Executor == nil { // on the agent a command task has an executor of its own
		t.Executor = ""
	}
	return t
}

func statusTime(status *mesosv1.TaskStatus) time.Time {
	return time.UnixMicro(int64(status.GetTimestamp() * 1e6)).UTC()
}
