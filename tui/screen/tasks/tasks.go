// Package tasks is the screen of all tasks, in three tabs: active, unreachable and ended. It owns the columns and filter
// fields of tasks, which other screens with a list of tasks use too. Start reading at Screen.
package tasks

import (
	"fmt"

	tea "github.com/charmbracelet/bubbletea"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/action"
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
	list.Base[reeveapi.Task]
	peek preview
}

// The tabs.
const (
	active = iota
	unreachable
	ended
)

// New returns the screen; target's Arg is a filter to begin with, its ID a task to put the cursor on.
func New(env screen.Env, target screen.Target) *Screen {
	pages := &tabs.Tabs{Names: []string{"active", "unreachable", "ended"}, Counts: []int{0, 0, 0}}
	empty := [3]string{"no task is active; n submits a job", "no task is unreachable", "no task has ended yet"}
	rank := &ranks{use: Use{env.Store}}
	s := &Screen{}
	lists := make([]*list.List[reeveapi.Task], len(empty))
	for i := range lists {
		cols := Active(env.Now)
		switch i {
		case active:
			cols = inUse(env.Now, Use{env.Store}, rank)
		case ended:
			cols = Ended(env.Now)
		}
		lists[i] = list.New(table.New(empty[i], cols...), FilterHelp, Fields(env.Now)...)
		lists[i].Name = [3]string{"tasks", "unreachable-tasks", "ended-tasks"}[i]
		lists[i].Tabs, lists[i].Problem = pages, label.Problem
		lists[i].Aside = s.aside
		lists[i].SetFilter(target.Arg)
		lists[i].Table.Latest = func(id string) *reeveapi.Task { return env.Store.Snapshot().Tasks.Get(id) }
	}
	lists[ended].Table.SortBy("ENDED", true)
	if target.ID != "" {
		lists[active].Table.Select(target.ID)
	}
	s.Base = list.NewBase(env, list.Setup[reeveapi.Task]{
		Scope: keys.Tasks, Kind: screen.Task, Tab: tabOf, Differs: Differs,
		List: func(s *store.Snapshot) store.List[reeveapi.Task] { return s.Tasks },
		Before: func(snap *store.Snapshot) {
			if byUse(lists[active].Table) {
				rank.renew(snap, env.Now())
			}
		},
	}, lists...)
	return s
}

// Crumb names the screen.
func (s *Screen) Crumb() string {
	s.Refresh()
	return fmt.Sprintf("tasks (%d)", s.Tabs.Counts[active])
}

// Do takes a verb.
func (s *Screen) Do(verb keys.Verb) (tea.Cmd, bool) {
	if s.Take(verb) {
		return nil, true
	}
	if verb == keys.Kill {
		targets, hidden := s.Targets()
		return Kill(targets, hidden, s.Env), true
	}
	_, t, _ := s.Row()
	return OnTask(verb, t, s.Env)
}

// Kill asks whether to end tasks.
func Kill(targets []*reeveapi.Task, hidden int, env screen.Env) tea.Cmd {
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
	case keys.Open, keys.Logs, keys.PrevLogs, keys.Shell, keys.PickShell, keys.ShowFiles, keys.GoAgent, keys.ShowEvents, keys.Copy:
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
	case keys.PrevLogs:
		before := Before(env.Store.Snapshot(), t)
		if before == nil {
			return screen.Say(theme.Dim, "no run of "+label.Name(t)+" before this one is remembered"), true
		}
		target = screen.Target{Kind: screen.Log, ID: store.TaskKey(before)}
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
	case keys.PickShell:
		target = screen.Target{Kind: screen.Shells, ID: store.TaskKey(t)}
	default:
		return nil, false
	}
	return screen.Send(screen.Go{Target: target}), true
}

// OfJob is the newest task of a job, nil if none is known.
func OfJob(s *store.Snapshot, job string) *reeveapi.Task {
	var best *reeveapi.Task
	for _, t := range s.Tasks.Rows() {
		if t.Job == job && (best == nil || t.Launched.After(best.Launched)) {
			best = t
		}
	}
	return best
}

// Before is the run of a task before this one: the newest that has ended by then, of the same name in the same framework. Nil
// if none is remembered.
func Before(s *store.Snapshot, t *reeveapi.Task) *reeveapi.Task {
	var best *reeveapi.Task
	for _, other := range s.Tasks.Rows() {
		if other == t || other.Framework != t.Framework || label.Name(other) != label.Name(t) || other.Ended.IsZero() || !other.Launched.Before(t.Launched) {
			continue
		}
		if best == nil || other.Launched.After(best.Launched) {
			best = other
		}
	}
	return best
}

// Off says why a verb makes no sense for the cursor's row.
func (s *Screen) Off(verb keys.Verb) string {
	s.Refresh() // a key may come before the first frame
	if verb == keys.Shell || verb == keys.PickShell {
		_, t, _ := s.Row()
		return ShellOff(t)
	}
	if verb != keys.Kill {
		return ""
	}
	if s.Tabs.At == ended {
		return "these tasks have ended"
	}
	if ids, _ := s.Table().Marks(); len(ids) > 0 {
		return ""
	}
	if _, _, alive := s.Row(); !alive {
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
	_, t, alive := s.Row()
	if t == nil {
		return "", theme.Dim
	}
	if text, tight := memory(t, s.Env.Store); text != "" && alive {
		role := theme.Dim
		if tight {
			role = theme.Warn
		}
		return fmt.Sprintf("%s  %s/%s  up %s  %s", label.Name(t), t.FrameworkName, t.Role, label.Ran(t, s.Env.Now()), text), role
	}
	return Describe(t, alive, s.Env), theme.Dim
}

// tightShare is the share of its memory from which on it is worth a warning that a task uses it.
const tightShare = 0.9

// memory says how much of its memory a task uses, "" if that is not known or not worth saying.
func memory(t *reeveapi.Task, st *store.Store) (text string, tight bool) {
	used, known := (Use{Store: st}).Newest(t)
	if !known || !t.Ended.IsZero() || t.Requested.Mem <= 0 {
		return "", false
	}
	limit := float64(used.MemLimitBytes)
	if limit == 0 {
		limit = t.Requested.Mem * (1 << 20)
	}
	share := store.Share(float64(used.MemBytes), limit)
	return fmt.Sprintf("%.2f of %s cpus, %s of %s (%s)", used.CPUs, gauge.CPUs(t.Requested.CPUs), gauge.Bytes(used.MemBytes), gauge.Bytes(int64(limit)), gauge.Percent(share)), share > tightShare
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

// Differs says whether a task has come into another state, or its health has.
func Differs(was, is *reeveapi.Task) bool {
	return was.State != is.State || (was.Healthy == nil) != (is.Healthy == nil) || was.Healthy != nil && *was.Healthy != *is.Healthy
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

// Export is the shown tab's list as text.
func (s *Screen) Export(all bool) (string, []string, [][]string) {
	_, titles, rows := s.Base.Export(all)
	return s.Tabs.Name() + "-tasks", titles, rows
}
