package shimclient

import (
	"io"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/shared/fault"
)

// talker is a command that answers lines until "end", and tells of signals at once. A shell would not do: whether a trap ends
// its read is a matter of luck. Neither would os.system in a handler: it ignores SIGINT until its command has ended.
func talker(more string) string {
	return `exec python3 -u -c '
import os, signal, sys
os.system("stty -echo")
signal.signal(signal.SIGINT, lambda *_: print("interrupted"))
signal.signal(signal.SIGWINCH, lambda *_: print(os.get_terminal_size().lines, os.get_terminal_size().columns))
os.system("tty; stty size")
` + more + `
for line in iter(sys.stdin.readline, ""):
    if line.strip() == "end":
        sys.exit(42)
    print("got " + line, end="")
'`
}

// A container's command may have a terminal, which outlives agentd; what it shows is in its output.
func TestTerminal(t *testing.T) {
	b := newBed(t)
	c := b.open()
	script := talker(`os.system("test -t 2 && echo ready")`)
	spec := b.specAs("nobody", "tty", script)
	spec.TTY = &runtime.Window{Columns: 132, Rows: 50}
	if _, err := c.Launch(t.Context(), spec); err != nil {
		t.Fatal(err)
	}
	shown := func(want string) {
		t.Helper()
		eventually(t, "the terminal shows "+want, func() bool { return strings.Contains(contents(t, spec.Stdout), want) })
	}
	shown("/dev/pts/0\r\n50 132\r\nready\r\n")
	terminal := func(c *Client) runtime.Terminal {
		t.Helper()
		tty, err := c.Terminal(t.Context(), spec.ID)
		if err != nil {
			t.Fatal(err)
		}
		return tty
	}
	typed := func(tty runtime.Terminal, text string) {
		t.Helper()
		if _, err := io.WriteString(tty, text); err != nil {
			t.Fatal(err)
		}
	}
	first := terminal(c)
	typed(first, "hello\n")
	shown("got hello\r\n")
	if err := first.Resize(runtime.Window{Columns: 99, Rows: 33}); err != nil {
		t.Fatal(err)
	}
	shown("33 99\r\n")
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	c = b.open()
	second := terminal(c)
	typed(second, "\x03")
	typed(second, "later\n")
	shown("got later\r\n")
	if n := strings.Count(contents(t, spec.Stdout), "interrupted"); n != 1 {
		t.Errorf("ctrl+c was heard %d times:\n%s", n, contents(t, spec.Stdout))
	}
	typed(second, "end\n")
	exit, err := c.Wait(t.Context(), spec.ID)
	if err != nil || exit.WaitStatus != 42<<8 {
		t.Errorf("%+v, %v; want exit 42", exit, err)
	}
	if err := second.Close(); err != nil {
		t.Error(err)
	}
	if _, err := c.Terminal(t.Context(), spec.ID); fault.KindOf(err) != fault.Conflict {
		t.Errorf("of one that has ended: %v", err)
	}
}

// The last words of a command are in the file when its end is told, and one without a terminal has none.
func TestTerminalEnd(t *testing.T) {
	b := newBed(t)
	c := b.open()
	spec := b.spec("last", "i=0; while [ $i -lt 2000 ]; do i=$((i+1)); echo line $i; done")
	spec.TTY = &runtime.Window{Columns: 80, Rows: 24}
	if exit, out := b.outcome(c, spec); exit.WaitStatus != 0 || strings.Count(out, "\r\n") != 2000 || !strings.HasSuffix(out, "line 2000\r\n") {
		t.Errorf("%+v: %d lines", exit, strings.Count(out, "\r\n"))
	}
	spec = b.spec("missing", "")
	spec.Argv, spec.TTY = []string{"/no/such"}, &runtime.Window{}
	if _, err := c.Launch(t.Context(), spec); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a command that is not there: %v", err)
	}
	spec = b.spec("plain", "sleep 1000")
	if _, err := c.Launch(t.Context(), spec); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Terminal(t.Context(), spec.ID); fault.KindOf(err) != fault.Unsupported {
		t.Errorf("of one without: %v", err)
	}
	if err := c.Signal(t.Context(), spec.ID, int(unix.SIGKILL), true); err != nil {
		t.Fatal(err)
	}
}
