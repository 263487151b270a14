package tuitest

import (
	"strings"
	"testing"
	"time"
)

// TestFrameworkTimes says when a framework came again, and how much longer one that is away may be.
func TestFrameworkTimes(t *testing.T) {
	t.Parallel()
	Run(t, Options{W: 200, H: 60}, func(c *Console) {
		c.Press("4")
		c.Expect("[active 4]", "inactive 1", "completed 0")
		c.Lacks("▶ aurora", "○ inactive")
		c.Press("tab")
		c.Expect("aurora has been disconnected for 13m", "ended unless it comes back within")
		c.Press("ctrl+w")
		c.Expect("REGISTERED", "AGAIN", "STATE SINCE")
		c.Press("shift+tab", "/", "chronos", "enter", "d")
		c.Expect("registered", "again", "connected", "may be away")
		c.Press("7")
		c.Expect("built from 9d21c0e277aa of 2026-09-30 08:12 UTC")
		c.Lacks(" by ")
		c.Pass(11 * time.Second)
		c.Expect("LAST 30 MINUTES OF m1", "raft entries/s", "gossip p99")
		if line := strings.TrimSpace(c.Line("entries behind")); !strings.HasSuffix(line, " 1") {
			t.Errorf("%q, want one entry, which m3 lacks", line)
		}
	})
}
