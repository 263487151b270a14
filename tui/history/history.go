// Package history is where the operator has been in the console: whole paths of screens, as a browser has pages. It only
// remembers; package app opens screens. Start reading at History.
package history

import (
	"slices"

	"codeberg.org/reeve/reeve/tui/screen"
)

// Path is the screens that lie over the overview, the top one last.
type Path = []screen.Target

// History is a line of paths with a place in it. The zero History is empty.
type History struct {
	paths []Path
	at    int
}

// most bounds it: the oldest paths are forgotten.
const most = 100

// Note remembers a path unless it is the one that is shown already. What lay ahead is forgotten.
func (h *History) Note(path Path) {
	if h.at < len(h.paths) && slices.Equal(h.paths[h.at], path) {
		return
	}
	h.paths = append(h.paths[:min(h.at+1, len(h.paths))], path)
	if len(h.paths) > most {
		h.paths = h.paths[1:]
	}
	h.at = len(h.paths) - 1
}

// Step goes by one path, and says whether there is one.
func (h *History) Step(by int) (Path, bool) {
	if to := h.at + by; to >= 0 && to < len(h.paths) {
		h.at = to
		return h.paths[to], true
	}
	return nil, false
}
