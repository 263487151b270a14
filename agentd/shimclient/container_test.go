package shimclient

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/slowhost"
)

// eventually polls until ok, for at most 10 s on a usual machine.
func eventually(tb testing.TB, what string, ok func() bool) {
	tb.Helper()
	patience := slowhost.Scale(time.Minute)
	for deadline := time.Now().Add(patience); !ok(); time.Sleep(slowhost.Scale(5 * time.Millisecond)) {
		if time.Now().After(deadline) {
			tb.Fatalf("%s: not within %v", what, patience)
		}
	}
}

func contents(tb testing.TB, path string) string {
	tb.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	return string(data)
}

// TestIsolation runs scripts that print "ok" if what must be impossible is.
func TestIsolation(t *testing.T) {
	signal.Ignore(syscall.SIGINT) // as under nohup: shims inherit it, and tasks must not
	t.Cleanup(func() { signal.Reset(syscall.SIGINT) })
	b := newBed(t)
	c := b.open()
	other := b.spec("other", "echo secret > file; sleep 1000")
	if _, err := c.Launch(t.Context(), other); err != nil {
		t.Fatal(err)
	}
	marker := "/tmp/rv-marker-" + filepath.Base(b.cfg.CgroupRoot) // not os.TempDir, which may be another
	if err := os.WriteFile(marker, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Remove(marker) })
	tests := []struct{ name, script string }{
		{"etc is read-only", "touch /etc/x 2>/dev/null || echo ok"},
		{"usr is read-only", "touch /usr/x 2>/dev/null || echo ok"},
		{"no remount", "mount -o remount,rw / 2>/dev/null || echo ok"},
		{"no unshare", "unshare -U true 2>/dev/null || unshare -m true 2>/dev/null || echo ok"},
		{"other sandbox", "cat " + other.Sandbox + "/file 2>/dev/null || echo ok"},
		{"work dir", "test -z \"$(ls -A " + b.cfg.WorkDir + " | grep -v sandboxes)\" && echo ok"},
		{"runtime dir", "ls " + b.cfg.RuntimeDir + "/shims 2>/dev/null || echo ok"},
		{"tmp is private", "test ! -e " + marker + " && touch /tmp/x && echo ok"},
		{"var tmp", "touch /var/tmp/x 2>/dev/null || echo ok"},
		{"run is empty", "test \"$(ls -A /run)\" = reeve-init && echo ok"},
		{"home is private", "test -z \"$(ls -A /home /root | grep -v :)\" && echo ok"},
		{"no host processes", "test $(ls /proc | grep -c '^[0-9]') -le 6 && echo ok"},
		{"init is pid 1", "grep -q reeve-init /proc/1/cmdline && echo ok"},
		{"no writing to init's descriptors", "(echo x > /proc/1/fd/3) 2>/dev/null || echo ok"},
		{"no signal to others", fmt.Sprintf("kill -9 %d 2>/dev/null || echo ok", os.Getpid())},
		{"no init kill", "kill -9 1; echo ok"},
		{"kmsg", "cat /dev/kmsg 2>/dev/null || echo ok"},
		{"no disk devices", "mknod /tmp/d b 254 0 2>/dev/null || echo ok"},
		{"null works", "echo x > /dev/null && echo ok"},
		{"proc sys is read-only", "echo 1 2>/dev/null > /proc/sys/vm/drop_caches || echo ok"},
		{"kcore is masked", "test ! -s /proc/kcore && echo ok"},
		{"sysfs is read-only", "mkdir /sys/fs/cgroup/x 2>/dev/null || echo ok"},
		{"capabilities", "grep -q 'CapEff:.00000000800405fb' /proc/self/status && echo ok"},
		{"no new privileges", "grep -q 'NoNewPrivs:.1' /proc/self/status && echo ok"},
		{"seccomp", "grep -q 'Seccomp:.2' /proc/self/status && echo ok"},
		{"signals are reset", "grep -q 'SigBlk:.0000000000000000' /proc/self/status && grep -q 'SigIgn:.0000000000000000' /proc/self/status && echo ok"},
		{"no descriptors leaked", "test \"$(ls /proc/self/fd | wc -l)\" = 4 && echo ok"}, // 0 to 2, and ls's own
		{"oom score", "grep -qx 0 /proc/self/oom_score_adj && echo ok"},
		{"name resolution", "cat /etc/resolv.conf >/dev/null && cat /etc/hosts >/dev/null && echo ok"},
		{"own ipc", "test -d /dev/mqueue && touch /dev/shm/x && echo ok"},
		{"sandbox is writable", "echo x > f && test -s f && echo ok"},
		{"cgroup namespace", "! grep -q " + b.cfg.CgroupRoot + " /proc/self/cgroup && echo ok"},
	}
	for i, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			exit, out := b.outcome(c, b.spec(fmt.Sprintf("iso-%d", i), test.script))
			if out != "ok\n" {
				t.Errorf("%s: %q, %+v", test.script, out, exit)
			}
		})
	}
	if err := c.Signal(t.Context(), other.ID, int(unix.SIGKILL), true); err != nil {
		t.Fatal(err)
	}
}

