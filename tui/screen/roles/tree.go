package roles

import (
	"slices"
	"strings"

	"codeberg.org/reeve/reeve/tui/frame"
	"codeberg.org/reeve/reeve/tui/screen"
	"codeberg.org/reeve/reeve/tui/store"
	"codeberg.org/reeve/reeve/tui/theme"
	"codeberg.org/reeve/reeve/tui/widget/table"
)

// places says for each role below another whether it, and each of those between it and the top, has a sibling further down.
// A role counts as below another only if that is in the list.
func places(snap *store.Snapshot) map[string][]bool {
	last := map[string]string{} // child of each role that stands lowest
	for name := range snap.Roles.All() {
		if parent := above(snap, name); parent != "" && order(name) > order(last[parent]) {
			last[parent] = name
		}
	}
	out := map[string][]bool{}
	for full := range snap.Roles.All() {
		var more []bool
		for name := full; ; {
			parent := above(snap, name)
			if parent == "" {
				break
			}
			more = append(more, last[parent] != name)
			name = parent
		}
		slices.Reverse(more)
		out[full] = more
	}
	return out
}

// above is the nearest role above one that is in the list, "" if there is none.
func above(snap *store.Snapshot, name string) string {
	for at := strings.LastIndexByte(name, '/'); at > 0; at = strings.LastIndexByte(name, '/') {
		name = name[:at]
		if snap.Roles.Get(name) != nil {
			return name
		}
	}
	return ""
}

// order is what names have to be compared by so that each role stands before those below it, and they before its siblings.
func order(name string) string { return strings.ReplaceAll(name, "/", "\x00") }

const byName = "ROLE" // the column whose order is the tree's

// branches says whether the rows stand as in a tree.
func (s *Screen) branches() bool {
	column, desc := s.Table().Sorted()
	return !s.flat && column == byName && !desc && s.List().Filter() == ""
}

func (s *Screen) drawName(a frame.Area, r *role) {
	x, g := 0, a.Theme().Glyph
	if s.branches() {
		for i, more := range s.place[r.Name] {
			sign := " "
			switch own := i == len(s.place[r.Name])-1; {
			case own && more:
				sign = g.Branch
			case own:
				sign = g.Last
			case more:
				sign = g.Through
			}
			x = a.Text(x, 0, theme.Dim, sign+" ")
		}
	}
	a.Left(x, 0, a.W-x, theme.Text, r.Name)
}

// turn shows the tree, or the names alone.
func (s *Screen) turn() {
	s.flat = s.branches()
	if s.flat {
		return
	}
	set := s.Table().Save()
	s.Table().Restore(table.Settings{Cursor: set.Cursor, Sort: byName})
	s.List().SetFilter("")
}

func (s *Screen) aside() string {
	if s.branches() {
		return "tree: on (T)"
	}
	return "tree: off (T)"
}

const flat = "flat" // in what outlives the screen

// Save keeps whether the tree is shown, too.
func (s *Screen) Save() screen.State {
	st := s.Base.Save()
	if s.flat {
		st.On = []string{flat}
	}
	return st
}

// Restore takes what Save answered.
func (s *Screen) Restore(st screen.State) {
	s.Base.Restore(st)
	s.flat = slices.Contains(st.On, flat)
}
