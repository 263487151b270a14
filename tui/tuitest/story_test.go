package tuitest

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestStorySubmit presses the keys of an operator who submits a job, follows it to its task and reads the task's log.
func TestStorySubmit(t *testing.T) {
	t.Parallel()
	Run(t, Options{}, func(c *Console) {
		c.Press("n", "web-canary", "tab", "tab", "./srv", "tab", "backspace", "2", "tab")
		c.Expect("web-canary", "ready: all checks pass", "fits now: all 2 instances")
		c.Press("ctrl+y")
		if got, want := c.Copied(), "reeve run --master=10.0.0.12:5050 --name=web-canary"; !strings.HasPrefix(got, want) {
			t.Errorf("copied %q, want it to begin with %q", got, want)
		}
		c.Press("ctrl+x")
		c.Expect("Submit job web-canary", "[ Cancel ]", "2 × 0.1 cpus")
		c.Press("tab", "enter")
		c.Pass(3 * time.Second)
		c.Expect("demo › web-canary", "● running", "submitted job web-canary")
		if got := strings.Count(c.Screen(), "● RUNNING   "); got != 2 {
			t.Errorf("%d instances run, want 2:\n%s", got, c.Screen())
		}
		c.Expect("web-canary.0  ◌ STAGING", "◔ STARTING", "http.go") // the first one is followed: its life, and its log
		c.Press("down", "enter")
		c.Expect("web-canary › web-canary.1", "STAGING", "STARTING", "RUNNING", "job web-canary")
		c.Press("l")
		c.Expect("web-canary.1 log", "FOLLOW", "http.go")
		c.Press("esc", "esc", "esc")
		c.Press("8")
		c.Expect("JOB_SUBMITTED", "web-canary")
	})
}

// TestStoryChangeJob scales a service, changes it in the form after its changes were shown, and rolls it back.
func TestStoryChangeJob(t *testing.T) {
	t.Parallel()
	Run(t, Options{}, func(c *Console) {
		c.Press("0", "/", "checkout", "enter", "enter", "i")
		c.Expect("scale checkout 3")
		c.Press("backspace", "5", "enter")
		c.Expect("Scale job checkout", "5 instances, 3 before", "[ Cancel ]")
		c.Press("tab", "enter")
		c.Expect("scaled job checkout", "version 3", "2/5")
		c.Press("E", "ctrl+x")
		c.Expect("nothing of job checkout was changed")
		c.Press("tab", "tab", " --fast", "ctrl+x")
		c.Expect("Update job checkout", "- command: \"./checkout --port $PORT0\"", "+ command: \"./checkout --port $PORT0 --fast\"")
		c.Press("tab", "enter")
		c.Expect("version 4", "--fast")
		c.Press("B")
		c.Expect("rollback checkout 3")
		c.Press("enter", "tab", "enter")
		c.Expect("version 5")
		c.Lacks("--fast")
		c.Pass(20 * time.Second)
		c.Expect("demo › jobs (5) › checkout  ", "ends when its", "● healthy", "5/5")
		c.Press("T")
		c.Expect("only periodic jobs are run by hand")
	})
}

// TestStoryDrill goes from the cluster to an agent, a task and its log with enter, and back with esc.
func TestStoryDrill(t *testing.T) {
	t.Parallel()
	Run(t, Options{}, func(c *Console) {
		c.Press("2", "down", "enter")
		c.Expect("demo › agents (12) › agent-02", "cpu", "load")
		c.Press("enter")
		c.Expect("agent-02 › etl-22", "STAGING")
		c.Press("enter")
		c.Expect("log", "stdout", "stderr", "FOLLOW")
		c.Press("esc")
		c.Press("esc")
		c.Expect("› agent-02")
		c.Press("esc")
		c.Expect("sort AGENT")
		if line := c.Line("▶"); !strings.Contains(line, "agent-02") {
			t.Errorf("the cursor is at %q, want it back on agent-02", line)
		}
	})
}

// TestStoryKill kills a task whose row stays where it was, and on which nothing can be done any more.
func TestStoryKill(t *testing.T) {
	t.Parallel()
	Run(t, Options{}, func(c *Console) {
		c.Press("3", "down", "ctrl+k")
		c.Expect("Kill 1 task", "cache.2", "[ Cancel ]", "SIGTERM")
		c.Press("enter") // Cancel has the focus
		c.Lacks("Kill 1 task")
		c.Pass(2 * time.Second)
		c.Expect("cache.2         ● RUNNING")
		c.Press("ctrl+k", "tab", "enter")
		c.Expect("asked for the end of cache.2")
		c.Pass(4 * time.Second)
		if line := c.Line("▶"); !strings.Contains(line, "cache.2") {
			t.Errorf("the cursor is at %q, want it on cache.2, which has ended", line)
		}
		c.Press("ctrl+k")
		c.Expect("kill: the task is gone", "✖ KILLED")
		time.Sleep(7 * time.Second) // the notice goes
		c.Press("l")
		c.Expect("cache.2 log", "the task has ended; its sandbox is still there", "http.go")
		c.Press("esc", "tab", "tab")
		c.Expect("cache.2", "KILLED")
	})
}