func TestUser(t *testing.T) {
	if _, err := user.Lookup("nobody"); err != nil {
		t.Skipf("needs the user nobody: %v", err)
	}
	b := newBed(t)
	c := b.open()
	script := "id -u; touch mine && echo wrote; cat /etc/shadow 2>/dev/null; echo no more; grep -o 'Cap[EP].*:.*[1-9a-f]' /proc/self/status || echo powerless"
	if _, out := b.outcome(c, b.specAs("nobody", "nobody", script)); out != "65534\nwrote\nno more\npowerless\n" {
		t.Errorf("as nobody: %q", out)
	}
	spec := b.spec("who", "true")
	spec.User = "no-such-user"
	if _, err := c.Launch(t.Context(), spec); err == nil || !strings.Contains(err.Error(), "no-such-user") {
		t.Errorf("unknown user: %v, want an error that names it", err)
	}
}

func TestLimits(t *testing.T) {
	b := newBed(t)
	c := b.open()
	t.Run("memory", func(t *testing.T) {
		spec := b.spec("oom", "x=$(head -c 200000000 /dev/zero | tr '\\0' x); echo survived")
		spec.Limits.MemBytes = 32 << 20
		exit, out := b.outcome(c, spec)
		if !exit.OOMKilled || exit.Message != "memory limit of 32 MB exceeded" || strings.Contains(out, "survived") {
			t.Errorf("got %+v, %q", exit, out)
		}
	})
	t.Run("killed, not for memory", func(t *testing.T) {
		spec := b.spec("killed", "kill -9 $$")
		spec.Limits.MemBytes = 32 << 20
		if exit, _ := b.outcome(c, spec); exit.OOMKilled || exit.WaitStatus != int(unix.SIGKILL) {
			t.Errorf("got %+v, want SIGKILL and no OOM", exit)
		}
	})
	t.Run("too little memory", func(t *testing.T) {
		spec := b.spec("tiny", "true")
		spec.Limits.MemBytes = 1 << 20
		if _, err := c.Launch(t.Context(), spec); fault.KindOf(err) != fault.Invalid {
			t.Errorf("got %v, want it refused", err)
		}
	})
	t.Run("processes", func(t *testing.T) {
		spec := b.spec("pids", "for i in 1 2 3 4 5 6 7 8 9 10; do sleep 5 & done; echo all")
		spec.Limits.Pids = 8
		if _, out := b.outcome(c, spec); strings.Contains(out, "all") && !strings.Contains(out, "fork") {
			t.Errorf("got %q, want fork to fail", out)
		}
	})
	t.Run("cpu and files", func(t *testing.T) {
		spec := b.spec("cpu", "ulimit -n; sleep 1000")
		spec.Limits = runtime.Limits{CPUs: 1.5, CPUQuota: 0.5}
		if _, err := c.Launch(t.Context(), spec); err != nil {
			t.Fatal(err)
		}
		dir := c.cgroups.Dir("cpu", c.cfg.group(spec.ID))
		want := map[string]string{"cpu.shares": "1536\n", "cpu.cfs_quota_us": "50000\n"}
		if c.cgroups.Unified {
			want = map[string]string{"cpu.max": "50000 100000\n"}
		}
		for name, text := range want {
			if got := contents(t, filepath.Join(dir, name)); got != text {
				t.Errorf("%s is %q, want %q", name, got, text)
			}
		}
		if got := contents(t, filepath.Join(c.cgroups.Dir("pids", c.cfg.group(spec.ID)), "pids.max")); got != "4096\n" {
			t.Errorf("pids.max is %q, want the default", got)
		}
		var own unix.Rlimit
		if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &own); err != nil {
			t.Fatal(err)
		}
		eventually(t, "ulimit", func() bool { return contents(t, spec.Stdout) != "" })
		if got, want := strings.TrimSpace(contents(t, spec.Stdout)), strconv.FormatUint(min(65536, own.Max), 10); got != want {
			t.Errorf("ulimit -n is %s, want %s", got, want)
		}
		end(t, c, spec.ID)
	})
}

