package e2e

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"golang.org/x/term"

	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// TestExec: a command in a task, with streams, with a terminal, and the ways in which it does not work.
func TestExec(t *testing.T) {
	t.Parallel()
	r := start(t, 1, 1)
	r.submit(reeveapi.JobSpec{Name: "target", Command: "echo here > mark; sleep 1000"})
	r.await("a running task", func(ts []reeveapi.Task) bool { return all(ts, 1, "TASK_RUNNING") })

	got := r.reeve("exec", "target", "--", "sh", "-c", "cat; cat mark; echo err >&2; exit 7")
	if got.stdout != "here\n" || got.stderr != "err\n" || got.code != 7 {
		t.Errorf("streams: %+v", got)
	}
	if got := r.reeve("exec", "target", "sh", "-c", "kill -9 $$"); got.code != 137 {
		t.Errorf("a command that was killed: %+v, want 137", got)
	}
	if got := r.reeve("exec", "-e", "WHO=me", "target", "sh", "-c", "echo $WHO"); got.stdout != "me\n" {
		t.Errorf("environment: %+v", got)
	}
	data := bytes.Repeat([]byte("\x00\x01\xff\r\n\x1d"), 50_000)
	if got := r.execWith(data, "exec", "-i", "target", "--", "cat"); got.stdout != string(data) || got.code != 0 {
		t.Errorf("binary: %d bytes came back of %d, %q, %d", len(got.stdout), len(data), got.stderr, got.code)
	}
	for what, test := range map[string]struct {
		args []string
		want string
		code int
	}{
		"no such task":    {[]string{"exec", "ghost", "true"}, "ghost", 1},
		"no such command": {[]string{"exec", "target", "no-such-command"}, "no-such-command", 1},
		"no such user":    {[]string{"exec", "-u", "nobody-at-all", "target", "true"}, "nobody-at-all", 1},
		"no terminal":     {[]string{"exec", "-t", "target", "sh"}, "terminal", 2},
	} {
		if got := r.reeve(test.args...); got.code != test.code || !strings.Contains(got.stderr, test.want) || strings.Count(got.stderr, "\n") != 1 {
			t.Errorf("%s: %+v, want status %d and one line with %q", what, got, test.code, test.want)
		}
	}
	r.testTerminal(t)
}

func (r *rig) execWith(stdin []byte, args ...string) result {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(r.bin, "reeve"), append([]string{"--master=" + r.MasterList()}, args...)...)
	var stdout, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(stdin), &stdout, &stderr
	if err := cmd.Start(); err != nil {
		r.t.Fatal(err)
	}
	_ = cmd.Wait() // the state tells
	return result{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
}

// seat is a terminal with reeve exec on it.
type seat struct {
	*testing.T
	master, tty *os.File
	cmd         *exec.Cmd
	before      *term.State

	mu   sync.Mutex // guards text
	text strings.Builder
	done chan struct{}
}

func (r *rig) sit(t *testing.T, args ...string) *seat {
	t.Helper()
	master, tty, err := pty.Open()
	if err != nil {
		t.Skip("no pseudo terminal here: ", err)
	}
	t.Cleanup(func() { _ = master.Close() })
	s := &seat{T: t, master: master, tty: tty, done: make(chan struct{})}
	if err := pty.Setsize(master, &pty.Winsize{Rows: 31, Cols: 97}); err != nil {
		t.Fatal(err)
	}
	if s.before, err = term.GetState(int(tty.Fd())); err != nil {
		t.Fatal(err)
	}
	s.cmd = exec.Command(filepath.Join(r.bin, "reeve"), append([]string{"--master=" + r.MasterList(), "exec"}, args...)...)
	s.cmd.Env = append(os.Environ(), "TERM=xterm")
	s.cmd.Stdin, s.cmd.Stdout, s.cmd.Stderr = tty, tty, tty
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(s.done)
		buf := make([]byte, 4096)
		for {
			n, err := master.Read(buf)
			s.mu.Lock()
			s.text.Write(buf[:n])
			s.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	return s
}

func (s *seat) shown() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

func (s *seat) press(keys string) {
	s.Helper()
	if _, err := s.master.WriteString(keys); err != nil {
		s.Fatal(err)
	}
}

func (s *seat) expect(want string) {
	s.Helper()
	for deadline := time.Now().Add(patience); !strings.Contains(s.shown(), want); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			s.Fatalf("%q is not shown:\n%s", want, s.shown())
		}
	}
}

