package tuitest

import (
	"strings"
	"testing"
	"time"
)

// TestAttentionIsAList moves among what needs somebody as in any list, and goes on from there with the keys of lists.
func TestAttentionIsAList(t *testing.T) {
	t.Parallel()
	Run(t, Options{}, func(c *Console) {
		c.Press("G")
		if line := c.Line("▶"); !strings.Contains(line, "has held an offer") {
			t.Errorf("G leads to %q, want the last line", line)
		}
		c.Press("g")
		if line := c.Line("▶"); !strings.Contains(line, "agent-09") {
			t.Errorf("g leads to %q, want the first line", line)
		}
		c.Press("pgdown", "pgup", "ctrl+d", "ctrl+u", "end", "home")
		if line := c.Line("▶"); !strings.Contains(line, "agent-09") {
			t.Errorf("there and back again leads to %q, want the first line", line)
		}
		c.Press("e")
		c.Expect("demo › events", "/ agent-09", "AGENT_UNREACHABLE")
		c.Press("esc", "esc")
		for !strings.Contains(c.Line("▶"), "web-pay.1") {
			c.Press("j")
		}
		c.Press("l")
		c.Expect("web-pay.1 log")
	})
}

// TestFrozenAnywhere takes back a freeze on a screen that is no list: there, too, P is what the notice names.
func TestFrozenAnywhere(t *testing.T) {
	t.Parallel()
	Run(t, Options{}, func(c *Console) {
		c.Press("3", "P", "1")
		c.Expect("FROZEN", "ATTENTION")
		c.Press("P")
		c.Expect("live again")
		c.Lacks("FROZEN")
		c.Press("3", "enter", "P")
		c.Expect("FROZEN")
	})
}

// TestWhatIsOffHasAName presses keys that the footer does not show while nothing may be changed.
func TestWhatIsOffHasAName(t *testing.T) {
	t.Parallel()
	Run(t, Options{}, func(c *Console) {
		c.Press("2", "P", "ctrl+e")
		c.Expect("use it again: off while the data are frozen")
		c.Press("ctrl+t")
		c.Expect("drain: off while the data are frozen")
	})
}

// TestEventsOfAnything asks each list for the events of its row.
func TestEventsOfAnything(t *testing.T) {
	t.Parallel()
	for _, of := range []struct {
		keys []string
		want []string
	}{
		{[]string{"2", "/", "agent-11", "enter"}, []string{"/ agent-11", "AGENT_DRAINING"}},
		{[]string{"4", "tab"}, []string{"/ aurora", "FRAMEWORK_INACTIVE"}},
		{[]string{"5", "j"}, []string{"/ object:batch", "QUOTA_SET"}},
		{[]string{"7", "j"}, []string{"/ object:m2", "MASTER_ELECTED"}},
		{[]string{"0", "/", "migrate", "enter"}, []string{"/ migrate-users", "JOB_FAILED"}},
		{[]string{"0", "/", "index-products", "enter", "enter"}, []string{"/ index-products", "JOB_SUBMITTED"}},
		{[]string{"9"}, []string{"/ agent-01", "TASK_RUNNING"}},
	} {
		t.Run(strings.Join(of.keys, ""), func(t *testing.T) {
			Run(t, Options{}, func(c *Console) {
				c.Press(of.keys...)
				c.Pass(2 * time.Second)
				c.Press("e")
				c.Expect("› events")
				c.Expect(of.want...)
			})
		})
	}
}

// TestTaskScrolls goes through the facts of a task by page and to their ends, as in a list or a text.
func TestTaskScrolls(t *testing.T) {
	t.Parallel()
	Run(t, Options{W: 80, H: 16}, func(c *Console) {
		c.Press("3", "enter")
		top := c.Screen()
		for _, to := range [][2]string{{"G", "g"}, {"end", "home"}, {"pgdown", "pgup"}, {"ctrl+d", "ctrl+u"}, {"ctrl+f", "ctrl+b"}} {
			c.Press(to[0])
			if c.Screen() == top {
				t.Errorf("%s moves nothing:\n%s", to[0], top)
			}
			c.Press(to[1])
			if got := c.Screen(); got != top {
				t.Errorf("%s does not lead back to the first line:\n%s", to[1], got)
			}
		}
	})
}

// TestSortByFinger sorts as k9s does, by name and by age, and turns the order with the same key.
func TestSortByFinger(t *testing.T) {
	t.Parallel()
	Run(t, Options{W: 140, H: 40}, func(c *Console) {
		c.Press("3", "A")
		c.Expect("sort AGE ↑")
		c.Press("A")
		c.Expect("sort AGE ↓")
		c.Press("N")
		c.Expect("sort TASK ↑")
		c.Press("4", "A")
		c.Expect("sort UP ↑")
	})
}

