package console

import (
	"os"
	"testing"
	"time"

	"codeberg.org/reeve/reeve/shared/emulator"
)

// watched is the far end of a terminal of 80x24, and what has come there.
type watched struct {
	terminal *os.File
	screen   *emulator.Terminal
	all      string
}

func watch(terminal *os.File) *watched {
	return &watched{terminal: terminal, screen: emulator.New(80, 24)}
}

// until reads until something is seen; a terminal that says nothing for a minute has failed.
func (w *watched) until(t *testing.T, what string, seen func() bool) {
	t.Helper()
	for part := make([]byte, 4096); !seen(); {
		if err := w.terminal.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		n, err := w.terminal.Read(part)
		w.all += string(part[:n])
		_, _ = w.screen.Write(part[:n]) // a test's own screen
		if err != nil {
			t.Fatalf("%s never came: %v\n%s", what, err, w.screen)
		}
	}
}
