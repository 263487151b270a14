package cluster

import (
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/mesosv1/master"
	"codeberg.org/reeve/reeve/shared/mesosv1/scheduler"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/shared/resources"
	"codeberg.org/reeve/reeve/shared/taskstate"
)

// Where a task is:
//
//	framework.tasks        launched, until a terminal update is acknowledged; its agent has it in agent.tasks
//	framework.unreachable  its agent is; it may come back
//	framework.ended        for the record
//
// It holds its resources in the first, until its latest state is terminal.

// allocations are what tasks and executors of a framework hold, by agent.
type allocations = map[ids.Agent]resources.Resources

func (s *State) putTask(f *framework, t *Task) {
	f.tasks[t.ID.ID] = t
	s.touchFramework(f)
}

// addTask starts to track a task, and charges it for what it holds. The allocator is the caller's business.
func (s *State) addTask(f *framework, a *agent, t *Task) {
	a.tasks[t.ID] = true
	f.agents[a.id] = true
	s.putTask(f, t)
	s.touchAgent(a)
	if !taskstate.Terminal(t.Latest) {
		s.charge(f, a, t.Resources)
	}
}

// charge adds to what a framework holds on an agent.
func (s *State) charge(f *framework, a *agent, r resources.Resources) {
	if r.Empty() {
		return
	}
	f.allocated[a.id] = f.allocated[a.id].Plus(r)
	a.allocated = a.allocated.Plus(r)
	s.touchAgent(a)
	s.touchFramework(f)
}

// release gives back what a task or executor held.
func (s *State) release(f *framework, a *agent, r resources.Resources) {
	if r.Empty() {
		return
	}
	if left := f.allocated[a.id].Minus(r); left.Empty() {
		delete(f.allocated, a.id)
	} else {
		f.allocated[a.id] = left
	}
	a.allocated = a.allocated.Minus(r)
	s.alloc.Recover(f.id, a.id, r, nil)
	s.touchAgent(a)
	s.touchFramework(f)
}

// setLatest records what the agent last said, and takes the resources back as soon as that is terminal.
func (s *State) setLatest(f *framework, a *agent, t *Task, to mesosv1.TaskState) *Task {
	if t.Latest == to || taskstate.Terminal(t.Latest) {
		return t
	}
	next := *t
	next.Latest = to
	if taskstate.Terminal(to) {
		next.Ended = s.now
		s.release(f, a, t.Resources)
		s.count(stateCounter(to))
	}
	s.putTask(f, &next)
	return &next
}

// applyStatus records an update: the history, the state frameworks know of, and the latest state.
func (s *State) applyStatus(f *framework, a *agent, t *Task, status *mesosv1.TaskStatus, latest mesosv1.TaskState) *Task {
	before := t
	t = s.setLatest(f, a, t, latest)
	next := *t
	if len(status.GetUuid()) > 0 {
		next.UUID = status.GetUuid()
	}
	next.State = status.GetState()
	next.Statuses = appendStatus(t.Statuses, status)
	if status.Reason != nil && taskstate.Terminal(next.State) && !taskstate.Terminal(before.State) {
		s.count(reasonCounter(status))
	}
	s.putTask(f, &next)
	if next.State != before.State || next.Latest != before.Latest || isCheck(status) {
		s.taskUpdated(&next, status)
	}
	if next.State != before.State {
		s.happened(s.aboutTask(&next, status.GetMessage()))
	}
	return &next
}

func isCheck(status *mesosv1.TaskStatus) bool {
	switch status.GetReason() {
	case mesosv1.TaskStatus_REASON_TASK_CHECK_STATUS_UPDATED, mesosv1.TaskStatus_REASON_TASK_HEALTH_CHECK_STATUS_UPDATED:
		return true
	default:
		return false
	}
}

// appendStatus keeps one status for each run of equal states, without data (spec 3.6).
func appendStatus(history []*mesosv1.TaskStatus, status *mesosv1.TaskStatus) []*mesosv1.TaskStatus {
	if status.Data != nil {
		status = proto.CloneOf(status)
		status.Data = nil
	}
	if n := len(history); n > 0 && history[n-1].GetState() == status.GetState() {
		history = history[:n-1]
	}
	return append(slices.Clip(history), status)
}

// endTask moves a task to the records.
func (s *State) endTask(f *framework, a *agent, t *Task) {
	if !taskstate.Terminal(t.Latest) {
		s.release(f, a, t.Resources)
	}
	s.dropTask(f, a, t)
	s.record(f, t)
}

// record keeps an ended task, and forgets the oldest.
func (s *State) record(f *framework, t *Task) {
	s.touchFramework(f)
	f.ended = append(f.ended, t)
	if over := len(f.ended) - s.cfg.CompletedTasks; over > 0 {
		f.ended = f.ended[over:]
	}
}

func (s *State) dropTask(f *framework, a *agent, t *Task) {
	delete(f.tasks, t.ID.ID)
	delete(a.tasks, t.ID)
	delete(a.kills, t.ID)
	s.touchAgent(a)
	s.touchFramework(f)
}

