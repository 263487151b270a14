package launch

import (
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"codeberg.org/reeve/reeve/agentd/image"
	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/shared/mesosv1"
)

// tmpfsDriver is the one driver of DOCKER_VOLUME that there is: the API has no other place for a volume in memory.
const tmpfsDriver = "tmpfs"

// volumes are what a run is given beside its sandbox. UnsupportedTask and its like have accepted them.
func (h Host) volumes(r Run) []runtime.Mount {
	var mounts []runtime.Mount
	for _, v := range r.Executor.GetContainer().GetVolumes() {
		mounts = append(mounts, h.volume(r, v))
	}
	return mounts
}

// VolumeImage is an image that a container has as a volume.
type VolumeImage struct {
	Mount int // which of the spec's mounts is to have its layers
	Ask   image.Ask
}

// VolumeImages are those of a run.
func (h Host) VolumeImages(r Run) []VolumeImage {
	var list []VolumeImage
	before := len(Volumes(r)) // persistent ones come first
	for i, v := range r.Executor.GetContainer().GetVolumes() {
		if v.GetImage() != nil {
			list = append(list, VolumeImage{Mount: before + i, Ask: askFor(v.GetImage())})
		}
	}
	return list
}

func (h Host) volume(r Run, v *mesosv1.Volume) runtime.Mount {
	m := runtime.Mount{Target: v.GetContainerPath(), ReadOnly: v.GetMode() == mesosv1.Volume_RO}
	source := v.GetSource()
	switch {
	case v.GetImage() != nil: // its layers are not here yet: VolumeImages
	case source.GetSecret() != nil:
		m.Secret, m.ReadOnly = source.GetSecret().GetValue().GetData(), true
		if m.Secret == nil {
			m.Secret = []byte{}
		}
	case source.GetDockerVolume() != nil:
		m.Tmpfs = true
		m.Bytes, _ = tmpfsSize(source.GetDockerVolume())
	case source.GetSandboxPath() != nil:
		h.sandboxPath(&m, r, source.GetSandboxPath().GetType(), source.GetSandboxPath().GetPath())
	case path.IsAbs(hostPath(v)):
		m.Source, m.Guarded = path.Clean(hostPath(v)), true
		if dir := h.allowedDir(m.Source); dir != "/" {
			m.Within = dir
		}
		m.Follow = source.GetHostPath().GetMountPropagation().GetMode() == mesosv1.MountPropagation_HOST_TO_CONTAINER
	default: // a relative path of the host is one of the sandbox, as in Mesos
		h.sandboxPath(&m, r, mesosv1.Volume_Source_SandboxPath_SELF, hostPath(v))
	}
	return m
}

// sandboxPath makes a volume that comes out of a sandbox: the container's own (SELF), or that of the pod which it is in
// (PARENT), which all tasks of the pod can see. What the pod's executor has mounted there is found there. A directory that
// is not there is made for whoever comes first.
func (h Host) sandboxPath(m *runtime.Mount, r Run, kind mesosv1.Volume_Source_SandboxPath_Type, from string) {
	of := r
	if kind == mesosv1.Volume_Source_SandboxPath_PARENT {
		of.Container, _ = r.Container.Split()
		if h.podVolume(m, r, of, from) || h.podPersistent(m, r, from) {
			return
		}
	}
	m.Within = h.Sandbox(of)
	m.Source, m.Make = path.Join(m.Within, from), true
}

// podVolume takes a path in the sandbox of a pod's executor that leads into one of the executor's own volumes. There is no
// process of that executor, so that only the tasks ever see them.
func (h Host) podVolume(m *runtime.Mount, r, of Run, from string) bool {
	of.Executor, of.Pod = r.Pod, nil
	for _, v := range r.Pod.GetContainer().GetVolumes() {
		rest, ok := strings.CutPrefix(path.Clean(from)+"/", path.Clean(v.GetContainerPath())+"/")
		if !ok {
			continue
		}
		own := h.volume(of, v)
		if rest != "" && own.Source == "" {
			continue // a file has nothing in it
		}
		if own.Source != "" {
			own.Source = path.Join(own.Source, rest) // links in it are settled by Within
		}
		own.Target, own.ReadOnly = m.Target, own.ReadOnly || m.ReadOnly
		*m = own
		return true
	}
	return false
}

// hostPath is the path on the host that a volume names in either of two ways.
func hostPath(v *mesosv1.Volume) string {
	if p := v.GetSource().GetHostPath().GetPath(); p != "" {
		return p
	}
	return v.GetHostPath()
}

// allowedDir is the directory of --host-path-volumes that a path lies in, "" if there is none.
func (h Host) allowedDir(p string) string {
	if h.HostPaths == nil {
		return "/"
	}
	for _, dir := range h.HostPaths {
		if dir == "/" || p == dir || strings.HasPrefix(p, dir+"/") {
			return dir
		}
	}
	return ""
}

// unsupportedVolumes says why one of a container's volumes cannot be had, "" if all can.
func (h Host) unsupportedVolumes(container *mesosv1.ContainerInfo, inPod bool) string {
	for _, v := range container.GetVolumes() {
		if why := h.unsupportedVolume(v, inPod); why != "" {
			return fmt.Sprintf("volume %s %s", v.GetContainerPath(), why)
		}
	}
	return ""
}

