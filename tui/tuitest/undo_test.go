package tuitest

import (
	"strings"
	"testing"
	"time"
)

func (c *Console) killing() int {
	n := 0
	for _, t := range c.Cluster.Tasks() {
		if t.State == "TASK_KILLING" || t.State == "TASK_KILLED" && t.Ended.After(c.Cluster.Now().Add(-time.Minute)) {
			n++
		}
	}
	return n
}

// TestABulkActionCanBeStopped agrees to kill three tasks, and stops that while it can be; the second time it is done.
func TestABulkActionCanBeStopped(t *testing.T) {
	t.Parallel()
	Run(t, Options{}, func(c *Console) {
		before := c.killing()
		kill := func() { c.Press("ctrl+k", "tab", "enter") }
		c.Press("3", "space", "space", "space")
		kill()
		c.Expect("Kill 3 tasks in 3s", "<u>stops it")
		c.Pass(time.Second)
		c.Expect("Kill 3 tasks in 2s")
		c.Press("2", "u") // from wherever one is
		c.Expect("stopped: Kill 3 tasks was not begun")
		c.Pass(5 * time.Second)
		if n := c.killing(); n != before {
			t.Fatalf("%d tasks are killed, want none", n-before)
		}
		c.Press("3", "space", "space", "space")
		kill()
		c.Expect("Kill 3 tasks in 3s")
		c.Pass(4 * time.Second)
		c.Lacks("stops it")
		if n := c.killing(); n != before+3 {
			t.Errorf("%d tasks are killed, want 3", n-before)
		}
		c.Press("u")
		c.Expect("there is nothing to undo") // killing cannot be undone
	})
}

// TestABulkDrainCanBeStoppedOnAgents stops with u, for which the letter means something else there.
func TestABulkDrainCanBeStoppedOnAgents(t *testing.T) {
	t.Parallel()
	Run(t, Options{}, func(c *Console) {
		c.Press("2", "space", "space", "r", "tab", "enter")
		c.Expect("Drain 2 agents in 3s", "<u>stops it")
		c.Press("u")
		c.Expect("stopped: Drain 2 agents was not begun")
		c.Pass(5 * time.Second)
		for _, name := range []string{"agent-01", "agent-02"} {
			if line := c.Line(name); !strings.Contains(line, "● active") {
				t.Errorf("%s is %q, want it active", name, line)
			}
		}
		c.Lacks("Reactivate")
		c.Press("u")
		c.Expect("nothing to reactivate")
	})
}

// TestQuitInTheWindow checks that whoever quits is told of what would not be done.
func TestQuitInTheWindow(t *testing.T) {
	t.Parallel()
	Run(t, Options{}, func(c *Console) {
		c.Press("3", "space", "space", "ctrl+k", "tab", "enter", "ctrl+c")
		c.Expect("Quit while something", "Kill 2 tasks is about to begin, and would not")
		c.Press("esc", "u")
		c.Expect("was not begun")
	})
}

// TestAnActionThatWaitsForALostLinkIsNotBegun cuts the link within the window.
func TestAnActionThatWaitsForALostLinkIsNotBegun(t *testing.T) {
	t.Parallel()
	Run(t, Options{}, func(c *Console) {
		c.Press("3", "space", "space", "ctrl+k", "tab", "enter", "P")
		c.Pass(5 * time.Second)
		c.Expect("Kill 2 tasks was not begun: off while the data are frozen")
	})
}

// TestUndo takes an agent out of use and brings it back by one key, which asks too.
func TestUndo(t *testing.T) {
	t.Parallel()
	Run(t, Options{}, func(c *Console) {
		c.Press("2", "ctrl+o", "tab", "enter")
		c.Expect("deactivated agent-01   :undo undoes it") // u reactivates here what the cursor is on
		c.Pass(time.Second)
		c.Press("1", "u")
		c.Expect("Reactivate agent-01", "Cancel")
		c.Press("tab", "enter")
		c.Pass(time.Second)
		c.Expect("reactivated agent-01")
		c.Press("2", "ctrl+t", "tab", "enter")
		c.Expect("asked for the drain of agent-01", "undo undoes it")
		c.Pass(time.Second)
		c.Press("u")
		c.Expect("Reactivate agent-01", "drained")
	})
}
