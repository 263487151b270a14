package shimclient

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/agentd/shimapi"
	"codeberg.org/reeve/reeve/agentd/shimexec"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/ids"
)

// execBed is a client with one container that runs for ever, and writes its pid's view of things into its sandbox.
func execBed(t *testing.T) (*bed, *Client, runtime.Spec) {
	t.Helper()
	b := newBed(t)
	c := b.open()
	spec := b.spec("target", "for n in pid mnt ipc uts net cgroup; do readlink /proc/self/ns/$n; done > ns; cat /proc/self/cgroup > cg; touch ready; exec sleep 1000")
	spec.Env = append(spec.Env, "OWN=1")
	spec.Limits.MemBytes = 64 << 20
	if _, err := c.Launch(t.Context(), spec); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Signal(background(), spec.ID, int(unix.SIGKILL), true) })
	eventually(t, "the container is ready", func() bool { _, err := os.Stat(filepath.Join(spec.Sandbox, "ready")); return err == nil })
	return b, c, spec
}

func sh(script string) runtime.Exec { return runtime.Exec{Argv: []string{"sh", "-c", script}} }

// output runs a command to its end.
func output(t *testing.T, c *Client, id ids.Container, exec runtime.Exec) (string, runtime.Exit) {
	t.Helper()
	p, err := c.Exec(t.Context(), id, exec)
	if err != nil {
		t.Fatalf("exec %v: %v", exec.Argv, err)
	}
	out, err := io.ReadAll(p.Stdout())
	if err != nil {
		t.Error(err)
	}
	if from := p.Stderr(); from != nil {
		more, err := io.ReadAll(from)
		if err != nil {
			t.Error(err)
		}
		out = append(out, more...)
	}
	exit, err := p.Wait(t.Context())
	if err := errors.Join(err, p.Close()); err != nil {
		t.Error(err)
	}
	return string(out), exit
}

// TestExecIsInside: a further process sees what the container sees, and may do no more.
func TestExecIsInside(t *testing.T) {
	signal.Ignore(syscall.SIGINT) // as under nohup
	t.Cleanup(func() { signal.Reset(syscall.SIGINT) })
	_, c, spec := execBed(t)
	for what, script := range map[string]string{
		"namespaces":          "for n in pid mnt ipc uts net cgroup; do readlink /proc/self/ns/$n; done | cmp - ns && echo ok",
		"cgroups":             "cmp /proc/self/cgroup cg && echo ok",
		"environment":         `test "$OWN" = 1 && echo ok`,
		"directory":           `test "$PWD" = ` + spec.Sandbox + " && echo ok",
		"etc is read-only":    "touch /etc/x 2>/dev/null || echo ok",
		"capabilities":        "grep -q 'CapEff:.00000000800405fb' /proc/self/status && grep -q 'CapBnd:.00000000800405fb' /proc/self/status && echo ok",
		"no new privileges":   "grep -q 'NoNewPrivs:.1' /proc/self/status && echo ok",
		"seccomp":             "grep -q 'Seccomp:.2' /proc/self/status && echo ok",
		"no unshare":          "unshare -U true 2>/dev/null || unshare -m true 2>/dev/null || echo ok",
		"signals are reset":   "grep -q 'SigBlk:.0000000000000000' /proc/self/status && grep -q 'SigIgn:.0000000000000000' /proc/self/status && echo ok",
		"no descriptors":      `test "$(ls /proc/self/fd | wc -l)" = 4 && echo ok`,
		"blocking streams":    "grep -q 'flags:.*4...$' /proc/self/fdinfo/0 /proc/self/fdinfo/1 /proc/self/fdinfo/2 || echo ok",
		"oom score":           "grep -qx 0 /proc/self/oom_score_adj && echo ok",
		"session of its own":  "test $(cut -d' ' -f6 /proc/self/stat) != 0 -o $(cut -d' ' -f6 /proc/$$/stat) = $$ && echo ok",
		"no host processes":   "test $(ls /proc | grep -c '^[0-9]') -le 7 && echo ok",
		"limit of open files": `test "$(ulimit -n)" = 65536 -o "$(ulimit -n)" = "$(ulimit -Hn)" && echo ok`,
	} {
		if out, exit := output(t, c, spec.ID, sh(script)); out != "ok\n" || exit.WaitStatus != 0 {
			t.Errorf("%s: %q gave %q, %+v", what, script, out, exit)
		}
	}
}

