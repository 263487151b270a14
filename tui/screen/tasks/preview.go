package tasks

import (
	"context"
	"slices"

	tea "github.com/charmbracelet/bubbletea"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/feed"
	"codeberg.org/reeve/reeve/tui/frame"
	"codeberg.org/reeve/reeve/tui/screen"
	"codeberg.org/reeve/reeve/tui/screen/label"
	"codeberg.org/reeve/reeve/tui/screen/list"
	"codeberg.org/reeve/reeve/tui/screen/logs"
	"codeberg.org/reeve/reeve/tui/screen/meter"
	"codeberg.org/reeve/reeve/tui/theme"
)

// preview is what is shown of the cursor's task below the list: what it uses, and the end of its log.
type preview struct {
	list.Peek
	tail *logs.Screen // nil until the cursor rests
	turn int          // of tail: what an earlier one asked for is not for this one
}

// ofTail is what a tail's command answered.
type ofTail struct {
	turn int
	msg  tea.Msg
}

// leastTail is how many lines of a log are worth showing.
const leastTail = 2

// Render draws the screen.
func (s *Screen) Render(a frame.Area) {
	if s.peek.Flip(); s.peek.ID == "" {
		s.peek.drop()
	}
	s.Base.Render(a)
}

// drop forgets the log.
func (p *preview) drop() {
	if p.tail != nil {
		p.tail = nil
		p.turn++
	}
}

// Preview draws what the cursor's task is and uses, and the last lines that it wrote.
func (s *Screen) Preview(a frame.Area) int {
	s.Refresh()
	id, t, _ := s.Row()
	if t == nil {
		return 0
	}
	if s.peek.Look(id, s.Env.Now()) {
		s.peek.drop()
	}
	y := summary(a, t)
	if samples := s.Env.Store.Snapshot().TaskUsage(t); len(samples) > 0 && t.Ended.IsZero() {
		y += meter.Lines(a.Sub(0, y, a.W, a.H-y), meter.Task(samples, t))
	}
	rest := a.Sub(0, y, a.W, a.H-y)
	if s.peek.tail == nil || rest.H < leastTail+1 {
		return y
	}
	rest.Text(0, 0, theme.Dim, "the end of its log:")
	s.peek.tail.Tail(rest.Sub(0, 1, rest.W, rest.H-1))
	return a.H
}

// summary is one line of what a task is.
func summary(a frame.Area, t *reeveapi.Task) int {
	x := 0
	for _, of := range [][2]string{
		{"", t.FrameworkName + "/" + t.Role}, {"image ", t.Image}, {"ports ", t.Ports}, {"container ", t.Container}, {"", Why(t)},
	} {
		if of[1] != "" {
			x = a.Text(x, 0, theme.Dim, of[0])
			x = a.Text(x, 0, theme.Text, a.Clip(of[1], a.W-x)) + 3
		}
	}
	return 1
}

// Update takes what the end of a log has brought, and begins to read one.
func (s *Screen) Update(msg tea.Msg) tea.Cmd {
	cmd := s.Base.Update(msg)
	if of, ours := msg.(ofTail); ours {
		if s.peek.tail == nil || of.turn != s.peek.turn {
			return cmd // it is not shown any more
		}
		return tea.Batch(cmd, s.peek.tail.Update(of.msg))
	}
	if s.peek.tail == nil && s.peek.Rests(s.Env.Now()) && s.Env.Async != nil {
		return tea.Batch(cmd, s.startTail())
	}
	return cmd
}

func (s *Screen) startTail() tea.Cmd {
	env, turn := s.Env, s.peek.turn
	env.Async = func(fn func(context.Context) tea.Msg) tea.Cmd {
		return s.Env.Async(func(ctx context.Context) tea.Msg { return ofTail{turn, fn(ctx)} })
	}
	s.peek.tail = logs.New(env, screen.Target{Kind: screen.Log, ID: s.peek.ID, Arg: "both"})
	return s.peek.tail.Start()
}

// withPreview adds the agent of the task in the preview to those that are wanted.
func (s *Screen) withPreview(wants []feed.Want) []feed.Want {
	if !s.peek.Rests(s.Env.Now()) {
		return wants
	}
	t := s.Env.Store.Snapshot().Tasks.Get(s.peek.ID)
	if t == nil || t.AgentHTTP == "" || !label.Runs(t) {
		return wants
	}
	wants = slices.DeleteFunc(wants, func(w feed.Want) bool { return w.Agent == t.Agent })
	return append([]feed.Want{{Agent: t.Agent, HTTP: t.AgentHTTP, Task: s.peek.ID}}, wants...)
}
