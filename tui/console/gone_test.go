package console

import (
	"context"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
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
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	child := exec.CommandContext(ctx, self, "-test.run=^TestTerminalIsGone$")
	child.Env = append(os.Environ(), "TERM=xterm-256color", "REEVE_GONE_CHILD=1", "HOME="+t.TempDir())
	terminal, err := pty.StartWithSize(child, &pty.Winsize{Rows: 24, Cols: 80})
	if err != nil {
		t.Skip("no pseudo terminal here: ", err)
	}
	if n, err := terminal.Read(make([]byte, 4096)); err != nil || n == 0 { // it has begun to draw
		t.Fatalf("read %d bytes: %v", n, err)
	}
	if err := terminal.Close(); err != nil {
		t.Fatal(err)
	}
	if err := child.Wait(); err != nil {
		t.Fatalf("the console did not end by itself: %v", err)
	}
}
