package shimclient

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"codeberg.org/reeve/reeve/agentd/hostguard"
	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/ids"
)

func TestAskedIsolation(t *testing.T) {
	b := newBed(t)
	b.cfg.Devices = []runtime.Device{{Path: "/dev/loop-control", Access: "r"}}
	if _, err := os.Stat("/dev/loop-control"); err != nil {
		b.cfg.Devices[0].Path = "/dev/mem"
	}
	device := b.cfg.Devices[0].Path
	b.cfg.SeccompDir = t.TempDir()
	profile := `{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO"}]}`
	if err := os.WriteFile(filepath.Join(b.cfg.SeccompDir, "nodirs.json"), []byte(profile), 0o644); err != nil {
		t.Fatal(err)
	}
	c := b.open()
	kill := &runtime.Capabilities{Effective: []string{"CAP_KILL"}, Bounding: []string{"CAP_KILL"}}
	tests := []struct {
		name, user, script, want string
		asked                    runtime.Isolation
	}{
		{"hostname", "", "hostname; cat /etc/hostname; grep -c 'web-1$' /etc/hosts", "web-1\nweb-1\n1\n", runtime.Isolation{Hostname: "web-1"}},
		{"rlimits", "", "ulimit -n; ulimit -Hn; ulimit -c; ulimit -t", "10\n20\n0\n60\n", runtime.Isolation{Rlimits: []runtime.Rlimit{
			{Name: "RLIMIT_NOFILE", Soft: 10, Hard: 20}, {Name: "RLIMIT_CORE"}, {Name: "RLIMIT_CPU", Soft: 60, Hard: 60},
		}}},
		{"capabilities", "", "grep -E '^Cap(Eff|Bnd|Prm)' /proc/self/status | cut -f2 | uniq", "0000000000000020\n", runtime.Isolation{Capabilities: kill}},
		{"capabilities of a user", "nobody", "grep -E '^Cap' /proc/self/status | cut -f2 | uniq", "0000000000000020\n", runtime.Isolation{Capabilities: kill}},
		{"none", "", "chown 1 stdout 2>/dev/null || echo powerless", "powerless\n", runtime.Isolation{Capabilities: &runtime.Capabilities{}}},
		{"unconfined", "", "grep Seccomp: /proc/self/status", "Seccomp:\t0\n", runtime.Isolation{Seccomp: runtime.Seccomp{Unconfined: true}}},
		{"profile", "", "mkdir d 2>/dev/null || echo refused", "refused\n", runtime.Isolation{Seccomp: runtime.Seccomp{Profile: "nodirs.json"}}},
		{"shm", "", "df -k /dev/shm | grep -o 2048 | head -1", "2048\n", runtime.Isolation{ShmBytes: 2 << 20}},
		{"device", "", "test -c " + device + " && (exec 3<" + device + ") 2>/dev/null && echo read; (exec 3>" + device + ") 2>/dev/null || echo not written", "read\nnot written\n", runtime.Isolation{}},
	}
	for i, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			spec := b.specAs(test.user, "i"+string(rune('a'+i)), test.script)
			spec.Isolation = test.asked
			if exit, out := b.outcome(c, spec); out != test.want {
				t.Errorf("got %q, %+v, want %q", out, exit, test.want)
			}
		})
	}
	for want, asked := range map[string]runtime.Isolation{
		"none by that name":     {Seccomp: runtime.Seccomp{Profile: "../nodirs.json"}},
		"cannot be read":        {Seccomp: runtime.Seccomp{Profile: "none.json"}},
		"RLIMIT_X is not known": {Rlimits: []runtime.Rlimit{{Name: "RLIMIT_X"}}},
	} {
		spec := b.spec("bad", "true")
		spec.Isolation = asked
		if _, err := c.Launch(t.Context(), spec); fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q in it", err, want)
		}
	}
}

// What is raised needs CAP_SYS_RESOURCE; without it the launch says so, and with it the limit is there.
func TestRaisedLimit(t *testing.T) {
	b := newBed(t)
	spec := b.spec("raised", "ulimit -Hs")
	spec.Isolation.Rlimits = []runtime.Rlimit{{Name: "RLIMIT_NOFILE", Soft: 1 << 30, Hard: 1 << 30}}
	_, err := b.open().Launch(t.Context(), spec)
	if hostguard.MayRaise() && err != nil && !strings.Contains(err.Error(), "rlimit") {
		t.Errorf("raised: %v", err)
	}
	if !hostguard.MayRaise() && (fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), "may not raise its own")) {
		t.Errorf("got %v, want it refused", err)
	}
}

// The host's credentials are read by nobody, not even by root in a container.
func TestCredentials(t *testing.T) {
	b := newBed(t)
	found := hostguard.Credentials()
	if len(found) == 0 {
		t.Fatal("this host has no credentials")
	}
	script := "for f in " + strings.Join(found, " ") + "; do test -z \"$(cat $f 2>/dev/null; ls -A $f 2>/dev/null | grep -v ^$f)\" || echo $f; done; echo done"
	if exit, out := b.outcome(b.open(), b.spec("creds", script)); out != "done\n" {
		t.Errorf("%+v: what can be read: %s", exit, out)
	}
}

// A task with a GPU has its device, and nobody else has; the next agentd knows that.
func TestGPUs(t *testing.T) {
	b := newBed(t)
	dir := fmt.Sprintf("/dev/rvtest-%d", os.Getpid()) // a file system of /tmp may forbid devices
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	b.cfg.DeviceDir = dir
	const null = 1<<8 | 3
	for _, name := range []string{"nvidia0", "nvidia1", "nvidiactl"} {
		if err := unix.Mknod(filepath.Join(b.cfg.DeviceDir, name), unix.S_IFCHR|0o666, null); err != nil {
			t.Fatal(err)
		}
	}
	c := b.open()
	look := "ls " + b.cfg.DeviceDir + "; "
	held := b.spec("held", look+"echo x > "+b.cfg.DeviceDir+"/nvidia0 && echo used; sleep 1000")
	held.GPUs = 1
	if _, err := c.Launch(t.Context(), held); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it uses its GPU", func() bool { return contents(t, held.Stdout) == "nvidia0\nnvidiactl\nused\n" })
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	c = b.open()
	both := b.spec("both", "true")
	both.GPUs = 2
	if _, err := c.Launch(t.Context(), both); fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), "1 are free") {
		t.Errorf("two of one: %v", err)
	}
	other := b.spec("other", look)
	other.GPUs = 1
	if exit, out := b.outcome(c, other); out != "nvidia1\nnvidiactl\n" {
		t.Errorf("another has %q, %+v", out, exit)
	}
	end(t, c, held.ID)
	for _, id := range []ids.Container{held.ID, other.ID} {
		if err := c.Delete(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
	if exit, out := b.outcome(c, both); exit.WaitStatus != 0 {
		t.Errorf("after both have ended: %q, %+v", out, exit)
	}
}
