package tuitest

import (
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestSortByUse puts the tasks first that use most, also those whose agents were not asked while they were not on the screen.
func TestSortByUse(t *testing.T) {
	t.Parallel()
	Run(t, Options{W: 140, H: 40}, func(c *Console) {
		c.Press("3")
		for range 30 {
			if strings.Contains(c.Screen(), "sort CPU USED") {
				break
			}
			c.Press("shift+right")
		}
		c.Press("O")
		c.Expect("sort CPU USED ↓")
		c.Pass(20 * time.Second)
		c.Lacks("use is known of")
		used := regexp.MustCompile(`agent-\d+ +[■□·]+ +([0-9]+\.[0-9]{2}) `)
		last, rows := 1e9, 0
		for line := range strings.SplitSeq(c.Screen(), "\n") {
			m := used.FindStringSubmatch(line)
			if m == nil {
				continue
			}
			v, err := strconv.ParseFloat(m[1], 64)
			if err != nil {
				t.Fatal(err)
			}
			if v > last+0.005 {
				t.Errorf("%q uses more than the one before:\n%s", line, c.Screen())
			}
			last = v
			rows++
		}
		if rows < 20 {
			t.Errorf("only %d rows say what they use:\n%s", rows, c.Screen())
		}
	})
}

// TestPreviewOfUse shows what the cursor's agent and task use, and what the task writes.
func TestPreviewOfUse(t *testing.T) {
	t.Parallel()
	Run(t, Options{W: 140, H: 40}, func(c *Console) {
		c.Press("2", "v")
		c.Pass(3 * time.Second)
		c.Expect("agent-01  (v hides it)", "reserved  web 2.0 cpus 4G", "busiest   ", " cpus   ")
		if line := c.Line(" net "); !strings.Contains(line, "in ") || !strings.Contains(line, "▇") {
			t.Errorf("%q shows no traffic", line)
		}
		c.Press("3", "/", "web-api.3", "enter")
		c.Pass(4 * time.Second)
		c.Expect("web-api.3", "the end of its log:", "GET /v1/cart", " of 1.0 cpus")
		c.Press("/")
		c.Press("backspace", "backspace", "backspace", "backspace", "backspace", "backspace", "backspace", "backspace", "backspace")
		c.Type("web-pay")
		c.Press("enter", "tab", "tab")
		c.Pass(4 * time.Second)
		c.Expect("the end of its log:", "exit 137")
	})
}

// TestCloseLookAtAgent tells what a machine does and how its agent was started.
func TestCloseLookAtAgent(t *testing.T) {
	t.Parallel()
	Run(t, Options{W: 140, H: 40}, func(c *Console) {
		c.Press("2", "enter")
		c.Pass(5 * time.Second)
		c.Expect("kernel 6.12.0-4-amd64", "8 cores", "load ", "user ", "iowait 2%", "pressure 0.4%", "cache 2.3G", "swap 0", "oom kills", "write 13M/s", "sandboxes kept 7d0h", "tcp retrans 0.1%")
		c.Press("shift+tab", "shift+tab")
		c.Expect("--gc-delay", "168h")
		c.Press("/", "masters", "enter")
		c.Expect("10.0.0.11:5051")
		c.Lacks("--gc-delay")
	})
	Run(t, Options{}, func(c *Console) {
		c.Press("2", "enter", "shift+tab")
		c.Pass(3 * time.Second)
		c.Expect("↓ more")
		c.Press("G")
		c.Expect("offered", "tcp retrans")
		c.Lacks("↓ more")
	})
}

// TestCloseLookAtTask tells what runs in a task, and of an ended one how long its files are kept.
func TestCloseLookAtTask(t *testing.T) {
	t.Parallel()
	Run(t, Options{W: 140, H: 40}, func(c *Console) {
		c.Press("3", "/", "web-api.3", "enter", "enter")
		c.Pass(5 * time.Second)
		c.Expect("user ", "sys ", "rss ", "swap 0", "on the host", "SIGKILL 30s after it was asked to end", "/health every 10s", "network    bridge 10.88.0.", "19 connections", "processes 5")
		c.Press("shift+tab")
		c.Expect("ON HOST", "COMMAND", "--worker 1")
		if line := c.Line(" 33 "); !strings.Contains(line, "/srv/web-api --listen :$PORT0 --pool 64") || strings.Contains(line, "--worker") {
			t.Errorf("the busiest process is %q", line)
		}
		c.Press("3", "esc", "tab", "tab", "enter")
		c.Pass(3 * time.Second)
		c.Expect("its sandbox, until about 08 Jan")
	})
}

// TestTightTask says what became of tasks like one that is near the limit of its memory.
func TestTightTask(t *testing.T) {
	t.Parallel()
	Run(t, Options{W: 140, H: 40}, func(c *Console) {
		c.Press("3", "/", "log-ship.6", "enter", "enter")
		c.Pass(3 * time.Second)
		c.Expect("memory near its limit: 9")
	})
}

// TestLogFigures counts the matches of a search, and how fast lines come.
func TestLogFigures(t *testing.T) {
	t.Parallel()
	Run(t, Options{W: 140, H: 40}, func(c *Console) {
		c.Press("3", "l")
		c.Pass(15 * time.Second)
		c.Expect(" lines/s  ")
		c.Press("/", "healthz", "enter")
		if line := c.Line("matches"); !regexp.MustCompile(`match \d+ of \d+`).MatchString(line) {
			t.Errorf("%q does not count", line)
		}
		c.Press("esc", "4")
		c.Pass(time.Second)
		c.Expect("since 15m")
	})
	Run(t, Options{}, func(c *Console) {
		c.Press("3", "l")
		c.Expect("columns to the right")
		c.Press("w")
		c.Lacks("columns to the right")
	})
}

// TestOverviewFigures shows how busy each agent is and what becomes of tasks.
func TestOverviewFigures(t *testing.T) {
	t.Parallel()
	Run(t, Options{W: 140, H: 40}, func(c *Console) {
		c.Expect("load by agent (cpu)", "starts/min", "ends/min", "failed/min", "SHARE", "LAG")
		if line := c.Line("09 ?"); !strings.Contains(line, "10 ") {
			t.Errorf("%q does not say that nobody hears of agent-09", line)
		}
	})
}
