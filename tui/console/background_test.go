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

	"github.com/creack/pty"
	"github.com/muesli/termenv"

	"codeberg.org/reeve/reeve/tui/theme"
)

// lookEnv is set for a child of TestTheTerminalTellsItsBackground.
const lookEnv = "REEVE_LOOK_CHILD"

// TestTheTerminalTellsItsBackground is a terminal that answers, late and in pieces, or never. The console does not wait for it, takes the
// theme that suits, and nothing of the answer is a key.
func TestTheTerminalTellsItsBackground(t *testing.T) {
	if os.Getenv(lookEnv) != "" {
		if err := Run(context.Background(), Options{Demo: true, Fresh: true}); err != nil {
			t.Fatal(err)
		}
		return
	}
	for _, test := range []struct {
		look  string
		reply []string
	}{
		{"light", []string{"\x1b]11;rgb:ffff/ff", "ff/eeee\x1b\\"}},
		{"light", []string{"\x1b]11;rgb:ff/ff/ff\a"}},
		{"dark", []string{"\x1b]11;rg", "b:1c1c/1c1c/1c1c\x1b", "\\"}},
		{"auto", nil},
	} {
		t.Run(test.look, func(t *testing.T) { looksAs(t, test.look, test.reply) })
	}
}

func looksAs(t *testing.T, look string, reply []string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	child := exec.CommandContext(ctx, self, "-test.run=^TestTheTerminalTellsItsBackground$")
	child.Env = append(os.Environ(), "TERM=xterm-256color", "LANG=C.UTF-8", "COLORFGBG=", "NO_COLOR=", lookEnv+"=1", "HOME="+t.TempDir(), "XDG_STATE_HOME=", "REEVE_CONFIG=/dev/null")
	terminal, err := pty.StartWithSize(child, &pty.Winsize{Rows: 24, Cols: 80})
	if err != nil {
		t.Fatal("no pseudo terminal, which these tests need (mount devpts): ", err)
	}
	defer func() { _ = errors.Join(child.Process.Signal(syscall.SIGTERM), child.Wait(), terminal.Close()) }() // a child that has ended is what is wanted

	good := theme.New(theme.Options{Profile: termenv.ANSI256, Name: look}).SGR(theme.Good, 0)
	w := watch(terminal)
	w.until(t, "a question and a frame", func() bool {
		return strings.Contains(w.all, "\x1b]11;?") && strings.Contains(w.screen.String(), "ATTENTION")
	})
	for i, piece := range reply {
		if i > 0 {
			time.Sleep(80 * time.Millisecond) // the network: longer than the rest of a sequence may take
		}
		if err := press(terminal, piece); err != nil {
			t.Fatal(err)
		}
	}
	w.until(t, "the theme "+look, func() bool { return strings.Contains(w.all, good+"m") })
	if text := w.screen.String(); !strings.Contains(text, "ATTENTION") || strings.Contains(text, "rgb") {
		t.Errorf("the answer was taken for keys:\n%s", text)
	}
	if err := press(terminal, "2"); err != nil {
		t.Fatal(err)
	}
	w.until(t, "the agents", func() bool { return strings.Contains(w.screen.String(), "agent-01") })
}
