package tuitest

import (
	"strings"
	"testing"

	"codeberg.org/reeve/reeve/tui/widget/table"
)

// heads is the line above a list's rows.
func (c *Console) heads() string { return strings.Split(c.Screen(), "\n")[2] }

// TestColumns picks a list's columns: which, in which order and how wide; they are kept for the next visit.
func TestColumns(t *testing.T) {
	t.Parallel()
	Run(t, Options{}, func(c *Console) {
		c.Press("2", "w")
		c.Expect("Columns", "[x] AGENT", "[ ] HOST")
		c.Press("j", "space") // STATE goes
		c.Lacks("[x] STATE")
		for range 8 {
			c.Press("j")
		}
		c.Press("space", "enter") // one of those that were not shown comes
		heads := c.heads()
		if strings.Contains(heads, "STATE") || !strings.Contains(heads, "FREE") {
			t.Errorf("the heads are %q, want them without STATE and with a column of what is free", heads)
		}
		c.Expect("own columns")
		c.Press("3", "2")
		if got := c.heads(); got != heads {
			t.Errorf("after another screen the heads are %q, want %q", got, heads)
		}
		c.Press("ctrl+w")
		if got := c.heads(); !strings.Contains(got, "STATE") {
			t.Errorf("the usual heads are %q, want STATE among them", got)
		}
		c.Press("ctrl+w", "ctrl+w")
		if got := c.heads(); got != heads {
			t.Errorf("after all sets the heads are %q, want %q", got, heads)
		}
		c.Press("w", "r", "enter")
		c.Lacks("own columns")
		c.Press("w", "space", "esc")
		c.Lacks("own columns")
	})
}

// TestAllColumnsAreReached scrolls through all columns on a small terminal; the first stays.
func TestAllColumnsAreReached(t *testing.T) {
	t.Parallel()
	Run(t, Options{W: 60, H: 15}, func(c *Console) {
		c.Press("2", "ctrl+w")
		seen := map[string]bool{}
		for range 20 {
			heads := c.heads()
			if !strings.Contains(heads, "AGENT") {
				t.Fatalf("the first column has scrolled away:\n%s", c.Screen())
			}
			for _, name := range []string{"HOST", "STATE", "FREE CPU", "FREE MEM", "TASKS", "SINCE"} {
				seen[name] = seen[name] || strings.Contains(heads, name)
			}
			c.Press("right")
		}
		for name, was := range seen {
			if !was {
				t.Errorf("column %s was never seen", name)
			}
		}
	})
}

// TestConfiguredColumns shows what the configuration says, in a list's every tab by its own name, and exports that.
func TestConfiguredColumns(t *testing.T) {
	t.Parallel()
	own := map[string][]table.Pick{"ended-tasks": {{Name: "why", Width: 30}, {Name: "Task"}}}
	Run(t, Options{Columns: own}, func(c *Console) {
		c.Press("3")
		c.Expect("FRAMEWORK")
		c.Press("tab", "tab")
		if heads := strings.Fields(c.heads()); len(heads) < 2 || heads[0] != "WHY" || !strings.HasPrefix(heads[1], "TASK") {
			t.Errorf("the heads are %q, want WHY and TASK", heads)
		}
		c.Press("ctrl+s", "c")
		if got := c.Saved(); !strings.HasPrefix(got, "WHY,TASK\n") {
			t.Errorf("saved %q, want the two columns", got)
		}
	})
}
