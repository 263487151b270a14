// Package task is the screen of one task: the states it went through, what it uses, and what it is. Start reading at
// Screen.
package task

import (
	"slices"

	tea "github.com/charmbracelet/bubbletea"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/feed"
	"codeberg.org/reeve/reeve/tui/frame"
	"codeberg.org/reeve/reeve/tui/keys"
	"codeberg.org/reeve/reeve/tui/screen"
	"codeberg.org/reeve/reeve/tui/screen/detail"
	"codeberg.org/reeve/reeve/tui/screen/label"
	"codeberg.org/reeve/reeve/tui/screen/logs"
	"codeberg.org/reeve/reeve/tui/screen/tasks"
	"codeberg.org/reeve/reeve/tui/store"
	"codeberg.org/reeve/reeve/tui/theme"
	"codeberg.org/reeve/reeve/tui/widget/tabs"
)

// Screen is one task.
type Screen struct {
	env  screen.Env
	id   string
	last *reeveapi.Task // what was known when it was there
	tabs tabs.Tabs
	top  int // first line of the shown tab
	over int // lines of the shown tab that are below the screen
	high int // lines of it that there is room for

	in inside

	tail  *logs.Screen
	room  bool // there is room for the log's end
	reads bool // the log is being read
}

// New returns the screen of the task that target names.
func New(env screen.Env, target screen.Target) *Screen {
	return &Screen{
		env: env, id: target.ID, tabs: tabs.Tabs{Names: []string{"facts", "history", "env", "events", "processes"}, Counts: []int{-1, -1, -1, -1, -1}},
		tail: logs.New(env, screen.Target{Kind: screen.Log, ID: target.ID}),
	}
}

// task is the newest that is known of the task; nil if nothing ever was.
func (s *Screen) task() *reeveapi.Task {
	if t := s.env.Store.Snapshot().Tasks.Get(s.id); t != nil {
		s.last = t
	}
	return s.last
}

// Crumb names the screen.
func (s *Screen) Crumb() string {
	if t := s.task(); t != nil {
		return label.Name(t)
	}
	return s.id
}

// Scopes are the key scopes.
func (s *Screen) Scopes() []keys.Scope { return []keys.Scope{keys.Task} }

// Start takes the first close look at the container.
func (s *Screen) Start() tea.Cmd { return s.look() }

// Update takes a close look, and reads the log's end while there is room for it. All else Render finds in the newest snapshot.
func (s *Screen) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case looked:
		return s.take(msg)
	case again:
		return s.look()
	}
	if s.reads {
		return s.tail.Update(msg)
	}
	if s.room {
		s.reads = true
		return s.tail.Start()
	}
	return nil
}

// Wants is the usage of the task's agent, while the task runs.
func (s *Screen) Wants() []feed.Want {
	if t := s.task(); t != nil && t.AgentHTTP != "" && t.Ended.IsZero() {
		return []feed.Want{{Agent: t.Agent, HTTP: t.AgentHTTP, Task: store.TaskKey(t)}}
	}
	return nil
}

// Off says why a verb makes no sense now.
func (s *Screen) Off(verb keys.Verb) string {
	if verb == keys.Shell || verb == keys.PickShell {
		return tasks.ShellOff(s.task())
	}
	if verb != keys.Kill {
		return ""
	}
	if t := s.task(); t == nil || !t.Ended.IsZero() {
		return "the task has ended"
	}
	return ""
}

// Do takes a verb.
func (s *Screen) Do(verb keys.Verb) (tea.Cmd, bool) {
	switch verb {
	case keys.NextTab, keys.PrevTab:
		s.tabs.Step(map[bool]int{true: 1, false: -1}[verb == keys.NextTab])
		s.top = 0
		return nil, true
	default:
	}
	if s.scroll(verb) {
		return nil, true
	}
	t := s.task()
	switch {
	case t == nil:
		return nil, false
	case verb == keys.Kill:
		return tasks.Kill([]*reeveapi.Task{t}, 0, s.env), true
	case verb == keys.Export:
		return detail.Save(s.env.Store.Snapshot(), s.Points(), s.env.Now()), true
	case verb == keys.Open:
		verb = keys.Logs
	}
	return tasks.OnTask(verb, t, s.env)
}

