package outcome

import (
	"codeberg.org/reeve/reeve/agentd/check"
	"codeberg.org/reeve/reeve/shared/mesosv1"
)

// Checked is the status with which a check is told of. What the other check of the task has found stays on it, from the
// status before.
func Checked(v check.Verdict, last *mesosv1.TaskStatus) *mesosv1.TaskStatus {
	status := ByCommand(mesosv1.TaskState_TASK_RUNNING, v.Message)
	status.Reason = v.Reason.Enum()
	status.Healthy, status.CheckStatus = v.Healthy, v.Found
	if last != nil && status.Healthy == nil {
		status.Healthy = last.Healthy
	}
	if last != nil && status.CheckStatus == nil {
		status.CheckStatus = last.GetCheckStatus()
	}
	return status
}
