package tuitest

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestHistory goes back and forward over whole paths of screens, as in a browser.
func TestHistory(t *testing.T) {
	t.Parallel()
	Run(t, Options{}, func(c *Console) {
		c.Press("2", "enter", "3", "8")
		c.Expect("demo › events")
		c.Press("[")
		c.Expect("demo › tasks")
		c.Press("[")
		c.Expect("demo › agents (12) › agent-01")
		c.Press("esc")
		c.Expect("demo › agents (12) ")
		c.Press("[")
		c.Expect("› agent-01") // leaving a screen is a step of its own
		c.Press("]", "]")
		c.Expect("demo › agents (12) ") // what lay ahead was forgotten when esc went elsewhere
		c.Press("[", "[", "[", "[", "[", "[")
		c.Expect("ATTENTION")
	})
}

// TestFreeze checks that frozen data stand still, cannot be acted on, and go on with what came meanwhile.
func TestFreeze(t *testing.T) {
	t.Parallel()
	Run(t, Options{}, func(c *Console) {
		c.Press("3", "/", "web-api.3", "enter", "P")
		c.Expect("FROZEN", "frozen: nothing moves")
		for _, task := range c.Cluster.Tasks() {
			if task.Name == "web-api.3" {
				if err := c.Cluster.KillTask(t.Context(), task.Framework, task.ID, -1); err != nil {
					t.Fatal(err)
				}
			}
		}
		c.Pass(10 * time.Second)
		c.Expect("FROZEN 1", "● RUNNING")
		c.Press("ctrl+k")
		c.Expect("off while the data are frozen")
		c.Press(":", "kill web-api.3", "enter")
		c.Expect("off while the data are frozen")
		c.Press("P")
		c.Expect("live again")
		c.Lacks("FROZEN")
		if line := c.Line("web-api.3"); strings.Contains(line, "RUNNING") {
			t.Errorf("it goes on with %q, want the task's end", line)
		}
	})
}

// TestPreview shows what the cursor is on below the list, and follows it.
func TestPreview(t *testing.T) {
	t.Parallel()
	Run(t, Options{W: 120, H: 40}, func(c *Console) {
		c.Press("2", "v")
		c.Expect("agent-01  (v hides it)", "address         10.0.1.11:5051")
		c.Press("down")
		c.Expect("agent-02  (v hides it)")
		c.Press("v")
		c.Lacks("hides it")
	})
	Run(t, Options{W: 60, H: 15}, func(c *Console) {
		c.Press("2", "v")
		c.Lacks("hides it") // there is no room for it
	})
}

// TestMouse uses wheel, click and double click, but only after it was asked for, and never on a question.
func TestMouse(t *testing.T) {
	t.Parallel()
	const wheelDown, secondRow, cpuHead = "\x1b[<65;5;8M", "\x1b[<0;6;5M", "\x1b[<0;50;3M"
	Run(t, Options{}, func(c *Console) {
		c.Press("3")
		c.Type(wheelDown)
		if line := c.Line("▶"); !strings.Contains(line, "cache.1") {
			t.Errorf("the wheel moved to %q without having been asked for", line)
		}
		c.Press(":", "mouse", "enter")
		c.Expect("to select text hold shift")
		c.Type(wheelDown)
		if line := c.Line("▶"); !strings.Contains(line, "cron-backup.2") {
			t.Errorf("the wheel moved to %q, want three rows down", line)
		}
		c.Type(secondRow)
		if line := c.Line("▶"); !strings.Contains(line, "cache.2") {
			t.Errorf("the click moved to %q, want cache.2", line)
		}
		c.Press("ctrl+k")
		c.Type(secondRow)
		c.Type(secondRow)
		c.Expect("Kill 1 task")
		c.Press("esc")
		time.Sleep(time.Second)
		c.Type(cpuHead)
		c.Expect("sort CPUS")
		c.Type(secondRow + secondRow)
		c.Expect("› cache.2", "STAGING")
	})
}

