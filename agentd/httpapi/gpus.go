package httpapi

import (
	"slices"

	"codeberg.org/reeve/reeve/agentd/workload"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// gpusOf are the devices of the GPUs that a container has.
func (a *api) gpusOf(id ids.Container) (devices []string) {
	if a.cfg.GPUs == nil {
		return nil
	}
	for _, g := range a.cfg.GPUs() {
		if g.Container == id {
			devices = append(devices, g.Path)
		}
	}
	return devices
}

// gpus are all of the host, with those who have them. Of a container that several tasks share those are named that asked for GPUs.
func (a *api) gpus(v *workload.View) (all []reeveapi.GPU) {
	if a.cfg.GPUs == nil {
		return nil
	}
	for _, g := range a.cfg.GPUs() {
		all = append(all, reeveapi.GPU{Device: g.Path, Container: string(g.Container), Tasks: tasksWithGPUs(v, g.Container)})
	}
	return all
}

func tasksWithGPUs(v *workload.View, id ids.Container) (tasks []string) {
	if id == "" {
		return nil
	}
	for _, f := range v.Frameworks {
		for _, e := range f.Executors {
			for _, t := range e.Tasks {
				if (t.Container == id || t.Container == "" && e.Container == id) && slices.ContainsFunc(t.Info.GetResources(), asksForGPUs) {
					tasks = append(tasks, string(f.ID)+"/"+t.Task.GetTaskId().GetValue())
				}
			}
		}
	}
	slices.Sort(tasks)
	return tasks
}

func asksForGPUs(r *mesosv1.Resource) bool {
	return r.GetName() == "gpus" && r.GetScalar().GetValue() > 0
}
