package launch

import (
	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/shared/mesosv1"
)

// A container can ask for the pid and the IPC namespace of its parent. That of a task in a pod is the pod, which is no process,
// so that its tasks share with one another; that of every other container is the agent, and so the host.

// sharing is with whom a run has a namespace in common; asks says whether a container wants its parent's.
func sharing(r Run, asks func(*mesosv1.LinuxInfo) bool) runtime.Sharing {
	switch {
	case !asks(r.Executor.GetContainer().GetLinuxInfo()):
		return runtime.Own
	case r.Pod == nil || asks(r.Pod.GetContainer().GetLinuxInfo()): // the pod has what is its parent's
		return runtime.WithHost
	}
	return runtime.WithPod
}

func sharesPIDs(linux *mesosv1.LinuxInfo) bool { return linux.GetSharePidNamespace() }

func sharesIPC(linux *mesosv1.LinuxInfo) bool {
	return linux.GetIpcMode() == mesosv1.LinuxInfo_SHARE_PARENT
}

// unsupportedSharing says why a container cannot have what it wants of its parent, "" if it can.
func (h Host) unsupportedSharing(linux *mesosv1.LinuxInfo, inPod bool) string {
	switch {
	case sharesIPC(linux) && linux.ShmSize != nil:
		return "linux_info has ipc_mode SHARE_PARENT and a shm_size: the shared memory is the parent's; leave shm_size out, or say PRIVATE"
	case inPod:
		return ""
	case sharesPIDs(linux) && !h.ShareHostPIDs:
		return "linux_info.share_pid_namespace: the task would see the processes of the whole host, and could end those of its user; " +
			"the agent's operator allows it by --disallow-sharing-agent-pid-namespace=false. Tasks of a group may share theirs with one another"
	case sharesIPC(linux) && !h.ShareHostIPC:
		return "linux_info.ipc_mode SHARE_PARENT: the task would have the shared memory of the whole host; " +
			"the agent's operator allows it by --disallow-sharing-agent-ipc-namespace=false. Tasks of a group may share theirs with one another"
	}
	return ""
}
