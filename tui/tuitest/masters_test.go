package tuitest

import (
	"testing"
	"time"
)

// TestStepDown hands leadership to the master under the cursor, once the leader's name is typed.
func TestStepDown(t *testing.T) {
	Run(t, Options{}, func(c *Console) {
		c.Press("7", "down", "down", "ctrl+t")
		c.Expect("Have m2 step down", "To  ( ) the most up to date  ( ) m1  (*) m3", "type m2 to go on", "[ Cancel ]")
		c.Press("tab", "enter")
		c.Expect("Have m2 step down") // the name was not typed
		c.Type("m2")
		c.Press("enter")
		c.Pass(2 * time.Second)
		c.Expect("leader m3", "MASTER_STEPPED_DOWN", "hands leadership to m3", "m2 handed over")
		c.Press(":", "step-down m3", "enter")
		c.Expect("m3 leads already")
	})
	Run(t, Options{ReadOnly: true}, func(c *Console) {
		c.Press("7", "ctrl+t")
		c.Expect("read-only")
	})
}
