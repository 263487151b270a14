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

// Config is the order in Mesos's form.
func (x *Drain) Config() *mesosv1.DrainConfig {
	config := &mesosv1.DrainConfig{MarkGone: new(x.GetMarkGone())}
	if x.MaxGraceNs != nil {
		config.MaxGracePeriod = &mesosv1.DurationInfo{Nanoseconds: new(x.GetMaxGraceNs())}
	}
	return config
}