// end waits for reeve, and checks that the terminal is as it was and that no typed key was swallowed.
func (s *seat) end(code int) {
	s.Helper()
	_ = s.cmd.Wait() // the state tells
	if got := s.cmd.ProcessState.ExitCode(); got != code {
		s.Errorf("exit status %d, want %d:\n%s", got, code, s.shown())
	}
	after, err := term.GetState(int(s.tty.Fd()))
	if err != nil || !reflect.DeepEqual(after, s.before) {
		s.Errorf("the terminal is %+v, %v; it was %+v", after, err, s.before)
	}
	s.press("next\n")
	buf := make([]byte, 64)
	if n, err := s.tty.Read(buf); err != nil || string(buf[:n]) != "next\n" {
		s.Errorf("the next program reads %q, %v", buf[:n], err)
	}
	if err := s.tty.Close(); err != nil {
		s.Error(err)
	}
}

func (r *rig) testTerminal(t *testing.T) {
	t.Helper()
	s := r.sit(t, "-it", "target", "--", "sh")
	s.press("stty -echo; stty size; echo TERM=$TERM\n")
	s.expect("31 97")
	s.expect("TERM=xterm")
	if err := pty.Setsize(s.master, &pty.Winsize{Rows: 44, Cols: 111}); err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Process.Signal(syscall.SIGWINCH); err != nil { // pty.Setsize tells the foreground group; this is for those who are in none
		t.Fatal(err)
	}
	for deadline := time.Now().Add(patience); !strings.Contains(s.shown(), "44 111"); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the new size does not arrive:\n%s", s.shown())
		}
		s.press("stty size\n")
	}
	s.press("sh -c 'echo st$((1+1))art; exec sleep 1000'; echo slept=$?\n")
	s.expect("st2art") // before, ctrl+c might go to the shell, which does not care
	s.press("\x03")
	s.press("\n")
	s.press("echo in$((1+1))terrupted\n")
	s.expect("in2terrupted")
	s.press("exit 42\n")
	s.end(42)

	s = r.sit(t, "target") // a shell, without being told
	s.press("echo $((40+2))\n")
	s.expect("42")
	s.press("\x1d")
	s.expect("ends this shell")
	s.press("d")
	s.end(0)

	s = r.sit(t, "-it", "target", "--", "sh", "-c", "echo started; sleep 1000")
	s.expect("started")
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	s.end(130)
}

// TestAShellInTheConsole: it takes the terminal and gives it back, and no key is lost on either way.
func TestAShellInTheConsole(t *testing.T) {
	t.Parallel()
	r := start(t, 1, 1)
	r.submit(reeveapi.JobSpec{Name: "target", Command: "sleep 1000"})
	r.await("a running task", func(ts []reeveapi.Task) bool { return all(ts, 1, "TASK_RUNNING") })
	c := r.console()
	c.see("AGENTS", "live")
	c.press("3")
	c.see("target", "RUNNING")
	for round := range 2 {
		c.press("s")
		c.see("shell", "ctrl+] menu")
		c.press("echo $((40+2)) $TERM; stty size\r")
		c.see("42 xterm-256color", "24 80")
		c.press("exit 3\r")
		c.see("ended: exit 3", "leader")
		c.press("\r") // the first key after it
		c.see("STAGING", "facts")
		if round == 0 {
			c.press("\x1b")
			c.see("unreachable")
		}
	}
	c.press("s")
	c.see("ctrl+] menu")
	c.press("\x1d")
	c.see("ends this shell")
	c.press("d")
	c.see("ended: exit 0", "facts")
}
