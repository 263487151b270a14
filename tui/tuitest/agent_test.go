package tuitest

import (
	"strings"
	"testing"
)

// TestAgentPages walks through an agent's tabs: from its executors and frameworks to their tasks, and to its agentd's log.
func TestAgentPages(t *testing.T) {
	t.Parallel()
	Run(t, Options{W: 100, H: 30}, func(c *Console) {
		c.Press("2", "j", "enter", "tab", "tab")
		c.Expect("[executors 7]", "EXECUTOR", "QUEUED")
		c.Press("/", "web-api.12", "enter", "enter")
		c.Expect("› web-api.12", "STAGING") // of one task: the task itself
		c.Press("esc", "tab")
		c.Expect("[frameworks 3]", "marathon")
		c.Press("/", "marathon", "enter", "enter")
		c.Expect("› tasks (69)", "/ agentid:")
		for line := range strings.SplitSeq(c.Screen(), "\n") {
			if strings.Contains(line, "RUNNING") && (!strings.Contains(line, "agent-02") || !strings.Contains(line, "marathon")) {
				t.Errorf("%q is not of marathon on agent-02", line)
			}
		}
		c.Press("esc", "esc", "tab")
		c.Expect("[reserved 0]", "unreserved")
		c.Press("L")
		c.Expect("› agent-02 log", "level=INFO")
		c.Press("esc", "7", "enter")
		c.Expect("› m1 log", "msg=")
		c.Press("3")
		c.Expect("its lines say it")
	})
}
