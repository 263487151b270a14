package jobspec

import (
	"maps"
	"path"
	"slices"
	"strings"

	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// Networks that are none of the agents'.
const (
	HostNetwork = "host"
	NoNetwork   = "none"
)

// Unconfined is the seccomp profile that is none.
const Unconfined = "unconfined"

// RlimitType is the kind of an rlimit by its name, such as nofile; ok is false if there is none of that name.
func RlimitType(name string) (kind mesosv1.RLimitInfo_RLimit_Type, ok bool) {
	n, ok := mesosv1.RLimitInfo_RLimit_Type_value["RLMT_"+strings.ToUpper(name)]
	return mesosv1.RLimitInfo_RLimit_Type(n), ok
}

// Capability is a capability by its name, such as NET_RAW or CAP_NET_RAW; ok is false if there is none of that name.
func Capability(name string) (c mesosv1.CapabilityInfo_Capability, ok bool) {
	n, ok := mesosv1.CapabilityInfo_Capability_value[strings.TrimPrefix(strings.ToUpper(name), "CAP_")]
	return mesosv1.CapabilityInfo_Capability(n), ok && n != 0
}

func checkContainer(spec reeveapi.JobSpec) error {
	c := spec.Container
	if c == nil {
		return nil
	}
	ports := spec.Ports + len(spec.FixedPorts)
	switch own := c.Network != "" && c.Network != HostNetwork && c.Network != NoNetwork; {
	case strings.ContainsAny(c.Network, " \t\n/"):
		return invalid("container.network %q must be host, none, or the name of a network of the agents, such as bridge", c.Network)
	case len(c.MapPorts) > 0 && !own:
		return invalid("container.map_ports means nothing in network %q; name one of the agents' in container.network, such as bridge", c.Network)
	case len(c.MapPorts) > ports:
		return invalid("container.map_ports maps %d ports, the instance has %d; ask for more in ports", len(c.MapPorts), ports)
	case c.PullAlways && spec.Image == "":
		return invalid("container.pull_always is about an image, and the job has none")
	case c.ShmMB < 0 || c.ShmMB > 1<<20:
		return invalid("container.shm_mb is %d, it must be 0 to %d", c.ShmMB, 1<<20)
	}
	for _, port := range c.MapPorts {
		if port < 1 || port > maxPort {
			return invalid("container.map_ports has %d, it must be 1 to %d", port, maxPort)
		}
	}
	if c.Capabilities != nil {
		for _, name := range *c.Capabilities {
			if _, ok := Capability(name); !ok {
				return invalid("container.capabilities: %q is no capability; write it as NET_RAW", name)
			}
		}
	}
	return checkRlimits(c.Rlimits)
}

func checkRlimits(all map[string]reeveapi.JobRlimit) error {
	for _, name := range slices.Sorted(maps.Keys(all)) {
		l := all[name]
		kind, ok := RlimitType(name)
		switch {
		case !ok:
			return invalid("container.rlimits: there is no limit %q; write it as nofile, nproc, core, memlock, stack, …", name)
		case kind == mesosv1.RLimitInfo_RLimit_RLMT_RTPRIO:
			return invalid("container.rlimits.rtprio: no task gets real-time priority; leave it out")
		case (l.Soft == nil) != (l.Hard == nil):
			return invalid("container.rlimits.%s has only one of soft and hard; give both, or neither for unlimited", name)
		case l.Soft != nil && *l.Soft > *l.Hard:
			return invalid("container.rlimits.%s has soft %d above hard %d", name, *l.Soft, *l.Hard)
		}
	}
	return nil
}

func checkFetch(spec reeveapi.JobSpec) error {
	for _, f := range spec.Fetch {
		switch {
		case strings.TrimSpace(f.URI) == "":
			return invalid("fetch has an entry without uri")
		case f.File != "" && !inside(f.File):
			return invalid("fetch: file %q must be a relative path in the sandbox", f.File)
		}
	}
	return nil
}

// inside says whether a path leads to somewhere in the directory that it starts from.
func inside(p string) bool {
	return !path.IsAbs(p) && path.Clean(p) != "." && path.Clean(p) != ".." && !strings.HasPrefix(path.Clean(p), "../")
}

func checkCheck(spec reeveapi.JobSpec) error {
	c := spec.Check
	if c == nil {
		return nil
	}
	ways := 0
	for _, set := range []bool{c.Command != "", c.HTTP != "", c.TCP} {
		if set {
			ways++
		}
	}
	ports := spec.Ports + len(spec.FixedPorts)
	switch {
	case ways != 1:
		return invalid("check names %d ways to check, it must be one of command, http and tcp", ways)
	case c.HTTP != "" && c.HTTP[0] != '/':
		return invalid("check.http is %q, it must be a path that begins with /", c.HTTP)
	case c.Port < 0 || c.Port > maxPort:
		return invalid("check.port %d must be 1 to %d, or 0 for one of the instance's", c.Port, maxPort)
	case c.Command == "" && c.Port == 0 && (c.PortIndex < 0 || c.PortIndex >= ports):
		return invalid("check needs port %d of the instance, which has %d; ask for ports, or name check.port", c.PortIndex, ports)
	case c.IntervalSeconds <= 0 || c.TimeoutSeconds <= 0:
		return invalid("check.interval_seconds and check.timeout_seconds must be more than 0")
	}
	return seconds(map[string]float64{
		"check.delay_seconds": c.DelaySeconds, "check.interval_seconds": c.IntervalSeconds, "check.timeout_seconds": c.TimeoutSeconds,
	})
}
