package tuitest

import (
	"testing"
	"time"
)

// TestRescind takes an offer back from a framework that thinks for too long, by key and by command.
func TestRescind(t *testing.T) {
	t.Parallel()
	Run(t, Options{W: 100, H: 30}, func(c *Console) {
		c.Press("6")
		c.Expect("› offers (3)")
		c.Press("ctrl+k")
		c.Expect("Take back 1 offer", "held for", "not for a minute", "Cancel")
		c.Press("tab", "enter")
		c.Pass(time.Second)
		c.Expect("took back 1 offer", "› offers (2)")
		c.Press("ctrl+k") // the cursor is on what was taken back
		c.Expect("there is no offer here")
		c.Press("8", "/", "rescinded", "enter")
		c.Expect("OFFER_RESCINDED")
		c.Press("enter")
		c.Expect("› frameworks")
		c.Press(":", "rescind nothing", "enter")
		c.Expect("there is no offer nothing")
		c.Press("esc", ":", "rescind -O", "tab", "enter")
		c.Expect("Take back 1 offer")
	})
}
