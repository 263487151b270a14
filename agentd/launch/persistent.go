package launch

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/agentd/view"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/operation"
)

// Volume is a persistent volume in a container.
type Volume struct {
	Path     string // of its directory, below the work dir
	Target   string // in the container, relative to the sandbox or absolute
	ReadOnly bool
	Shared   bool
}

// Volumes are the persistent volumes among the resources of a run's executor and tasks. A place in the container that is
// named twice is the first one's.
func Volumes(r Run) []Volume {
	list := volumesOf(r.Executor.GetResources())
	for _, task := range r.Tasks {
		list = append(list, volumesOf(task.GetResources())...)
	}
	var volumes []Volume
	for _, v := range list {
		if !slices.ContainsFunc(volumes, func(other Volume) bool { return other.Target == v.Target }) {
			volumes = append(volumes, v)
		}
	}
	return volumes
}

func volumesOf(list []*mesosv1.Resource) []Volume {
	var volumes []Volume
	for _, r := range list {
		if r.GetDisk().GetPersistence() == nil {
			continue
		}
		for _, volume := range operation.Volumes([]*mesosv1.Resource{r}) {
			volumes = append(volumes, Volume{
				Path: operation.VolumePath(volume), Target: r.GetDisk().GetVolume().GetContainerPath(),
				ReadOnly: r.GetDisk().GetVolume().GetMode() == mesosv1.Volume_RO, Shared: r.Shared != nil,
			})
		}
	}
	return volumes
}

// CannotMount says which persistent volume of a task its executor, which runs, does not have, "" if it has all.
func CannotMount(run Run, info *mesosv1.TaskInfo) string {
	have := Volumes(run)
	for _, v := range Volumes(Run{Tasks: []*mesosv1.TaskInfo{info}}) {
		if !slices.Contains(have, v) {
			return fmt.Sprintf("the executor runs already, and volume %s can't be put into a running container; give it to the executor", v.Target)
		}
	}
	return ""
}

// Seen is where the persistent volumes of a run are seen in sandboxes.
func (h Host) Seen(r Run, sandboxes ...string) []view.VolumeView {
	var list []view.VolumeView
	for _, v := range Volumes(r) {
		for _, sandbox := range sandboxes {
			if !path.IsAbs(v.Target) {
				list = append(list, view.VolumeView{At: path.Join(sandbox, v.Target), Path: path.Join(h.WorkDir, v.Path)})
			}
		}
	}
	return list
}

// persistent mounts a run's persistent volumes.
func (h Host) persistent(r Run) []runtime.Mount {
	var mounts []runtime.Mount
	for _, v := range Volumes(r) {
		mounts = append(mounts, runtime.Mount{Source: path.Join(h.WorkDir, v.Path), Target: v.Target, ReadOnly: v.ReadOnly})
	}
	return mounts
}

// podPersistent is podVolume for the persistent volumes of a pod's executor: that is how the tasks of a pod see what their
// executor has.
func (h Host) podPersistent(m *runtime.Mount, r Run, from string) bool {
	for _, of := range volumesOf(r.Pod.GetResources()) {
		rest, inside := strings.CutPrefix(path.Clean(from)+"/", path.Clean(of.Target)+"/")
		if !inside {
			continue
		}
		m.Within = path.Join(h.WorkDir, of.Path)
		m.Source, m.Make = path.Join(m.Within, rest), true
		m.ReadOnly = m.ReadOnly || of.ReadOnly
		return true
	}
	return false
}
