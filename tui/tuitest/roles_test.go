package tuitest

import (
	"strings"
	"testing"
	"time"
)

// TestStoryQuota sets a role's quota and weight from their screen, takes the quota away, and is told of what cannot be.
func TestStoryQuota(t *testing.T) {
	t.Parallel()
	Run(t, Options{W: 120, H: 30}, func(c *Console) {
		c.Press("5", "j", "Q")
		c.Expect(":quota batch guarantee=cpus:8 limit=cpus:16,mem:49152")
		c.Press("ctrl+u", "quota batch limit=cpus:12 ports=1", "enter")
		c.Expect(`"ports=1" is neither guarantee=… nor limit=… nor force`)
		c.Press("backspace", "backspace", "backspace", "backspace", "backspace", "backspace", "backspace", "enter")
		c.Expect("Set the quota of role batch", "at most     cpus:12", "before: guaranteed cpus:8", "more than the limit", "[ Cancel ]")
		c.Press("tab", "enter")
		c.Pass(2 * time.Second)
		c.Expect("role batch has its new quota")
		if line := c.Line("▶"); !strings.Contains(line, "12.0 !") || !strings.Contains(line, "batch") {
			t.Errorf("the row is %q, want a limit of 12 that is passed", line)
		}
		c.Press("W", "backspace", "2.5", "enter")
		c.Expect("weight 2.5, was 1")
		c.Press("tab", "enter")
		c.Pass(2 * time.Second)
		c.Expect("role batch has the weight 2.5")
		c.Press("ctrl+k", "tab", "enter")
		c.Pass(2 * time.Second)
		c.Expect("role batch has no quota now")
		c.Press("ctrl+k")
		c.Expect("role batch has no quota")
		c.Press("d")
		c.Expect("QUOTA", "no limit", "QUOTA_REMOVED", "WEIGHT_SET")
		c.Press("esc", "enter")
		c.Expect("frameworks (", "role:batch", "spark-etl")
		c.Press("8")
		c.Expect("QUOTA_SET", "QUOTA_REMOVED")
	})
}

// TestStoryRoles turns the tree off and on, tells what changed, and goes to what is reserved.
func TestStoryRoles(t *testing.T) {
	t.Parallel()
	Run(t, Options{W: 140, H: 40}, func(c *Console) {
		c.Press("5", "j")
		c.Expect("tree: on (T)", "├ web/canary", "└ web/shop", "quota: guaranteed cpus:8, at most cpus:16,mem:49152 by bob 41m ago",
			"by alice 1h05m ago", "FRAMEWORKS  active 4", "› spark-etl", "reserved on no agent")
		c.Press("T")
		c.Expect("tree: off (T)")
		c.Lacks("├ web/canary")
		c.Press("R")
		c.Expect("nothing is reserved for role batch")
		c.Press("T", "G", "k", "k")
		c.Expect("├ web/canary", "reserved on agent-01 2.0 cpus 4G", "› marathon", "none of its quota or weight since")
		c.Press("R")
		c.Expect("reserved:web", "agent-01", "1 of 12")
		c.Lacks("agent-02")
	})
}

// TestStoryOffers goes from an offer that is held for long to its agent.
func TestStoryOffers(t *testing.T) {
	t.Parallel()
	Run(t, Options{}, func(c *Console) {
		c.Press("6", "!")
		c.Expect("only problems", "chronos has held", "1 of 1")
		c.Press("enter")
		c.Expect("› agent-10")
		c.Press(":", "offers web", "enter")
		c.Expect("marathon", "1 of 3")
	})
}
