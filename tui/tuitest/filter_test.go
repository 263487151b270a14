package tuitest

import (
	"strings"
	"testing"
	"time"
)

// TestFilterCompletion completes names of fields and their values, one after the other.
func TestFilterCompletion(t *testing.T) {
	t.Parallel()
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
	t.Parallel()
	Run(t, Options{}, func(c *Console) {
		c.Press(":", "mntnc")
		c.Expect("maintenance")
		c.Press("tab", "enter")
		c.Expect("› maintenance")
	})
}

// TestLogsOfTheRunBefore opens the log of what failed before the task that runs now.
func TestLogsOfTheRunBefore(t *testing.T) {
	t.Parallel()
	Run(t, Options{}, func(c *Console) {
		c.Press("3", "p")
		c.Expect("no run of cache.1 before this one is remembered")
		c.Press("tab", "tab", "p")
		c.Expect("› web-pay.1 log")
		c.Press("esc", "G", "k", "k", "k", "p") // the oldest of its four runs
		c.Expect("no run of web-pay.1 before")
	})
}

// TestTheCrumbSaysWhichRun: the log of a run that was before looks like that of the present one, and is none.
func TestTheCrumbSaysWhichRun(t *testing.T) {
	Run(t, Options{W: 100, H: 30}, func(c *Console) {
		crumb := func() string {
			line, _, _ := strings.Cut(c.Screen(), "\n")
			line, _, _ = strings.Cut(line, "  ●")
			return strings.TrimSpace(line[strings.LastIndex(line, "›")+len("›"):])
		}
		c.Press("3", "tab", "tab", "/", "web-pay.1", "enter")
		for i, want := range []string{"web-pay.1 log", "web-pay.1 log, run before", "web-pay.1 log, 2 runs before"} {
			c.Press("l")
			c.Pass(time.Second)
			if got := crumb(); got != want {
				t.Errorf("the log of row %d is called %q, want %q", i, got, want)
			}
			c.Press("esc", "p")
			if got := crumb(); !strings.Contains(got, "before") {
				t.Errorf("p on row %d leads to %q, want a run before", i, got)
			}
			c.Press("esc", "j")
		}
		c.Press("3", "esc", "shift+tab", "shift+tab", "g", "l")
		if got := crumb(); got != "cache.1 log" {
			t.Errorf("the log of what runs is called %q", got)
		}
	})
}
