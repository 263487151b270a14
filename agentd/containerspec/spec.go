package containerspec

import (
	"math"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/shared/fault"
)

// Host is what a container's spec depends on beside what was asked for.
type Host struct {
	Root         string   // the read-only view of the host's root file system, or that of the container's image
	HostFiles    []string // of the host, which a container in an image sees at the same place
	Init         string   // the program that becomes pid 1; it is bound to InitTarget
	CgroupParent string   // absolute, below each hierarchy's root
	CgroupV2     bool     // the unified hierarchy holds the controllers
	SwapLimit    bool     // the kernel can bound swap
	SandboxAlias bool     // the host has a directory MesosSandbox
	ResolvConf   string   // where /etc/resolv.conf leads, if that is not /etc/resolv.conf itself
	UID, GID     uint32
	Groups       []uint32
	MaxNoFile    uint64   // the hard limit that may be given
	NetNS        string   // file of the network namespace, for one that has a network other than the host's
	PodNS        string   // directory with the pod's namespaces, for one that shares something with a pod
	PodShm       string   // the pod's /dev/shm, in the shim's own mount namespace
	Rootless     bool     // no cgroups, no other users
	Credentials  []string // files and directories of the host that containers which see it must not read
	Devices      []Device // that the container gets
	Staging      string   // directory, in the shim's own mount namespace, with the sources of spec.Mounts
}

// StagedAt is where the shim has the source of a mount, given its place in the list.
func (h Host) StagedAt(i int) string { return filepath.Join(h.Staging, strconv.Itoa(i)) }

// The fixed places inside a container.
const (
	InitTarget   = "/run/reeve-init"
	MesosSandbox = runtime.SandboxInImage
)

// MinMemory is the least memory limit that a container's own start fits into.
const MinMemory = 16 << 20

// defaultPids bounds a container for which nothing was asked: a fork bomb must not take the host along.
const defaultPids = 4096

var validID = regexp.MustCompile(`^[A-Za-z0-9_+.-]{1,242}$`)

// Check reports why a spec can never be run, as an error of kind Invalid.
func Check(spec runtime.Spec) error {
	switch {
	case !validID.MatchString(string(spec.ID)) || spec.ID == "." || spec.ID == "..":
		return fault.New(fault.Invalid, "container id %q may hold letters, digits and _ + . - only, at most 242", spec.ID)
	case len(spec.Argv) == 0 || spec.Argv[0] == "":
		return fault.New(fault.Invalid, "start container %s: its command is empty", spec.ID)
	case !cleanAbs(spec.Sandbox) || spec.Sandbox == "/":
		return fault.New(fault.Invalid, "sandbox %q must be an absolute path without . and .. and not /", spec.Sandbox)
	}
	if err := CheckLimits(spec.Limits); err != nil {
		return err
	}
	if spec.Dir != "" && !cleanAbs(spec.Dir) {
		return fault.New(fault.Invalid, "working directory %q must be an absolute path without . and ..", spec.Dir)
	}
	if spec.Root != nil {
		if err := checkRoot(spec.Root); err != nil {
			return err
		}
	}
	for _, m := range spec.Mounts {
		if err := checkMount(m); err != nil {
			return err
		}
	}
	for _, word := range append(append([]string{}, spec.Argv...), spec.Env...) {
		if strings.ContainsRune(word, 0) {
			return fault.New(fault.Invalid, "command or environment of container %s holds a NUL character", spec.ID)
		}
	}
	return nil
}

// CheckLimits reports limits that no container can live under, as an error of kind Invalid.
func CheckLimits(l runtime.Limits) error {
	if l.MemBytes != 0 && l.MemBytes < MinMemory {
		return fault.New(fault.Invalid, "memory limit of %d bytes is too small for a container to start; ask for at least %d MB",
			l.MemBytes, MinMemory>>20)
	}
	return nil
}

// Build returns the OCI spec of a container. spec has passed Check.
func Build(spec runtime.Spec, host Host) *specs.Spec {
	_, name := spec.ID.Split()
	group := host.CgroupParent + "/" + name
	if host.Rootless {
		group = "" // a group that was asked for and cannot be made is an error
	}
	return &specs.Spec{
		Version:  specs.Version,
		Hostname: spec.Isolation.Hostname,
		Root:     &specs.Root{Path: host.Root, Readonly: spec.Root == nil},
		Mounts:   mounts(spec, host),
		Process:  process(spec, host),
		Linux: &specs.Linux{
			CgroupsPath:   group,
			Namespaces:    namespaces(spec.Isolation, host),
			Devices:       nodes(host),
			Resources:     Resources(spec.Limits, host),
			MaskedPaths:   maskedPaths(spec, host),
			ReadonlyPaths: []string{"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"},
		},
	}
}