func TestExecUserEnvDir(t *testing.T) {
	_, c, spec := execBed(t)
	ex := sh("id -u; id -g; echo $A $OWN; pwd; grep -o 'Cap[EP].*:.*[1-9a-f]' /proc/self/status || echo powerless")
	ex.User, ex.Env, ex.Dir = "nobody", []string{"A=b", "OWN=2"}, "/usr"
	if out, _ := output(t, c, spec.ID, ex); out != "65534\n65534\nb 2\n/usr\npowerless\n" {
		t.Errorf("as nobody: %q", out)
	}
	ex.User = "12345:77"
	if out, _ := output(t, c, spec.ID, ex); !strings.HasPrefix(out, "12345\n77\n") {
		t.Errorf("by number: %q", out)
	}
	for _, test := range []struct {
		exec runtime.Exec
		want string
	}{
		{runtime.Exec{Argv: []string{"true"}, User: "no-such-user"}, "no-such-user"},
		{runtime.Exec{Argv: []string{"no-such-command"}}, "not in any directory of PATH"},
		{runtime.Exec{Argv: []string{"/etc/passwd"}}, "permission denied"},
		{runtime.Exec{Argv: []string{"/"}}, "directory"},
		{runtime.Exec{Argv: []string{"true"}, Dir: "/nowhere"}, "/nowhere"},
		{runtime.Exec{}, "empty"},
	} {
		if p, err := c.Exec(t.Context(), spec.ID, test.exec); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%+v: %v, %v; want an error with %q", test.exec, p, err, test.want)
		}
	}
}

// TestExecTerminal: size, change of size, ctrl+c, and the hang-up when whoever looks goes away.
func TestExecTerminal(t *testing.T) {
	_, c, spec := execBed(t)
	ex := sh(talker(`print("started")`))
	ex.TTY = &runtime.Window{Columns: 132, Rows: 50}
	p, err := c.Exec(t.Context(), spec.ID, ex)
	if err != nil {
		t.Fatal(err)
	}
	if p.Stderr() != nil || p.Stdin() == nil {
		t.Error("a terminal is one stream")
	}
	lines := bufio.NewScanner(p.Stdout())
	expect := func(want string) {
		t.Helper()
		if !lines.Scan() || strings.TrimSuffix(lines.Text(), "\r") != want {
			t.Fatalf("read %q, %v; want %q", lines.Text(), lines.Err(), want)
		}
	}
	expect("/dev/pts/0")
	expect("50 132")
	expect("started")
	if _, err := io.WriteString(p.Stdin(), "hello\n"); err != nil {
		t.Fatal(err)
	}
	expect("got hello")
	if err := p.Resize(runtime.Window{Columns: 99, Rows: 33}); err != nil {
		t.Fatal(err)
	}
	expect("33 99")
	if err := p.Stdin().Close(); err != nil { // no hang-up
		t.Fatal(err)
	}
	if _, err := io.WriteString(p.Stdin(), "end\n"); err != nil {
		t.Fatal(err)
	}
	if exit, err := p.Wait(t.Context()); err != nil || exit.WaitStatus != 42<<8 {
		t.Errorf("%+v, %v; want exit 42", exit, err)
	}
	for lines.Scan() {
	}
	if lines.Err() != nil {
		t.Errorf("a terminal's end: %v", lines.Err())
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}

	ex = sh("echo started; exec sleep 1000") // exec: a shell that is just forking would keep the interrupt to itself
	ex.TTY = &runtime.Window{Columns: 80, Rows: 24}
	if p, err = c.Exec(t.Context(), spec.ID, ex); err != nil {
		t.Fatal(err)
	}
	lines = bufio.NewScanner(p.Stdout())
	expect("started")
	if _, err := p.Stdin().Write([]byte{3}); err != nil {
		t.Fatal(err)
	}
	if exit, err := p.Wait(t.Context()); err != nil || exit.WaitStatus != int(unix.SIGINT) && exit.WaitStatus != 130<<8 {
		t.Errorf("%+v, %v; want it interrupted", exit, err)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}

// gone waits until processes have ended.
func gone(t *testing.T, pids []int) {
	t.Helper()
	for _, pid := range pids {
		eventually(t, fmt.Sprintf("process %d is gone", pid), func() bool { return errors.Is(unix.Kill(pid, 0), unix.ESRCH) })
	}
}

// TestExecLeavesNothing: with the session ends all that was started in it, but never the container.
func TestExecLeavesNothing(t *testing.T) {
	_, c, spec := execBed(t)
	for _, tty := range []*runtime.Window{nil, {Columns: 80, Rows: 24}} {
		for what, end := range map[string]func(runtime.Process) error{
			"close": func(p runtime.Process) error { return p.Close() },
			"exit":  func(p runtime.Process) error { _, err := io.WriteString(p.Stdin(), "end\n"); return err },
		} {
			ex := sh("trap '' HUP TERM; sleep 1001 & sh -c 'sleep 1002 & wait' & echo started; read line")
			ex.TTY, ex.Stdin = tty, true
			p, err := c.Exec(t.Context(), spec.ID, ex)
			if err != nil {
				t.Fatal(err)
			}
			if line, err := bufio.NewReader(p.Stdout()).ReadString('\n'); err != nil || strings.TrimSpace(line) != "started" {
				t.Fatalf("%q, %v", line, err)
			}
			var pids []int
			eventually(t, "four processes", func() bool { pids = session(t, p.PID()); return len(pids) == 4 })
			if err := end(p); err != nil {
				t.Fatal(err)
			}
			gone(t, pids)
			if _, err := p.Wait(t.Context()); err != nil {
				t.Error(err)
			}
			if err := p.Close(); err != nil {
				t.Errorf("%s: %v", what, err)
			}
		}
	}
	if out, _ := output(t, c, spec.ID, sh("echo alive")); out != "alive\n" {
		t.Errorf("the container afterwards: %q", out)
	}
}

// session lists the processes of a session.
func session(t *testing.T, sid int) (pids []int) {
	t.Helper()
	entries, err := os.ReadDir("/proc")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if pid, err := strconv.Atoi(e.Name()); err == nil {
			if got, err := unix.Getsid(pid); err == nil && got == sid {
				pids = append(pids, pid)
			}
		}
	}
	return pids
}

