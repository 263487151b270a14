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
// package that asks the terminal something while it is initialised waits five seconds for the answer. A start takes less than
// 0.2 s; how much a busy machine and the race detector add is what a start without a terminal takes.
func TestSilentTerminal(t *testing.T) {
	if os.Getenv("REEVE_SILENT_CHILD") != "" {
		return
	}
	silent, without := time.Hour, time.Hour
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); {
		without = min(without, startWithout(t))
		began := time.Now()
		if said := startSilent(t); bytes.ContainsRune(said, 0x1b) {
			t.Fatalf("asked the terminal something: %q", said)
		}
		if silent = min(silent, time.Since(began)); silent < max(200*time.Millisecond, without+100*time.Millisecond) {
			return
		}
	}
	t.Errorf("a start takes %v at least, without a terminal %v, want less than 0.2 s: something waits for an answer of the terminal", silent, without)
}

// child is this test binary, which does nothing then but to start.
func child(ctx context.Context, t *testing.T) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(ctx, self, "-test.run=^TestSilentTerminal$")
	cmd.Env = append(os.Environ(), "TERM=xterm-256color", "REEVE_SILENT_CHILD=1", "COLORFGBG=")
	return cmd
}

func startWithout(t *testing.T) time.Duration {
	t.Helper()
	began := time.Now()
	if out, err := child(t.Context(), t).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return time.Since(began)
}

// startSilent returns what the child says.
func startSilent(t *testing.T) []byte {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := child(ctx, t)
	terminal, err := pty.Start(cmd)
	if err != nil {
		t.Fatal("no pseudo terminal, which these tests need (mount devpts): ", err)
	}
	said, _ := io.ReadAll(terminal) // reading ends with an error when the child closes its end
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	return said
}
