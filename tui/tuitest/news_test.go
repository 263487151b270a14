package tuitest

import (
	"strings"
	"testing"
	"time"
)

// TestChangedRowsAreMarked sees a sign before a row that has changed, for two seconds and not longer.
func TestChangedRowsAreMarked(t *testing.T) {
	t.Parallel()
	Run(t, Options{}, func(c *Console) {
		c.Press("3", "/", "web-api.3", "enter")
		c.Pass(5 * time.Second)
		if line := c.Line("web-api.3  "); strings.HasPrefix(line, "~") {
			t.Errorf("%q is marked already", line)
		}
		for _, task := range c.Cluster.Tasks() {
			if task.Name == "web-api.3" {
				if err := c.Cluster.KillTask(t.Context(), task.Framework, task.ID, -1); err != nil {
					t.Fatal(err)
				}
			}
		}
		c.Pass(500 * time.Millisecond)
		if line := c.Line("KILL"); !strings.HasPrefix(line, "~") {
			t.Errorf("%q is not marked", line)
		}
	})
}

// TestKindsOfEvents hides kinds and shows them again; esc shows all.
func TestKindsOfEvents(t *testing.T) {
	t.Parallel()
	Run(t, Options{W: 140, H: 40}, func(c *Console) {
		c.Press("8")
		c.Expect("TASK_FAILED", "AGENT_DRAINING")
		c.Press("K", "t")
		c.Expect("[ ] task", "[x] agent")
		c.Press("f", "esc")
		c.Lacks("TASK_FAILED", "FRAMEWORK_")
		c.Expect("AGENT_DRAINING", "kinds: agent job offer role master other")
		c.Press("1", "8") // it is kept
		c.Lacks("TASK_FAILED")
		c.Press("esc")
		c.Expect("events", "TASK_FAILED")
		c.Lacks("kinds: ")
		c.Press("K", "j", "a")
		c.Lacks("kinds: ", "Kinds of events")
	})
}

// TestPaceOfEvents says over the list how much happens, since when it is known, and of how many kinds; age picks the newest.
func TestPaceOfEvents(t *testing.T) {
	t.Parallel()
	Run(t, Options{W: 140, H: 40}, func(c *Console) {
		c.Press("8")
		c.Expect("/min   since 10:54:31   all 8 kinds", "JOB_FAILED")
		c.Press("K", "t", "esc")
		c.Expect("7 of 8 kinds")
		c.Press("esc", "/", "age<10m", "enter")
		c.Expect("JOB_SUBMITTED")
		c.Lacks("JOB_FAILED", "MASTER_ELECTED")
	})
}

// TestCommandsOfLists copies the command line that prints what is listed.
func TestCommandsOfLists(t *testing.T) {
	t.Parallel()
	Run(t, Options{}, func(c *Console) {
		for key, want := range map[string]string{"2": "agents", "3": "tasks", "4": "frameworks", "5": "roles", "6": "offers", "7": "masters", "8": "events", "9": "maintenance", "0": "jobs"} {
			c.Press(key, "ctrl+y")
			if got := c.Copied(); got != "reeve "+want+" --master=10.0.0.12:5050" {
				t.Errorf("%s copied %q", key, got)
			}
		}
		c.Press("esc", "3", "tab", "ctrl+y")
		if got := c.Copied(); !strings.HasSuffix(got, " --state=unreachable") {
			t.Errorf("copied %q", got)
		}
		c.Press("2", "enter", "ctrl+y")
		if got := c.Copied(); !strings.HasPrefix(got, "reeve tasks ") || !strings.Contains(got, " --agent=") {
			t.Errorf("copied %q", got)
		}
	})
}