// TestExecAgentDies: a further process does not outlive the agentd that started it; one of the next agentd starts at once.
func TestExecAgentDies(t *testing.T) {
	b, c, spec := execBed(t)
	conn, err := c.dialExec(t.Context(), c.containers[spec.ID])
	if err != nil {
		t.Fatal(err)
	}
	p, err := shimexec.Start(t.Context(), conn, shimapi.Exec{Container: spec.ID, Argv: sh("echo started; sleep 1000").Argv}, false)
	if err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(p.Stdout()).ReadString('\n'); err != nil || line != "started\n" {
		t.Fatalf("%q, %v", line, err)
	}
	pids := session(t, p.PID())
	if err := errors.Join(conn.Close(), c.Close()); err != nil { // what the kernel does for an agentd that was killed
		t.Fatal(err)
	}
	gone(t, pids)
	next := b.open()
	if out, _ := output(t, next, spec.ID, sh("echo again")); out != "again\n" {
		t.Errorf("after the next start: %q", out)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}

// TestExecOlderShim: one without the socket is told apart from one that has died.
func TestExecOlderShim(t *testing.T) {
	b, c, spec := execBed(t)
	found, err := filepath.Glob(filepath.Join(b.cfg.RuntimeDir, "shims", "*", shimapi.ExecSocket))
	if err != nil || len(found) == 0 {
		t.Fatal(found, err)
	}
	for _, path := range found {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.Exec(t.Context(), spec.ID, sh("true")); fault.KindOf(err) != fault.Unsupported || !strings.Contains(err.Error(), "earlier version") {
		t.Errorf("%v, want it unsupported", err)
	}
}

// TestExecMuch: a megabyte each way, binary, at once on both streams.
func TestExecMuch(t *testing.T) {
	_, c, spec := execBed(t)
	ex := sh("tee /dev/stderr")
	ex.Stdin = true
	p, err := c.Exec(t.Context(), spec.ID, ex)
	if err != nil {
		t.Fatal(err)
	}
	data := bytes.Repeat([]byte("\x00\x01\r\n\xfe\xff"), 1<<18)
	type result struct {
		data []byte
		err  error
	}
	results := make(chan result, 2)
	for _, from := range []io.Reader{p.Stdout(), p.Stderr()} {
		go func() { got, err := io.ReadAll(from); results <- result{got, err} }()
	}
	if _, err := p.Stdin().Write(data); err != nil {
		t.Fatal(err)
	}
	if err := p.Stdin().Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if got := <-results; !bytes.Equal(got.data, data) || got.err != nil {
			t.Errorf("%d bytes came back of %d, %v", len(got.data), len(data), got.err)
		}
	}
	if exit, err := p.Wait(t.Context()); err != nil || exit.WaitStatus != 0 {
		t.Errorf("%+v, %v", exit, err)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}
