package tuitest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/ansi"
)

func TestMain(m *testing.M) {
	time.Local = time.UTC // frames show local times
	os.Exit(m.Run())
}

// scenes are the keys that lead to every screen and every overlay.
var scenes = []struct {
	name string
	keys []string
}{
	{"overview", nil},
	{"agents", []string{"2", "j", "j"}},
	{"agents-wide", []string{"2", "ctrl+w"}},
	{"columns", []string{"2", "w", "j", "space", "j", "J", "+"}},
	{"columns-own", []string{"2", "w", "j", "space", "j", "J", "enter"}},
	{"agent", []string{"2", "j", "enter", "j"}},
	{"agent-executors", []string{"2", "j", "enter", "tab", "tab"}},
	{"agent-frameworks", []string{"2", "j", "enter", "tab", "tab", "tab"}},
	{"agent-reserved", []string{"2", "enter", "shift+tab", "shift+tab", "shift+tab"}},
	{"agent-flags", []string{"2", "enter", "shift+tab", "shift+tab", "j"}},
	{"agent-facts", []string{"2", "enter", "shift+tab"}},
	{"agents-preview", []string{"2", "v", "j"}},
	{"tasks", []string{"3", "j", "j", "space", "space"}},
	{"tasks-preview", []string{"3", "v", "/", "api.3", "enter"}},
	{"tasks-ended", []string{"3", "tab", "tab"}},
	{"tasks-filter", []string{"3", "/", "w", "e", "b", "-", "a", " ", "!", "1"}},
	{"tasks-hidden", []string{"3", "space", "space", "/", "web-f", "enter"}},
	{"task", []string{"3", "/", "api.3", "enter", "enter"}},
	{"task-history", []string{"3", "tab", "tab", "enter", "tab"}},
	{"task-processes", []string{"3", "/", "api.3", "enter", "enter", "shift+tab"}},
	{"files", []string{"3", "f", "j"}},
	{"files-inside", []string{"3", "f", "enter", "j"}},
	{"log", []string{"3", "l"}},
	{"shells", []string{"3", "a", "j"}},
	{"log-search", []string{"3", "l", "/", "upstream", "enter", "N"}},
	{"log-both", []string{"3", "l", "a", "t"}},
	{"log-scrolled", []string{"3", "l", "k", "k"}},
	{"jobs", []string{"0"}},
	{"job", []string{"0", "enter"}},
	{"job-service", []string{"0", "/", "checkout", "enter", "enter"}},
	{"job-periodic", []string{"0", "/", "backup", "enter", "enter"}},
	{"job-edit", []string{"0", "/", "checkout", "enter", "E"}},
	{"job-rollback", []string{"0", "/", "checkout", "enter", "B", "enter"}},
	{"frameworks", []string{"4"}},
	{"maintenance", []string{"9", "G"}},
	{"maintenance-down", []string{"9", "j", "ctrl+t"}},
	{"maintenance-form", []string{"2", "space", "space", "m", "tab", "backspace", "backspace", "backspace", "in 90m", "tab", "2x"}},
	{"maintenance-change", []string{"9", "G", "E", "tab"}},
	{"roles", []string{"5", "j"}},
	{"roles-wide", []string{"5", "ctrl+w"}},
	{"roles-quota", []string{"5", "j", "Q"}},
	{"offers", []string{"6"}},
	{"masters", []string{"7"}},
	{"members", []string{"7", "m", "j"}},
	{"secrets", []string{":", "secrets", "enter", "j"}},
	{"secret-form", []string{":", "secrets", "enter", "j", "E", "hunter2"}},
	{"events", []string{"8", "j"}},
	{"describe", []string{"3", "d"}},
	{"raw", []string{"2", "y", "/", "mem", "enter", "n"}},
	{"copy-menu", []string{"3", "C"}},
	{"export", []string{"3", "/", "web", "enter", "ctrl+s"}},
	{"submit", []string{"n", "web canary", "tab", "tab", "./srv --port $PORT0"}},
	{"submit-held", []string{"n", "web", "tab", "tab", "./srv", "tab", "backspace", "2", "tab", "tab", "backspace", "backspace", "backspace", "5"}},
	{"kill", []string{"3", "space", "space", "space", "ctrl+k"}},
	{"drain", []string{"2", "space", "space", "ctrl+t"}},
	{"gone", []string{"2", "j", "enter", "ctrl+g"}},
	{"agent-draining", []string{"2", "/", "agent-11", "enter", "enter"}},
	{"help", []string{"3", "?"}},
	{"menu", []string{"3", "x"}},
	{"command", []string{"3", ":", "agent ag"}},
}

