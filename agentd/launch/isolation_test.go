package launch

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/shared/mesosv1"
)

type capability = mesosv1.CapabilityInfo_Capability

func caps(list ...capability) *mesosv1.CapabilityInfo {
	return &mesosv1.CapabilityInfo{Capabilities: list}
}

func limit(t mesosv1.RLimitInfo_RLimit_Type, soft, hard *uint64) *mesosv1.RLimitInfo_RLimit {
	return &mesosv1.RLimitInfo_RLimit{Type: t.Enum(), Soft: soft, Hard: hard}
}

func TestCapabilities(t *testing.T) {
	const chown, kill = mesosv1.CapabilityInfo_CHOWN, mesosv1.CapabilityInfo_KILL
	both := []string{"CAP_CHOWN", "CAP_KILL"}
	for name, test := range map[string]struct {
		linux *mesosv1.LinuxInfo
		host  Host
		want  *runtime.Capabilities
	}{
		"nothing asked":       {want: nil},
		"the agent's":         {host: Host{Effective: []string{"CAP_KILL"}}, want: &runtime.Capabilities{Effective: []string{"CAP_KILL"}, Bounding: []string{"CAP_KILL"}}},
		"none at all":         {linux: &mesosv1.LinuxInfo{EffectiveCapabilities: caps()}, want: &runtime.Capabilities{Effective: []string{}, Bounding: []string{}}},
		"by the name of old":  {linux: &mesosv1.LinuxInfo{CapabilityInfo: caps(kill)}, want: &runtime.Capabilities{Effective: []string{"CAP_KILL"}, Bounding: []string{"CAP_KILL"}}},
		"effective, bounding": {linux: &mesosv1.LinuxInfo{EffectiveCapabilities: caps(kill), BoundingCapabilities: caps(chown, kill)}, want: &runtime.Capabilities{Effective: []string{"CAP_KILL"}, Bounding: both}},
		"a bound alone":       {linux: &mesosv1.LinuxInfo{BoundingCapabilities: caps(chown, kill)}, want: &runtime.Capabilities{Effective: both, Bounding: both}},
	} {
		if d := cmp.Diff(test.host.capabilities(test.linux), test.want); d != "" {
			t.Errorf("%s (-got +want):\n%s", name, d)
		}
	}
}

func TestRlimits(t *testing.T) {
	got := rlimits(&mesosv1.RLimitInfo{Rlimits: []*mesosv1.RLimitInfo_RLimit{
		limit(mesosv1.RLimitInfo_RLimit_RLMT_NOFILE, new(uint64(10)), new(uint64(20))), limit(mesosv1.RLimitInfo_RLimit_RLMT_CORE, nil, nil),
	}})
	want := []runtime.Rlimit{{Name: "RLIMIT_NOFILE", Soft: 10, Hard: 20}, {Name: "RLIMIT_CORE", Soft: runtime.Unlimited, Hard: runtime.Unlimited}}
	if d := cmp.Diff(got, want); d != "" {
		t.Errorf("(-got +want):\n%s", d)
	}
}