// TestTargetsAreFrozen changes the list behind a question; what was asked about stays.
func TestTargetsAreFrozen(t *testing.T) {
	t.Parallel()
	Run(t, Options{}, func(c *Console) {
		c.Press("3", "/", "web-api", "enter", "space", "space")
		c.Press("esc", "/", "cache", "enter", "ctrl+k")
		c.Expect("web-api.1", "web-api.2", "2 of the marked ones are hidden by the filter", "Kill 2 tasks")
		c.Pass(2 * time.Second)
		c.Press("tab", "enter")
		c.Pass(6 * time.Second) // three in which it could be stopped, three for the tasks to end
		c.Press("ctrl+\\", "esc", "/", "web-api", "enter")
		c.Expect("web-api.3")
		for _, name := range []string{"web-api.1 ", "web-api.2 "} {
			if line := c.Line(name); line != "" && !strings.Contains(line, "KILLED") {
				t.Errorf("%q lives on: %q", name, line)
			}
		}
	})
}

// TestManyTargetsNeedAWord checks that a large kill is not two keys away.
func TestManyTargetsNeedAWord(t *testing.T) {
	t.Parallel()
	Run(t, Options{}, func(c *Console) {
		c.Press("3", "space", "space", "space", "space", "space", "space", "ctrl+k")
		c.Expect("Kill 6 tasks", "type kill 6 to go on")
		c.Press("tab", "enter")
		c.Expect("Kill 6 tasks")
		c.Press("kill 6", "enter")
		c.Pass(4 * time.Second)
		c.Expect("asked for the end of 6 tasks")
	})
}

// TestLog plays the log view: search, filter, wrap, control bytes, save.
func TestLog(t *testing.T) {
	t.Parallel()
	Run(t, Options{}, func(c *Console) {
		c.Press("3", "l")
		c.Press("/", "exhausted", "enter")
		c.Expect("/ exhausted", "┃", "SCROLLED")
		first := c.Line("┃")
		c.Press("N")
		if c.Line("┃") == first {
			t.Errorf("N stays on %q", first)
		}
		c.Press("&")
		c.Lacks("GET /healthz")
		c.Expect("pool exhausted", "only matches")
		c.Press("esc")
		c.Expect("GET /healthz")
		c.Press("e")
		c.Expect("[stderr]")
		c.Lacks("INFO")
		c.Press("G")
		c.Pass(3 * time.Second)
		c.Expect("FOLLOW")
		c.Press("ctrl+s")
		c.Expect("saved /home/me/cache.1-stderr")
		if got := c.Saved(); !strings.Contains(got, "WARN") || strings.Count(got, "\n") < 5 {
			t.Errorf("saved %q", got)
		}
	})
}

// TestLogOfAnything draws bytes that are no text, and lines that are too long.
func TestLogOfAnything(t *testing.T) {
	t.Parallel()
	Run(t, Options{}, func(c *Console) {
		c.Press("3", "/", "cache.1", "enter", "enter")
		path := c.Line("sandbox")
		if path == "" {
			t.Fatalf("no sandbox:\n%s", c.Screen())
		}
		for _, task := range c.Cluster.Tasks() {
			if task.Name == "cache.1" {
				c.Cluster.SetLog(task.Sandbox+"/stdout", []byte("a\x00b\x07\x1b[31mred\x1b[0m\tend\r\n\xff\xfe\n\x1b]0;title\x07\n"+strings.Repeat("long ", 100)+"END\n"))
			}
		}
		c.Press("l")
		c.Expect("a^@b^Gred", "??", "^[]0;title^G", "long long")
		c.Lacks("END")
		c.Press("w")
		c.Expect("END")
	})
}

