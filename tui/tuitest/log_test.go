package tuitest

import (
	"strings"
	"testing"
	"time"
)

// TestBothStreams reads stdout and stderr together: in the order of time, each line with its stream.
func TestBothStreams(t *testing.T) {
	t.Parallel()
	Run(t, Options{}, func(c *Console) {
		c.Press("3", "/", "web-api.3", "enter", "l", "a", "t")
		c.Expect("[both]", "out ", "err ")
		last := ""
		for line := range strings.SplitSeq(c.Screen(), "\n") {
			if len(line) < 20 || !strings.Contains(line, " out ") && !strings.Contains(line, " err ") {
				continue
			}
			if at := line[1:9]; at < last {
				t.Errorf("%q stands below %s", line, last)
			} else {
				last = at
			}
		}
		if last == "" {
			t.Errorf("no line has a time:\n%s", c.Screen())
		}
		c.Press("/", "exhausted", "enter", "N")
		c.Expect("┃")
		c.Press("&")
		if got := strings.Count(c.Screen(), "pool exhausted"); got < 2 || strings.Contains(c.Screen(), "healthz") {
			t.Errorf("only matches are not what is shown:\n%s", c.Screen())
		}
		c.Press("ctrl+s")
		c.Expect("o or e first")
		c.Press("esc", "o", "t")
		c.Lacks(" err 12:")
	})
}

// TestNewLinesBelow counts what comes while one looks at what was before, also with both streams.
func TestNewLinesBelow(t *testing.T) {
	t.Parallel()
	for _, stream := range []string{"o", "a"} {
		Run(t, Options{}, func(c *Console) {
			c.Press("3", "/", "web-api.3", "enter", "l", stream)
			c.Pass(2 * time.Second)
			c.Press("pgup")
			first := strings.Split(c.Screen(), "\n")[2]
			c.Pass(8 * time.Second)
			c.Expect("new line", "F follows", "SCROLLED +")
			if got := strings.Split(c.Screen(), "\n")[2]; got != first {
				t.Errorf("with %s what is looked at moved from %q to %q", stream, first, got)
			}
			c.Press("F")
			c.Lacks("F follows")
		})
	}
}

// TestPrettyJSON reads a log of JSON lines as people write them; the choice outlives the screen.
func TestPrettyJSON(t *testing.T) {
	t.Parallel()
	Run(t, Options{}, func(c *Console) {
		for _, task := range c.Cluster.Tasks() {
			if task.Name == "web-api.3" {
				c.Cluster.SetLog(task.Sandbox+"/stdout", []byte(`{"level":"warn","ts":"12:00:01","msg":"pool exhausted","wait":"120 ms","n":14}`+"\nplain\n"))
			}
		}
		c.Press("3", "/", "web-api.3", "enter", "l")
		c.Expect(`{"level":"warn"`)
		c.Press("p")
		c.Expect(`12:00:01 warn pool exhausted  wait="120 ms" n=14`, "plain", "pretty")
		c.Press("esc", "l")
		c.Expect("12:00:01 warn pool exhausted")
		c.Press("p")
		c.Expect(`{"level":"warn"`)
	})
}
