package shimclient

import (
	"errors"
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

// gpus makes devices that look like those of GPUs, of these numbers.
func (b *bed) gpus(numbers map[string]uint64) {
	b.Helper()
	b.cfg.DeviceDir = fmt.Sprintf("/dev/rvtest-%d", os.Getpid()) // a file system of /tmp may forbid devices
	if err := os.Mkdir(b.cfg.DeviceDir, 0o755); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = os.RemoveAll(b.cfg.DeviceDir) })
	for name, number := range numbers {
		path := filepath.Join(b.cfg.DeviceDir, name)
		if err := errors.Join(unix.Mknod(path, unix.S_IFCHR, int(number)), os.Chmod(path, 0o666)); err != nil {
			b.Fatal(err)
		}
	}
}

// A task with a GPU has its device, and nobody else has; the next agentd knows that.
func TestGPUs(t *testing.T) {
	b := newBed(t)
	const null = 1<<8 | 3
	b.gpus(map[string]uint64{"nvidia0": null, "nvidia1": null, "nvidiactl": null})
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

// GPUs come and go while a container runs: the file and the right to open it, and never both with two containers. A device
// without a driver says whether it may be opened: "No such device", or else "not permitted".
func TestEquip(t *testing.T) {
	b := newBed(t)
	b.gpus(map[string]uint64{"nvidia0": 1<<8 | 7, "nvidia1": 240 << 8, "nvidia2": 240<<8 | 1, "nvidiactl": 240<<8 | 2})
	c := b.open()
	spec := b.spec("executor", `cd `+b.cfg.DeviceDir[:4]+`; n=0
		while read line; do eval "$line" > $MESOS/answer.$n 2>&1; mv $MESOS/answer.$n $MESOS/$n; n=$((n+1)); done < $MESOS/orders`)
	orders := filepath.Join(spec.Sandbox, "orders")
	if err := unix.Mkfifo(orders, 0o600); err != nil {
		t.Fatal(err)
	}
	spec.Env = append(spec.Env, "MESOS="+spec.Sandbox)
	spec.Isolation.Capabilities = &runtime.Capabilities{Effective: []string{"CAP_MKNOD"}, Bounding: []string{"CAP_MKNOD"}}
	if _, err := c.Launch(t.Context(), spec); err != nil {
		t.Fatal(err)
	}
	pipe, err := os.OpenFile(orders, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = pipe.Close() }()
	asked, dir := 0, filepath.Base(b.cfg.DeviceDir)
	says := func(order, want string) {
		t.Helper()
		if _, err := fmt.Fprintln(pipe, order); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(spec.Sandbox, fmt.Sprint(asked))
		asked++
		eventually(t, "an answer to "+order, func() bool { _, err := os.Stat(path); return err == nil })
		if got := contents(t, path); !strings.Contains(got, want) || want == "" && got != "" {
			t.Errorf("%s: got %q, want %q", order, got, want)
		}
	}
	equip := func(id ids.Container, n int) {
		t.Helper()
		if err := c.Equip(t.Context(), id, n); err != nil {
			t.Fatalf("equip with %d: %v", n, err)
		}
	}
	const allowed, denied = "No such device", "not permitted"
	says("ls -d "+dir, "No such file")
	says("mknod early c 240 0; true < early", denied)
	equip(spec.ID, 1)
	says("ls "+dir, "nvidia0\nnvidiactl\n")
	says("stat -c %a "+dir+"/nvidia0", "666")
	says("true < "+dir+"/nvidiactl", allowed)
	equip(spec.ID, 2)
	says("exec 3>"+dir+"/nvidia0; ls "+dir, "nvidia0\nnvidia1\nnvidiactl\n")
	says("true < "+dir+"/nvidia1", allowed)

	if err := c.Close(); err != nil { // the next agentd knows what it has, and that others cannot have it
		t.Fatal(err)
	}
	c = b.open()
	if err := c.Equip(t.Context(), spec.ID, 4); fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), "3 are free") {
		t.Errorf("more than there are: %v", err)
	}
	says("ls "+dir, "nvidia0\nnvidia1\nnvidiactl\n")
	other := b.spec("other", "ls "+b.cfg.DeviceDir)
	other.GPUs = 1
	if exit, out := b.outcome(c, other); out != "nvidia2\nnvidiactl\n" {
		t.Errorf("another has %q, %+v", out, exit)
	}
	equip(other.ID, 2) // it has ended: no error

	equip(spec.ID, 1) // nvidia0 is in use
	says("ls "+dir, "nvidia0\nnvidiactl\n")
	says("mknod again c 240 0; true < again", denied)
	says("echo x >&3; true < "+dir+"/nvidiactl", allowed)
	says("ln -s /etc/passwd "+dir+"/nvidia1", "")
	if err := c.Equip(t.Context(), spec.ID, 2); err == nil || !strings.Contains(err.Error(), "something else is in its place") {
		t.Errorf("with something else in its place: %v", err)
	}
	says("true < again", denied)
	says("rm "+dir+"/nvidia1", "")
	equip(spec.ID, 2)
	says("true < again", allowed)
	equip(spec.ID, 0)
	says("ls "+dir, "")
	says("true < again; mknod ctl c 240 2; true < ctl", denied)
	says("head -c 1 /dev/zero | wc -c", "1") // what everybody has stays
	if info, err := os.Stat("/etc/passwd"); err != nil || info.Mode().Perm() != 0o644 {
		t.Errorf("/etc/passwd: %v, %v", info, err)
	}
	if err := c.Equip(t.Context(), "nobody", 1); fault.KindOf(err) != fault.NotFound {
		t.Errorf("of nobody: %v", err)
	}
	end(t, c, spec.ID)
}