func (h Host) unsupportedVolume(v *mesosv1.Volume, inPod bool) string {
	source := v.GetSource()
	if v.GetImage() != nil {
		return unsupportedMesosImage(v.GetImage(), "image")
	}
	switch source.GetType() {
	case mesosv1.Volume_Source_SANDBOX_PATH:
		return unsupportedSandboxPath(source.GetSandboxPath(), inPod)
	case mesosv1.Volume_Source_SECRET:
		if source.GetSecret().GetValue() == nil {
			return fmt.Sprintf("refers to a secret by name, %q, and its value did not come with it: masters send the values of their secrets to jobs alone", source.GetSecret().GetReference().GetName())
		}
	case mesosv1.Volume_Source_DOCKER_VOLUME:
		return unsupportedDockerVolume(source.GetDockerVolume())
	case mesosv1.Volume_Source_CSI_VOLUME:
		return "is a CSI volume; there are none here"
	case mesosv1.Volume_Source_HOST_PATH, mesosv1.Volume_Source_UNKNOWN:
		return h.unsupportedHostPath(v)
	}
	return ""
}

func unsupportedSandboxPath(from *mesosv1.Volume_Source_SandboxPath, inPod bool) string {
	switch {
	case from == nil:
		return "is of type SANDBOX_PATH and has no sandbox_path"
	case from.GetType() == mesosv1.Volume_Source_SandboxPath_PARENT && !inPod:
		return "is in the sandbox of the task's parent, and it has none: only tasks of a group have"
	case from.GetType() != mesosv1.Volume_Source_SandboxPath_PARENT && from.GetType() != mesosv1.Volume_Source_SandboxPath_SELF:
		return "must be of type SELF or PARENT"
	case !inside(from.GetPath()):
		return fmt.Sprintf("has the path %q; it must be relative and lead to somewhere in the sandbox", from.GetPath())
	}
	return ""
}

// inside says whether a path leads to somewhere in the directory that it starts from.
func inside(p string) bool { return filepath.IsLocal(p) && path.Clean(p) != "." }

func unsupportedDockerVolume(v *mesosv1.Volume_Source_DockerVolume) string {
	if v.GetDriver() != tmpfsDriver {
		return fmt.Sprintf("is a Docker volume of driver %q; there are no drivers here but %q, a directory in memory", v.GetDriver(), tmpfsDriver)
	}
	if _, err := tmpfsSize(v); err != nil {
		return err.Error()
	}
	return ""
}

// tmpfsSize reads the one option of a volume in memory, in Mesos's or Docker's form: "64MB", "64m".
func tmpfsSize(v *mesosv1.Volume_Source_DockerVolume) (int64, error) {
	var size int64
	for _, option := range v.GetDriverOptions().GetParameter() {
		text := strings.ToUpper(strings.TrimSpace(option.GetValue()))
		if n := len(text); n > 0 && strings.ContainsRune("KMGT", rune(text[n-1])) {
			text += "B"
		}
		if size = parseBytes(text); option.GetKey() != "size" || size == 0 {
			return 0, fmt.Errorf("has the option %s=%s; in memory the one option is size, such as 64MB", option.GetKey(), option.GetValue())
		}
	}
	return size, nil
}

func (h Host) unsupportedHostPath(v *mesosv1.Volume) string {
	p := hostPath(v)
	switch {
	case p == "":
		return "has no source: name a host_path, an image, or a source of type HOST_PATH, SANDBOX_PATH or SECRET"
	case !path.IsAbs(p) && !inside(p):
		return fmt.Sprintf("has the host path %q; it must be absolute, or lead to somewhere in the sandbox", p)
	case v.GetSource().GetHostPath().GetMountPropagation().GetMode() == mesosv1.MountPropagation_BIDIRECTIONAL:
		return "asks for BIDIRECTIONAL propagation: a task cannot mount anything that the host would see; HOST_TO_CONTAINER works"
	case path.IsAbs(p) && h.allowedDir(path.Clean(p)) == "":
		if len(h.HostPaths) == 0 {
			return "is of the host, and this agent gives none: it was started with --host-path-volumes=none"
		}
		return fmt.Sprintf("is %s of the host, which is in none of the directories of the agent's --host-path-volumes: %s", p, strings.Join(h.HostPaths, ", "))
	}
	return ""
}

// unsupportedPodVolumes checks the volumes of an executor that is not a process: tasks reach them in its sandbox.
func (h Host) unsupportedPodVolumes(container *mesosv1.ContainerInfo) string {
	outside := slices.IndexFunc(container.GetVolumes(), func(v *mesosv1.Volume) bool { return !inside(v.GetContainerPath()) })
	if outside >= 0 {
		return fmt.Sprintf("volume %s of the executor has an absolute path, where no task would see it; give it a relative one, and the tasks a volume of type SANDBOX_PATH, PARENT",
			container.GetVolumes()[outside].GetContainerPath())
	}
	for _, v := range container.GetVolumes() {
		if v.GetImage() != nil {
			return fmt.Sprintf("volume %s of the executor is an image; name it in the tasks, which each have one of their own", v.GetContainerPath())
		}
	}
	return h.unsupportedVolumes(container, false)
}
