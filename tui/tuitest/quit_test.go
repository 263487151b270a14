package tuitest

import (
	"testing"
	"time"
)

// TestQuitAsksForAForm: what was typed and not sent is not left without a word, which says what becomes of it.
func TestQuitAsksForAForm(t *testing.T) {
	t.Parallel()
	for _, of := range []struct {
		name string
		keys []string
		want string
	}{
		{"a new job", []string{"n", "canary"}, "kept as a draft"},
		{"a job like a task", []string{"3", "n", "2"}, "What was typed is not kept"},
		{"a change of a job", []string{"0", "E", "tab", "tab", "x"}, "What was typed is not kept"},
		{"a window of maintenance", []string{"9", "n", "agent-01"}, "What was typed is not kept"},
		{"a secret", []string{":", "secrets", "enter", "n", "token"}, "What was typed is not kept"},
	} {
		t.Run(of.name, func(t *testing.T) {
			Run(t, Options{}, func(c *Console) {
				c.Press(of.keys...)
				c.Press("ctrl+c")
				c.Expect("Quit with a form that was not sent?", of.want, "[ Cancel ]")
				if c.Ended() {
					t.Fatal("ctrl+c ended the console at once")
				}
				c.Press("enter") // Cancel has the focus
				c.Lacks("Quit with a form")
				c.Press("ctrl+c", "tab", "enter")
				if !c.Ended() {
					t.Errorf("the console goes on after Quit:\n%s", c.Screen())
				}
			})
		})
	}
}

// TestQuitTwice hammers ctrl+c: the second one is an answer, too.
func TestQuitTwice(t *testing.T) {
	t.Parallel()
	Run(t, Options{}, func(c *Console) {
		c.Press("n", "canary", "ctrl+c", "ctrl+c")
		if !c.Ended() {
			t.Errorf("the console goes on after the second ctrl+c:\n%s", c.Screen())
		}
		if c.draft["name"] != "canary" {
			t.Errorf("the draft is %v, want what was typed", c.draft)
		}
	})
}

// TestQuitWithNothingToLose quits without a question: in a list, in a form that nobody has touched, and in one that was emptied again.
func TestQuitWithNothingToLose(t *testing.T) {
	t.Parallel()
	for _, keys := range [][]string{{"3"}, {"n"}, {"3", "n"}, {"2", "m"}, {"n", "canary", "ctrl+l"}, {"n", "canary", "esc"}, {"n", "a", "backspace"}} {
		Run(t, Options{}, func(c *Console) {
			c.Press(keys...)
			c.Press("ctrl+c")
			if !c.Ended() {
				t.Errorf("%v and ctrl+c asks:\n%s", keys, c.Screen())
			}
		})
	}
}

// TestQuitWhileSomethingRuns asks, also when a form lies open over what runs.
func TestQuitWhileSomethingRuns(t *testing.T) {
	t.Parallel()
	Run(t, Options{}, func(c *Console) {
		c.Press("3", "space", "space", "ctrl+k", "tab", "enter", "2", "n", "canary", "ctrl+c")
		c.Expect("Quit while something is being done?", "Kill 2 tasks is about to begin, and would not", "kept as a draft")
		c.Press("esc")
		c.Pass(5 * time.Second)
		if c.Ended() {
			t.Error("the console ended after Cancel")
		}
	})
}

// TestAContextIsLeftForOnlyWhenAgreed: whoever stays after all and quits later does not go to the other cluster.
func TestAContextIsLeftForOnlyWhenAgreed(t *testing.T) {
	t.Parallel()
	Run(t, Options{Contexts: []string{"here", "there"}}, func(c *Console) {
		c.Press("3", "space", "space", "ctrl+k", "tab", "enter", ":", "context there", "enter")
		c.Expect("Quit while something is being done?")
		c.Press("esc", "u", "ctrl+c")
		if next := c.Root.Next(); !c.Ended() || next != "" {
			t.Errorf("ended %v, and goes to %q, want the end", c.Ended(), next)
		}
	})
}
