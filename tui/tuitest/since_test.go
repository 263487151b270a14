package tuitest

import "testing"

// TestEventsSince shows the newest events by a digit, as a log does; what else is filtered stays.
func TestEventsSince(t *testing.T) {
	Run(t, Options{}, func(c *Console) {
		c.Press("8", "/", "task", "enter", "3")
		c.Expect("task age<5m")
		c.Press("6")
		c.Expect("task age<1h")
		c.Press("1")
		c.Expect("/ task")
		c.Lacks("age<")
		c.Press("2", "esc")
		c.Lacks("age<")
		c.Press("esc", "3")
		c.Expect("tasks (")
	})
}
