package tuitest

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestEveryTargetIsSeen marks two dozen tasks and kills them: a question that has no room for all of them scrolls, also in the smallest
// terminal, and in it one can still type the word that is asked for.
func TestEveryTargetIsSeen(t *testing.T) {
	t.Parallel()
	for _, size := range sizes {
		t.Run(fmt.Sprintf("%dx%d", size[0], size[1]), func(t *testing.T) {
			Run(t, Options{W: size[0], H: size[1]}, func(c *Console) {
				const n = 24
				c.Press("3", "/", "web", "enter")
				for range n {
					c.Press("space")
				}
				c.Press("ctrl+k")
				c.Expect(fmt.Sprintf("Kill %d tasks", n), fmt.Sprintf("type kill %d to go on", n), "[ Cancel ]")
				c.Golden(fmt.Sprintf("kill-many-%dx%d", size[0], size[1]))
				seen := c.targets()
				if size[1] < 40 {
					c.Expect("<pgdn", "<esc>cancel", "1-")
				}
				for range n {
					c.Press("pgdown")
					for name := range c.targets() {
						seen[name] = true
					}
				}
				if len(seen) != n {
					t.Errorf("%d targets were seen, want %d: %v", len(seen), n, seen)
				}
				c.Press("ctrl+b", "ctrl+u", "home")
				c.Press("tab", fmt.Sprintf("kill %d", n), "enter")
				c.Pass(4 * time.Second)
				c.Expect(fmt.Sprintf("asked for the end of %d ta", n))
			})
		})
	}
}

// targets are the names of tasks that the open question shows.
func (c *Console) targets() map[string]bool {
	seen := map[string]bool{}
	for line := range strings.SplitSeq(c.Screen(), "\n") {
		_, in, box := strings.Cut(line, "│ ")
		if fields := strings.Fields(in); box && len(fields) > 2 && fields[1] == "RUNNING" {
			seen[fields[0]] = true
		}
	}
	return seen
}

// TestConnectionsOfWhatIsKilled asks the agents while the question is open; one that is silent changes nothing.
func TestConnectionsOfWhatIsKilled(t *testing.T) {
	t.Parallel()
	Run(t, Options{}, func(c *Console) {
		c.Press("3", "/", "web-api.3", "enter", "ctrl+k")
		c.Expect("web-api.3  RUNNING  agent-", " conns")
		c.Press("tab", "shift+tab", "shift+tab", "right") // SIGKILL now: what was heard is still said
		c.Expect("(*) SIGKILL now", " conns")
	})
	Run(t, Options{Silent: true}, func(c *Console) {
		c.Press("3", "/", "web-api.3", "enter", "ctrl+k")
		c.Expect("web-api.3  RUNNING  agent-")
		c.Lacks(" conns")
		c.Press("tab", "enter")
		c.Expect("asked for the end of web-api.3")
	})
}
