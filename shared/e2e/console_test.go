package e2e

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/creack/pty"

	"codeberg.org/reeve/reeve/shared/emulator"
)

// terminal is the real console at a pseudo-terminal, with a screen to read.
type terminal struct {
	r      *rig
	pty    *os.File
	screen *emulator.Terminal
}

// console opens the console of the cluster in a terminal of 80 by 24.
func (r *rig) console() *terminal {
	r.t.Helper()
	cmd := exec.Command(filepath.Join(r.bin, "reeve"), "--master="+r.MasterList())
	cmd.Env = append(os.Environ(), "TERM=xterm-256color", "LANG=C.UTF-8", "XDG_STATE_HOME="+r.t.TempDir())
	file, err := pty.StartWithSize(cmd, &pty.Winsize{Cols: 80, Rows: 24})
	if err != nil {
		r.t.Fatal(err)
	}
	term := &terminal{r, file, emulator.New(80, 24)}
	ended := make(chan error, 1)
	go func() {
		buffer := make([]byte, 32<<10)
		for {
			n, err := file.Read(buffer)
			if n > 0 {
				_, _ = term.screen.Write(buffer[:n]) // an emulator in memory: it cannot fail
			}
			if err != nil { // the console has ended
				ended <- cmd.Wait()
				return
			}
		}
	}()
	r.t.Cleanup(func() {
		term.press("\x03")
		if err := <-ended; err != nil {
			r.t.Errorf("the console ended with %v", err)
		}
		if err := file.Close(); err != nil {
			r.t.Error(err)
		}
	})
	return term
}

// press types keys, one at a time as people do: what arrives together could be one paste.
func (c *terminal) press(keys ...string) {
	c.r.t.Helper()
	for _, key := range keys {
		if _, err := c.pty.WriteString(key); err != nil {
			c.r.t.Fatalf("type %q: %v", key, err)
		}
	}
}

// see waits until the screen shows all of the words.
func (c *terminal) see(words ...string) {
	c.r.t.Helper()
	ctx, cancel := context.WithTimeout(c.r.t.Context(), patience)
	defer cancel()
	err := c.r.Poll(ctx, func(context.Context) (bool, string) {
		text := c.screen.String()
		for _, word := range words {
			if !strings.Contains(text, word) {
				return false, word + " on the screen, which is\n" + text
			}
		}
		return true, ""
	})
	if err != nil {
		c.r.t.Fatal(err)
	}
}

func TestAnOperatorSubmitsATaskAndReadsItsLog(t *testing.T) {
	t.Parallel()
	r := start(t, 1, 1)
	c := r.console()
	c.see("AGENTS", "active", "live")
	c.press("n")
	c.see("Name*", "Command*")
	for _, typed := range []string{"my-first", "\t", "\t", "echo hello world; until cat go; do sleep 1; done"} {
		c.press(typed)
		c.see(string(bytes.TrimSpace([]byte(typed))))
	}
	c.press("\x18") // ctrl+x
	c.see("Submit job my-first", "Cancel")
	c.press("\t", "\r")
	c.see("my-first", "RUNNING")
	c.press("\r")
	c.see("STAGING", "STARTING", "RUNNING", "command")
	c.press("l")
	c.see("hello world", "stdout")
	r.must("exec", "my-first", "--", "touch", "go") // not before it was seen running, however late that was
	c.press("\x1b")
	c.see("FINISHED")
}