// TestMouseOnTabsAndFooter clicks on what stands for keys.
func TestMouseOnTabsAndFooter(t *testing.T) {
	t.Parallel()
	Run(t, Options{}, func(c *Console) {
		click := func(text string) {
			t.Helper()
			for y, line := range strings.Split(c.Screen(), "\n") {
				if before, _, found := strings.Cut(line, text); found {
					c.Type(fmt.Sprintf("\x1b[<0;%d;%dM", len([]rune(before))+2, y+1))
					return
				}
			}
			t.Fatalf("there is no %q:\n%s", text, c.Screen())
		}
		c.Press("3")
		click("ended")
		c.Lacks("[ended")
		c.Press(":", "mouse", "enter")
		click("ended 7")
		c.Expect("[ended 7]")
		click("active")
		c.Expect("[active")
		click("<l>logs")
		c.Expect("log", "FOLLOW")
		click("stderr")
		c.Expect("[stderr]")
		c.Press("1")
		c.Press("esc")
		c.Press("1")
		click("2 agents")
		c.Expect("› agents (12)")
		click("<r>drain")
		c.Expect("Drain agent-01", "Cancel")
	})
}

// TestCommandsOfEarlierSessions brings back what was typed before.
func TestCommandsOfEarlierSessions(t *testing.T) {
	t.Parallel()
	Run(t, Options{Lines: []string{"agents rack=r1", "tasks etl"}}, func(c *Console) {
		c.Press(":", "ctrl+p", "ctrl+p", "enter")
		c.Expect("demo › agents", "/ rack=r1")
		if got := c.Root.Session().Lines; len(got) != 3 || got[2] != "agents rack=r1" {
			t.Errorf("kept %q", got)
		}
	})
}

// TestTeardown ends a framework, after a word was typed: it cannot be undone.
func TestTeardown(t *testing.T) {
	t.Parallel()
	Run(t, Options{}, func(c *Console) {
		c.Press("4", "/", "chronos", "enter", "ctrl+k")
		c.Expect("Tear down chronos", "active tasks", "can never subscribe again", "type teardown to go on")
		c.Press("tab", "enter")
		c.Expect("Tear down chronos")
		c.Press("teardown", "enter")
		c.Pass(2 * time.Second)
		c.Expect("tore down chronos")
		c.Press("tab", "tab")
		c.Expect("chronos")
		c.Press("ctrl+k")
		c.Expect("these frameworks have ended")
		c.Press(":", "teardown spark-etl", "enter")
		c.Expect("Tear down spark-etl")
	})
}

// TestTemplates keeps a form, shows it as a file, and begins another from it.
func TestTemplates(t *testing.T) {
	t.Parallel()
	Run(t, Options{}, func(c *Console) {
		c.Press("n", "ctrl+o")
		c.Expect("there is no template yet")
		c.Press("ctrl+s")
		c.Expect("a template needs a name")
		c.Press("nightly", "tab", "tab", "./report --all", "ctrl+p")
		c.Expect("As a file", "name: nightly", "command: ./report --all")
		c.Press("ctrl+p", "ctrl+s")
		c.Expect("kept as template nightly")
		c.Press("ctrl+l")
		c.Lacks("./report")
		c.Press("ctrl+o")
		c.Expect("Begin from a template", "nightly", "./report --all")
		c.Press("a")
		c.Expect("submit a job", "./report --all")
	})
}

// TestFormBesideItsFile shows the job as a file beside the form while one types, and how it differs from the template, also
// after one has left and come back; a narrower terminal shows as before where the job fits, and nothing else.
func TestFormBesideItsFile(t *testing.T) {
	t.Parallel()
	Run(t, Options{W: 140, H: 40}, func(c *Console) {
		c.Press("n", "nightly", "tab", "tab", "./report")
		c.Expect("name: nightly", "command: ./report ", "Where it fits", "agent-10")
		c.Lacks("differs from", "same as")
		c.Press("ctrl+s")
		c.Expect("same as template nightly")
		c.Press(" --all", "tab", "backspace", "3")
		c.Expect("command: ./report --all", "instances: 3", "differs from template nightly:", "- command: \"./report\"", "+ command: \"./report --all\"", "- instances: 1", "+ instances: 3")
		c.Press("esc", "n")
		c.Expect("differs from template nightly:", "+ instances: 3")
		c.Press("ctrl+o", "a")
		c.Expect("same as template nightly", "command: ./report ")
		c.Press("ctrl+l")
		c.Lacks("same as", "differs from", "./report")
		c.Press("esc", "0", "/", "checkout", "enter", "enter", "E", "tab", "tab", " --fast")
		c.Expect("differs from job checkout:", "- command: \"./checkout --port $PORT0\"", "+ command: \"./checkout --port $PORT0 --fast\"")
		c.Lacks("- name:", "- role:", "- resources")
	})
	Run(t, Options{W: 139, H: 40}, func(c *Console) {
		c.Press("n", "nightly")
		c.Expect("Where it fits", "agent-10")
		c.Lacks("name: nightly")
	})
}

