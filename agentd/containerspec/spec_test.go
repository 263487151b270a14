package containerspec

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/ids"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestBuild(t *testing.T) {
	plain := runtime.Spec{
		ID: "c1", Argv: []string{"/bin/sh", "-c", "true"}, Env: []string{"A=b"}, Sandbox: "/var/lib/reeve/s/c1",
		Hidden: []string{"/var/lib/reeve/secrets", "/var/lib/reeve", "/run/reeve", "/opt/keys"},
	}
	host := Host{Root: "/run/reeve/hostroot", Init: "/run/reeve/init", CgroupParent: "/reeve/containers", MaxNoFile: 1 << 20, SwapLimit: true}
	limited, user := plain, plain
	limited.Limits = runtime.Limits{CPUs: 1.5, CPUQuota: 0.25, MemBytes: 64 << 20, Pids: 100}
	user.Sandbox = "/tmp/sandbox"
	mounted := plain
	mounted.Mounts = []runtime.Mount{{Source: "/data", Target: "vol", ReadOnly: true}, {Secret: []byte("s"), Target: "/run/secret"}, {Source: "/data", Target: "/opt", Follow: true}}
	v2, asUser, rootless, staged, walled := host, host, host, host, host
	asked := plain
	asked.Isolation = runtime.Isolation{
		Hostname: "web", ShmBytes: 64 << 20, Rlimits: []runtime.Rlimit{{Name: "RLIMIT_NOFILE", Soft: 10, Hard: 20}, {Name: "RLIMIT_CORE"}},
		Capabilities: &runtime.Capabilities{Effective: []string{"CAP_KILL"}, Bounding: []string{"CAP_KILL", "CAP_CHOWN"}},
	}
	walled.UID, walled.GID, walled.Credentials = 1000, 1000, []string{"/etc/shadow"}
	walled.Devices = []Device{{Device: runtime.Device{Path: "/dev/fuse", Access: "rw"}, Kind: "c", Major: 10, Minor: 229, Mode: 0o666}}
	staged.Staging, staged.SandboxAlias = "/run/reeve/v/c1", true
	v2.CgroupV2, v2.SandboxAlias, v2.ResolvConf = true, true, "/run/systemd/resolve/stub-resolv.conf"
	asUser.UID, asUser.GID, asUser.Groups, asUser.MaxNoFile, asUser.SwapLimit = 1000, 1000, []uint32{44, 1000}, 4096, false
	rootless.Rootless = true
	tests := []struct {
		name string
		spec runtime.Spec
		host Host
	}{
		{"plain", plain, host},
		{"limited_v2", limited, v2},
		{"user", user, asUser},
		{"rootless", limited, rootless},
		{"mounts", mounted, staged},
		{"isolation", asked, walled},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := json.MarshalIndent(Build(test.spec, test.host), "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			golden := filepath.Join("testdata", test.name+".json")
			if *update {
				if err := os.WriteFile(golden, append(got, '\n'), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(got)+"\n", string(want)); diff != "" {
				t.Errorf("(-got +want); go test -update writes it anew:\n%s", diff)
			}
		})
	}
}

func TestCheck(t *testing.T) {
	good := runtime.Spec{ID: "c", Argv: []string{"true"}, Sandbox: "/s"}
	tests := []struct {
		name string
		edit func(*runtime.Spec)
		want string // "" for none
	}{
		{"good", func(*runtime.Spec) {}, ""},
		{"least memory", func(s *runtime.Spec) { s.Limits.MemBytes = MinMemory }, ""},
		{"no id", func(s *runtime.Spec) { s.ID = "" }, "container id"},
		{"dots", func(s *runtime.Spec) { s.ID = ".." }, "container id"},
		{"slash", func(s *runtime.Spec) { s.ID = "a/b" }, "container id"},
		{"long", func(s *runtime.Spec) { s.ID = ids.Container(strings.Repeat("x", 243)) }, "at most 242"},
		{"no command", func(s *runtime.Spec) { s.Argv = []string{""} }, "command is empty"},
		{"NUL", func(s *runtime.Spec) { s.Env = []string{"A=\x00"} }, "NUL"},
		{"relative sandbox", func(s *runtime.Spec) { s.Sandbox = "s" }, "absolute"},
		{"dotted sandbox", func(s *runtime.Spec) { s.Sandbox = "/s/.." }, "absolute"},
		{"root as sandbox", func(s *runtime.Spec) { s.Sandbox = "/" }, "absolute"},
		{"little memory", func(s *runtime.Spec) { s.Limits.MemBytes = MinMemory - 1 }, "at least 16 MB"},
	}
	for _, test := range tests {
		spec := good
		test.edit(&spec)
		err := Check(spec)
		if (err == nil) != (test.want == "") || err != nil && (!strings.Contains(err.Error(), test.want) || fault.KindOf(err) != fault.Invalid) {
			t.Errorf("%s: got %v, want %q", test.name, err, test.want)
		}
	}
}

func TestCPUBounds(t *testing.T) {
	for _, test := range []struct {
		limits runtime.Limits
		shares uint64
		quota  int64
	}{
		{runtime.Limits{CPUs: 0.0001, CPUQuota: 0.0001}, 2, 1000},
		{runtime.Limits{CPUs: 0.1, CPUQuota: 0.1}, 102, 10_000},
		{runtime.Limits{CPUs: 100_000, CPUQuota: 64}, 262_144, 6_400_000},
	} {
		cpu := Resources(test.limits, Host{}).CPU
		if *cpu.Shares != test.shares || *cpu.Quota != test.quota {
			t.Errorf("%+v: shares %d, quota %d, want %d, %d", test.limits, *cpu.Shares, *cpu.Quota, test.shares, test.quota)
		}
	}
}