// TestJoinedKeys delivers several keys in one read, as a slow line does.
func TestJoinedKeys(t *testing.T) {
	t.Parallel()
	Run(t, Options{}, func(c *Console) {
		c.Type("3jj")
		if line := c.Line("▶"); !strings.Contains(line, "cron-backup.1") {
			t.Errorf("the cursor is at %q, want it two rows down", line)
		}
		c.Type("/web-a")
		c.Expect("/ web-a", "web-api.1")
		c.Press("enter")
		c.Type("\x1b[200~3q2\x1b[201~") // pasted where no text is expected
		c.Expect("/ web-a")
	})
}

// TestNoColor checks that the cursor can be seen without colours: by its sign and in reverse video.
func TestNoColor(t *testing.T) {
	t.Parallel()
	Run(t, Options{NoColor: true}, func(c *Console) {
		c.Press("3", "j")
		c.Expect("▶ cache.2")
		if !c.Reversed("cache.2") {
			t.Error("the row of the cursor is not in reverse video")
		}
		if c.Reversed("cache.1") {
			t.Error("another row is in reverse video")
		}
	})
}

// TestReadOnly checks that nothing can be changed, and that one is told.
func TestReadOnly(t *testing.T) {
	t.Parallel()
	Run(t, Options{ReadOnly: true}, func(c *Console) {
		c.Expect("RO")
		c.Press("3", "ctrl+k")
		c.Expect("this console is read-only")
		c.Lacks("SIGTERM")
		c.Press(":", "kill cache.1", "enter")
		c.Expect("this console is read-only")
		c.Lacks("SIGTERM")
	})
}

// TestCommandLine goes places by name.
func TestCommandLine(t *testing.T) {
	t.Parallel()
	Run(t, Options{}, func(c *Console) {
		c.Press(":", "agent agent-07", "enter")
		c.Expect("› agent-07")
		c.Press(":", "tasks state:unreach", "enter", "tab")
		c.Expect("[unreachable 7]", "7 of 7")
		c.Press(":", "nonsense", "enter")
		c.Expect("there is no command nonsense")
		c.Press("esc", ":", "ev", "tab", "enter")
		c.Expect("demo › events", "MASTER_ELECTED")
	})
}

// TestDraft leaves the form and finds what was typed again.
func TestDraft(t *testing.T) {
	t.Parallel()
	Run(t, Options{}, func(c *Console) {
		c.Press("n", "half-done", "esc")
		c.Lacks("half-done")
		c.Press("n")
		c.Expect("half-done")
	})
}

// TestProblems shows only what is wrong.
func TestProblems(t *testing.T) {
	t.Parallel()
	Run(t, Options{}, func(c *Console) {
		c.Press("3", "!")
		c.Expect("only problems", "web-front.4", "UNHEALTHY", "1 of 1")
		c.Press("esc", "g")
		c.Expect("cache.1")
	})
}

// TestIdle checks that a console that shows nothing new writes nothing but the clock's changes.
func TestIdle(t *testing.T) {
	t.Parallel()
	Run(t, Options{}, func(c *Console) {
		c.Press("7")
		before := c.vt.written()
		time.Sleep(10 * time.Second)
		c.settle()
		if got := c.vt.written() - before; got > 2000 {
			t.Errorf("wrote %d bytes in 10 idle seconds, want at most 2000", got)
		}
	})
}

// TestFiles walks through a sandbox, looks at a file, saves it, and comes back to where it was.
func TestFiles(t *testing.T) {
	t.Parallel()
	Run(t, Options{}, func(c *Console) {
		c.Press("3", "enter", "f")
		c.Expect("files", "conf/", "conf.tgz", "5 files")
		c.Press("enter")
		c.Expect("conf", "app.yaml", "2 files")
		c.Press("j", "enter")
		c.Expect("cannot be read from outside")
		c.Press("backspace", "/", "stdout", "enter")
		c.Expect("stdout", "1 of 5")
		c.Press("D")
		c.Expect("saved")
		if c.Saved() == "" {
			t.Error("nothing was saved")
		}
		c.Press("enter")
		c.Expect("stdout", "lines")
		c.Press("esc")
		c.Cluster.Cut(fmt.Errorf("connection refused"))
		c.Pass(10 * time.Second)
		c.Expect("what is shown is old", "stdout")
	})
}

// TestLogSince begins with what was written since.
func TestLogSince(t *testing.T) {
	t.Parallel()
	Run(t, Options{}, func(c *Console) {
		var log strings.Builder
		for i := range 5000 {
			fmt.Fprintf(&log, "line %d, and some more text so that it has a length\n", i+1)
		}
		for _, task := range c.Cluster.Tasks() {
			c.Cluster.SetLog(task.Sandbox+"/stdout", []byte(log.String()))
		}
		c.Press("3", "l")
		c.Expect("FOLLOW", "g loads more", "line 5000,")
		c.Press("1")
		c.Expect("SCROLLED", "5000 lines", "line 1,")
		c.Press("2")
		c.Expect("60 lines", "line 4941,")
		c.Press("4")
		c.Expect("900 lines", "line 4101,")
		c.Press("0")
		c.Expect("FOLLOW", "line 5000,")
		c.Pass(5 * time.Second)
		c.Expect("FOLLOW")
	})
}

