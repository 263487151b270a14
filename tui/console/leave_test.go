package console

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/charmbracelet/x/term"
	"github.com/creack/pty"
	"golang.org/x/sys/unix"
)

// leaveEnv is set for a child of TestTheShellGetsNoAnswer.
const leaveEnv = "REEVE_LEAVE_CHILD"

// TestTheShellGetsNoAnswer leaves a console before the terminal has said what its background is. The answer is not left to the shell,
// what is typed is, and a terminal that says nothing is not waited for.
func TestTheShellGetsNoAnswer(t *testing.T) {
	if how := os.Getenv(leaveEnv); how != "" {
		if how == "patient" {
			lateAnswer = time.Minute // however busy this machine is, the answer comes in time
		}
		if err := Run(context.Background(), Options{Demo: true, Fresh: true}); err != nil {
			t.Fatal(err)
		}
		return
	}
	const answer = "\x1b]11;rgb:ffff/ffff/eeee"
	for _, test := range []struct{ how, then, left string }{
		{"patient", answer + "\x1b\\", ""},
		{"patient", answer + "\a", ""},
		{"as it is", "ls", "ls"},
		{"as it is", "", ""},
	} {
		t.Run(test.how+" "+test.left, func(t *testing.T) {
			if got := leave(t, test.how, test.then); got != test.left {
				t.Errorf("the shell reads %q, want %q", got, test.left)
			}
		})
	}
}

// leave leaves a console at once, has the terminal say something then, and returns what is there to be read afterwards.
func leave(t *testing.T, how, then string) string {
	t.Helper()
	terminal, tty, err := pty.Open()
	if err != nil {
		t.Fatal("no pseudo terminal, which these tests need (mount devpts): ", err)
	}
	defer func() { _ = errors.Join(terminal.Close(), tty.Close()) }()
	if err := pty.Setsize(terminal, &pty.Winsize{Rows: 24, Cols: 80}); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	child := exec.CommandContext(ctx, self, "-test.run=^TestTheShellGetsNoAnswer$")
	child.Env = append(os.Environ(), "TERM=xterm-256color", "LANG=C.UTF-8", "COLORFGBG=", leaveEnv+"="+how, "HOME="+t.TempDir(), "XDG_STATE_HOME=", "REEVE_CONFIG=/dev/null")
	child.Stdin, child.Stdout, child.Stderr = tty, tty, tty
	child.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	w := watch(terminal)
	w.until(t, "a question and a frame", func() bool {
		return strings.Contains(w.all, "\x1b]11;?") && strings.Contains(w.screen.String(), "ATTENTION")
	})
	if err := press(terminal, "\x03"); err != nil {
		t.Fatal(err)
	}
	w.until(t, "the first screen again", func() bool { return strings.Contains(w.all, "\x1b[?1049l") })
	if how == "as it is" {
		if err := child.Wait(); err != nil { // nothing came, and it ends
			t.Fatal(err)
		}
	}
	if err := press(terminal, then); err != nil {
		t.Fatal(err)
	}
	if how != "as it is" {
		if err := child.Wait(); err != nil {
			t.Fatal(err)
		}
	}
	return queue(t, tty)
}

// queue is what a terminal has to read.
func queue(t *testing.T, tty *os.File) string {
	t.Helper()
	before, err := term.MakeRaw(tty.Fd())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = term.Restore(tty.Fd(), before) }()
	fds := []unix.PollFd{{Fd: int32(tty.Fd()), Events: unix.POLLIN}}
	if n, err := unix.Poll(fds, 200); err != nil || n == 0 {
		return ""
	}
	got := make([]byte, 256)
	n, err := unix.Read(int(tty.Fd()), got)
	if err != nil {
		t.Fatal(err)
	}
	return string(got[:n])
}
