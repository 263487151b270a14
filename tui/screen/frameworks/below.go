package frameworks

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/frame"
	"codeberg.org/reeve/reeve/tui/screen/label"
	"codeberg.org/reeve/reeve/tui/store"
	"codeberg.org/reeve/reeve/tui/theme"
	"codeberg.org/reeve/reeve/tui/widget/gauge"
)

type role = reeveapi.Role

// Lines of the pane below the list.
const (
	airAndHead = 2
	leastRoles = 2  // fewer are not worth their place
	mostRoles  = 12 // all others stand on the screen of roles
	number     = 8  // columns of a figure
)

// Render draws the list, and below it the roles with what they have of their quota, as far as there is room for them. A long list leaves
// them a third of the screen.
func (s *Screen) Render(a frame.Area) {
	s.Refresh()
	roles := s.roles()
	shown, _ := s.Table().Len()
	h := a.H - max(shown+2, leastRows)
	h = min(max(h, a.H/3), airAndHead+min(len(roles), mostRoles))
	if h < airAndHead+min(len(roles), leastRoles) || len(roles) == 0 || a.H-h < leastRows {
		s.Base.Render(a)
		return
	}
	s.Base.Render(a.Sub(0, 0, a.W, a.H-h))
	s.below(a.Sub(1, a.H-h+1, a.W-2, h-1), roles)
}

// leastRows is what the list itself needs: its heads and some rows.
const leastRows = 6

// roles are all of them, those that consume most first.
func (s *Screen) roles() []*role {
	out := slices.Clone(s.Env.Store.Snapshot().Roles.Rows())
	slices.SortFunc(out, func(a, b *role) int {
		return cmp.Or(cmp.Compare(b.Consumed.CPUs, a.Consumed.CPUs), cmp.Compare(a.Name, b.Name))
	})
	return out
}

// in brings the roles of a framework among the first n, if they are not there already.
func in(roles []*role, f *framework, n int) []*role {
	if f == nil || !slices.ContainsFunc(roles[min(n, len(roles)):], func(r *role) bool { return label.Within(f, r.Name) }) {
		return roles
	}
	slices.SortStableFunc(roles, func(a, b *role) int {
		return cmp.Compare(map[bool]int{false: 1}[label.Within(f, a.Name)], map[bool]int{false: 1}[label.Within(f, b.Name)])
	})
	return roles
}

// figures are the columns of the pane: what is had, guaranteed and at most.
type figures struct {
	of    string
	write func(float64) string
}

func (s *Screen) below(a frame.Area, roles []*role) {
	_, f, _ := s.Row()
	if n := a.H - 1; n < len(roles) {
		roles = in(roles, f, n-1)
	}
	sets := []figures{{"cpus", gauge.CPUs}}
	if a.W >= 120 {
		sets = append(sets, figures{"mem", gauge.MB})
	}
	name := 10
	for _, r := range roles[:min(len(roles), a.H-1)] {
		name = max(name, min(frame.Width(r.Name), a.W/6))
	}
	wide := (a.W-2-name)/len(sets) - 3*number - 2 // of a gauge
	x := a.Text(0, 0, theme.Title, "ROLES") + 2
	a.Text(x, 0, theme.Dim, "(5 opens)")
	for i, set := range sets {
		at := 2 + name + 1 + i*(wide+3*number+2)
		g := a.Theme().Glyph
		legend := fmt.Sprintf("%s  %s has %s guaranteed %s free", set.of, g.Used, g.Held, g.Free)
		if from := at + wide - frame.Width(legend); from > x+frame.Width("(5 opens)") {
			a.Text(from, 0, theme.Dim, legend)
		}
		for n, head := range []string{strings.ToUpper(set.of), "GUARANT", "LIMIT"} {
			a.Right(at+wide+n*number, 0, number, theme.Dim, head)
		}
	}
	for i, r := range roles {
		y := i + 1
		if y == a.H-1 && len(roles)-i > 1 {
			a.Text(2, y, theme.Dim, fmt.Sprintf("%s %d more", a.Theme().Glyph.More, len(roles)-i))
			return
		}
		text := theme.Dim
		if label.Within(f, r.Name) {
			a.Text(0, y, theme.Accent, a.Theme().Glyph.Crumb)
			text = theme.Text
		}
		a.Left(2, y, name, text, r.Name)
		for n, set := range sets {
			s.quota(a.Sub(2+name+1+n*(wide+3*number+2), y, wide+3*number, 1), r, set, text)
		}
	}
}

// quota draws what a role has of one resource against its limit, or against the whole cluster if it has none.
func (s *Screen) quota(a frame.Area, r *role, set figures, text theme.Role) {
	has := r.Consumed.Of(set.of)
	whole, limited := r.Limit[set.of]
	if c := s.Env.Store.Snapshot().Cluster; !limited && c != nil {
		whole = c.Total.Of(set.of)
	}
	wide := a.W - 3*number
	gauge.Draw(a.Sub(0, 0, wide, 1), store.Share(has, whole), store.Share(r.Guarantee[set.of], whole))
	a.Right(wide, 0, number, text, set.write(has))
	due, role := label.Guarantee(r, set.of, set.write)
	a.Right(wide+number, 0, number, role, due)
	most, role := label.Limit(r, set.of, set.write)
	a.Right(wide+2*number, 0, number, role, most)
}
