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
		"hostname":            {Hostname: new("a_b")},
		"share_pid_namespace": linux(&mesosv1.LinuxInfo{SharePidNamespace: new(true)}),
		"SHARE_PARENT":        linux(&mesosv1.LinuxInfo{IpcMode: mesosv1.LinuxInfo_SHARE_PARENT.Enum()}),
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
		"no task gets real-time": rlimit(limit(mesosv1.RLimitInfo_RLimit_RLMT_RTPRIO, one, one)),
	} {
		if got := host.unsupportedIsolation(container); !strings.Contains(got, want) || (want == "") != (got == "") {
			t.Errorf("got %q, want %q in it", got, want)
		}
	}
}
