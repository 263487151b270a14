package tuitest

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// TestProduction checks that a cluster marked as production says so, and that a button is not enough there.
func TestProduction(t *testing.T) {
	t.Parallel()
	Run(t, Options{Production: true, Contexts: []string{"prod-eu", "lab"}}, func(c *Console) {
		c.Expect("prod-eu", "PROD")
		lines := strings.Split(c.Screen(), "\n")
		if !strings.HasPrefix(lines[0], "╭──") || !strings.Contains(lines[0], " PRODUCTION ") || !strings.HasPrefix(lines[1], "│ prod-eu") || !strings.HasPrefix(lines[23], "╰──") {
			t.Errorf("there is no frame round it:\n%s", c.Screen())
		}
		c.Press("3", "ctrl+k")
		c.Expect("type kill to go on")
		c.Press("tab", "enter")
		c.Expect("Kill 1 task") // it is still there
		c.Press("kill", "enter")
		c.Pass(time.Second)
		c.Expect("asked for the end of")
	})
}

// TestContexts goes to another cluster, also while this one does not answer.
func TestContexts(t *testing.T) {
	t.Parallel()
	Run(t, Options{Contexts: []string{"prod-eu", "lab"}}, func(c *Console) {
		c.Press(":", "context nowhere", "enter")
		c.Expect("there are prod-eu, lab")
		c.Press(":", "context prod-eu", "enter")
		c.Expect("this is prod-eu already")
		c.Cluster.Cut(errors.New("no route to host"))
		c.Press(":", "context l", "tab", "enter")
		if got := c.Root.Next(); got != "lab" {
			t.Errorf("goes to %q, want lab", got)
		}
	})
	Run(t, Options{}, func(c *Console) {
		c.Press(":", "context lab", "enter")
		c.Expect("no cluster is configured")
		if got := c.Root.Next(); got != "" {
			t.Errorf("goes to %q, want nowhere", got)
		}
	})
}

// TestDemo checks that a made-up cluster says so on every screen.
func TestDemo(t *testing.T) {
	t.Parallel()
	for _, scene := range scenes {
		Run(t, Options{Demo: true}, func(c *Console) {
			c.Press(scene.keys...)
			c.Expect("DEMO")
		})
	}
}
