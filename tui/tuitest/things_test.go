package tuitest

import (
	"strings"
	"testing"
	"time"

	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// TestDescribe reads what is known of a task, searches in it, turns it into YAML and JSON, and copies and saves that.
func TestDescribe(t *testing.T) {
	t.Parallel()
	Run(t, Options{}, func(c *Console) {
		c.Press("3", "/", "web-api.3", "enter", "d")
		c.Expect("› web-api.3 described", "WHERE AND WHOSE", "marathon")
		c.Press("G")
		c.Expect("RUNNING")
		c.Press("/", "command", "enter")
		c.Expect("┃", "WHAT IT RUNS")
		c.Press("esc", "y")
		c.Expect("[YAML]", "framework_name: marathon")
		c.Press("y", "c")
		if got := c.Copied(); !strings.HasPrefix(got, "{\n") || !strings.Contains(got, `"name": "web-api.3"`) {
			t.Errorf("copied %q, want the JSON", got)
		}
		c.Press("ctrl+s")
		if got := c.Saved(); got != c.Copied() {
			t.Errorf("saved %q, want what was copied", got)
		}
		c.Press("esc")
		c.Expect("tasks (")
	})
}

// TestDescribeFollows checks that the text changes with the thing.
func TestDescribeFollows(t *testing.T) {
	t.Parallel()
	Run(t, Options{}, func(c *Console) {
		c.Press("3", "/", "web-api.3", "enter", "d")
		c.Expect("TASK_RUNNING")
		for _, task := range c.Cluster.Tasks() {
			if task.Name == "web-api.3" {
				if err := c.Cluster.KillTask(t.Context(), task.Framework, task.ID, -1); err != nil {
					t.Fatal(err)
				}
			}
		}
		c.Pass(10 * time.Second)
		c.Expect("TASK_KILLED")
		c.Lacks("TASK_RUNNING")
	})
}

// TestCopyMenu copies something other than the id.
func TestCopyMenu(t *testing.T) {
	t.Parallel()
	Run(t, Options{}, func(c *Console) {
		c.Press("3", "/", "web-api.3", "enter", "C", "e")
		if got, want := c.Copied(), "reeve exec --master=10.0.0.12:5050 -it web-api.3."; !strings.HasPrefix(got, want) || !strings.HasSuffix(got, " -- sh") {
			t.Errorf("copied %q, want it to begin with %q", got, want)
		}
		c.Press("2", "C", "down", "down", "enter")
		if got := c.Copied(); got != "10.0.1.11:5051" {
			t.Errorf("copied %q, want the agent's address", got)
		}
		c.Press("1", "C")
		c.Lacks("╭─ Copy")
	})
}

// TestExport saves a list: what passes the filter, in its order, without the columns that are pictures.
func TestExport(t *testing.T) {
	t.Parallel()
	Run(t, Options{}, func(c *Console) {
		c.Press("2", "/", "agent-0", "enter", "O", "ctrl+s", "c")
		lines := strings.Split(strings.TrimSpace(c.Saved()), "\n")
		if len(lines) != 10 || !strings.HasPrefix(lines[0], "AGENT,") || !strings.HasPrefix(lines[1], "agent-09,") {
			t.Errorf("saved %q, want titles and nine agents, the last first", c.Saved())
		}
		for _, line := range lines {
			if strings.Contains(line, "##") {
				t.Errorf("%q has a picture in it", line)
			}
		}
		c.Press("ctrl+s", "L")
		if got := strings.Count(c.Saved(), `"agent":"agent-`); got != 12 {
			t.Errorf("saved %d agents, want all 12:\n%s", got, c.Saved())
		}
	})
}

// asked are the lists that are not in the stream, and what is known of a row of each.
var asked = []struct {
	name            string
	keys            []string
	described, json []string
	menu            []string
	command         string // of the menu, and what it copies
	copies          string
}{
	{
		"maintenance",
		[]string{"9", "/", "agent-11", "enter"},
		[]string{"› agent-11 described", "MACHINE", "agent-11", "ANSWERS", "marathon"},
		[]string{`"hostname": "agent-11"`, `"start": "`},
		[]string{"machine", "address", "command that takes it down"},
		"t", "reeve maintenance start --master=10.0.0.12:5050 agent-11",
	},
	{
		"members",
		[]string{":", "members", "enter", "/", "agent-01", "enter"},
		[]string{"› agent-01 described", "MEMBER", "alive"},
		[]string{`"kind": "agent"`, `"address": "`},
		[]string{"name", "gossip's address", "its API's address"},
		"n", "agent-01",
	},
	{
		"files",
		[]string{"3", "/", "web-api.3", "enter", "f", "/", "stdout", "enter"},
		[]string{"› stdout described", "FILE", "bytes"},
		[]string{`"path": "`, `"size": `},
		[]string{"path", "command that fetches it"},
		"g", "reeve files get --master=10.0.0.12:5050 web-api.3",
	},
	{
		"secrets",
		[]string{":", "secrets", "enter"},
		[]string{"described", "SECRET", "NEEDED BY"},
		[]string{`"version": `, `"size": `},
		[]string{"name", "command that stores"},
		"s", "reeve secrets set --master=10.0.0.12:5050 ",
	},
}

// TestAskedThings describes, shows as it is and copies what a list had to ask for.
func TestAskedThings(t *testing.T) {
	t.Parallel()
	for _, of := range asked {
		t.Run(of.name, func(t *testing.T) {
			Run(t, Options{W: 100, H: 40}, func(c *Console) {
				c.Press(of.keys...)
				c.Pass(2 * time.Second)
				c.Press("d")
				c.Expect(of.described...)
				c.Press("y")
				c.Expect("[YAML]")
				c.Press("y", "c")
				for _, want := range of.json {
					if got := c.Copied(); !strings.HasPrefix(got, "{\n") || !strings.Contains(got, want) {
						t.Errorf("copied %q, want JSON with %s", got, want)
					}
				}
				c.Press("esc", "C")
				c.Expect("─ Copy ")
				c.Expect(of.menu...)
				c.Press(of.command)
				if got := c.Copied(); !strings.HasPrefix(got, of.copies) {
					t.Errorf("%s copies %q, want %q", of.command, got, of.copies)
				}
				if of.name == "files" {
					return // the list shows what is in the directory where the text would stand
				}
				c.Press("v")
				c.Expect("(v hides it)", of.described[1])
			})
		})
	}
}

// TestAskedThingsFollow keeps a description true, and what was known last when the thing is gone.
func TestAskedThingsFollow(t *testing.T) {
	t.Parallel()
	Run(t, Options{}, func(c *Console) {
		c.Press("9", "/", "agent-11", "enter")
		c.Pass(2 * time.Second)
		c.Press("d")
		c.Expect("draining")
		change := func(step string) {
			t.Helper()
			plan, err := c.Cluster.Maintenance(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, w := range plan.Windows {
				for _, m := range w.Machines {
					if m.Hostname == "agent-11" {
						err = c.Cluster.ChangeMaintenance(t.Context(), step, reeveapi.MaintenanceRequest{Machines: []reeveapi.MachineID{{Hostname: m.Hostname, IP: m.IP}}})
					}
				}
			}
			if err != nil {
				t.Fatal(err)
			}
			c.Pass(4 * time.Second)
		}
		change("start")
		c.Expect("down")
		change("stop")
		c.Expect("it is gone; this is what was known last", "agent-11")
	})
}

// TestTakeATaskAlong copies the command that prints what the screen of a task shows, and saves what is known of it in each form.
func TestTakeATaskAlong(t *testing.T) {
	Run(t, Options{}, func(c *Console) {
		c.Press("3", "/", "web-api.3", "enter", "enter", "ctrl+y")
		if got, want := c.Copied(), "reeve inspect --master=10.0.0.12:5050 web-api.3."; !strings.HasPrefix(got, want) || strings.Contains(got, "/") {
			t.Errorf("copied %q, want it to begin with %q", got, want)
		}
		for key, want := range map[string]string{"t": "WHERE AND WHOSE", "y": "framework_name: marathon", "j": `"framework_name": "marathon"`} {
			c.Press("ctrl+s")
			c.Expect("Save web-api.3 as")
			c.Press(key)
			if got := c.Saved(); !strings.Contains(got, want) {
				t.Errorf("%s saved %q, want it to have %q", key, got, want)
			}
			c.Expect("saved /home/me/web-api.3.")
		}
	})
}

// TestTakeAnAgentAndAJobAlong does the same where tasks and instances are listed.
func TestTakeAnAgentAndAJobAlong(t *testing.T) {
	Run(t, Options{}, func(c *Console) {
		c.Press("2", "enter", "ctrl+y")
		if got, want := c.Copied(), "reeve tasks --master=10.0.0.12:5050 --agent="; !strings.HasPrefix(got, want) || strings.Contains(got, "--all") {
			t.Errorf("copied %q, want it to begin with %q", got, want)
		}
		c.Press("ctrl+s", "c")
		if got := c.Saved(); !strings.HasPrefix(got, "TASK,") {
			t.Errorf("saved %q, want the tasks", got)
		}
		c.Press("tab", "ctrl+y")
		if got, want := c.Copied(), "--all"; !strings.Contains(got, want) {
			t.Errorf("copied %q of the ended ones, want %q in it", got, want)
		}
		c.Press("0", "/", "index-products", "enter", "enter", "ctrl+y")
		if got, want := c.Copied(), "reeve run --master=10.0.0.12:5050 --name=index-products"; !strings.HasPrefix(got, want) {
			t.Errorf("copied %q, want it to begin with %q", got, want)
		}
		c.Press("ctrl+s", "c")
		if got := c.Saved(); !strings.Contains(got, "RUNNING") {
			t.Errorf("saved %q, want the instances", got)
		}
	})
}
