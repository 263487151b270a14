package outcome

import (
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/secrets"
)

// Record is a task in Mesos's form: state is the latest, status_update_state that of the last of its statuses. The user and
// the executor are left to the caller.
func Record(framework *mesosv1.FrameworkID, info *mesosv1.TaskInfo, state mesosv1.TaskState, statuses []*mesosv1.TaskStatus) *mesosv1.Task {
	t := &mesosv1.Task{
		Name: info.Name, TaskId: info.GetTaskId(), FrameworkId: framework, AgentId: info.GetAgentId(),
		State: state.Enum(), Resources: info.GetResources(), Statuses: statuses, Labels: info.GetLabels(),
		Discovery: info.GetDiscovery(), Container: secrets.Hidden(info.GetContainer()), HealthCheck: info.GetHealthCheck(),
		KillPolicy: info.GetKillPolicy(), Limits: info.GetLimits(),
	}
	if n := len(statuses); n > 0 {
		t.StatusUpdateState, t.StatusUpdateUuid = statuses[n-1].State, statuses[n-1].GetUuid()
	}
	return t
}
