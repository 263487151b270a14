package overview

import (
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"codeberg.org/reeve/reeve/tui/keys"
	"codeberg.org/reeve/reeve/tui/screen"
	"codeberg.org/reeve/reeve/tui/screen/logs"
	"codeberg.org/reeve/reeve/tui/screen/tasks"
	"codeberg.org/reeve/reeve/tui/store"
	"codeberg.org/reeve/reeve/tui/theme"
)

// move goes to another line of ATTENTION; false if verb leads nowhere.
func (s *Screen) move(verb keys.Verb) bool {
	page := max(s.shown, 1)
	by, ok := map[keys.Verb]int{
		keys.Up: -1, keys.Down: 1, keys.First: -len(s.items), keys.Bottom: len(s.items),
		keys.HalfUp: -max(page/2, 1), keys.HalfDown: max(page/2, 1), keys.PageUp: -page, keys.PageDown: page,
	}[verb]
	if !ok {
		return false
	}
	s.at = max(min(s.at+by, len(s.items)-1), 0)
	if s.at < len(s.items) {
		s.key = s.items[s.at].target
	}
	return true
}

// onItem does what a key does to what needs somebody.
func (s *Screen) onItem(verb keys.Verb) tea.Cmd {
	if s.at >= len(s.items) {
		if verb == keys.Open {
			return screen.Send(screen.Go{Target: screen.Target{Kind: screen.Tasks}})
		}
		return screen.Say(theme.Dim, "nothing needs you")
	}
	it := &s.items[s.at]
	switch verb {
	case keys.ShowEvents:
		return screen.EventsOf(strings.TrimPrefix(it.subject, "role "))
	case keys.Logs:
		target, ok := logOf(s.env.Store.Snapshot(), it.target)
		if !ok {
			return screen.Say(theme.Dim, it.subject+" has no log")
		}
		return screen.Send(screen.Go{Target: target})
	default:
		return screen.Send(screen.Go{Target: it.target})
	}
}

// logOf is the log of a task, of the newest task of a job, or of an agent's daemon.
func logOf(snap *store.Snapshot, of screen.Target) (screen.Target, bool) {
	switch of.Kind {
	case screen.Task:
		return screen.Target{Kind: screen.Log, ID: of.ID}, true
	case screen.Job:
		t := tasks.OfJob(snap, of.ID)
		if t == nil {
			return screen.Target{}, false
		}
		return screen.Target{Kind: screen.Log, ID: store.TaskKey(t)}, true
	case screen.Agent:
		a := snap.Agents.Get(of.ID)
		if a == nil {
			return screen.Target{}, false
		}
		return logs.OfAgent(a.HTTP), true
	default:
		return screen.Target{}, false
	}
}
