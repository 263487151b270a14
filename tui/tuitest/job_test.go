package tuitest

import (
	"strings"
	"testing"
	"time"

	"codeberg.org/reeve/reeve/tui/screen"
)

// TestShellFromAJob opens a shell in the task of the cursor's instance, and none where there is no task.
func TestShellFromAJob(t *testing.T) {
	t.Parallel()
	var ran []string
	shell := func(s screen.Shell) error {
		ran = append(ran, s.Task.ID)
		return nil
	}
	Run(t, Options{Shell: shell}, func(c *Console) {
		c.Press("0", "enter", "j", "s")
		c.Pass(time.Second)
		c.Expect("shell in index-products.1", "ended: exit 0")
		c.Press("0", "/", "checkout", "enter", "enter", "j", "s")
		c.Expect("shell: there is no task here")
	})
	if len(ran) != 1 || !strings.HasPrefix(ran[0], "index-products.1.") {
		t.Errorf("shells in %q, want one in index-products.1", ran)
	}
}

// TestLivesOfAllInstances shows the life of each instance below the list of them.
func TestLivesOfAllInstances(t *testing.T) {
	t.Parallel()
	Run(t, Options{}, func(c *Console) {
		c.Press("0", "enter")
		for _, name := range []string{"index-products.0", "index-products.1", "index-products.2", "index-products.3"} {
			if line := c.Line(name + "  "); line == "" {
				t.Errorf("no life of %s:\n%s", name, c.Screen())
			}
		}
	})
}

// TestOutcomeIsTold changes a job and goes elsewhere: what becomes of it is said there.
func TestOutcomeIsTold(t *testing.T) {
	t.Parallel()
	Run(t, Options{}, func(c *Console) {
		c.Press("0", "ctrl+k", "tab", "enter", "2")
		c.Pass(3 * time.Second)
		c.Expect("job index-products is stopped")
		c.Pass(30 * time.Second)
		c.Lacks("is stopped")
	})
}
