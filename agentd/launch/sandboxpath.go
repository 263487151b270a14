package launch

import (
	"fmt"
	"path"
	"path/filepath"

	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/shared/mesosv1"
)

// sandboxPaths are the volumes that come out of a sandbox: the container's own (SELF), or that of the pod which it is in
// (PARENT), which all tasks of the pod can see. A directory that is not there is made for whoever comes first.
func (h Host) sandboxPaths(r Run) []runtime.Mount {
	var mounts []runtime.Mount
	for _, v := range r.Executor.GetContainer().GetVolumes() {
		from := v.GetSource().GetSandboxPath()
		if from == nil {
			continue
		}
		of := r
		if from.GetType() == mesosv1.Volume_Source_SandboxPath_PARENT {
			of.Container, _ = r.Container.Split()
		}
		sandbox := h.Sandbox(of)
		mounts = append(mounts, runtime.Mount{
			Source: path.Join(sandbox, from.GetPath()), Within: sandbox, Make: true, Target: v.GetContainerPath(),
			ReadOnly: v.GetMode() == mesosv1.Volume_RO,
		})
	}
	return mounts
}

// unsupportedVolume says why a volume cannot be had, "" if it can.
func unsupportedVolume(v *mesosv1.Volume, inPod bool) string {
	from := v.GetSource().GetSandboxPath()
	switch {
	case v.GetSource().GetType() != mesosv1.Volume_Source_SANDBOX_PATH || from == nil:
		return fmt.Sprintf("volume %s is not of type SANDBOX_PATH; others are not supported by this version", v.GetContainerPath())
	case from.GetType() == mesosv1.Volume_Source_SandboxPath_PARENT && !inPod:
		return fmt.Sprintf("volume %s is in the sandbox of the task's parent, and it has none: only tasks of a group have", v.GetContainerPath())
	case from.GetType() != mesosv1.Volume_Source_SandboxPath_PARENT && from.GetType() != mesosv1.Volume_Source_SandboxPath_SELF:
		return fmt.Sprintf("volume %s must be of type SELF or PARENT", v.GetContainerPath())
	case !filepath.IsLocal(from.GetPath()) || path.Clean(from.GetPath()) == ".":
		return fmt.Sprintf("volume %s has the path %q; it must be relative and lead to somewhere in the sandbox", v.GetContainerPath(), from.GetPath())
	}
	return ""
}
