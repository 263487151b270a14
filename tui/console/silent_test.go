package console

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/creack/pty"
)

// TestSilentTerminal starts this test binary, which links all of the console, in a terminal that answers nothing. A
// package that asks the terminal something while it is initialised waits five seconds for the answer. A start takes less than 0.2 s; on
// a machine with other things to do any may take longer, but not each.
func TestSilentTerminal(t *testing.T) {
	if os.Getenv("REEVE_SILENT_CHILD") != "" {
		return
	}
	least := time.Hour
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); {
		began := time.Now()
		if said := startSilent(t); bytes.ContainsRune(said, 0x1b) {
			t.Fatalf("asked the terminal something: %q", said)
		}
		if least = min(least, time.Since(began)); least < 200*time.Millisecond {
			return
		}
	}
	t.Errorf("a start takes %v at least, want less than 0.2 s: something waits for an answer of the terminal", least)
}

// startSilent returns what the child says.
func startSilent(t *testing.T) []byte {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	child := exec.CommandContext(ctx, self, "-test.run=^TestSilentTerminal$")
	child.Env = append(os.Environ(), "TERM=xterm-256color", "REEVE_SILENT_CHILD=1", "COLORFGBG=")
	terminal, err := pty.Start(child)
	if err != nil {
		t.Skip("no pseudo terminal here: ", err)
	}
	said, _ := io.ReadAll(terminal) // reading ends with an error when the child closes its end
	if err := child.Wait(); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	return said
}