func TestUnsupportedIsolation(t *testing.T) {
	const nofile = mesosv1.RLimitInfo_RLimit_RLMT_NOFILE
	one, two := new(uint64(1)), new(uint64(2))
	host := Host{Bounding: []string{"CAP_CHOWN", "CAP_KILL"}}
	linux := func(l *mesosv1.LinuxInfo) *mesosv1.ContainerInfo { return &mesosv1.ContainerInfo{LinuxInfo: l} }
	rlimit := func(list ...*mesosv1.RLimitInfo_RLimit) *mesosv1.ContainerInfo {
		return &mesosv1.ContainerInfo{RlimitInfo: &mesosv1.RLimitInfo{Rlimits: list}}
	}
	for want, container := range map[string]*mesosv1.ContainerInfo{
		"": {
			Hostname: new("web-1.example"), RlimitInfo: &mesosv1.RLimitInfo{Rlimits: []*mesosv1.RLimitInfo_RLimit{limit(nofile, one, two)}},
			LinuxInfo: &mesosv1.LinuxInfo{
				EffectiveCapabilities: caps(mesosv1.CapabilityInfo_KILL), ShmSize: new(uint32(64)), IpcMode: mesosv1.LinuxInfo_PRIVATE.Enum(),
				Seccomp: &mesosv1.SeccompInfo{Unconfined: new(true)}, SharePidNamespace: new(false), ShareCgroups: new(true),
			},
		},
		"hostname": {Hostname: new("a_b")},
		"--disallow-sharing-agent-pid-namespace=false": linux(&mesosv1.LinuxInfo{SharePidNamespace: new(true)}),
		"--disallow-sharing-agent-ipc-namespace=false": linux(&mesosv1.LinuxInfo{IpcMode: mesosv1.LinuxInfo_SHARE_PARENT.Enum()}),
		"leave shm_size out":                           linux(&mesosv1.LinuxInfo{IpcMode: mesosv1.LinuxInfo_SHARE_PARENT.Enum(), ShmSize: new(uint32(1))}),
		"a profile and for none": linux(&mesosv1.LinuxInfo{
			Seccomp: &mesosv1.SeccompInfo{Unconfined: new(true), ProfileName: new("x")},
		}),
		"which are the same":     linux(&mesosv1.LinuxInfo{CapabilityInfo: caps(), EffectiveCapabilities: caps()}),
		"not among the bounding": linux(&mesosv1.LinuxInfo{EffectiveCapabilities: caps(mesosv1.CapabilityInfo_KILL), BoundingCapabilities: caps()}),
		"capability SYS_ADMIN":   linux(&mesosv1.LinuxInfo{EffectiveCapabilities: caps(mesosv1.CapabilityInfo_SYS_ADMIN)}),
		"capability UNKNOWN":     linux(&mesosv1.LinuxInfo{BoundingCapabilities: caps(mesosv1.CapabilityInfo_UNKNOWN)}),
		"without a type":         rlimit(&mesosv1.RLimitInfo_RLimit{}),
		"twice":                  rlimit(limit(nofile, one, two), limit(nofile, one, two)),
		"only one of soft":       rlimit(limit(nofile, one, nil)),
		"soft limit 2 above":     rlimit(limit(nofile, two, one)),
		"no task gets it here":   rlimit(limit(mesosv1.RLimitInfo_RLimit_RLMT_RTPRIO, one, one)),
	} {
		if got := host.unsupportedIsolation(container, false); !strings.Contains(got, want) || (want == "") != (got == "") {
			t.Errorf("got %q, want %q in it", got, want)
		}
	}
	realtime := rlimit(limit(mesosv1.RLimitInfo_RLimit_RLMT_RTPRIO, one, one))
	if got := (Host{Bounding: []string{"CAP_SYS_NICE"}}).unsupportedIsolation(realtime, false); got != "" {
		t.Errorf("real-time priority where the operator allows it: %q", got)
	}
}

// With whom a container shares what it wants of its parent.
func TestSharing(t *testing.T) {
	both := &mesosv1.ContainerInfo{Type: mesosv1.ContainerInfo_MESOS.Enum(), LinuxInfo: &mesosv1.LinuxInfo{SharePidNamespace: new(true), IpcMode: mesosv1.LinuxInfo_SHARE_PARENT.Enum()}}
	open, closed := Host{ShareHostPIDs: true, ShareHostIPC: true}, Host{}
	for _, test := range []struct {
		name           string
		host           Host
		container, pod *mesosv1.ContainerInfo
		inPod          bool
		want           runtime.Sharing
		refused        bool
	}{
		{"nothing is asked for", closed, nil, nil, false, runtime.Own, false},
		{"of the host", open, both, nil, false, runtime.WithHost, false},
		{"of the host, which is closed", closed, both, nil, false, runtime.WithHost, true},
		{"a task of a pod", closed, both, nil, true, runtime.WithPod, false},
		{"a task of a pod that asks for nothing", closed, nil, both, true, runtime.Own, false},
		{"a task of a pod that has the host's", open, both, both, true, runtime.WithHost, false},
	} {
		info := task(&mesosv1.CommandInfo{Value: new("x")}, "cpus:1")
		info.Container = test.container
		r := run(info)
		r.Executor.Container = test.container
		if test.inPod {
			r.Container, r.Pod = "p.c", &mesosv1.ExecutorInfo{Container: test.pod}
		}
		i := test.host.isolation(r)
		if i.PIDs != test.want || i.IPC != test.want {
			t.Errorf("%s: processes %v and memory %v are shared, want %v", test.name, i.PIDs, i.IPC, test.want)
		}
		if why := test.host.UnsupportedTask(info, test.inPod); (why != "") != test.refused {
			t.Errorf("%s: refused %q, want %v", test.name, why, test.refused)
		}
	}
	if why := closed.UnsupportedPod(&mesosv1.ExecutorInfo{Type: mesosv1.ExecutorInfo_DEFAULT.Enum(), Container: both}, nil); !strings.Contains(why, "operator") {
		t.Errorf("a pod with the host's: %q, want it refused", why)
	}
}
