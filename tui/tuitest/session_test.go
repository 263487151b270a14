package tuitest

import (
	"errors"
	"strings"
	"testing"

	"codeberg.org/reeve/reeve/tui/app"
	"codeberg.org/reeve/reeve/tui/screen"
)

// TestASessionComesBack leaves a console in the middle of things, and opens the next one there: the stack of screens, and of each list the
// cursor, the filter, the order and the tab.
func TestASessionComesBack(t *testing.T) {
	t.Parallel()
	var session app.Session
	var cursor string
	Run(t, Options{W: 140, H: 40}, func(c *Console) {
		c.Press("3", "/", "web-", "enter", "shift+right", "O", "j", "j", "j", "enter", "l", "w")
		c.Press("esc", "esc")
		cursor = c.Line("▶")
		c.Press("enter", "l")
		session = c.Root.Session()
	})
	Run(t, Options{W: 140, H: 40, Session: &session}, func(c *Console) {
		c.Expect(field(cursor)+" log", "FOLLOW", "wrap")
		c.Press("esc", "esc")
		c.Expect("/ web-")
		if got := c.Line("▶"); field(got) == "" || field(got) != field(cursor) {
			t.Errorf("the cursor is on %q, want %q", got, cursor)
		}
		c.Press("esc", "esc", "esc")
		c.Expect("ATTENTION")
	})
}

// TestAnotherClusterBeginsAnew: a session of a cluster that is no more, whose masters had the same addresses, is not gone on with.
func TestAnotherClusterBeginsAnew(t *testing.T) {
	was := func(cluster string) *app.Session {
		return &app.Session{
			Cluster: cluster, Open: []screen.Target{{Kind: screen.Tasks}, {Kind: screen.Task, ID: "f/gone"}},
			Screens: map[screen.Kind]screen.State{screen.Tasks: {Filter: "gone"}}, Lines: []string{"agents"},
		}
	}
	Run(t, Options{Session: was("another")}, func(c *Console) {
		c.Expect("ATTENTION", "another cluster answers here than the last time")
		c.Press("3")
		c.Expect("cache.1")
		c.Lacks("/ gone")
		c.Press("1", "[", "[", "[")
		c.Expect("ATTENTION") // what was opened before it was known is no way back
		if got := c.Root.Session(); got.Cluster != "7c1e02aa" || len(got.Lines) != 1 {
			t.Errorf("keeps %+v, want the cluster's id, and what was typed", got)
		}
	})
	for _, cluster := range []string{"7c1e02aa", ""} { // of an older console, which did not keep it
		Run(t, Options{Session: was(cluster)}, func(c *Console) {
			c.Lacks("ATTENTION", "another cluster")
			c.Press("esc")
			c.Expect("/ gone")
		})
	}
}

// field is the name in the cursor's line.
func field(line string) string {
	_, rest, _ := strings.Cut(line, "▶")
	fields := strings.Fields(rest)
	if len(fields) == 0 {
		return ""
	}
	return fields[0]
}

// TestConfigCheck tells from within the console what is wrong with which line.
func TestConfigCheck(t *testing.T) {
	t.Parallel()
	Run(t, Options{}, func(c *Console) {
		c.Press(":", "config check", "enter")
		c.Expect("/home/me/config.yaml: nothing is wrong")
		c.Press(":", "config edit", "enter")
		c.Expect("config check is all there is")
	})
	Run(t, Options{Config: errors.New("c.yaml: line 3: unknown key \"master\"")}, func(c *Console) {
		c.Press(":", "config ch", "tab", "enter")
		c.Expect(`line 3: unknown key "master"`)
	})
}

// TestHiddenMarks: how many rows are marked, and how many of them cannot be seen, is in sight as long as it is so, however narrow the
// list is and whatever hides them.
func TestHiddenMarks(t *testing.T) {
	t.Parallel()
	for width, want := range map[int]string{60: "2 marked, 2 hidden", 80: "2 marked, 2 hidden by the filter", 140: "2 marked, 2 hidden by the filter"} {
		Run(t, Options{W: width, H: 30}, func(c *Console) {
			c.Press("3", "space", "space")
			c.Expect("2 marked", "unreachable 7")
			c.Press("/", "web-front")
			c.Expect(want, "[active 69]", "/ web-front", "of 69")
			c.Press("enter")
			c.Expect(want, "[active 69]", "/ web-front", "of 69")
			c.Press("/", "backspace", "backspace", "backspace", "backspace", "backspace", "cpu>much", "enter")
			c.Expect("2 marked, ", "! ")
			c.Press("esc")
			c.Lacks("hidden")
			c.Press("!")
			c.Expect(want, "only problems")
			c.Press("!", "ctrl+\\")
			c.Lacks("2 marked")
			c.Expect("unreachable 7")
		})
	}
}