func (s *State) moveToUnreachable(f *framework, a *agent, t *Task) {
	if !taskstate.Terminal(t.Latest) { // TASK_LOST has given them back already
		s.release(f, a, t.Resources)
	}
	s.dropTask(f, a, t)
	f.unreachable = append(f.unreachable, t)
	f.lostIDs[t.ID.ID] = true
	for len(f.unreachable) > s.cfg.UnreachableTasks {
		delete(f.lostIDs, f.unreachable[0].ID.ID)
		f.unreachable = f.unreachable[1:]
	}
}

// forgetUnreachable takes a task off the unreachable ones, because its agent is back, and carries over what only we know.
func (s *State) forgetUnreachable(f *framework, t *Task) bool {
	if !f.lostIDs[t.ID.ID] {
		return false
	}
	delete(f.lostIDs, t.ID.ID)
	i := slices.IndexFunc(f.unreachable, func(u *Task) bool { return u.ID == t.ID })
	old := f.unreachable[i]
	t.Launched, t.KilledBy = old.Launched, old.KilledBy
	f.unreachable = slices.Concat(f.unreachable[:i], f.unreachable[i+1:])
	s.touchFramework(f)
	return true
}

// missingTask ends a task that its agent does not know: it was on its way when the link broke, or was lost there.
func (s *State) missingTask(f *framework, a *agent, id string) {
	t := f.tasks[id]
	if taskstate.Terminal(t.Latest) {
		s.endTask(f, a, t)
		return
	}
	aware, text := mesosv1.TaskState_TASK_GONE, "Task is unknown to the agent that ran it"
	if t.Latest == mesosv1.TaskState_TASK_STAGING {
		aware, text = mesosv1.TaskState_TASK_DROPPED, "Task did not reach the agent before its link broke"
	}
	status := s.masterStatus(t.ID, f.aware(aware), mesosv1.TaskStatus_REASON_RECONCILIATION, text)
	status.AgentId = agentID(a.id)
	t = s.applyStatus(f, a, t, status, status.GetState())
	s.endTask(f, a, t)
	s.sendUpdate(f, status)
}

// aware is the state for partition-aware frameworks; the others know only TASK_LOST.
func (f *framework) aware(state mesosv1.TaskState) mesosv1.TaskState {
	return taskstate.ForFramework(state, f.caps.partitionAware)
}

// tellReregistered tells a framework that a task it may have given up is there.
func (s *State) tellReregistered(f *framework, t *Task) {
	status := s.masterStatus(t.ID, t.State, mesosv1.TaskStatus_REASON_AGENT_REREGISTERED, "Agent is reachable again")
	status.AgentId = agentID(t.Agent)
	if t.Executor != "" {
		status.ExecutorId = executorID(t.Executor)
	}
	s.happened(s.aboutTask(t, status.GetMessage()))
	s.sendUpdate(f, status)
}

func (s *State) taskUpdated(t *Task, status *mesosv1.TaskStatus) {
	s.toOperators(&master.Event{Type: master.Event_TASK_UPDATED.Enum(), TaskUpdated: &master.Event_TaskUpdated{
		FrameworkId: frameworkID(t.ID.Framework), Status: status, State: t.Latest.Enum(),
	}})
}

// taskAdded tells operators of a task that is tracked from now on.
func (s *State) taskAdded(t *Task) {
	s.toOperators(&master.Event{Type: master.Event_TASK_ADDED.Enum(), TaskAdded: &master.Event_TaskAdded{Task: t.Proto()}})
}

func (s *State) aboutTask(t *Task, text string) reeveapi.Event {
	e := reeveapi.Event{Kind: t.State.String(), Subject: t.Info.GetName(), ID: t.ID.String(), Text: text}
	if a := s.agents[t.Agent]; a != nil {
		e.Agent = a.info.GetHostname()
	}
	if taskstate.Terminal(t.State) {
		e.Who = t.KilledBy
	}
	return e
}

// masterStatus is a status that the master makes itself: it has no uuid and must not be acknowledged.
func (s *State) masterStatus(id ids.Task, state mesosv1.TaskState, reason mesosv1.TaskStatus_Reason, text string) *mesosv1.TaskStatus {
	return &mesosv1.TaskStatus{
		TaskId: taskID(id.ID), State: state.Enum(), Source: mesosv1.TaskStatus_SOURCE_MASTER.Enum(),
		Reason: reason.Enum(), Message: proto.String(text), Timestamp: seconds(s.now),
	}
}

func (s *State) sendUpdate(f *framework, status *mesosv1.TaskStatus) {
	s.toFramework(f, &scheduler.Event{
		Type: scheduler.Event_UPDATE.Enum(), Update: &scheduler.Event_Update{Status: status},
	})
}

// stateCounter is the counter of a terminal state: "tasks_gone_by_operator".
func stateCounter(state mesosv1.TaskState) string {
	return "tasks" + strings.TrimPrefix(taskstate.MetricName(state), "task")
}

// reasonCounter is the counter of a state, where it came from and why.
func reasonCounter(status *mesosv1.TaskStatus) string {
	return taskstate.MetricName(status.GetState()) + "/" + taskstate.MetricTail(status.GetSource(), status.GetReason())
}

// launchedAt is the time of a task's first status, the nearest thing an agent knows.
func launchedAt(rec *mesosv1.Task, now time.Time) time.Time {
	if len(rec.GetStatuses()) == 0 {
		return now
	}
	return time.UnixMicro(int64(rec.GetStatuses()[0].GetTimestamp() * 1e6)).In(now.Location())
}
