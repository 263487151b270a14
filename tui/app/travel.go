package app

import (
	tea "github.com/charmbracelet/bubbletea"

	"codeberg.org/reeve/reeve/tui/history"
	"codeberg.org/reeve/reeve/tui/screen"
	"codeberg.org/reeve/reeve/tui/theme"
)

// path is the screens over the overview.
func (a *App) path() []screen.Target {
	var out []screen.Target
	for _, l := range a.stack[1:] {
		out = append(out, l.target)
	}
	return out
}

// travel opens the screens of an earlier or later moment.
func (a *App) travel(by int) tea.Cmd {
	path, ok := a.past.Step(by)
	if !ok {
		return nil
	}
	for a.pop() {
	}
	var cmds []tea.Cmd
	for _, t := range path {
		cmds = append(cmds, a.push(t))
	}
	return tea.Batch(cmds...)
}

// recognize closes the screens of the last session when the first thing that is heard is of another cluster: addresses stay, and what was
// looked at is gone. What is typed, and how the console looks, is the operator's own.
func (a *App) recognize() {
	c := a.deps.Store.Snapshot().Cluster
	if c == nil || c.ID == "" || c.ID == a.of {
		return
	}
	if was := a.deps.Cluster; a.of == "" && was != "" && was != c.ID {
		for a.pop() {
		}
		clear(a.saved)
		a.past = history.History{}
		a.say(theme.Info, "another cluster answers here than the last time: begun anew")
	}
	a.of = c.ID
}
