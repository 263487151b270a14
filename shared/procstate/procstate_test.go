package procstate_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"codeberg.org/reeve/reeve/shared/procstate"
	"codeberg.org/reeve/reeve/shared/slowhost"
)

func start(t *testing.T, attr *syscall.SysProcAttr, argv ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.SysProcAttr = attr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGCONT) // it may have ended
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // killed: its status says nothing
	})
	return cmd
}

// await polls until check is content, and says otherwise what it saw last.
func await(t *testing.T, check func() (string, bool)) {
	t.Helper()
	for deadline := time.Now().Add(slowhost.Scale(time.Minute)); ; time.Sleep(5 * time.Millisecond) {
		saw, ok := check()
		if ok {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("in vain; last: %s", saw)
		}
	}
}

func TestRead(t *testing.T) {
	self, err := procstate.Read(os.Getpid())
	if err != nil || self.PID != os.Getpid() || self.Parent != os.Getppid() || self.State == "" || self.Name == "" {
		t.Errorf("got %+v, %v", self, err)
	}
	ended := exec.Command("true")
	if err := ended.Run(); err != nil {
		t.Fatal(err)
	}
	if _, err := procstate.Read(ended.Process.Pid); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want that there is none", err)
	}
	if text := procstate.Explain(ended.Process.Pid); !strings.Contains(text, "not there any more") {
		t.Errorf("got %q", text)
	}
	child := start(t, nil, "sleep", "1000")
	below, err := procstate.Below(os.Getpid())
	if err != nil || below[0] != os.Getpid() || !slices.Contains(below, child.Process.Pid) {
		t.Errorf("got %v, %v, want %d and %d in it", below, err, os.Getpid(), child.Process.Pid)
	}
	var out bytes.Buffer
	if err := procstate.Dump(&out, child.Process.Pid, ended.Process.Pid); err != nil {
		t.Error(err)
	}
	for _, want := range []string{fmt.Sprintf("/proc/%d/wchan:", child.Process.Pid), "State:", "no such file"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%s\nwant %q in it", &out, want)
		}
	}
}

// TestExplain: somebody has entered a pid namespace and does not wait for what he has started there. The namespace's first process,
// killed, cannot end, and Explain names both of them.
func TestExplain(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("makes a pid namespace and enters it, which needs root")
	}
	first := start(t, &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID}, "sleep", "1000")
	pid := first.Process.Pid
	if text := procstate.Explain(pid); !strings.Contains(text, "it is alone") {
		t.Errorf("got %q, want it alone", text)
	}
	visitor := start(t, nil, "nsenter", "--pid", "--target", fmt.Sprint(pid), "sleep", "1000")
	await(t, func() (string, bool) {
		pids, err := procstate.Sharing(pid)
		return fmt.Sprint(pids, err), len(pids) == 2
	})
	if err := visitor.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	await(t, func() (string, bool) {
		p, err := procstate.Read(visitor.Process.Pid)
		return fmt.Sprint(p, err), p.State == "T"
	})
	if err := first.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf(" Z of %d (nsenter) T", visitor.Process.Pid)
	await(t, func() (string, bool) {
		text := procstate.Explain(pid)
		return text + ", want" + want, strings.Contains(text, want)
	})
}

// TestStartedAt: the clock was set by an hour after a process had been started.
func TestStartedAt(t *testing.T) {
	cmd := exec.Command("sleep", "1000")
	before := time.Now()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	after := time.Now()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	const tick = 10 * time.Millisecond
	for _, by := range []time.Duration{time.Hour, -time.Hour} {
		asked := time.Now()
		got := procstate.StartedAt(cmd.Process.Pid, before.Add(by))
		if latest := after.Add(time.Since(asked)); got.Before(before.Add(-tick)) || got.After(latest) {
			t.Errorf("set by %v: started at %v, want it between %v and %v", by, got, before, latest)
		}
	}
}