func end(tb testing.TB, c *Client, id ids.Container) runtime.Exit {
	tb.Helper()
	if err := c.Signal(tb.Context(), id, int(unix.SIGKILL), true); err != nil {
		tb.Fatal(err)
	}
	exit, err := c.Wait(tb.Context(), id)
	if err != nil {
		tb.Fatal(err)
	}
	return exit
}

func TestSignals(t *testing.T) {
	b := newBed(t)
	c := b.open()
	tests := []struct {
		name, script string
		signal       unix.Signal
		all          bool
		want         int
		out          string
	}{
		{"default action", "echo up; exec sleep 1000", unix.SIGTERM, false, int(unix.SIGTERM), ""},
		{"shell", "echo up; sleep 1000; true", unix.SIGTERM, false, int(unix.SIGTERM), ""},
		{"trap", "trap 'echo bye; exit 9' TERM; echo up; while :; do sleep 0.01; done", unix.SIGTERM, false, 9 << 8, "bye\n"},
		{"all", "trap 'echo bye; exit 8' TERM; echo up; sleep 1000", unix.SIGTERM, true, 8 << 8, "bye\n"},
		{"interrupt", "trap 'exit 5' INT; echo up; while :; do sleep 0.01; done", unix.SIGINT, false, 5 << 8, ""},
		{"user signal", "trap 'exit 6' USR1; echo up; while :; do sleep 0.01; done", unix.SIGUSR1, false, 6 << 8, ""},
		{"kill what ignores", "trap '' TERM INT; echo up; while :; do sleep 0.01; done", unix.SIGKILL, false, int(unix.SIGKILL), ""},
		{"kill with children", "echo up; sleep 1000 & sleep 1000 & wait", unix.SIGKILL, true, int(unix.SIGKILL), ""},
	}
	for i, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			spec := b.spec(fmt.Sprintf("sig-%d", i), test.script)
			if _, err := c.Launch(t.Context(), spec); err != nil {
				t.Fatal(err)
			}
			eventually(t, "start", func() bool { return contents(t, spec.Stdout) == "up\n" })
			// The shell has to get to its sleep: a child that is not yet another program may swallow the signal.
			eventually(t, "its children", func() bool {
				pids, err := c.cgroups.PIDs(c.cfg.group(spec.ID))
				return err == nil && slices.ContainsFunc(pids, func(pid int) bool {
					name, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
					return string(name) == "sleep\n"
				})
			})
			sent := time.Now()
			if err := c.Signal(t.Context(), spec.ID, int(test.signal), test.all); err != nil {
				t.Fatal(err)
			}
			exit, err := c.Wait(t.Context(), spec.ID)
			if err != nil || exit.WaitStatus != test.want {
				t.Errorf("got %+v, %v, want status %d", exit, err, test.want)
			}
			if got := strings.TrimPrefix(contents(t, spec.Stdout), "up\n"); got != test.out {
				t.Errorf("wrote %q, want %q", got, test.out)
			}
			if took := time.Since(sent); took > slowhost.Scale(5*time.Second) {
				t.Errorf("took %v", took)
			}
		})
	}
	t.Run("stop and continue", func(t *testing.T) {
		spec := b.spec("stop", "echo up; exec sleep 1000")
		if _, err := c.Launch(t.Context(), spec); err != nil {
			t.Fatal(err)
		}
		for _, sig := range []unix.Signal{unix.SIGSTOP, unix.SIGCONT, unix.SIGTERM} {
			if err := c.Signal(t.Context(), spec.ID, int(sig), false); err != nil {
				t.Fatal(err)
			}
		}
		if exit, err := c.Wait(t.Context(), spec.ID); err != nil || exit.WaitStatus != int(unix.SIGTERM) {
			t.Errorf("got %+v, %v", exit, err)
		}
	})
}

// TestEverythingEnds: when the command ends, so does what it left in the background.
func TestEverythingEnds(t *testing.T) {
	b := newBed(t)
	c := b.open()
	spec := b.spec("daemon", "(trap '' TERM HUP; sleep 1000) & setsid sleep 1000 & sleep 0.05; exit 4")
	exit, _ := b.outcome(c, spec)
	if exit.WaitStatus != 4<<8 {
		t.Errorf("got %+v, want status 4", exit)
	}
	if pids, err := c.cgroups.PIDs(c.cfg.group(spec.ID)); err != nil || len(pids) != 0 {
		t.Errorf("processes %v are left, %v", pids, err)
	}
	if groups, err := c.cgroups.Groups(c.cfg.groups()); err != nil || len(groups) != 0 {
		t.Errorf("cgroups %v are left, %v", groups, err)
	}
}

