// Package statusbar draws the first line: where one is at the left, and at the right how fresh the data are, who leads and
// what one may do. It never decides any of it. Start reading at Draw.
package statusbar

import (
	"codeberg.org/reeve/reeve/tui/frame"
	"codeberg.org/reeve/reeve/tui/theme"
)

// Part is a piece of text with a role.
type Part struct {
	Text string
	Role theme.Role
}

// Draw fills the area's first line. The crumbs give way from the left when there is no room for all of them.
func Draw(a frame.Area, crumbs []string, right []Part) {
	g := a.Theme().Glyph
	w := 0
	for i, p := range right {
		w += frame.Width(p.Text)
		if i > 0 {
			w += 2
		}
	}
	room := a.W - w - 4
	for len(crumbs) > 1 && crumbsWidth(crumbs) > room {
		crumbs = append([]string{g.More}, crumbs[min(2, len(crumbs)-1):]...)
		if crumbsWidth(crumbs) <= room || len(crumbs) <= 2 {
			break
		}
	}
	x := 1
	for i, c := range crumbs {
		role := theme.Dim
		if i > 0 {
			x = a.Text(x, 0, theme.Border, " "+g.Crumb+" ")
		}
		if i == len(crumbs)-1 {
			role = theme.Title
		}
		x = a.Text(x, 0, role, a.Clip(c, max(room+1-x, 4)))
	}
	x = a.W - w - 1
	for _, p := range right {
		x = a.Text(x, 0, p.Role, p.Text) + 2
	}
}

func crumbsWidth(crumbs []string) int {
	n := 0
	for i, c := range crumbs {
		n += frame.Width(c)
		if i > 0 {
			n += 3
		}
	}
	return n
}
