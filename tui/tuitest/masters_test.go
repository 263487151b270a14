package tuitest

import (
	"testing"
	"time"
)

// TestStepDown hands leadership to the master under the cursor, once the leader's name is typed.
func TestStepDown(t *testing.T) {
	t.Parallel()
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

// TestMembers looks at gossip: from the masters, with filter, order and where a member leads to.
func TestMembers(t *testing.T) {
	t.Parallel()
	Run(t, Options{W: 120, H: 30}, func(c *Console) {
		c.Press("7")
		c.Expect("SNAPSHOT", "12m  41K", "19m  42K")
		c.Press("m")
		c.Expect("› members", "agent-01", "10.0.1.11:7946", "m3", "10.0.0.13:7946", "alive")
		c.Press("/", "kind:master", "enter")
		c.Expect("3 of ", "10.0.0.11:7946")
		c.Lacks("agent-01")
		c.Press("c")
		c.Expect("10.0.0.11:7946")
		c.Press("esc", "/", "agent-02", "enter", "enter")
		c.Expect("› agent-02", "10.0.1.12:5051")
	})
}