// TestFormGPUsAndLabels checks both while one types, says where GPUs are free, and submits them.
func TestFormGPUsAndLabels(t *testing.T) {
	t.Parallel()
	Run(t, Options{W: 140, H: 40}, func(c *Console) {
		c.Press("n", "train", "tab", "tab", "./train", "tab", "tab", "tab", "tab", "tab", "tab", "backspace", "x")
		c.Expect("gpus must be a whole number from 0 to 1000", "1 field to go: GPUs")
		c.Press("backspace", "9")
		c.Expect("no agent has that many free; the most is 2", "fits nowhere now; the most gpus that an agent has free is 2", "FREE GPU", "4 gpus")
		c.Press("backspace", "1")
		c.Expect("fits now", "gpus: 1")
		c.Lacks("no agent has")
		c.Press("tab", "tab", "tab", "tab", "tab", "tab", "tab", "tab", "tab", "reeve.x=1")
		c.Expect("may not begin with", "1 field to go: Labels")
		c.Press("ctrl+u", "team=shop tier='front end'")
		c.Expect("team: shop", "tier: front end", "ready: all checks pass")
		c.Press("ctrl+y")
		if got := c.Copied(); !strings.Contains(got, "--gpus=1") || !strings.Contains(got, "--label='tier=front end'") {
			t.Errorf("copied %q, want it to have the gpus and the labels", got)
		}
		c.Press("ctrl+x", "tab", "enter")
		c.Expect("demo › train", "1.0 gpus")
	})
}

// TestMaintenance takes a machine of the schedule down and brings it back.
func TestMaintenance(t *testing.T) {
	t.Parallel()
	Run(t, Options{W: 140, H: 40}, func(c *Console) {
		c.Press("9")
		c.Expect("agent-04", "agent-11", "marathon leaves", "scheduled")
		c.Press("/", "agent-11", "enter")
		c.Expect("the time of agent-11 has come")
		c.Press("ctrl+t")
		c.Expect("Take down agent-11", "Its agents are removed and refused")
		c.Press("tab", "enter")
		c.Pass(3 * time.Second)
		c.Expect("DOWN", "agent-11 down for maintenance")
		c.Press("ctrl+t")
		c.Expect("agent-11 is down already")
		c.Press("ctrl+e", "tab", "enter")
		c.Pass(3 * time.Second)
		c.Expect("agent-11 up again")
		c.Press("ctrl+o") // its row stays for a while, dimmed, and nothing can be done to it
		c.Expect("there is no machine here")
		c.Press("esc", "g", "ctrl+o")
		c.Expect("Cancel the maintenance of agent-01")
	})
}

// TestPreviewGrows gives the description of a row more of the screen, and less until it is gone; rows of the list are left.
func TestPreviewGrows(t *testing.T) {
	t.Parallel()
	Run(t, Options{W: 100, H: 40}, func(c *Console) {
		top := func() int {
			for y, line := range strings.Split(c.Screen(), "\n") {
				if strings.Contains(line, "(v hides it)") {
					return y
				}
			}
			return -1
		}
		c.Press("3", "+")
		usual := top()
		c.Press("+")
		larger := top()
		c.Press("+", "+")
		largest := top()
		if usual < 0 || larger >= usual || largest >= larger || largest < 4 {
			t.Errorf("the preview begins at line %d, then %d, then %d; want it to grow and to leave a list", usual, larger, largest)
		}
		c.Press("_", "_", "_")
		if at := top(); at >= 0 {
			t.Errorf("the preview is still there, at line %d", at)
		}
	})
}