// scroll moves the shown tab; false if verb is none of that.
func (s *Screen) scroll(verb keys.Verb) bool {
	page := max(s.high, 1)
	by, ok := map[keys.Verb]int{
		keys.Up: -1, keys.Down: 1, keys.First: -s.top, keys.Bottom: s.over,
		keys.HalfUp: -max(page/2, 1), keys.HalfDown: max(page/2, 1), keys.PageUp: -page, keys.PageDown: page,
	}[verb]
	if ok {
		by = max(min(by, s.over), -s.top)
		s.top, s.over = s.top+by, s.over-by // several keys may come between two frames
	}
	return ok
}

// Status says what the task was told last.
func (s *Screen) Status() (string, theme.Role) {
	t := s.task()
	if t == nil {
		return "", theme.Dim
	}
	if u := s.env.Store.Snapshot().Usage[t.Agent]; u != nil && u.Err != "" && t.Ended.IsZero() {
		return "usage is not known: " + u.Err, theme.Warn
	}
	if text := s.tight(t); text != "" {
		return text, theme.Warn
	}
	if label.Problem(t) {
		return tasks.Why(t), theme.Bad
	}
	return tasks.Why(t), theme.Dim
}

// Points is the task.
func (s *Screen) Points() screen.Thing { return screen.Thing{Kind: screen.Task, ID: s.id} }

// Render draws the screen.
func (s *Screen) Render(a frame.Area) {
	t := s.task()
	if t == nil {
		a.Text(1, 1, theme.Dim, "task "+s.id+" is not known to the master, or not any more")
		return
	}
	s.summary(a.Sub(1, 0, a.W-2, 1), t)
	y := 1 + s.timeline(a.Sub(1, 1, a.W-2, 2), t)
	y += s.made(a.Sub(1, y, a.W-2, 1), a)
	y += s.graphs(a.Sub(0, y, a.W, a.H-y), t)
	if a.H > 14 {
		y++
	}
	s.tabs.Draw(a.Sub(1, y, a.W-1, 1))
	y++
	if a.H-y > 8 {
		y++
	}
	body := a.Sub(2, y, a.W-4, a.H-y)
	const least = 8
	lines := s.lines(t, body.W)
	if s.room = body.H-len(lines) >= least; s.room {
		h := body.H - len(lines) - 1
		in := a.Sub(0, a.H-h, a.W, h).Box("stdout, its end   l opens it")
		s.tail.Tail(in)
		body.H -= h
	}
	s.body(body, lines)
}

// body draws the shown tab from line top on.
func (s *Screen) body(a frame.Area, lines []line) {
	s.high = a.H
	s.top = max(min(s.top, len(lines)-a.H), 0)
	s.over = max(len(lines)-a.H-s.top, 0)
	for y := 0; y < a.H && s.top+y < len(lines); y++ {
		l := lines[s.top+y]
		a.Text(0, y, l.keyRole, a.Clip(l.key, l.width-1))
		a.Text(l.width, y, l.role, a.Clip(l.text, a.W-l.width))
		if l.second[0] != "" {
			half := a.W / 2
			a.Fill(half-1, y, a.W-half, theme.Text)
			a.Text(half, y, l.keyRole, l.second[0])
			a.Text(half+l.width, y, l.role, a.Clip(l.second[1], a.W-half-l.width))
		}
	}
	if s.over > 0 && a.H > 1 {
		note := a.Theme().Glyph.Down + " more"
		a.Text(a.W-frame.Width(note), a.H-1, theme.Dim, note)
	}
}

// line is a line of a tab: a name and a text.
type line struct {
	key     string
	keyRole theme.Role
	width   int // columns of the name
	text    string
	role    theme.Role
	second  [2]string // another name and text, in the right half
}

func (s *Screen) lines(t *reeveapi.Task, w int) []line {
	switch s.tabs.Name() {
	case "history":
		return s.history(t)
	case "env":
		return environment(t)
	case "events":
		return s.events(t)
	case "processes":
		return s.processes(t)
	}
	return s.facts(t, w)
}

func (s *Screen) events(t *reeveapi.Task) []line {
	var out []line
	for _, e := range slices.Backward(s.env.Store.Snapshot().Events) {
		if e.ID != store.TaskKey(t) {
			continue
		}
		text := e.Text
		if e.Who != "" {
			text += "  by " + e.Who
		}
		out = append(out, line{key: label.Clock(s.env.Now(), e.At) + "  " + e.Kind, keyRole: label.Event(e.Kind), width: 32, text: text})
	}
	if len(out) == 0 {
		out = append(out, line{text: "none since this console was opened", role: theme.Dim})
	}
	return out
}
