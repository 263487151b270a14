package tuitest

import "testing"

// TestTypedAhead has keys arrive faster than screens open, as from a slow line: each acts on the screen that the keys before it lead to.
func TestTypedAhead(t *testing.T) {
	t.Parallel()
	Run(t, Options{W: 140, H: 40}, func(c *Console) {
		c.Type(":jobs")
		c.Press("enter")
		for range 100 {
			c.Type("\r\rl") // the job, its task, the task's log
			c.Expect("stdout")
			c.Press("esc")
			c.Expect("STAGING")
			c.Press("esc", "esc")
			c.Expect("jobs (5)")
		}
	})
}
