package tuitest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"codeberg.org/reeve/reeve/tui/app"
)

// TestWhichShell opens shells by key, by the menu, and by a command of one's own.
func TestWhichShell(t *testing.T) {
	var ran [][]string
	shell := func(command []string) error {
		ran = append(ran, command)
		if len(command) > 1 {
			return app.ShellStatus(7)
		}
		return nil
	}
	Run(t, Options{Shell: shell}, func(c *Console) {
		c.Press("3", "/", "web-api.3", "enter", "s")
		c.Pass(time.Second)
		c.Expect("shell in web-api.3 ended: exit 0")
		c.Press("S")
		c.Expect("Open a shell in web-api.3 on agent-", "/bin/bash")
		c.Press("b", "S", "o")
		c.Expect(":shell web-api.3.")
		c.Type("python3 -i")
		c.Press("enter")
		c.Pass(time.Second)
		c.Expect("shell in web-api.3 ended: exit 7")
		want := [][]string{nil, {"/bin/bash"}, {"python3", "-i"}}
		if !slices.EqualFunc(ran, want, slices.Equal) {
			t.Errorf("ran %q, want %q", ran, want)
		}
	})
	Run(t, Options{Shell: shell, ReadOnly: true}, func(c *Console) {
		c.Press("3", "/", "web-api.3", "enter", "S")
		c.Expect("read-only")
		c.Press(":", "shell web-api.3 sh", "enter")
		c.Expect("shell: this console is read-only")
	})
	if len(ran) != 3 {
		t.Errorf("a read-only console ran %q", ran[3:])
	}
}

// TestFullScreen gives a log the whole terminal, and takes it back for a question.
func TestFullScreen(t *testing.T) {
	Run(t, Options{}, func(c *Console) {
		c.Press("3", "/", "web-api.3", "enter", "l")
		c.Expect("leader m2")
		c.Press("f")
		c.Lacks("leader m2", "<x>more")
		if lines := strings.Split(c.Screen(), "\n"); !strings.Contains(lines[23], ":") {
			t.Errorf("the last line is %q, want one of the log", lines[23])
		}
		c.Press("?")
		c.Expect("leader m2", "the whole terminal")
		c.Press("esc", "f")
		c.Expect("leader m2")
	})
}

// TestWhyStale reads all of an error that the banner has no room for, and tries again from there.
func TestWhyStale(t *testing.T) {
	Run(t, Options{}, func(c *Console) {
		c.Press("3", "E")
		c.Expect("data are live")
		c.Cluster.Cut(fmt.Errorf("dial tcp 10.0.0.12:5050: %w", errors.New("connect: connection refused by a machine whose name is long enough for two lines")))
		c.Pass(12 * time.Second)
		c.Expect("E says more")
		c.Press("E")
		c.Expect("No answer from the masters", "for the last time", "two lines")
		c.Cluster.Cut(nil)
		c.Press("tab", "enter")
		c.Pass(time.Second)
		c.Expect("live")
		c.Lacks("No answer")
	})
}

// TestRefreshRate sets how often screens change, and refuses what makes no sense.
func TestRefreshRate(t *testing.T) {
	Run(t, Options{}, func(c *Console) {
		c.Press(":", "refresh never", "enter")
		c.Expect(`"never" is neither auto nor a time up to 10s`)
		c.Press("esc", ":", "refresh 2s", "enter")
		c.Expect("screens change every 2s at most")
		c.Press(":", "refresh auto", "enter")
		c.Expect("as soon as something does")
	})
}
