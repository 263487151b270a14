package job

import (
	"context"

	tea "github.com/charmbracelet/bubbletea"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/frame"
	"codeberg.org/reeve/reeve/tui/screen"
	"codeberg.org/reeve/reeve/tui/screen/label"
	"codeberg.org/reeve/reeve/tui/screen/list"
	"codeberg.org/reeve/reeve/tui/screen/logs"
	"codeberg.org/reeve/reeve/tui/theme"
)

// follow is what is shown below the instances, where there is room: the steps of the lives of their tasks, and the end of the log
// of the cursor's.
type follow struct {
	list.Peek
	tail *logs.Screen // nil until the cursor rests
	turn int          // of tail: what an earlier one asked for is not for this one

	framework string // that runs jobs, "" until a task of one was found
	seen      uint64 // in which snapshot none was
}

// ofTail is what a tail's command answered.
type ofTail struct {
	turn int
	msg  tea.Msg
}

const (
	leastFollow = 4 // lines: a blank one, the steps of one life, and some of the log
	leastTail   = 2
)

// drop forgets the log.
func (f *follow) drop() {
	if f.tail != nil {
		f.tail = nil
		f.turn++
	}
}

// keyOf is the key of an instance's task, "" if that is not known. Instances know their task by its id alone; which framework
// runs jobs is for the master to know. What was found is remembered, as there may be very many tasks.
func (s *Screen) keyOf(i *instance) string {
	if i == nil || i.Task == "" {
		return ""
	}
	f, snap := &s.follow, s.env.Store.Snapshot()
	if key := f.framework + "/" + i.Task; snap.Tasks.Get(key) != nil {
		return key
	}
	if f.framework != "" || f.seen == snap.Version {
		return ""
	}
	for key, t := range snap.Tasks.All() {
		if t.ID == i.Task {
			f.framework = t.Framework
			return key
		}
	}
	f.seen = snap.Version
	return ""
}

// taskOf is the key of the task of the cursor's instance.
func (s *Screen) taskOf() string {
	row, _ := s.table.At()
	return s.keyOf(row.Val)
}

// following draws the lives of the instances, those around the cursor where not all have room, and below them the end of the log of
// the cursor's. Nothing if that has no task yet.
func (s *Screen) following(a frame.Area) {
	tasks, key := s.env.Store.Snapshot().Tasks, s.taskOf()
	if tasks.Get(key) == nil {
		return
	}
	if s.follow.Look(key, s.env.Now()) {
		s.follow.drop()
	}
	var alive []*reeveapi.Task
	at, name := 0, 0
	for _, r := range rows(s.job()) {
		t := tasks.Get(s.keyOf(r.Val))
		if t == nil {
			continue
		}
		if t == tasks.Get(key) {
			at = len(alive)
		}
		alive, name = append(alive, t), max(name, frame.Width(label.Name(t)))
	}
	name = min(name, a.W/3)
	n := min(len(alive), max((a.H-1)/2, 1))
	from := min(max(at-n/2, 0), len(alive)-n)
	for y, t := range alive[from : from+n] {
		role := theme.Dim
		if from+y == at {
			role = theme.Text
		}
		x := a.Left(1, 1+y, name, role, label.Name(t)) + 2
		s.life(a.Sub(x, 1+y, a.W-x, 1), t)
	}
	if rest := a.Sub(1, 1+n, a.W-1, a.H-1-n); s.follow.tail != nil && rest.H >= leastTail {
		s.follow.tail.Tail(rest)
	}
}

// life draws when a task came to be in each state, and how it is; the oldest are left out if there is no room.
func (s *Screen) life(a frame.Area, t *reeveapi.Task) {
	type part struct {
		text, at string
		role     theme.Role
	}
	var parts []part
	last := ""
	for _, step := range t.History {
		if step.State == last {
			continue // told again, such as with its health
		}
		last = step.State
		text, role := label.Task(a.Theme(), step.State)
		parts = append(parts, part{text, label.Clock(s.env.Now(), step.At), role})
	}
	switch {
	case t.Healthy == nil || !t.Ended.IsZero():
	case *t.Healthy:
		parts = append(parts, part{"healthy", "", theme.Good})
	default:
		parts = append(parts, part{"unhealthy", "", theme.Bad})
	}
	width := 0
	for _, p := range parts {
		width += frame.Width(p.text) + frame.Width(p.at) + 3
	}
	for len(parts) > 1 && width-2 > a.W {
		width -= frame.Width(parts[0].text) + frame.Width(parts[0].at) + 3
		parts = parts[1:]
	}
	x := 0
	for _, p := range parts {
		x = a.Text(x, 0, p.role, p.text) + 1
		x = a.Text(x, 0, theme.Dim, p.at) + 2
	}
}

// Update takes what the end of a log has brought, and begins to read one.
func (s *Screen) Update(msg tea.Msg) tea.Cmd {
	f := &s.follow
	if of, ours := msg.(ofTail); ours {
		if f.tail == nil || of.turn != f.turn {
			return nil // it is not shown any more
		}
		return f.tail.Update(of.msg)
	}
	if f.tail != nil {
		return nil
	}
	t := s.env.Store.Snapshot().Tasks.Get(f.ID)
	if t == nil || t.AgentHTTP == "" || t.State == "TASK_STAGING" || !f.Rests(s.env.Now()) || s.env.Async == nil {
		return nil
	}
	env, turn := s.env, f.turn
	env.Async = func(fn func(context.Context) tea.Msg) tea.Cmd {
		return s.env.Async(func(ctx context.Context) tea.Msg { return ofTail{turn, fn(ctx)} })
	}
	f.tail = logs.New(env, screen.Target{Kind: screen.Log, ID: f.ID, Arg: "both"})
	return f.tail.Start()
}
