package status

import (
	"strings"

	"codeberg.org/reeve/reeve/masterd/ledger"
	"codeberg.org/reeve/reeve/masterd/message"
	"codeberg.org/reeve/reeve/masterd/turn"
	"codeberg.org/reeve/reeve/masterd/view"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/taskstate"
)

// Reporter changes the states of tasks in the books, and tells everybody in the turn.
type Reporter struct {
	Book *ledger.Ledger
	Turn *turn.Turn
}

// SetLatest records what the agent last said, and takes the resources back as soon as that is terminal. It returns the task
// as it is now.
func (r *Reporter) SetLatest(f *ledger.Framework, a *ledger.Agent, t *view.Task, to mesosv1.TaskState) *view.Task {
	if t.Latest == to || taskstate.Terminal(t.Latest) {
		return t
	}
	next := *t
	next.Latest = to
	if taskstate.Terminal(to) {
		next.Ended = r.Turn.Now
		r.Book.Release(f, a, t.Resources)
		r.Turn.Count(stateCounter(to))
	}
	r.Book.PutTask(f, &next)
	return &next
}

// Apply records an update: the history, the state that frameworks know of, and the latest state. It returns the task as it
// is now. Telling the framework is the caller's business.
func (r *Reporter) Apply(f *ledger.Framework, a *ledger.Agent, t *view.Task, status *mesosv1.TaskStatus, latest mesosv1.TaskState) *view.Task {
	before := t
	t = r.SetLatest(f, a, t, latest)
	next := *t
	if len(status.GetUuid()) > 0 {
		next.UUID = status.GetUuid()
	}
	next.State = status.GetState()
	next.Statuses = view.AppendStatus(t.Statuses, status)
	if status.Reason != nil && taskstate.Terminal(next.State) && !taskstate.Terminal(before.State) {
		r.Turn.Count(reasonCounter(status))
	}
	r.Book.PutTask(f, &next)
	if next.State != before.State || next.Latest != before.Latest || isCheck(status) {
		r.Turn.ToOperators(message.TaskUpdated(f.ID, status, next.Latest))
	}
	if next.State != before.State {
		r.Turn.Happened(r.Book.AboutTask(&next, status.GetMessage()))
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

// Refuse answers a launch that does not happen. The task never exists.
func (r *Reporter) Refuse(f *ledger.Framework, task *mesosv1.TaskInfo, state mesosv1.TaskState, reason mesosv1.TaskStatus_Reason, text string) {
	id := ids.Task{Framework: f.ID, ID: task.GetTaskId().GetValue()}
	on := ids.Agent(task.GetAgentId().GetValue())
	status := message.Status(r.Turn.Now, id.ID, on, state, reason, text)
	r.Turn.Count(stateCounter(state))
	r.Turn.Count(reasonCounter(status))
	r.Turn.Happened(r.Book.AboutTask(&view.Task{ID: id, Info: task, State: state, Agent: on}, text))
	r.Turn.Update(f.Stream, status)
}

// Abandon ends a task of a framework that is being removed, in our records: nobody is left to tell.
func (r *Reporter) Abandon(f *ledger.Framework, t *view.Task) {
	a := r.Book.Agents[t.Agent]
	status := message.Status(r.Turn.Now, t.ID.ID, t.Agent, mesosv1.TaskState_TASK_KILLED,
		mesosv1.TaskStatus_REASON_FRAMEWORK_REMOVED, "Framework "+string(f.ID)+" removed")
	t = r.Apply(f, a, t, status, mesosv1.TaskState_TASK_KILLED)
	r.Book.EndTask(f, a, t)
}

// Missing ends a task that its agent does not know: it was on its way when the link broke, or was lost there.
func (r *Reporter) Missing(f *ledger.Framework, a *ledger.Agent, t *view.Task) {
	if taskstate.Terminal(t.Latest) {
		r.Book.EndTask(f, a, t)
		return
	}
	aware, text := mesosv1.TaskState_TASK_GONE, "Task is unknown to the agent that ran it"
	if t.Latest == mesosv1.TaskState_TASK_STAGING {
		aware, text = mesosv1.TaskState_TASK_DROPPED, "Task did not reach the agent before its link broke"
	}
	status := message.Status(r.Turn.Now, t.ID.ID, a.ID, f.Aware(aware), mesosv1.TaskStatus_REASON_RECONCILIATION, text)
	t = r.Apply(f, a, t, status, status.GetState())
	r.Book.EndTask(f, a, t)
	r.Turn.Update(f.Stream, status)
}

// Returned tells a framework that a task which it may have given up is there: its agent is back.
func (r *Reporter) Returned(f *ledger.Framework, t *view.Task) {
	status := message.Status(r.Turn.Now, t.ID.ID, t.Agent, t.State, mesosv1.TaskStatus_REASON_AGENT_REREGISTERED,
		"Agent is reachable again")
	if t.Executor != "" {
		status.ExecutorId = message.ExecutorID(t.Executor)
	}
	r.Turn.Happened(r.Book.AboutTask(t, status.GetMessage()))
	r.Turn.Update(f.Stream, status)
}

// Missed ends the unreachable tasks that their agent came back without.
func (r *Reporter) Missed(a *ledger.Agent) {
	for _, fw := range ledger.SortedKeys(r.Book.Frameworks) {
		f := r.Book.Frameworks[fw]
		for _, t := range f.Unreachable {
			if t.Agent != a.ID {
				continue
			}
			r.Book.ForgetUnreachable(f, t.ID)
			if taskstate.Terminal(t.Latest) { // its framework was told TASK_LOST
				r.Book.Record(f, t)
				continue
			}
			status := message.Status(r.Turn.Now, t.ID.ID, a.ID, f.Aware(mesosv1.TaskState_TASK_GONE),
				mesosv1.TaskStatus_REASON_RECONCILIATION, "Agent came back without the task")
			gone := *t // not by Apply: it holds nothing any more
			gone.State, gone.Latest, gone.Ended = status.GetState(), status.GetState(), r.Turn.Now
			gone.Statuses = view.AppendStatus(t.Statuses, status)
			r.Turn.Count(stateCounter(gone.State))
			r.Turn.ToOperators(message.TaskUpdated(f.ID, status, gone.Latest))
			r.Turn.Happened(r.Book.AboutTask(&gone, status.GetMessage()))
			r.Book.Record(f, &gone)
			r.Turn.Update(f.Stream, status)
		}
	}
}

// stateCounter is the counter of a terminal state: "tasks_gone_by_operator".
func stateCounter(state mesosv1.TaskState) string {
	return "tasks" + strings.TrimPrefix(taskstate.MetricName(state), "task")
}

// reasonCounter is the counter of a state, where it came from and why.
func reasonCounter(status *mesosv1.TaskStatus) string {
	return taskstate.MetricName(status.GetState()) + "/" + taskstate.MetricTail(status.GetSource(), status.GetReason())
}
