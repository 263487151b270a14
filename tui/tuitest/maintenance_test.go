package tuitest

import (
	"strings"
	"testing"
	"time"
)

// TestStoryPlanMaintenance schedules two marked agents, changes their window, adds a machine by a line, and cancels it.
func TestStoryPlanMaintenance(t *testing.T) {
	t.Parallel()
	Run(t, Options{W: 140, H: 40}, func(c *Console) {
		c.Press("2", "space", "space", "m")
		c.Expect("› schedule maintenance", "agent-01 agent-02", "tasks: ")
		c.Press("tab", "backspace", "backspace", "backspace", "soon", "ctrl+x")
		c.Expect("not yet: Begin must be put right", `"soon" is no time; write now, in 1h, 22:00`)
		c.Press("ctrl+u")
		c.Type("in 1h")
		c.Press("tab", "2h", "ctrl+x")
		c.Expect("Schedule maintenance of 2 machines", "in 1h, until", "nothing does that by itself", "[ Cancel ]")
		c.Press("enter")
		c.Expect("› schedule maintenance")
		c.Press("ctrl+x", "tab", "enter")
		c.Pass(2 * time.Second)
		c.Expect("2 machines scheduled for maintenance", "agents (")
		c.Press("9", "g")
		c.Expect("agent-01", "agent-02", "agent-04", "agent-11")
		c.Press("E")
		c.Expect("Change maintenance", "agent-01 agent-02", "2h", "which this changes", "keeps the window that it has")
		c.Press("tab", "tab", "ctrl+u", "ctrl+x")
		c.Expect("how long it takes is not known")
		c.Press("tab", "enter")
		c.Pass(2 * time.Second)
		if line := c.Line(" agent-02 "); !strings.Contains(line, "open") || !strings.Contains(line, "scheduled") {
			t.Errorf("the row is %q, want a window without an end", line)
		}
		c.Press("ctrl+o", "tab", "enter")
		c.Pass(2 * time.Second)
		c.Expect("no maintenance of agent-01 any more")
		c.Press(":", "maintenance schedule agent-07 in=1d for=30m", "enter")
		c.Expect("Schedule maintenance of agent-07", "in 24h, until")
		c.Press("tab", "enter")
		c.Pass(2 * time.Second)
		c.Expect("agent-07 scheduled for maintenance")
		plan, err := c.Cluster.Maintenance(t.Context())
		if err != nil || len(plan.Windows) != 4 || plan.Windows[1].End != nil || plan.Windows[1].Machines[0].Hostname != "agent-02" {
			t.Errorf("the schedule is %+v, %v", plan, err)
		}
	})
	Run(t, Options{ReadOnly: true}, func(c *Console) {
		c.Press("9", "n", "agent-03", "ctrl+x")
		c.Expect("schedule: this console is read-only")
	})
}

// TestAnswersAreReadInFull: what frameworks said of a machine stands below the list, where a row has no room for all of it.
func TestAnswersAreReadInFull(t *testing.T) {
	t.Parallel()
	for _, size := range [][2]int{{60, 15}, {80, 24}} {
		Run(t, Options{W: size[0], H: size[1]}, func(c *Console) {
			c.Press("9")
			c.Lacks("ANSWERS  of")
			c.Press("G")
			c.Expect("ANSWERS  of", "marathon     leaves", "spark-etl    stays")
		})
	}
}

// TestPlanMaintenanceByLine is told what is wrong with a line.
func TestPlanMaintenanceByLine(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"maintenance schedule":                            "Schedule maintenance",
		"maintenance schedule agent-03 x=1":               `"x=1" is neither in=1h nor at=22:00 nor for=2h`,
		"maintenance schedule agent-03 in=1h at=22:00":    "in=1h and at=22:00 both say when it begins",
		"maintenance schedule agent-03 for=2":             `"2" is no span of time`,
		"maintenance schedule nobody":                     `no agent is called "nobody"`,
		"maintenance schedule in=1h":                      "no machine is named",
		"maintenance schedule agent-03 h/10.0.0.9 at=now": "Schedule maintenance of 2 machines",
		"maintenance agent-04":                            "› maintenance",
	} {
		Run(t, Options{W: 140, H: 40}, func(c *Console) {
			c.Press(":", line, "enter")
			c.Expect(want)
		})
	}
}

// TestCancelMaintenanceByLine takes machines off the schedule by a line, which completes those that are on it and not named yet.
func TestCancelMaintenanceByLine(t *testing.T) {
	t.Parallel()
	Run(t, Options{W: 140, H: 40}, func(c *Console) {
		c.Press(":", "maintenance c", "tab")
		c.Expect("maintenance cancel agent-01", "maintenance cancel agent-04", "maintenance cancel agent-11")
		c.Lacks("maintenance cancel agent-02")
		c.Press("agent-04", "tab")
		c.Expect(":maintenance cancel agent-04", "maintenance cancel agent-04 agent-11")
		c.Lacks("maintenance cancel agent-04 agent-04", "maintenance cancel agent-04 agent-02")
		c.Press("agent-1", "tab", "enter")
		c.Expect("Cancel the maintenance of 2 machines", "[ Cancel ]")
		c.Press("enter")
		if plan, err := c.Cluster.Maintenance(t.Context()); err != nil || len(plan.Windows) != 3 {
			t.Errorf("nobody agreed, and the schedule is %+v, %v", plan, err)
		}
		c.Press(":", "maintenance cancel agent-04,agent-11", "enter", "tab", "enter")
		c.Pass(2 * time.Second)
		c.Expect("no maintenance of 2 machines any more")
		plan, err := c.Cluster.Maintenance(t.Context())
		if err != nil || len(plan.Windows) != 1 || plan.Windows[0].Machines[0].Hostname != "agent-01" {
			t.Errorf("the schedule is %+v, %v", plan, err)
		}
	})
	for line, want := range map[string]string{
		"maintenance cancel":                   "no machine is named",
		"maintenance cancel agent-02":          "agent-02 is not on the schedule of maintenance",
		"maintenance cancel agent-04 agent-04": "agent-04 is named twice",
		"maintenance cancel nobody":            `no agent is called "nobody"`,
		"maintenance cancel h/10.0.0.9":        "Cancel the maintenance of h", // nobody here knows: the masters do
	} {
		Run(t, Options{W: 140, H: 40}, func(c *Console) {
			c.Press(":", line, "enter")
			c.Expect(want)
		})
	}
	Run(t, Options{ReadOnly: true}, func(c *Console) {
		c.Press(":", "maintenance cancel agent-04", "enter")
		c.Expect("this console is read-only")
	})
}

