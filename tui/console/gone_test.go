package console

import (
	"context"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"

	"codeberg.org/reeve/reeve/shared/emulator"
)

// TestTerminalIsGone: a console whose terminal is closed ends, also if nobody tells it: SIGHUP is ignored here, as it is
// under nohup.
func TestTerminalIsGone(t *testing.T) {
	if os.Getenv("REEVE_GONE_CHILD") != "" {
		signal.Ignore(syscall.SIGHUP)
		if err := Run(context.Background(), Options{Demo: true, Fresh: true}); err != nil {
			t.Fatal(err)
		}
		return
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	child := exec.CommandContext(ctx, self, "-test.run=^TestTerminalIsGone$")
	child.Env = append(os.Environ(), "TERM=xterm-256color", "REEVE_GONE_CHILD=1", "HOME="+t.TempDir())
	terminal, err := pty.StartWithSize(child, &pty.Winsize{Rows: 24, Cols: 80})
	if err != nil {
		t.Fatal("no pseudo terminal, which these tests need (mount devpts): ", err)
	}
	screen := emulator.New(80, 24)
	for part := make([]byte, 4096); !strings.Contains(screen.String(), "ATTENTION"); { // it runs, and not only begins to
		n, err := terminal.Read(part)
		if err != nil {
			t.Fatalf("the console ended early: %v\n%s", err, screen)
		}
		if _, err := screen.Write(part[:n]); err != nil {
			t.Fatal(err)
		}
	}
	if err := terminal.Close(); err != nil {
		t.Fatal(err)
	}
	if err := child.Wait(); err != nil {
		t.Fatalf("the console did not end by itself: %v", err)
	}
}
