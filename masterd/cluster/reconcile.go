package cluster

import (
	"google.golang.org/protobuf/proto"

	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/mesosv1/scheduler"
)

// reconcile tells a framework the states of its tasks: of those it names, or of all that are not past (spec 3.8).
func (s *State) reconcile(f *framework, tasks []*scheduler.Call_Reconcile_Task) {
	s.count("messages_reconcile_tasks")
	if len(tasks) == 0 {
		for _, id := range sortedKeys(f.tasks) {
			s.sendUpdate(f, s.knownStatus(f.tasks[id]))
		}
		return
	}
	for _, task := range tasks {
		s.reconcileTask(f, task.GetTaskId().GetValue(), ids.Agent(task.GetAgentId().GetValue()))
	}
}

// reconcileTask answers about one task. It says nothing while the agent that may have it has not come back to this
// master: a framework that is told "unknown" starts the task a second time.
func (s *State) reconcileTask(f *framework, id string, on ids.Agent) {
	if t := f.tasks[id]; t != nil {
		s.sendUpdate(f, s.knownStatus(t))
		return
	}
	a := s.agents[on]
	if a != nil && a.state == AgentRecovered || on == "" && s.counts[AgentRecovered] > 0 {
		return
	}
	state, text := mesosv1.TaskState_TASK_UNKNOWN, "Reconciliation: Task is unknown"
	switch {
	case a == nil:
	case a.state == AgentActive || a.state == AgentDisconnected:
		state, text = mesosv1.TaskState_TASK_GONE, "Reconciliation: Task is unknown to the agent"
	case a.state == AgentUnreachable:
		state, text = mesosv1.TaskState_TASK_UNREACHABLE, "Reconciliation: Task is unreachable"
	case a.state == AgentGone:
		state, text = mesosv1.TaskState_TASK_GONE_BY_OPERATOR, "Reconciliation: Task is gone"
	}
	status := s.masterStatus(ids.Task{Framework: f.id, ID: id}, f.aware(state), mesosv1.TaskStatus_REASON_RECONCILIATION, text)
	if on != "" {
		status.AgentId = agentID(on)
	}
	if state == mesosv1.TaskState_TASK_UNREACHABLE {
		status.UnreachableTime = nanoseconds(a.since)
	}
	s.sendUpdate(f, status)
}

// knownStatus is the state that the framework was last told.
func (s *State) knownStatus(t *Task) *mesosv1.TaskStatus {
	status := s.masterStatus(t.ID, t.State, mesosv1.TaskStatus_REASON_RECONCILIATION, "Reconciliation: Latest task state")
	status.AgentId = agentID(t.Agent)
	if t.Executor != "" {
		status.ExecutorId = executorID(t.Executor)
	}
	if n := len(t.Statuses); n > 0 {
		last := t.Statuses[n-1]
		status.Healthy, status.CheckStatus, status.ContainerStatus = last.Healthy, last.CheckStatus, last.ContainerStatus
	}
	return status
}

// reconcileOperations answers for operations, none of which this version carries out: each is unknown, or may be known to
// an agent that has not come back.
func (s *State) reconcileOperations(f *framework, operations []*scheduler.Call_ReconcileOperations_Operation) {
	s.count("messages_reconcile_operations")
	for _, op := range operations {
		state, text := mesosv1.OperationState_OPERATION_UNKNOWN, "Reconciliation: Operation is unknown"
		if a := s.agents[ids.Agent(op.GetAgentId().GetValue())]; a != nil {
			switch a.state {
			case AgentRecovered:
				state, text = mesosv1.OperationState_OPERATION_RECOVERING, "Reconciliation: Agent has not come back yet"
			case AgentUnreachable:
				state, text = mesosv1.OperationState_OPERATION_UNREACHABLE, "Reconciliation: Agent is unreachable"
			case AgentGone:
				state, text = mesosv1.OperationState_OPERATION_GONE_BY_OPERATOR, "Reconciliation: Agent is gone"
			case AgentActive, AgentDisconnected:
			}
		}
		s.operationStatus(f, &mesosv1.OperationStatus{
			OperationId: op.OperationId, State: state.Enum(), Message: proto.String(text),
			AgentId: op.AgentId, ResourceProviderId: op.ResourceProviderId,
		})
	}
}