// namespaces lists those that are not the host's. That of the network is, as in Mesos, unless a container asks for another.
func namespaces(isolation runtime.Isolation, host Host) []specs.LinuxNamespace {
	all := shared(nil, isolation.PIDs, specs.PIDNamespace, filepath.Join(host.PodNS, "pid"))
	all = append(all, specs.LinuxNamespace{Type: specs.MountNamespace})
	all = shared(all, isolation.IPC, specs.IPCNamespace, filepath.Join(host.PodNS, "ipc"))
	all = append(all, specs.LinuxNamespace{Type: specs.UTSNamespace}, specs.LinuxNamespace{Type: specs.CgroupNamespace})
	if host.NetNS != "" {
		all = append(all, specs.LinuxNamespace{Type: specs.NetworkNamespace, Path: host.NetNS})
	}
	return all
}

// shared adds a namespace that may be somebody else's: that of a pod is joined by its file.
func shared(all []specs.LinuxNamespace, with runtime.Sharing, kind specs.LinuxNamespaceType, pods string) []specs.LinuxNamespace {
	switch with {
	case runtime.WithHost:
		return all
	case runtime.WithPod:
		return append(all, specs.LinuxNamespace{Type: kind, Path: pods})
	case runtime.Own:
	}
	return append(all, specs.LinuxNamespace{Type: kind})
}

func maskedPaths(spec runtime.Spec, host Host) []string {
	masked := []string{
		"/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
		"/proc/sched_debug", "/proc/scsi", "/proc/timer_list", "/proc/timer_stats",
		"/sys/devices/virtual/powercap", "/sys/firmware",
	}
	if spec.Root == nil {
		masked = append(masked, host.Credentials...)
	}
	return masked
}

func process(spec runtime.Spec, host Host) *specs.Process {
	p := &specs.Process{
		Args:            append([]string{InitTarget}, spec.Argv...),
		Env:             spec.Env,
		Cwd:             cwd(spec),
		User:            specs.User{UID: host.UID, GID: host.GID, AdditionalGids: host.Groups},
		NoNewPrivileges: true,
		Capabilities:    &specs.LinuxCapabilities{},
		Rlimits:         rlimits(spec.Isolation.Rlimits, host),
		// Explicit: a task would inherit the shim's, which is protected from the OOM killer.
		OOMScoreAdj: new(0),
	}
	switch asked := spec.Isolation.Capabilities; {
	case asked != nil:
		p.Capabilities = &specs.LinuxCapabilities{Bounding: asked.Bounding, Effective: asked.Effective, Permitted: asked.Effective}
		if host.UID != 0 { // without these an exec would take them from whoever is not root
			p.Capabilities.Inheritable, p.Capabilities.Ambient = asked.Effective, asked.Effective
		}
	case host.UID == 0:
		all := runtime.DefaultCapabilities()
		p.Capabilities = &specs.LinuxCapabilities{Bounding: all, Effective: all, Permitted: all}
	}
	if host.Rootless {
		p.OOMScoreAdj = nil
		p.User.AdditionalGids = nil
	}
	return p
}

// cwd is where a container's process starts.
func cwd(spec runtime.Spec) string {
	switch {
	case spec.Dir != "":
		return spec.Dir
	case spec.Root != nil:
		return MesosSandbox
	}
	return spec.Sandbox
}

// softNoFile is what a process gets without asking: more than the 1024 of old, less than what makes programs that close
// every possible descriptor slow.
const softNoFile = 65536

func rlimits(asked []runtime.Rlimit, host Host) []specs.POSIXRlimit {
	var all []specs.POSIXRlimit
	files := true
	for _, l := range asked {
		all = append(all, specs.POSIXRlimit{Type: l.Name, Hard: l.Hard, Soft: l.Soft})
		files = files && l.Name != "RLIMIT_NOFILE"
	}
	if files && host.MaxNoFile > 0 {
		all = append(all, specs.POSIXRlimit{Type: "RLIMIT_NOFILE", Hard: host.MaxNoFile, Soft: min(softNoFile, host.MaxNoFile)})
	}
	return all
}

// The kernel's period of CPU quotas, and the smallest quota it takes, in microseconds.
const (
	cpuPeriod   = 100_000
	minCPUQuota = 1_000
)

// Resources returns what bounds a container. Of the host it only looks at SwapLimit and Rootless.
func Resources(l runtime.Limits, host Host) *specs.LinuxResources {
	r := &specs.LinuxResources{Devices: deviceRules(host)}
	if host.Rootless {
		return r
	}
	pids := l.Pids
	if pids == 0 {
		pids = defaultPids
	}
	r.Pids = &specs.LinuxPids{Limit: &pids}
	if l.CPUs > 0 {
		// The kernel refuses fewer than 2 shares and more than 262144.
		r.CPU = &specs.LinuxCPU{Shares: new(uint64(min(max(2, math.Round(l.CPUs*1024)), 262144)))}
	}
	if l.CPUQuota > 0 {
		if r.CPU == nil {
			r.CPU = &specs.LinuxCPU{}
		}
		r.CPU.Period = new(uint64(cpuPeriod))
		r.CPU.Quota = new(max(minCPUQuota, int64(math.Round(l.CPUQuota*cpuPeriod))))
	}
	if l.MemBytes > 0 {
		r.Memory = &specs.LinuxMemory{Limit: &l.MemBytes}
		if host.SwapLimit {
			r.Memory.Swap = &l.MemBytes // memory and swap together: no swap beyond the limit
		}
	}
	return r
}
