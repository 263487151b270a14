package tuitest

import "testing"

// TestFilterCompletion completes names of fields and their values, one after the other.
func TestFilterCompletion(t *testing.T) {
	Run(t, Options{}, func(c *Console) {
		c.Press("3", "/", "st", "tab")
		c.Expect("/ state:")
		c.Press("r", "tab")
		c.Expect("/ state:RUNNING")
		c.Press(" ", "!", "agent:agent-0", "tab")
		c.Expect("!agent:agent-01")
		c.Press("tab")
		c.Expect("!agent:agent-02")
		c.Press("enter")
		c.Lacks(" agent-02 ")
		c.Press("/", " ", "nothing:x", "tab", "esc")
		c.Expect("agent-02")
	})
}

// TestCommandsAreFoundByLetters completes a command of which only some letters are known.
func TestCommandsAreFoundByLetters(t *testing.T) {
	Run(t, Options{}, func(c *Console) {
		c.Press(":", "mntnc")
		c.Expect("maintenance")
		c.Press("tab", "enter")
		c.Expect("› maintenance")
	})
}

// TestLogsOfTheRunBefore opens the log of what failed before the task that runs now.
func TestLogsOfTheRunBefore(t *testing.T) {
	Run(t, Options{}, func(c *Console) {
		c.Press("3", "p")
		c.Expect("no run of cache.1 before this one is remembered")
		c.Press("tab", "tab", "p")
		c.Expect("› web-pay.1 log")
		c.Press("esc", "G", "k", "k", "k", "p") // the oldest of its four runs
		c.Expect("no run of web-pay.1 before")
	})
}
