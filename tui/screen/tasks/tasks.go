// Package tasks is the screen of all tasks, in three tabs: active, unreachable and ended. It owns the columns and filter
// fields of tasks, which other screens with a list of tasks use too. Start reading at Screen.
package tasks

import (
	"fmt"

	tea "github.com/charmbracelet/bubbletea"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/action"
	"codeberg.org/reeve/reeve/tui/frame"
	"codeberg.org/reeve/reeve/tui/keys"
	"codeberg.org/reeve/reeve/tui/screen"
	"codeberg.org/reeve/reeve/tui/screen/label"
	"codeberg.org/reeve/reeve/tui/screen/list"
	"codeberg.org/reeve/reeve/tui/store"
	"codeberg.org/reeve/reeve/tui/theme"
	"codeberg.org/reeve/reeve/tui/widget/gauge"
	"codeberg.org/reeve/reeve/tui/widget/table"
	"codeberg.org/reeve/reeve/tui/widget/tabs"
)

// Screen is the list of tasks.
type Screen struct {
	env   screen.Env
	tabs  tabs.Tabs
	lists [3]*list.List[reeveapi.Task]
	seen  uint64 // version of the snapshot that the lists hold
	shown int    // the tab that they were filled for
}

// The tabs.
const (
	active = iota
	unreachable
	ended
)

// New returns the screen; target's Arg is a filter to begin with, its ID a task to put the cursor on.
func New(env screen.Env, target screen.Target) *Screen {
	s := &Screen{env: env, tabs: tabs.Tabs{Names: []string{"active", "unreachable", "ended"}, Counts: []int{0, 0, 0}}, shown: -1}
	empty := [3]string{"no task is active; n submits a job", "no task is unreachable", "no task has ended yet"}
	for i := range s.lists {
		cols := Active(env.Now)
		if i == ended {
			cols = Ended(env.Now)
		}
		s.lists[i] = list.New(table.New(empty[i], cols...), FilterHelp, Fields(env.Now)...)
		s.lists[i].Tabs, s.lists[i].Problem = &s.tabs, label.Problem
		s.lists[i].SetFilter(target.Arg)
		s.lists[i].Table.Latest = func(id string) *reeveapi.Task { return env.Store.Snapshot().Tasks.Get(id) }
	}
	s.lists[ended].Table.SortBy("ENDED", true)
	if target.ID != "" {
		s.lists[active].Table.Select(target.ID)
	}
	return s
}

// Crumb names the screen.
func (s *Screen) Crumb() string { return fmt.Sprintf("tasks (%d)", s.tabs.Counts[active]) }

// Scopes are the key scopes.
func (s *Screen) Scopes() []keys.Scope { return []keys.Scope{keys.Tasks, keys.List} }

// Start does nothing: all data are in the store.
func (s *Screen) Start() tea.Cmd { return nil }

// Update does nothing: Render looks at the newest snapshot.
func (s *Screen) Update(tea.Msg) tea.Cmd { return nil }

func (s *Screen) list() *list.List[reeveapi.Task] { return s.lists[s.tabs.At] }

// Typing says whether the filter takes keys.
func (s *Screen) Typing() bool { return s.list().Typing() }

// Type gives the filter a key.
func (s *Screen) Type(key tea.KeyMsg) tea.Cmd {
	s.list().Type(key)
	return nil
}

// Save keeps filter, order and cursor of the shown tab.
func (s *Screen) Save() screen.State { return s.list().Save() }

// Restore takes what Save answered.
func (s *Screen) Restore(st screen.State) {
	s.tabs.At = min(max(st.Tab, 0), 2)
	s.list().Restore(st)
}

// Do takes a verb.
func (s *Screen) Do(verb keys.Verb) (tea.Cmd, bool) {
	s.refresh()
	switch verb {
	case keys.NextTab:
		s.step(1)
		return nil, true
	case keys.PrevTab:
		s.step(-1)
		return nil, true
	case keys.Kill:
		return s.kill(), true
	default:
	}
	if s.list().Do(verb, s.env.Now()) {
		return nil, true
	}
	row, _ := s.list().Table.At()
	return OnTask(verb, row.Val, s.env)
}

func (s *Screen) step(by int) {
	filter := s.list().Filter()
	s.tabs.Step(by)
	s.list().SetFilter(filter)
}

func (s *Screen) kill() tea.Cmd {
	t := s.list().Table
	_, hidden := t.Marks()
	return Kill(t.Targets(), hidden, s.env)
}

// Kill asks whether to end tasks.
func Kill(rows []table.Row[reeveapi.Task], hidden int, env screen.Env) tea.Cmd {
	targets := make([]*reeveapi.Task, 0, len(rows))
	for _, r := range rows {
		targets = append(targets, r.Val)
	}
	act, err := action.Kill(targets, hidden, func(t *reeveapi.Task) string { return label.Ran(t, env.Now()) })
	if err != nil {
		return screen.Refuse(err)
	}
	return screen.Send(screen.Ask{Action: act})
}

