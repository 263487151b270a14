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

// follow is what is shown of the cursor's instance below the others, where there is room: the steps of its task's life, and
// the end of its log.
type follow struct {
	list.Peek
	tail *logs.Screen // nil until the cursor rests
	turn int          // of tail: what an earlier one asked for is not for this one

	id, key string // of the task that was looked for last, and its key if it was found
	seen    uint64 // in which snapshot it was not
}

// ofTail is what a tail's command answered.
type ofTail struct {
	turn int
	msg  tea.Msg
}

const (
	leastFollow = 4 // lines: a blank one, the steps, and some of the log
	leastTail   = 2
)

// drop forgets the log.
func (f *follow) drop() {
	if f.tail != nil {
		f.tail = nil
		f.turn++
	}
}

// taskOf is the key of the task of the cursor's instance. Instances know their task by its id alone; which framework runs
// jobs is for the master to know. What was found is remembered, as there may be very many tasks.
func (s *Screen) taskOf() string {
	row, _ := s.table.At()
	if row.Val == nil || row.Val.Task == "" {
		return ""
	}
	f, snap := &s.follow, s.env.Store.Snapshot()
	if f.id == row.Val.Task && (snap.Tasks.Get(f.key) != nil || f.seen == snap.Version) {
		return f.key
	}
	f.id, f.key, f.seen = row.Val.Task, "", snap.Version
	for id, t := range snap.Tasks.All() {
		if t.ID == f.id {
			f.key = id
			break
		}
	}
	return f.key
}

// following draws the cursor's instance; nothing if it has no task yet.
func (s *Screen) following(a frame.Area) {
	key := s.taskOf()
	t := s.env.Store.Snapshot().Tasks.Get(key)
	if t == nil {
		return
	}
	if s.follow.Look(key, s.env.Now()) {
		s.follow.drop()
	}
	x := a.Text(1, 1, theme.Text, a.Clip(label.Name(t), a.W/3)) + 2
	s.life(a.Sub(x, 1, a.W-x, 1), t)
	if rest := a.Sub(1, 2, a.W-1, a.H-2); s.follow.tail != nil && rest.H >= leastTail {
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