// TestDrainByFinger drains and reactivates with k9s's letters: both only ask, and Cancel has the focus.
func TestDrainByFinger(t *testing.T) {
	t.Parallel()
	Run(t, Options{}, func(c *Console) {
		c.Press("2", "r")
		c.Expect("Drain agent-01", "[ Cancel ]")
		c.Press("enter")
		c.Pass(time.Second)
		if line := c.Line("agent-01"); !strings.Contains(line, "● active") {
			t.Errorf("agent-01 is %q after r and enter, want it active", line)
		}
		c.Press("u")
		c.Expect("nothing to reactivate: agent-01 is not deactivated")
		c.Press("r", "tab", "enter")
		c.Expect("asked for the drain of agent-01   :undo undoes it") // u is another verb here
		c.Pass(10 * time.Second)
		c.Press("enter", "u")
		c.Expect("Reactivate agent-01", "[ Cancel ]")
		c.Press("tab", "enter")
		c.Expect("reactivated agent-01")
		c.Press("r")
		c.Expect("Drain agent-01", "[ Cancel ]")
	})
}

// TestStoryDrain takes an agent out of use, watches how its tasks end, and has it used again.
func TestStoryDrain(t *testing.T) {
	t.Parallel()
	Run(t, Options{}, func(c *Console) {
		c.Press("2", "ctrl+e")
		c.Expect("nothing to reactivate: agent-01 is not deactivated")
		c.Press("ctrl+t")
		c.Expect("Drain agent-01", "7 tasks of 3 frameworks", "[ Cancel ]", "Free elsewhere", "SIGKILL when its own grace is over")
		c.Press("enter") // Cancel has the focus
		c.Lacks("Drain agent-01")
		c.Press("ctrl+t", "tab", "enter")
		c.Expect("asked for the drain of agent-01", "▼ draining")
		c.Press("1")
		c.Expect("agent-01             draining for")
		c.Press("2", "enter")
		c.Expect("▼ draining", "7 left")
		c.Press("ctrl+e")
		c.Expect("nothing to reactivate: agent-01 drains still")
		c.Pass(4 * time.Second)
		c.Expect("○ drained", "tasks 0", "ended 7")
		c.Press("1")
		c.Expect("agent-01             drained, and not used for")
		c.Press(":", "reactivate agent-01", "enter", "tab", "enter")
		c.Expect("reactivated agent-01")
		c.Press("2")
		if line := c.Line("agent-01"); !strings.Contains(line, "● active") {
			t.Errorf("agent-01 is %q, want it active", line)
		}
	})
}

// TestStoryGone gives an agent up, which takes a word; and one after a drain.
func TestStoryGone(t *testing.T) {
	t.Parallel()
	Run(t, Options{}, func(c *Console) {
		c.Press("2", "j", "ctrl+g")
		c.Expect("Give up agent-02", "For ever", "type gone agent-02 to go on")
		c.Press("tab", "enter")
		c.Expect("Give up agent-02")
		c.Press("gone agent-02", "enter")
		c.Expect("marked agent-02 as gone", "✖ gone")
		c.Press("ctrl+o")
		c.Expect("nothing to deactivate: agent-02 is gone")
		c.Press(":", "drain agent-03 30s gone", "enter")
		c.Expect("its grace is over, 30s at most", "Then it is gone for ever", "type drain agent-03 to go on")
		c.Press("tab", "drain agent-03", "enter")
		c.Pass(4 * time.Second)
		if line := c.Line("agent-03"); !strings.Contains(line, "✖ gone") {
			t.Errorf("agent-03 is %q, want it gone", line)
		}
		c.Press(":", "deactivate agent-04", "enter", "tab", "enter")
		c.Expect("deactivated agent-04", "○ deactivated")
		for _, wrong := range [][2]string{
			{"drain", "drain whom?"},
			{"gone nobody", "there is no agent nobody"},
			{"drain agent-05 soon", "\"soon\" is no grace"},
			{"reactivate agent-04 agent-05", "reactivate takes one agent"},
		} {
			c.Press(":", wrong[0], "enter")
			c.Expect(wrong[1])
			c.Press("esc")
		}
	})
}