// OnTask does what the same key does to a task on every screen; false if verb is none of those. t may be nil.
func OnTask(verb keys.Verb, t *reeveapi.Task, env screen.Env) (tea.Cmd, bool) {
	var target screen.Target
	switch verb {
	case keys.Open, keys.Logs, keys.Shell, keys.ShowFiles, keys.GoAgent, keys.ShowEvents, keys.Copy:
		if t == nil {
			return screen.Say(theme.Dim, "there is no task here"), true
		}
	case keys.New:
		if t == nil {
			return screen.Send(screen.Go{Target: screen.Target{Kind: screen.Submit}}), true
		}
	default:
	}
	switch verb {
	case keys.Open:
		target = screen.Target{Kind: screen.Task, ID: store.TaskKey(t)}
	case keys.Logs:
		target = screen.Target{Kind: screen.Log, ID: store.TaskKey(t)}
	case keys.ShowFiles:
		target = screen.Target{Kind: screen.Files, ID: store.TaskKey(t)}
	case keys.GoAgent:
		target = screen.Target{Kind: screen.Agent, ID: t.Agent}
	case keys.ShowEvents:
		target = screen.Target{Kind: screen.Events, Arg: label.Name(t)}
	case keys.New:
		target = screen.Target{Kind: screen.Submit, Arg: "task:" + store.TaskKey(t)}
	case keys.Copy:
		return screen.Send(screen.Copy{Text: t.ID, What: "task id"}), true
	case keys.Shell:
		return screen.Send(screen.Shell{Task: t}), true
	default:
		return nil, false
	}
	return screen.Send(screen.Go{Target: target}), true
}

// Off says why a verb makes no sense for the cursor's row.
func (s *Screen) Off(verb keys.Verb) string {
	s.refresh() // a key may come before the first frame
	if verb == keys.Shell {
		row, _ := s.list().Table.At()
		return ShellOff(row.Val)
	}
	if verb != keys.Kill {
		return ""
	}
	if s.tabs.At == ended {
		return "these tasks have ended"
	}
	if ids, _ := s.list().Table.Marks(); len(ids) > 0 {
		return ""
	}
	if _, alive := s.list().Table.At(); !alive {
		return "the task is gone"
	}
	return ""
}

// ShellOff says why there can be no shell in a task, "" if there can. t may be nil.
func ShellOff(t *reeveapi.Task) string {
	switch {
	case t == nil:
		return "there is no task here"
	case !t.Ended.IsZero():
		return "the task has ended"
	case t.State == "TASK_UNREACHABLE":
		return "the task's agent cannot be reached"
	case t.Container == "":
		return "the task does not run yet"
	}
	return ""
}

// Status describes the cursor's row.
func (s *Screen) Status() (string, theme.Role) {
	row, alive := s.list().Table.At()
	if row.Val == nil {
		return "", theme.Dim
	}
	return Describe(row.Val, alive, s.env), theme.Dim
}

// Describe is one line about a task.
func Describe(t *reeveapi.Task, alive bool, env screen.Env) string {
	text := label.Name(t) + "  " + t.FrameworkName + "/" + t.Role
	switch {
	case !t.Ended.IsZero():
		text += "  ended " + label.Clock(env.Now(), t.Ended)
		if why := Why(t); why != "" {
			text += ": " + why
		}
	case !alive:
		text += "  is gone"
	default:
		text += fmt.Sprintf("  up %s  %s cpus %s", label.Ran(t, env.Now()), gauge.CPUs(t.Requested.CPUs), gauge.MB(t.Requested.Mem))
		if why := Why(t); why != "" {
			text += "  " + why
		}
	}
	return text
}

// tabOf is the tab that a task belongs to.
func tabOf(t *reeveapi.Task) int {
	switch {
	case !t.Ended.IsZero():
		return ended
	case t.State == "TASK_UNREACHABLE":
		return unreachable
	}
	return active
}

// refresh gives the shown list the newest snapshot.
func (s *Screen) refresh() {
	snap := s.env.Store.Snapshot()
	if snap.Version == s.seen && s.shown == s.tabs.At {
		return
	}
	rows := make([]table.Row[reeveapi.Task], 0, snap.Tasks.Len())
	s.tabs.Counts = make([]int, len(s.tabs.Names))
	for id, t := range snap.Tasks.All() {
		tab := tabOf(t)
		s.tabs.Counts[tab]++
		if tab == s.tabs.At {
			rows = append(rows, table.Row[reeveapi.Task]{ID: id, Val: t})
		}
	}
	if s.shown == s.tabs.At {
		s.list().Table.SetRows(rows, s.env.Now())
	} else {
		s.list().Table.Reset(rows)
	}
	s.seen, s.shown = snap.Version, s.tabs.At
}

// Points is the cursor's row.
func (s *Screen) Points() screen.Thing {
	s.refresh()
	row, _ := s.list().Table.At()
	return screen.Thing{Kind: screen.Task, ID: row.ID}
}

// Export is the shown tab's list as text.
func (s *Screen) Export(all bool) (string, []string, [][]string) {
	s.refresh()
	titles, rows := s.list().Table.Export(all)
	return s.tabs.Name() + "-tasks", titles, rows
}

// Render draws the screen.
func (s *Screen) Render(a frame.Area) {
	s.refresh()
	s.list().Render(a, s.env.Now())
}
