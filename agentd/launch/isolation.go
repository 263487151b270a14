package launch

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/shared/mesosv1"
)

// isolation is what a run asks of its walls. UnsupportedTask and its like have accepted it.
func (h Host) isolation(r Run) runtime.Isolation {
	container := r.Executor.GetContainer()
	linux := container.GetLinuxInfo()
	i := runtime.Isolation{
		Hostname:     container.GetHostname(),
		Rlimits:      rlimits(container.GetRlimitInfo()),
		Capabilities: h.capabilities(linux),
		Seccomp:      runtime.Seccomp{Unconfined: linux.GetSeccomp().GetUnconfined(), Profile: linux.GetSeccomp().GetProfileName()},
		ShmBytes:     int64(linux.GetShmSize()) << 20,
		PodShmBytes:  int64(r.Pod.GetContainer().GetLinuxInfo().GetShmSize()) << 20,
		PIDs:         sharing(r, sharesPIDs),
		IPC:          sharing(r, sharesIPC),
	}
	if i.Hostname == "" {
		i.Hostname = r.Pod.GetContainer().GetHostname()
	}
	if network := h.network(r); i.Hostname == "" && network != nil {
		i.Hostname = string(network.Of) // the host's would not lead here
	}
	return i
}

// GPUs is how many GPUs a run has: its own and those of its tasks.
func GPUs(r Run) int {
	return int(parse(allOf(r.Executor, r.Tasks)).Scalar("gpus").Float())
}

// capabilities are what a container asks for, else what the agent is told to give, else nil for the runtime's default.
func (h Host) capabilities(linux *mesosv1.LinuxInfo) *runtime.Capabilities {
	effective, bounding := h.Effective, linux.GetBoundingCapabilities()
	asked := linux.GetEffectiveCapabilities()
	if asked == nil {
		asked = linux.GetCapabilityInfo() // its name of old
	}
	if asked != nil {
		effective = capabilityNames(asked)
	}
	switch {
	case bounding == nil && effective == nil:
		return nil
	case bounding == nil:
		return &runtime.Capabilities{Effective: effective, Bounding: effective}
	}
	most := capabilityNames(bounding)
	if asked == nil { // then the bound is one for what it has anyway
		if effective == nil {
			effective = runtime.DefaultCapabilities()
		}
		effective = slices.DeleteFunc(slices.Clone(effective), func(name string) bool { return !slices.Contains(most, name) })
	}
	return &runtime.Capabilities{Effective: effective, Bounding: most}
}

// capabilityNames is never nil: none at all is something that can be asked for.
func capabilityNames(info *mesosv1.CapabilityInfo) []string {
	names := []string{}
	for _, c := range info.GetCapabilities() {
		names = append(names, "CAP_"+c.String())
	}
	return names
}

// rlimits are the limits of each process; one without figures is none at all, as in Mesos.
func rlimits(info *mesosv1.RLimitInfo) []runtime.Rlimit {
	var limits []runtime.Rlimit
	for _, l := range info.GetRlimits() {
		limit := runtime.Rlimit{Name: rlimitName(l.GetType()), Soft: runtime.Unlimited, Hard: runtime.Unlimited}
		if l.Soft != nil {
			limit.Soft, limit.Hard = l.GetSoft(), l.GetHard()
		}
		limits = append(limits, limit)
	}
	return limits
}

func rlimitName(t mesosv1.RLimitInfo_RLimit_Type) string {
	return "RLIMIT_" + strings.TrimPrefix(t.String(), "RLMT_")
}

// validHostname is what names of hosts are made of; the kernel takes 64 characters.
var validHostname = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9.-]{0,62}[A-Za-z0-9])?$`)

// unsupportedIsolation says why a container cannot have the walls that it asks for, "" if it can.
func (h Host) unsupportedIsolation(container *mesosv1.ContainerInfo, inPod bool) string {
	linux := container.GetLinuxInfo()
	switch {
	case container.GetHostname() != "" && !validHostname.MatchString(container.GetHostname()):
		return fmt.Sprintf("hostname %q may hold letters, digits, - and . only, at most 64 characters", container.GetHostname())
	case linux.GetSeccomp().GetUnconfined() && linux.GetSeccomp().GetProfileName() != "":
		return "linux_info.seccomp asks for a profile and for none; leave one out"
	}
	if why := h.unsupportedCapabilities(linux); why != "" {
		return why
	}
	if why := h.unsupportedSharing(linux, inPod); why != "" {
		return why
	}
	return h.unsupportedRlimits(container.GetRlimitInfo())
}

func (h Host) unsupportedCapabilities(linux *mesosv1.LinuxInfo) string {
	if linux.GetCapabilityInfo() != nil && linux.GetEffectiveCapabilities() != nil {
		return "linux_info has both capability_info and effective_capabilities, which are the same; leave the former out"
	}
	got := h.capabilities(linux)
	if got == nil || linux.GetCapabilityInfo() == nil && linux.GetEffectiveCapabilities() == nil && linux.GetBoundingCapabilities() == nil {
		return ""
	}
	for _, name := range got.Effective {
		if !slices.Contains(got.Bounding, name) {
			return fmt.Sprintf("linux_info: capability %s is effective, but not among the bounding ones", strings.TrimPrefix(name, "CAP_"))
		}
	}
	for _, name := range slices.Concat(got.Effective, got.Bounding) {
		if !slices.Contains(h.Bounding, name) {
			return fmt.Sprintf("linux_info: capability %s is not one that tasks on this agent may ask for; its --bounding-capabilities are %s",
				strings.TrimPrefix(name, "CAP_"), strings.ReplaceAll(strings.Join(h.Bounding, ","), "CAP_", ""))
		}
	}
	return ""
}

func (h Host) unsupportedRlimits(info *mesosv1.RLimitInfo) string {
	seen := map[mesosv1.RLimitInfo_RLimit_Type]bool{}
	for _, l := range info.GetRlimits() {
		name := l.GetType().String()
		switch {
		case l.GetType() == mesosv1.RLimitInfo_RLimit_UNKNOWN:
			return "rlimit_info has a limit without a type"
		case seen[l.GetType()]:
			return fmt.Sprintf("rlimit_info has %s twice", name)
		case (l.Soft == nil) != (l.Hard == nil):
			return fmt.Sprintf("rlimit %s has only one of soft and hard; give both, or none for unlimited", name)
		case l.GetSoft() > l.GetHard():
			return fmt.Sprintf("rlimit %s has the soft limit %d above the hard one, %d", name, l.GetSoft(), l.GetHard())
		case l.GetType() == mesosv1.RLimitInfo_RLimit_RLMT_RTPRIO && (l.Hard == nil || l.GetHard() > 0) && !slices.Contains(h.Bounding, "CAP_SYS_NICE"):
			return "rlimit RLMT_RTPRIO: real-time priority starves neighbours, so that no task gets it here; the agent's operator allows it by SYS_NICE among its --bounding-capabilities"
		}
		seen[l.GetType()] = true
	}
	return ""
}
