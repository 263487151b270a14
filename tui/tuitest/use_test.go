package tuitest

import (
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestUseOfAllTasks looks at what tasks use in the list of all, which asks only the agents of those on the screen.
func TestUseOfAllTasks(t *testing.T) {
	t.Parallel()
	Run(t, Options{W: 140, H: 40}, func(c *Console) {
		c.Press("3", "/", "web-api.3", "enter")
		c.Pass(6 * time.Second)
		c.Expect("CPU USE", "MEM USE", "RESTARTS", "HEALTH")
		used := regexp.MustCompile(`agent-\d+ +[■□·]+ +[0-9]\.[0-9]{2} +[0-9.]+ +[■□·]+ +[0-9.]+[MG] +[0-9.]+[MG] `)
		if line := c.Line("RUNNING"); !used.MatchString(line) {
			t.Errorf("%q does not say what is used of what was asked for", line)
		}
	})
	Run(t, Options{}, func(c *Console) {
		c.Press("3", "/", "web-api.3", "enter")
		c.Pass(6 * time.Second)
		used := regexp.MustCompile(`agent-\d+ +[0-9]\.[0-9]{2} +[0-9.]+ +[0-9.]+[MG] +[0-9.]+[MG] marathon`)
		if line := c.Line("RUNNING"); !used.MatchString(line) {
			t.Errorf("at 80 columns %q does not say what is used of what was asked for", line)
		}
	})
}

// TestRestarts says how often an instance of a job was started anew, where that is known.
func TestRestarts(t *testing.T) {
	t.Parallel()
	Run(t, Options{W: 140, H: 40}, func(c *Console) {
		c.Press("3", "/", "index", "enter")
		for name, want := range map[string]string{" index-products.0 ": " 0 ", " index-products.1 ": " 1 "} {
			if line := c.Line(name); !strings.Contains(line, want) {
				t.Errorf("%q does not say that %s was restarted%stimes", line, name, want)
			}
		}
		c.Press("esc", "/", "etl", "enter")
		if line := c.Line(" etl-22.1 "); !strings.Contains(line, " - batch") {
			t.Errorf("%q says how often another framework restarted its task", line)
		}
	})
}

// TestTotals adds up what is shown, also behind a filter.
func TestTotals(t *testing.T) {
	t.Parallel()
	Run(t, Options{}, func(c *Console) {
		c.Press("2")
		c.Expect("TOTAL 12")
		c.Press("/", "agent-01", "enter")
		c.Expect("TOTAL 1 ")
		c.Press("enter")
		c.Pass(2 * time.Second)
		c.Expect("TOTAL 8")
	})
}

// TestTightMemory says on the overview which tasks are about to be ended by the kernel.
func TestTightMemory(t *testing.T) {
	t.Parallel()
	Run(t, Options{W: 140, H: 40}, func(c *Console) {
		c.Pass(35 * time.Second)
		for range 60 {
			if strings.Contains(c.Screen(), "of its memory: ") {
				break
			}
			c.Pass(10 * time.Second)
		}
		line := c.Line("of its memory: ")
		if share := regexp.MustCompile(`uses (9[5-9]|100)% of its memory: `); !share.MatchString(line) {
			t.Errorf("%q does not say how much", line)
		}
	})
}

// TestDrainOnEveryScreen follows a drain from anywhere.
func TestDrainOnEveryScreen(t *testing.T) {
	t.Parallel()
	Run(t, Options{}, func(c *Console) {
		for _, key := range []string{"1", "2", "3", "4", "5", "6", "7", "8", "9", "0"} {
			c.Press(key)
			c.Expect("▼ draining agent-11: 5 left")
		}
		c.Press("2", "ctrl+t", "tab", "enter")
		c.Pass(time.Second)
		c.Expect("asked for the drain of agent-01") // what was just done comes first
	})
}

// TestHowFarADrainIs says how many tasks there were when it began, where that is known.
func TestHowFarADrainIs(t *testing.T) {
	t.Parallel()
	Run(t, Options{W: 140, H: 40}, func(c *Console) {
		c.Press("2", "/", "agent-11", "enter")
		c.Expect("▼ draining agent-11: 5 left") // how many there were is not known
		if err := c.Cluster.DrainAgent(t.Context(), "f3c1a9e2-77aa-4e0b-9b1e-2f3c7e5d8a10-S11", -1, false); err != nil {
			t.Fatal(err)
		}
		c.Press("1")
		c.Expect("▼ draining agent-11: ·········· 5 of 5 left", "5 of 5 tasks left")
	})
}

// TestImageWithoutCommand fills the form with an image alone.
func TestImageWithoutCommand(t *testing.T) {
	t.Parallel()
	Run(t, Options{W: 140, H: 40}, func(c *Console) {
		c.Press("n", "web", "tab", "tab", "tab")
		c.Expect("is needed")
		for range 10 {
			c.Press("tab")
		}
		c.Type("nginx:1.27")
		c.Lacks("is needed")
		c.Expect("ready: all checks pass")
		c.Press("ctrl+x", "tab", "enter")
		c.Expect("submitted job web")
	})
}

// TestQuotaInTheForm says what a role may still have, and that more has to wait.
func TestQuotaInTheForm(t *testing.T) {
	t.Parallel()
	Run(t, Options{W: 140, H: 40}, func(c *Console) {
		c.Press("n", "web", "tab")
		c.Press("backspace")
		c.Type("batch")
		c.Expect("quota left: ")
		c.Press("tab", "true")
		c.Expect("over the quota of role batch: it waits", "ready, but it will have to wait")
	})
}