func TestLaunchErrors(t *testing.T) {
	b := newBed(t)
	c := b.open()
	script := b.spec("script", "true")
	if err := os.WriteFile(filepath.Join(script.Sandbox, "noexec"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(script.Sandbox, "badbang"), []byte("#!/no/such/interpreter\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name string
		edit func(*runtime.Spec)
		want string
	}{
		{"missing", func(s *runtime.Spec) { s.Argv = []string{"/no/such"} }, `start command "/no/such": no such file`},
		{"not in PATH", func(s *runtime.Spec) { s.Argv = []string{"no-such-command"} }, `start command "no-such-command": it is not in any directory of PATH`},
		{"not executable", func(s *runtime.Spec) { s.Argv = []string{"./noexec"} }, `start command "./noexec": permission denied`},
		{"bad interpreter", func(s *runtime.Spec) { s.Argv = []string{"./badbang"} }, `start command "./badbang": no such file`},
		{"directory", func(s *runtime.Spec) { s.Argv = []string{"/etc"} }, `start command "/etc": permission denied`},
		{"empty", func(s *runtime.Spec) { s.Argv = nil }, "command is empty"},
		{"id", func(s *runtime.Spec) { s.ID = "a/b" }, "container id"},
		{"no sandbox", func(s *runtime.Spec) { s.Sandbox = "/no/such/dir" }, "is not a directory"},
		{"output outside", func(s *runtime.Spec) { s.Stdout = "/etc/passwd" }, "open output file"},
	}
	for i, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			spec := script
			spec.ID = ids.Container(fmt.Sprintf("err-%d", i))
			test.edit(&spec)
			_, err := c.Launch(t.Context(), spec)
			if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
	for _, list := range []func() (int, error){
		func() (int, error) { groups, err := c.cgroups.Groups(c.cfg.groups()); return len(groups), err },
		func() (int, error) { states, err := os.ReadDir(c.cfg.state()); return len(states), err },
		func() (int, error) { records, err := c.cfg.records().List(); return len(records), err },
	} {
		if n, err := list(); err != nil || n != 0 {
			t.Errorf("%d things are left, %v", n, err)
		}
	}
}

// TestLaunchIsCarriedThrough: whoever gives up a launch that has begun is told of the container, or there is none. Were it
// running behind an error, nobody would ever end it.
func TestLaunchIsCarriedThrough(t *testing.T) {
	b := newBed(t)
	c := b.open()
	for i := range 10 {
		spec := b.spec(fmt.Sprintf("given-up-%d", i), "sleep 1000")
		ctx, cancel := context.WithCancel(t.Context())
		launched := make(chan error, 1)
		go func() {
			_, err := c.Launch(ctx, spec)
			launched <- err
		}()
		eventually(t, "the launch has begun", func() bool { _, err := os.Stat(c.cfg.record(spec.ID)); return err == nil })
		cancel()
		if err := <-launched; err != nil {
			if err := c.Delete(t.Context(), spec.ID); err != nil {
				t.Fatalf("a launch failed, and: %v", err)
			}
			continue
		}
		end(t, c, spec.ID)
		if err := c.Delete(t.Context(), spec.ID); err != nil {
			t.Fatal(err)
		}
	}
}

// TestOutputLink: a task cannot make the shim, which is root, write to a file of the host.
func TestOutputLink(t *testing.T) {
	b := newBed(t)
	c := b.open()
	victim := filepath.Join(filepath.Dir(b.cfg.WorkDir), "victim")
	if err := os.WriteFile(victim, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	spec := b.spec("link", "echo gotcha")
	if err := os.Remove(spec.Stdout); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(victim, spec.Stdout); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Launch(t.Context(), spec); err == nil {
		t.Error("launched with stdout leading out of the sandbox")
	}
	if got := contents(t, victim); got != "" {
		t.Errorf("the host's file holds %q", got)
	}
}

func TestStats(t *testing.T) {
	b := newBed(t)
	c := b.open()
	spec := b.spec("stats", "x=$(head -c 20000000 /dev/zero | tr '\\0' x); i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; echo up; sleep 1000")
	spec.Limits = runtime.Limits{CPUQuota: 0.5, MemBytes: 256 << 20}
	if _, err := c.Launch(t.Context(), spec); err != nil {
		t.Fatal(err)
	}
	eventually(t, "work", func() bool { return contents(t, spec.Stdout) == "up\n" })
	stats, err := c.Stats(t.Context(), spec.ID)
	if err != nil {
		t.Fatal(err)
	}
	if stats.CPUUser+stats.CPUSystem < 50*time.Millisecond || stats.Periods == 0 || stats.AnonBytes < 20e6 ||
		stats.MemBytes < stats.AnonBytes || stats.MemLimit != 256<<20 || stats.Processes < 1 {
		t.Errorf("got %+v", stats)
	}
	end(t, c, spec.ID)
	if _, err := c.Stats(t.Context(), spec.ID); fault.KindOf(err) != fault.Conflict {
		t.Errorf("after the end: %v, want a conflict", err)
	}
}

// TestResize: limits follow what is asked for, a container is never killed to make room, and the last limit counts.
func TestResize(t *testing.T) {
	b := newBed(t)
	c := b.open()
	// A step fills the sandbox's word with that many bytes, and says so.
	spec := b.spec("resize", `step() { until [ -e "$1" ]; do sleep 0.01; done; eval "$1=\$(head -c $2 /dev/zero | tr '\\0' x)"; echo "$1"; }
		step first 45000000; step second 120000000; sleep 1000`)
	spec.Limits = runtime.Limits{CPUs: 0.5, MemBytes: 128 << 20}
	if _, err := c.Launch(t.Context(), spec); err != nil {
		t.Fatal(err)
	}
	step := func(name string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(spec.Sandbox, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	step("first")
	eventually(t, "first allocation", func() bool { return strings.HasSuffix(contents(t, spec.Stdout), "first\n") })
	if err := c.Resize(t.Context(), spec.ID, runtime.Limits{CPUs: 2, MemBytes: 32 << 20}); fault.KindOf(err) != fault.Conflict ||
		!strings.Contains(err.Error(), "memory limit stays at 128 MB") {
		t.Errorf("a limit below what is in use: %v, want a conflict that says what stays", err)
	}
	if stats, err := c.Stats(t.Context(), spec.ID); err != nil || stats.MemLimit != 128<<20 || stats.OOMKills != 0 {
		t.Errorf("after the refusal: %+v, %v, want the old limit and nobody killed", stats, err)
	}
	if dir := c.cgroups.Dir("cpu", c.cfg.group(spec.ID)); !c.cgroups.Unified {
		if got := contents(t, filepath.Join(dir, "cpu.shares")); got != "2048\n" {
			t.Errorf("got %q shares of the CPUs, want 2048: what was refused was the memory", got)
		}
	}
	if err := c.Resize(t.Context(), spec.ID, runtime.Limits{MemBytes: 1 << 20}); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a tiny limit: %v, want it refused", err)
	}
	if err := c.Resize(t.Context(), spec.ID, runtime.Limits{CPUs: 0.5, MemBytes: 160 << 20}); err != nil {
		t.Fatal(err)
	}
	step("second")
	exit, err := c.Wait(t.Context(), spec.ID)
	if err != nil || !exit.OOMKilled || exit.Message != "memory limit of 160 MB exceeded" {
		t.Errorf("got %+v, %v, want it killed at the new limit", exit, err)
	}
}

// TestBinaryReplaced: an upgrade removes the old binary, and its shims go on; new containers go to the new binary.
func TestBinaryReplaced(t *testing.T) {
	b := newBed(t)
	bin := filepath.Join(filepath.Dir(b.cfg.WorkDir), "bin")
	if err := os.Mkdir(bin, 0o755); err != nil {
		t.Fatal(err)
	}
	data := contents(t, b.cfg.ShimPath)
	b.cfg.ShimPath = filepath.Join(bin, "agentd-shim")
	if err := os.WriteFile(b.cfg.ShimPath, []byte(data), 0o755); err != nil {
		t.Fatal(err)
	}
	c := b.open()
	first := b.spec("first", "sleep 1000")
	if _, err := c.Launch(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(b.cfg.ShimPath+".new", []byte(data), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(b.cfg.ShimPath+".new", b.cfg.ShimPath); err != nil {
		t.Fatal(err)
	}
	if exit, out := b.outcome(c, b.spec("second", "echo two")); out != "two\n" {
		t.Errorf("after the replacement, same agent: %q, %+v", out, exit)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	c = b.open()
	third := b.spec("third", "sleep 1000")
	if _, err := c.Launch(t.Context(), third); err != nil {
		t.Fatal(err)
	}
	c.mu.Lock()
	shared := c.containers[first.ID].link == c.containers[third.ID].link
	c.mu.Unlock()
	if shared {
		t.Error("a new container went to a shim of the old binary")
	}
	end(t, c, first.ID)
	end(t, c, third.ID)
}
