package tuitest

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"codeberg.org/reeve/reeve/tui/app"
	"codeberg.org/reeve/reeve/tui/keys"
)

// TestEveryScreenLosesTheMasters cuts the line while each screen is open: the console stays where it is, says how old things are and why,
// changes nothing whatever is pressed, and is live again when the masters answer.
func TestEveryScreenLosesTheMasters(t *testing.T) {
	t.Parallel()
	for _, scene := range scenes {
		t.Run(scene.name, func(t *testing.T) {
			t.Parallel()
			Run(t, Options{W: 100, H: 30}, func(c *Console) {
				c.Press(scene.keys...)
				where := crumbs(c.Screen())
				before, full := c.everything(), filled(c.Screen())
				c.Cluster.Cut(errors.New("dial tcp 10.0.0.12:5050: i/o timeout"))
				time.Sleep(20 * time.Second)
				c.settle()
				c.Expect("STALE")
				if got := crumbs(c.Screen()); got != where {
					t.Errorf("the screen was %q, and is %q:\n%s", where, got, c.Screen())
				}
				if got := filled(c.Screen()); got < full-3 { // what is said of the loss may hide a little
					t.Errorf("%d lines are left of %d:\n%s", got, full, c.Screen())
				}
				for _, key := range dangerous() {
					c.Press(key, "tab", "enter")
				}
				time.Sleep(5 * time.Second) // bulk actions begin late
				c.settle()
				if after := c.everything(); after != before {
					t.Errorf("something was done with old data:\n%s", c.Screen())
				}
				c.Cluster.Cut(nil)
				time.Sleep(40 * time.Second)
				c.settle()
				c.Lacks("STALE")
				c.Expect("live")
			})
		})
	}
}

// crumbs is where one is: the first line up to what says how fresh the data are, without counts.
func crumbs(screen string) string {
	line, _, _ := strings.Cut(screen, "\n")
	line, _, _ = strings.Cut(line, "   ")
	return line
}

// filled counts the lines that say something.
func filled(screen string) (n int) {
	for line := range strings.Lines(screen) {
		if strings.TrimSpace(line) != "" {
			n++
		}
	}
	return n
}

// dangerous are the keys that ask for changes, of whatever screen.
func dangerous() (all []string) {
	seen := map[string]bool{}
	for _, b := range keys.Table() {
		if b.Dangerous && !seen[b.Keys[0]] {
			seen[b.Keys[0]], all = true, append(all, b.Keys[0])
		}
	}
	return all
}

// everything is what the cluster has.
func (c *Console) everything() string {
	c.t.Helper()
	text, err := json.Marshal(c.Cluster.Tasks())
	if err != nil {
		c.t.Fatal(err)
	}
	return string(text)
}

// TestALogGoesOnAfterALoss has a log grow while the line is cut, in the middle of a line, too: what was read goes on where it was, and no
// line is lost or comes twice.
func TestALogGoesOnAfterALoss(t *testing.T) {
	t.Parallel()
	var read string
	Run(t, Options{Tool: func(tool app.Tool) error { read = tool.Text; return nil }}, func(c *Console) {
		path := ""
		for _, task := range c.Cluster.Tasks() {
			if task.Name == "web-api.3" {
				path = task.Sandbox + "/stdout"
			}
		}
		want := ""
		grow := func(lines int) {
			for range lines {
				want += fmt.Sprintf("line %d of the log\n", strings.Count(want, "\n")+1)
			}
		}
		grow(40)
		c.Cluster.SetLog(path, []byte(want+"half a li"))
		c.Press("3", "/", "web-api.3", "enter", "l")
		c.Expect("line 40 of the log", "FOLLOW")
		for range 3 {
			c.Cluster.Cut(errors.New("connection reset"))
			time.Sleep(15 * time.Second)
			c.settle()
			c.Expect("STALE")
			want += "half a line that goes on\n"
			grow(60)
			c.Cluster.SetLog(path, []byte(want+"half a li"))
			c.Cluster.Cut(nil)
			time.Sleep(40 * time.Second)
			c.settle()
			c.Expect("live", fmt.Sprintf("line %d of the log", strings.Count(want, "\n")))
		}
		c.Press("v")
		if !strings.HasPrefix(read, want) {
			t.Errorf("what is loaded is not what was written: %d bytes instead of %d", len(read), len(want))
		}
	})
}

// TestTheWayToAnotherClusterIsTold: while the masters do not answer, the last line begins with what helps; another cluster is only
// offered if there is one.
func TestTheWayToAnotherClusterIsTold(t *testing.T) {
	for _, contexts := range [][]string{{"demo", "stage"}, {"demo"}} {
		for _, width := range []int{60, 80} {
			Run(t, Options{W: width, H: 24, Contexts: contexts}, func(c *Console) {
				for _, key := range []string{"1", "3"} {
					c.Cluster.Cut(nil)
					c.Press(key, "ctrl+r")
					c.Pass(time.Second)
					c.Lacks("retry now", "other cluster")
					c.Cluster.Cut(errors.New("dial tcp 10.0.0.12:5050: i/o timeout"))
					time.Sleep(20 * time.Second)
					c.settle()
					c.Expect("<ctrl+r>retry now", "<?>help")
					if more := strings.Contains(c.Screen(), "<:>context other cluster"); more != (len(contexts) > 1) {
						t.Errorf("of %q another is offered: %v\n%s", contexts, more, c.Screen())
					}
				}
			})
		}
	}
}