// sizes are the smallest terminal there may be, the one that is everywhere, a large one, and one that fills a wall.
var sizes = [][2]int{{60, 15}, {80, 24}, {140, 40}, {200, 60}}

// TestScreens compares what one sees with golden files: in Unicode and ASCII. Without colours the text is the same.
func TestScreens(t *testing.T) {
	t.Parallel()
	for _, scene := range scenes {
		for _, size := range sizes {
			name := fmt.Sprintf("%s-%dx%d", scene.name, size[0], size[1])
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				Run(t, Options{W: size[0], H: size[1]}, func(c *Console) {
					c.Press(scene.keys...)
					c.rest(scene.keys)
					c.Golden(name)
				})
			})
			t.Run(name+"-ascii", func(t *testing.T) {
				t.Parallel()
				Run(t, Options{W: size[0], H: size[1], ASCII: true, NoColor: true}, func(c *Console) {
					c.Press(scene.keys...)
					c.rest(scene.keys)
					c.Golden(name + "-ascii")
					for _, r := range c.Screen() {
						if r > 0x7e {
							t.Fatalf("%q is not ASCII:\n%s", r, c.Screen())
						}
					}
				})
			})
			t.Run(name+"-nocolor", func(t *testing.T) {
				t.Parallel()
				Run(t, Options{W: size[0], H: size[1], NoColor: true}, func(c *Console) {
					c.Press(scene.keys...)
					c.rest(scene.keys)
					if !*update {
						c.Golden(name)
					}
				})
			})
		}
	}
}

// TestTheWayOutIsAlwaysTold opens everything that lies over a screen, and every form, in the smallest terminal: the keys by which
// one acts and leaves are on the last line, whatever else has no room.
func TestTheWayOutIsAlwaysTold(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		keys []string
		want []string
	}{
		{[]string{"2", "w"}, []string{"<enter>keep", "<esc>cancel"}},
		{[]string{"3", "C"}, []string{"<enter>take", "<esc>close"}},
		{[]string{"3", "x"}, []string{"<enter>do it", "<esc>close"}},
		{[]string{"3", "?"}, []string{"<esc>close"}},
		{[]string{"3", ":", "agent"}, []string{"<tab>complete", "<enter>run", "<esc>close"}},
		{[]string{"3", "space", "space", "ctrl+k"}, []string{"<tab>", "<enter>press", "<esc>cancel"}},
		{[]string{"3", "ctrl+\\", "/", "log-ship", "enter", "ctrl+k"}, []string{"<tab>", "<enter>press", "<esc>cancel"}},
		{[]string{"2", "space", "space", "ctrl+t"}, []string{"<pgdn", "<tab>", "<← →>", "<enter>press", "<esc>cancel"}},
		{[]string{"0", "ctrl+k"}, []string{"<tab>", "<enter>press", "<esc>cancel"}},
		{[]string{"n"}, []string{"<tab>next", "<ctrl+x>submit…", "<esc>leave"}},
		{[]string{"9", "n"}, []string{"<tab>next", "<ctrl+x>schedule…", "<esc>leave"}},
		{[]string{":", "secrets", "enter", "n"}, []string{"<tab>next", "<ctrl+x>store…", "<esc>leave"}},
		{[]string{"3", "/", "web"}, []string{"<enter>keep", "<esc>clear"}},
	} {
		Run(t, Options{W: 60, H: 15}, func(c *Console) {
			c.Press(test.keys...)
			lines := strings.Split(strings.TrimRight(c.Screen(), "\n"), "\n")
			last := lines[len(lines)-1]
			for _, want := range test.want {
				if !strings.Contains(last, want) {
					t.Errorf("after %q the last line is %q, want it to have %q", test.keys, last, want)
				}
			}
		})
	}
}