// TestScheduleCompletesEachMachine completes every machine of a line, and what else can be said, but nothing twice.
func TestScheduleCompletesEachMachine(t *testing.T) {
	t.Parallel()
	Run(t, Options{W: 140, H: 40}, func(c *Console) {
		c.Press(":", "maintenance s", "tab", "agent-0", "tab")
		c.Expect(":maintenance schedule agent-01", "maintenance schedule agent-01 agent-02")
		c.Press("10", "tab", "ag", "tab")
		c.Expect(":maintenance schedule agent-01 agent-10 agent-02")
		c.Press("i", "tab")
		c.Expect(":maintenance schedule agent-01 agent-10 agent-02 in=1h")
		c.Press("f", "tab")
		c.Expect("agent-02 in=1h for=2h")
		c.Press("in")
		c.Lacks("for=2h in=1h")
		c.Press("ctrl+u", "maintenance schedule agent-01,agent-0")
		c.Expect("maintenance schedule agent-01,agent-02")
		c.Lacks("agent-01,agent-01")
	})
}

// TestScheduleFormSaysAllThatRunsThere cuts nothing of what runs on the machines where there is room for it below; where there
// is not, it says of how many more machines the question will tell.
func TestScheduleFormSaysAllThatRunsThere(t *testing.T) {
	t.Parallel()
	for _, size := range [][2]int{{60, 15}, {60, 24}, {80, 24}, {140, 40}} {
		Run(t, Options{W: size[0], H: size[1]}, func(c *Console) {
			c.Press("2", "space", "space", "m")
			c.Expect("› schedule maintenance")
			said := strings.Join(strings.Fields(c.Screen()), " ")
			for _, want := range []string{
				"agent-01 10.0.1.11 7 tasks: 4 of marathon, 2 of spark-etl, 1 of jobs; on the schedule from 2000-01-02 12:04, which this changes",
				"agent-02 10.0.1.12 7 tasks: 4 of marathon, 2 of spark-etl, 1 of jobs",
			} {
				if !strings.Contains(said, want) {
					t.Errorf("at %d×%d it does not say %q:\n%s", size[0], size[1], want, c.Screen())
				}
			}
			c.Press(" agent-03 agent-04 agent-05 agent-06 agent-07 agent-08 agent-10 agent-11 agent-12")
			for n := range 8 {
				c.Type(" h/10.9.9." + string(rune('1'+n)))
			}
			if size[1] < 40 {
				c.Expect("machines more")
				c.Lacks("asked to leave")
			} else {
				c.Expect("10.9.9.8   no agent is known there", "asked to leave")
			}
		})
	}
}

// TestTheBeginIsReplaced types when maintenance begins over the "now" that stands there, and adds to what a window had that is changed.
func TestTheBeginIsReplaced(t *testing.T) {
	t.Parallel()
	Run(t, Options{}, func(c *Console) {
		c.Press("2", "m", "tab", "in 2h")
		if line := c.Line("Begin*"); !strings.Contains(line, "in 2h") || strings.Contains(line, "now") {
			t.Errorf("Begin is %q, want in 2h", line)
		}
		c.Press("shift+tab", "x")
		if line := c.Line("Machines*"); !strings.Contains(line, "agent-01x") {
			t.Errorf("Machines is %q, want what was marked, and the x", line)
		}
		c.Press("esc", "9", "E", "tab", "tab")
		before := strings.Fields(c.Line("Length"))
		c.Press("5m")
		if line := c.Line("Length"); !strings.Contains(line, before[3]+"5m") {
			t.Errorf("Length is %q, want it to go on from %q", line, before)
		}
	})
}

// TestDefaultsOfAJobAreReplaced types over what the empty form has, and adds to what a draft, a task or a job has.
func TestDefaultsOfAJobAreReplaced(t *testing.T) {
	t.Parallel()
	Run(t, Options{}, func(c *Console) {
		role := func(want string) {
			t.Helper()
			if got := strings.Fields(strings.TrimLeft(c.Line("Role"), " ▶"))[1]; got != want {
				t.Errorf("the role is %q, want %q", got, want)
			}
		}
		c.Press("n", "canary", "tab", "web")
		role("web")
		c.Press("esc", "n", "tab", "/x")
		role("web/x")
		c.Press("ctrl+l", "tab", "ops")
		role("ops")
		c.Press("esc", "3", "/", "web-api.3", "enter", "n", "tab", "/x")
		role("web/x")
	})
}
