package tuitest

import (
	"strings"
	"testing"
	"time"
)

// TestDescribe reads what is known of a task, searches in it, turns it into YAML and JSON, and copies and saves that.
func TestDescribe(t *testing.T) {
	Run(t, Options{}, func(c *Console) {
		c.Press("3", "/", "web-api.3", "enter", "d")
		c.Expect("› web-api.3 described", "WHERE AND WHOSE", "marathon")
		c.Press("G")
		c.Expect("RUNNING")
		c.Press("/", "command", "enter")
		c.Expect("┃", "WHAT IT RUNS")
		c.Press("esc", "y")
		c.Expect("[YAML]", "framework_name: marathon")
		c.Press("y", "c")
		if got := c.Copied(); !strings.HasPrefix(got, "{\n") || !strings.Contains(got, `"name": "web-api.3"`) {
			t.Errorf("copied %q, want the JSON", got)
		}
		c.Press("ctrl+s")
		if got := c.Saved(); got != c.Copied() {
			t.Errorf("saved %q, want what was copied", got)
		}
		c.Press("esc")
		c.Expect("tasks (")
	})
}

// TestDescribeFollows checks that the text changes with the thing.
func TestDescribeFollows(t *testing.T) {
	Run(t, Options{}, func(c *Console) {
		c.Press("3", "/", "web-api.3", "enter", "d")
		c.Expect("TASK_RUNNING")
		for _, task := range c.Cluster.Tasks() {
			if task.Name == "web-api.3" {
				if err := c.Cluster.KillTask(t.Context(), task.Framework, task.ID, -1); err != nil {
					t.Fatal(err)
				}
			}
		}
		c.Pass(10 * time.Second)
		c.Expect("TASK_KILLED")
		c.Lacks("TASK_RUNNING")
	})
}

// TestCopyMenu copies something other than the id.
func TestCopyMenu(t *testing.T) {
	Run(t, Options{}, func(c *Console) {
		c.Press("3", "/", "web-api.3", "enter", "C", "e")
		if got, want := c.Copied(), "reeve exec --master=10.0.0.12:5050 -it web-api.3."; !strings.HasPrefix(got, want) || !strings.HasSuffix(got, " -- sh") {
			t.Errorf("copied %q, want it to begin with %q", got, want)
		}
		c.Press("2", "C", "down", "down", "enter")
		if got := c.Copied(); got != "10.0.1.11:5051" {
			t.Errorf("copied %q, want the agent's address", got)
		}
		c.Press("1", "C")
		c.Lacks("╭─ Copy")
	})
}

// TestExport saves a list: what passes the filter, in its order, without the columns that are pictures.
func TestExport(t *testing.T) {
	Run(t, Options{}, func(c *Console) {
		c.Press("2", "/", "agent-0", "enter", "O", "ctrl+s", "c")
		lines := strings.Split(strings.TrimSpace(c.Saved()), "\n")
		if len(lines) != 10 || !strings.HasPrefix(lines[0], "AGENT,") || !strings.HasPrefix(lines[1], "agent-09,") {
			t.Errorf("saved %q, want titles and nine agents, the last first", c.Saved())
		}
		for _, line := range lines {
			if strings.Contains(line, "##") {
				t.Errorf("%q has a picture in it", line)
			}
		}
		c.Press("ctrl+s", "L")
		if got := strings.Count(c.Saved(), `"agent":"agent-`); got != 12 {
			t.Errorf("saved %d agents, want all 12:\n%s", got, c.Saved())
		}
	})
}
