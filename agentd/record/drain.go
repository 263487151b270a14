package record

import "codeberg.org/reeve/reeve/shared/mesosv1"

// Policy is how a drain has a task killed: with its own grace, but none more than the order's; nil leaves it to the task
// (spec 3.9).
func (x *Drain) Policy(task *mesosv1.TaskInfo) *mesosv1.KillPolicy {
	if x.MaxGraceNs == nil {
		return nil
	}
	grace := x.GetMaxGraceNs()
	if own := task.GetKillPolicy().GetGracePeriod(); own != nil {
		grace = min(grace, own.GetNanoseconds())
	}
	return &mesosv1.KillPolicy{GracePeriod: &mesosv1.DurationInfo{Nanoseconds: new(grace)}}
}

// Amend makes a status say that its task ended because the agent drains, and for good if the agent is to be gone and the
// framework is partition-aware (spec 3.6). Who made the status stays. Without an order it amends nothing.
func (x *Drain) Amend(status *mesosv1.TaskStatus, aware bool) {
	killed := status.GetState() == mesosv1.TaskState_TASK_KILLED
	if x == nil || !killed && status.GetState() != mesosv1.TaskState_TASK_KILLING {
		return
	}
	status.Reason = mesosv1.TaskStatus_REASON_AGENT_DRAINING.Enum()
	if killed && x.GetMarkGone() && aware {
		status.State = mesosv1.TaskState_TASK_GONE_BY_OPERATOR.Enum()
	}
}

// Config is the order in Mesos's form.
func (x *Drain) Config() *mesosv1.DrainConfig {
	config := &mesosv1.DrainConfig{MarkGone: new(x.GetMarkGone())}
	if x.MaxGraceNs != nil {
		config.MaxGracePeriod = &mesosv1.DurationInfo{Nanoseconds: new(x.GetMaxGraceNs())}
	}
	return config
}