// rest lets the console hear from all agents of a list of tasks, of which it asks eight a second.
func (c *Console) rest(keys []string) {
	if len(keys) > 0 && keys[0] == "3" {
		time.Sleep(4 * time.Second)
		c.settle()
	}
}

// TestStale plays what one sees while the masters cannot be reached, before and after.
func TestStale(t *testing.T) {
	t.Parallel()
	Run(t, Options{}, func(c *Console) {
		c.Press("3")
		c.Cluster.Cut(fmt.Errorf("dial tcp 10.0.0.12:5050: i/o timeout"))
		time.Sleep(12 * time.Second)
		c.settle()
		c.Golden("stale-80x24")
		c.Press("ctrl+k")
		c.Expect("off until the data are live again")
		c.Cluster.Cut(nil)
		c.Press("ctrl+r")
		c.Pass(time.Second)
		c.Expect("live")
		c.Lacks("STALE", "no answer")
	})
}

// TestConnecting plays a console that never had an answer.
func TestConnecting(t *testing.T) {
	t.Parallel()
	Run(t, Options{}, func(c *Console) {
		c.Cluster.Cut(fmt.Errorf("connection refused"))
		time.Sleep(5 * time.Second)
		c.settle()
		c.Expect("STALE")
	})
}

// TestSizes checks that each frame has exactly the terminal's size.
func TestSizes(t *testing.T) {
	t.Parallel()
	for _, size := range [][2]int{{60, 15}, {61, 16}, {80, 24}, {100, 30}, {140, 40}, {200, 60}, {400, 100}, {59, 15}, {60, 14}, {20, 3}, {1, 1}} {
		for _, asciiOnly := range []bool{false, true} {
			t.Run(fmt.Sprintf("%dx%d ascii %v", size[0], size[1], asciiOnly), func(t *testing.T) {
				for _, scene := range scenes {
					Run(t, Options{W: size[0], H: size[1], ASCII: asciiOnly}, func(c *Console) {
						c.Press(scene.keys...)
						check(t, scene.name, c.Root, size[0], size[1])
						if size[0] < 60 && size[0] > 40 {
							c.Expect("too small: need 60x15")
						}
					})
				}
			})
		}
	}
}

func check(t *testing.T, name string, root tea.Model, w, h int) {
	t.Helper()
	lines := strings.Split(root.View(), "\n")
	if len(lines) != h {
		t.Errorf("%s has %d lines, want %d", name, len(lines), h)
	}
	for i, line := range lines {
		if got := ansi.StringWidth(line); got != w {
			t.Errorf("line %d of %s is %d columns wide, want %d: %q", i, name, got, w, ansi.Strip(line))
		}
	}
}

// TestNoStrayGoldens keeps testdata free of files that nothing compares.
func TestNoStrayGoldens(t *testing.T) {
	t.Parallel()
	want := map[string]bool{"stale-80x24.txt": true}
	for _, size := range sizes {
		want[fmt.Sprintf("kill-many-%dx%d.txt", size[0], size[1])] = true
	}
	for _, scene := range scenes {
		for _, size := range sizes {
			name := fmt.Sprintf("%s-%dx%d", scene.name, size[0], size[1])
			want[name+".txt"], want[name+"-ascii.txt"] = true, true
		}
	}
	files, err := filepath.Glob("testdata/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !want[filepath.Base(f)] {
			t.Errorf("nothing compares %s", f)
		}
	}
}
