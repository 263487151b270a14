package tuitest

import (
	"fmt"
	"testing"
)

// TestEventsSince shows the newest events by the digits that a log has for that; what else is filtered stays.
func TestEventsSince(t *testing.T) {
	t.Parallel()
	Run(t, Options{}, func(c *Console) {
		c.Press("8", "/", "task", "enter", "T")
		c.Expect("Events since", "all that is known", "5m", "<esc>close")
		c.Press("3")
		c.Expect("task age<5m")
		c.Press("T", "6")
		c.Expect("task age<1h")
		c.Press("T", "1")
		c.Expect("/ task")
		c.Lacks("age<")
		c.Press("T", "2", "esc")
		c.Lacks("age<")
		c.Press("j", "T", "0")
		c.Expect("FOLLOW")
		c.Press("?", "since")
		c.Expect("T", "since when")
	})
}

// TestDigitsLeadAwayFromEvents too: they are a list, and lists are left by the digit of another screen.
func TestDigitsLeadAwayFromEvents(t *testing.T) {
	t.Parallel()
	for digit, screen := range []string{"jobs (", "ATTENTION", "agents (", "tasks (", "frameworks (", "roles (", "offers (", "masters (", "events", "maintenance"} {
		Run(t, Options{}, func(c *Console) {
			c.Press("8")
			c.Expect("› events")
			c.Press(fmt.Sprint(digit))
			c.Expect(screen)
			if digit != 8 {
				c.Lacks("› events")
			}
		})
	}
}
