package agent

import (
	"fmt"

	"codeberg.org/reeve/reeve/tui/frame"
	"codeberg.org/reeve/reeve/tui/theme"
)

// kind is how many tasks of the agent are in some states.
type kind struct {
	name   string
	states []string
	role   theme.Role
	always bool // told when there are none, too
}

var goingOn = []kind{
	{"staging", []string{"TASK_STAGING"}, theme.Info, false},
	{"starting", []string{"TASK_STARTING"}, theme.Info, false},
	{"running", []string{"TASK_RUNNING"}, theme.Good, true},
	{"killing", []string{"TASK_KILLING"}, theme.Warn, false},
	{"unreachable", []string{"TASK_UNREACHABLE"}, theme.Warn, false},
}

var over = []kind{
	{"finished", []string{"TASK_FINISHED"}, theme.Text, true},
	{"failed", []string{"TASK_FAILED"}, theme.Bad, true},
	{"killed", []string{"TASK_KILLED"}, theme.Text, true},
	{"lost", []string{"TASK_LOST"}, theme.Bad, true},
	{"gone", []string{"TASK_GONE", "TASK_GONE_BY_OPERATOR"}, theme.Bad, false},
	{"error", []string{"TASK_ERROR"}, theme.Bad, false},
	{"dropped", []string{"TASK_DROPPED"}, theme.Bad, false},
}

// tally draws how many tasks of the agent are in which state: those that go on, and those that are known to have ended here. Where
// there is little room only kinds of which there are some.
func (s *Screen) tally(a frame.Area) {
	for _, brief := range []bool{false, true} {
		if w := s.write(a, brief, false); w <= a.W || brief {
			s.write(a, brief, true)
			return
		}
	}
}

// write draws the line, or only measures it.
func (s *Screen) write(a frame.Area, brief, draw bool) int {
	const gap = 2
	x := 0
	put := func(role theme.Role, text string) {
		if draw {
			a.Text(x, 0, role, a.Clip(text, a.W-x))
		}
		x += frame.Width(text)
	}
	for i, kinds := range [][]kind{goingOn, over} {
		if i == 1 {
			put(theme.Dim, "  ended: ")
		}
		told := 0
		for _, k := range kinds {
			n := 0
			for _, state := range k.states {
				n += s.states[state]
			}
			if n == 0 && (brief || !k.always) {
				continue
			}
			role := k.role
			if n == 0 {
				role = theme.Dim
			}
			put(theme.Dim, k.name+" ")
			put(role, fmt.Sprint(n))
			x += gap
			told++
		}
		if told == 0 {
			put(theme.Dim, "none")
			x += gap
		}
	}
	return x - gap
}