// TestSortByState sorts each list that has states by them, and turns the order with the same key; others it leaves alone.
func TestSortByState(t *testing.T) {
	for _, keys := range [][]string{
		{"2"},
		{"2", "enter"},
		{"2", "enter", "tab", "tab"},
		{"3"},
		{"3", "tab", "tab"},
		{"0"},
		{"0", "/", "index-products", "enter", "enter"},
		{"4"},
		{"7"},
		{"9"},
		{":", "members", "enter"},
	} {
		Run(t, Options{W: 140, H: 40}, func(c *Console) {
			c.Press(keys...)
			c.Pass(2 * time.Second)
			c.Press("N", "S")
			if !strings.Contains(c.Screen(), "STATE↑") {
				t.Errorf("S after %v does not sort by state:\n%s", keys, c.Screen())
			}
			c.Press("S")
			if !strings.Contains(c.Screen(), "STATE↓") {
				t.Errorf("S twice after %v does not turn the order:\n%s", keys, c.Screen())
			}
		})
	}
	Run(t, Options{W: 140, H: 40}, func(c *Console) {
		c.Press("6", "N")
		before := c.Line("sort ")
		c.Press("S")
		if got := c.Line("sort "); got != before || !strings.Contains(got, "↑") {
			t.Errorf("S on offers makes %q of %q, want it alone", got, before)
		}
	})
}

// TestNewFromAnywhere opens the form on screens that have nothing of their own to make.
func TestNewFromAnywhere(t *testing.T) {
	t.Parallel()
	for _, at := range []string{"2", "4", "6", "8"} {
		Run(t, Options{}, func(c *Console) {
			c.Press(at, "n")
			c.Expect("› submit a job", "Name*")
		})
	}
}

// TestCopyWhatIsSeen copies from screens that long had no such key.
func TestCopyWhatIsSeen(t *testing.T) {
	t.Parallel()
	Run(t, Options{}, func(c *Console) {
		c.Press("9")
		c.Pass(2 * time.Second)
		c.Press("c")
		if got := c.Copied(); got != "agent-01" {
			t.Errorf("c on maintenance copies %q, want the machine's name", got)
		}
		c.Press("8", "/", "JOB_FAILED", "enter", "c")
		if got := c.Copied(); got != "migrate-users" {
			t.Errorf("c on an event copies %q, want the id of what it is about", got)
		}
		c.Press("3", "l")
		c.Pass(time.Second)
		c.Press("c")
		last := c.Line("http.go")
		if got := c.Copied(); !strings.Contains(got, strings.TrimSpace(last)) || strings.Count(got, "\n") > 24 {
			t.Errorf("c on a log copies %q, want the lines in sight, such as %q", got, last)
		}
	})
}

// TestHeldOffersShow marks an offer that is held long where there is least room.
func TestHeldOffersShow(t *testing.T) {
	t.Parallel()
	Run(t, Options{}, func(c *Console) {
		c.Pass(time.Minute)
		c.Press("6")
		if line := c.Line("-O8812"); !strings.HasSuffix(line, " !") {
			t.Errorf("%q does not end with !", line)
		}
	})
}

// TestProblemsOfLists keeps what somebody should look at, in each list that has such rows.
func TestProblemsOfLists(t *testing.T) {
	t.Parallel()
	for _, of := range []struct{ list, has, lacks string }{
		{"2", "agent-09", "agent-01"}, {"0", "migrate-users", "checkout"}, {"3", "only problems", "web-api.1 "},
	} {
		Run(t, Options{}, func(c *Console) {
			c.Press(of.list, "!")
			c.Expect("only problems", of.has)
			c.Lacks(of.lacks)
			c.Press("!")
			c.Lacks("only problems")
		})
	}
}

// TestLogsFromTheirOwners opens the log of an agent's daemon and of a job's newest task where k9s's finger looks for it.
func TestLogsFromTheirOwners(t *testing.T) {
	t.Parallel()
	Run(t, Options{}, func(c *Console) {
		c.Press("2", "l")
		c.Expect("agent-01 log")
		c.Press("esc", "0", "/", "index-products", "enter", "l")
		c.Expect("› index-products.", "log", "stdout")
	})
}

// TestFormNamesItsCommand: what stands over the form's file is a command line that takes it.
func TestFormNamesItsCommand(t *testing.T) {
	t.Parallel()
	Run(t, Options{}, func(c *Console) {
		c.Press("n", "ctrl+p")
		c.Expect("As a file: reeve run -f FILE submits the same")
	})
}
