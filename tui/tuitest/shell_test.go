package tuitest

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"codeberg.org/reeve/reeve/tui/app"
	"codeberg.org/reeve/reeve/tui/screen"
)

// TestWhichShell opens shells by key, by the choice of programs and users, and by a command of one's own.
func TestWhichShell(t *testing.T) {
	t.Parallel()
	var ran []screen.Shell
	shell := func(s screen.Shell) error {
		s.Task = nil
		ran = append(ran, s)
		if len(s.Command) > 1 {
			return app.ShellStatus(7)
		}
		return nil
	}
	Run(t, Options{Shell: shell}, func(c *Console) {
		c.Press("3", "/", "web-api.3", "enter", "s")
		c.Pass(time.Second)
		c.Expect("shell in web-api.3 ended: exit 0")
		c.Press("a")
		c.Expect("Open a shell in web-api.3 on agent-", "(*) /bin/bash", "( ) /bin/sh", "(*) www-data", "as the task", "( ) root", "[ ] write a transcript", "1.0 cpus, 512M")
		c.Press("enter")
		c.Pass(time.Second)
		c.Expect("› tasks", "exit 0")
		c.Press("a", "j", "space", "j", "j", "j", "space", "j", "space", "enter")
		c.Pass(time.Second)
		c.Expect("Transcript", "exit 0", "what was seen is in", "/home/me/shell.log")
		c.Press("tab", "enter")
		if got := c.Copied(); got != "/home/me/shell.log" {
			t.Errorf("copied %q", got)
		}
		c.Press("a", "j", "j", "enter")
		c.Expect(":shell web-api.3.")
		c.Type("python3 -i")
		c.Press("enter")
		c.Pass(time.Second)
		c.Expect("shell in web-api.3 ended: exit 7")
		c.Press(":", "shell --user=nobody --record web-api.3 id", "enter")
		c.Pass(time.Second)
		c.Press("esc")
		c.Press(":", "shell --wrong web-api.3 id", "enter")
		c.Expect("--wrong is neither --user=NAME nor --record")
		want := []screen.Shell{
			{},
			{Command: []string{"/bin/bash"}},
			{Command: []string{"/bin/sh"}, User: "root", Record: true},
			{Command: []string{"python3", "-i"}},
			{Command: []string{"id"}, User: "nobody", Record: true},
		}
		if !reflect.DeepEqual(ran, want) {
			t.Errorf("ran %+v, want %+v", ran, want)
		}
	})
	Run(t, Options{Shell: shell, ReadOnly: true}, func(c *Console) {
		c.Press("3", "/", "web-api.3", "enter", "a")
		c.Expect("read-only")
		c.Press(":", "shell web-api.3 sh", "enter")
		c.Expect("shell: this console is read-only")
	})
	if len(ran) != 5 {
		t.Errorf("a read-only console ran %+v", ran[5:])
	}
}

// TestKillFromAShell leaves a shell by its menu and asks whether to kill the task; how is chosen by keys.
func TestKillFromAShell(t *testing.T) {
	t.Parallel()
	Run(t, Options{Shell: func(screen.Shell) error { return app.ErrKillAsked }}, func(c *Console) {
		c.Press("3", "/", "web-api.3", "enter", "s")
		c.Pass(time.Second)
		c.Expect("Kill 1 task", "Signal", "(*) SIGTERM, and SIGKILL after its grace", "( ) SIGKILL now", "[ Cancel ]")
		c.Press("up", "right")
		c.Expect("(*) SIGKILL now", "no time to end what it does")
		c.Press("down", "tab", "enter")
		c.Pass(time.Second)
		c.Expect("asked for the end of web-api.3")
		c.Press("2", ":", "task web-api.3", "enter")
		c.Expect("KILLED", "at once")
	})
}

// TestFullScreen gives a log the whole terminal, and takes it back for a question.
func TestFullScreen(t *testing.T) {
	t.Parallel()
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
	t.Parallel()
	Run(t, Options{}, func(c *Console) {
		c.Press("3", "E")
		c.Expect("data are live")
		c.Cluster.Cut(fmt.Errorf("dial tcp 10.0.0.12:5050: %w", errors.New("connect: connection refused by a machine whose name is long enough for two lines")))
		c.Pass(12 * time.Second)
		c.Expect("E says more", "tried m1: not the leader", "m3: connection refused") // and what others said
		c.Press("E")
		c.Expect("No answer from the masters", "for the last time", "two lines", "m1: not the leader, an election is on", "m3: connection refused")
		c.Cluster.Cut(nil)
		c.Press("tab", "enter")
		c.Pass(time.Second)
		c.Expect("live")
		c.Lacks("No answer", "tried m")
	})
}

// TestRefreshRate sets how often screens change, and refuses what makes no sense.
func TestRefreshRate(t *testing.T) {
	t.Parallel()
	Run(t, Options{}, func(c *Console) {
		c.Press(":", "refresh never", "enter")
		c.Expect(`"never" is neither auto nor a time up to 10s`)
		c.Press("esc", ":", "refresh 2s", "enter")
		c.Expect("screens change every 2s at most")
		if got := c.Root.Session().Looks.Pace; got != 2*time.Second {
			t.Errorf("the session keeps a pace of %s", got)
		}
		c.Press(":", "refresh auto", "enter")
		c.Expect("as soon as something does")
	})
}

// TestLooksComeBack begins with the pace and the preview that the last session had.
func TestLooksComeBack(t *testing.T) {
	t.Parallel()
	kept := screen.Looks{Pace: 2 * time.Second, Preview: true, Pane: 2}
	Run(t, Options{W: 140, H: 40, Looks: kept}, func(c *Console) {
		c.Press("2")
		c.Pass(3 * time.Second)
		c.Expect("v hides it")
		rows := strings.Count(c.Screen(), "● active")
		c.Press("_")
		if less := strings.Count(c.Screen(), "● active"); less <= rows {
			t.Errorf("%d rows beside the largest preview, %d beside a smaller one", rows, less)
		}
		if got := c.Root.Session().Looks; got != (screen.Looks{Pace: kept.Pace, Preview: true, Pane: 1}) {
			t.Errorf("the session keeps %+v", got)
		}
	})
}

// TestFilesAsCommand copies the command line that lists a directory of a sandbox.
func TestFilesAsCommand(t *testing.T) {
	t.Parallel()
	Run(t, Options{}, func(c *Console) {
		c.Press("3")
		for _, step := range []struct{ key, below string }{{"f", ""}, {"enter", " conf"}} {
			c.Press(step.key, "ctrl+y")
			want := regexp.MustCompile(`^reeve files --master=10.0.0.12:5050 cache\.1\S*` + step.below + `$`)
			if got := c.Copied(); !want.MatchString(got) {
				t.Errorf("copied %q", got)
			}
		}
	})
}
