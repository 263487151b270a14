package console

import (
	"context"
	"io"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/creack/pty"
)

// TestSilentTerminal starts this test binary, which links all of the console, in a terminal that answers nothing. A
// package that asks the terminal something while it is initialised waits five seconds for the answer.
func TestSilentTerminal(t *testing.T) {
	if os.Getenv("REEVE_SILENT_CHILD") != "" {
		return
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	child := exec.CommandContext(ctx, self, "-test.run=^TestSilentTerminal$")
	child.Env = append(os.Environ(), "TERM=xterm-256color", "REEVE_SILENT_CHILD=1", "COLORFGBG=")
	begin := time.Now()
	terminal, err := pty.Start(child)
	if err != nil {
		t.Skip("no pseudo terminal here: ", err)
	}
	said, _ := io.ReadAll(terminal) // reading ends with an error when the child closes its end
	if err := child.Wait(); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	if took := time.Since(begin); took > 2*time.Second {
		t.Errorf("took %s, want a moment: something waits for an answer of the terminal", took)
	}
	for _, b := range said {
		if b == 0x1b {
			t.Fatalf("asked the terminal something: %q", said)
		}
	}
}
