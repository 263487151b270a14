package status

import (
	"codeberg.org/reeve/reeve/masterd/ledger"
	"codeberg.org/reeve/reeve/masterd/message"
	"codeberg.org/reeve/reeve/masterd/view"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/mesosv1/scheduler"
)

// Reconcile tells a framework the states of its tasks: of those it names, or of all that are not past (spec 3.8).
func (r *Reporter) Reconcile(f *ledger.Framework, tasks []*scheduler.Call_Reconcile_Task) {
	r.Turn.Count("messages_reconcile_tasks")
	if len(tasks) == 0 {
		for _, id := range ledger.SortedKeys(f.Tasks) {
			r.Turn.Update(f.Stream, r.knownStatus(f.Tasks[id]))
		}
		return
	}
	for _, task := range tasks {
		r.reconcileTask(f, task.GetTaskId().GetValue(), ids.Agent(task.GetAgentId().GetValue()))
	}
}

// reconcileTask answers about one task. It says nothing while the agent that may have it has not come back to this
// master: a framework that is told "unknown" starts the task a second time.
func (r *Reporter) reconcileTask(f *ledger.Framework, id string, on ids.Agent) {
	if t := f.Tasks[id]; t != nil {
		r.Turn.Update(f.Stream, r.knownStatus(t))
		return
	}
	a := r.Book.Agents[on]
	if a != nil && a.State == view.AgentRecovered || on == "" && r.Book.In(view.AgentRecovered) > 0 {
		return
	}
	state, text := mesosv1.TaskState_TASK_UNKNOWN, "Reconciliation: Task is unknown"
	switch {
	case a == nil:
	case a.State == view.AgentActive || a.State == view.AgentDisconnected:
		state, text = mesosv1.TaskState_TASK_GONE, "Reconciliation: Task is unknown to the agent"
	case a.State == view.AgentUnreachable:
		state, text = mesosv1.TaskState_TASK_UNREACHABLE, "Reconciliation: Task is unreachable"
	case a.State == view.AgentGone:
		state, text = mesosv1.TaskState_TASK_GONE_BY_OPERATOR, "Reconciliation: Task is gone"
	}
	status := message.Status(r.Turn.Now, id, on, f.Aware(state), mesosv1.TaskStatus_REASON_RECONCILIATION, text)
	if state == mesosv1.TaskState_TASK_UNREACHABLE {
		status.UnreachableTime = message.Time(a.Since)
	}
	r.Turn.Update(f.Stream, status)
}

// knownStatus is the state that the framework was last told.
func (r *Reporter) knownStatus(t *view.Task) *mesosv1.TaskStatus {
	status := message.Status(r.Turn.Now, t.ID.ID, t.Agent, t.State, mesosv1.TaskStatus_REASON_RECONCILIATION,
		"Reconciliation: Latest task state")
	if t.Executor != "" {
		status.ExecutorId = message.ExecutorID(t.Executor)
	}
	if n := len(t.Statuses); n > 0 {
		last := t.Statuses[n-1]
		status.Healthy, status.CheckStatus, status.ContainerStatus = last.Healthy, last.CheckStatus, last.ContainerStatus
	}
	return status
}
