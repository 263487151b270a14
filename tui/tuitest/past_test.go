package tuitest

import (
	"strings"
	"testing"
	"time"
)

// TestHalfAnHourBefore: the overview shows the time before the console was opened, also of a master that led before.
func TestHalfAnHourBefore(t *testing.T) {
	t.Parallel()
	Run(t, Options{W: 140, H: 40}, func(c *Console) {
		full := func() bool {
			for line := range strings.SplitSeq(c.Screen(), "\n") {
				if graph := []rune(line); strings.Contains(line, "│ cpus") {
					return !strings.ContainsRune(string(graph[97:131]), '·')
				}
			}
			return false
		}
		c.Expect("used, last 30 min ")
		if !full() {
			t.Errorf("the graph does not reach back half an hour:\n%s", c.Screen())
		}
		c.Press("7", "j", "j", "ctrl+t")
		c.Type("m2")
		c.Press("enter")
		c.Pass(2 * time.Second)
		c.Press("1")
		c.Expect("leader m")
		if c.Lacks("known for"); !full() {
			t.Errorf("after a change of leaders:\n%s", c.Screen())
		}
	})
}

// TestWhatAnEndedTaskWasMadeOf: its image by digest, and what was fetched, are among the facts of a task whose container is gone.
func TestWhatAnEndedTaskWasMadeOf(t *testing.T) {
	Run(t, Options{W: 140, H: 40}, func(c *Console) {
		c.Press("3", "/", "api.3", "enter", "enter")
		c.Expect("sha256:", "fetched ", ".conf  41K in 12ms", "pid ")
		for _, task := range c.Cluster.Tasks() {
			if strings.HasSuffix(task.Name, "api.3") && task.Ended.IsZero() {
				if err := c.Cluster.KillTask(t.Context(), task.Framework, task.ID, 0); err != nil {
					t.Fatal(err)
				}
			}
		}
		c.Pass(5 * time.Second)
		c.Expect("KILLED", "kept ", "sha256:", "fetched ", ".conf  41K in 12ms")
		c.Lacks("pid ")
	})
}
