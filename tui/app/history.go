package app

import (
	"slices"

	tea "github.com/charmbracelet/bubbletea"

	"codeberg.org/reeve/reeve/tui/screen"
)

// history is where the operator has been: whole paths of screens, as a browser has pages.
type history struct {
	paths [][]screen.Target
	at    int
}

// maxHistory bounds it.
const maxHistory = 100

// note remembers a path unless it is the one that is shown already. What lay ahead is forgotten.
func (h *history) note(path []screen.Target) {
	if h.at < len(h.paths) && slices.Equal(h.paths[h.at], path) {
		return
	}
	h.paths = append(h.paths[:min(h.at+1, len(h.paths))], path)
	if len(h.paths) > maxHistory {
		h.paths = h.paths[1:]
	}
	h.at = len(h.paths) - 1
}

// step goes by one path, and says whether there is one.
func (h *history) step(by int) ([]screen.Target, bool) {
	if to := h.at + by; to >= 0 && to < len(h.paths) {
		h.at = to
		return h.paths[to], true
	}
	return nil, false
}

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
	path, ok := a.past.step(by)
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
