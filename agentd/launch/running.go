package launch

import (
	"codeberg.org/reeve/reeve/agentd/pod"
	"codeberg.org/reeve/reeve/agentd/view"
	"codeberg.org/reeve/reeve/shared/ids"
)

// Running is what is to be measured of a run.
func (h Host) Running(r Run) view.RunningContainer {
	c := view.RunningContainer{ID: r.Container, Sandbox: h.Sandbox(r), Pod: pod.Is(r.Executor) && !r.Command, DiskLimit: diskLimit(r)}
	c.StdoutLimit, c.StderrLimit = LogLimits(r)
	for _, t := range r.Tasks {
		c.Tasks = append(c.Tasks, ids.Task{Framework: ids.Framework(r.Framework.GetId().GetValue()), ID: t.GetTaskId().GetValue()})
	}
	return c
}

// diskLimit is what the files of a run may take, in bytes: what its executor and its tasks have of the disk, but for
// persistent volumes, which are not in the sandbox. One that has none at all is not bounded, as in Mesos.
func diskLimit(r Run) int64 {
	var mb float64
	for _, resource := range allOf(r.Executor, r.Tasks) {
		if disk := resource.GetDisk(); resource.GetName() == "disk" && disk.GetPersistence() == nil && disk.GetSource() == nil {
			mb += resource.GetScalar().GetValue()
		}
	}
	return int64(mb * (1 << 20))
}
