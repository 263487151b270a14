package app

import (
	tea "github.com/charmbracelet/bubbletea"

	"codeberg.org/reeve/reeve/tui/screen"
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
