// Package roles is the screen of the tree of roles: weights, what each has, its guarantee and its limit. Start reading at
// Screen.
package roles

import (
	"fmt"
	"strings"

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
	"codeberg.org/reeve/reeve/tui/widget/filter"
	"codeberg.org/reeve/reeve/tui/widget/gauge"
	"codeberg.org/reeve/reeve/tui/widget/table"
)

type (
	role   = reeveapi.Role
	column = table.Column[role]
)

// Screen is the list of roles, in the order of the tree.
type Screen struct {
	list.Base[role]
	flat  bool              // T: the names alone, not the tree
	place map[string][]bool // of each role, see places
}

// New returns the screen; target's Arg is a filter to begin with.
func New(env screen.Env, target screen.Target) *Screen {
	s := &Screen{}
	l := list.New(table.New("no role: a framework that subscribes brings its own", s.columns()...), "words = AND  !not  /rx/  role:", fields()...)
	l.SetFilter(target.Arg)
	l.Aside = s.aside
	s.Base = list.NewBase(env, list.Setup[role]{
		Scope: keys.Roles, Kind: screen.Roles, Name: "roles",
		List:   func(s *store.Snapshot) store.List[role] { return s.Roles },
		Before: func(snap *store.Snapshot) { s.place = places(snap) },
	}, l)
	return s
}

func (s *Screen) columns() []column {
	cpus := func(name string, rank int, wide bool, of func(*role) float64) column {
		return column{
			Name: name, Width: max(6, len(name)), Right: true, Rank: rank, Wide: wide, Compare: table.Compare(of),
			Text: func(r *role) (string, theme.Role) { return gauge.CPUs(of(r)), theme.Text },
		}
	}
	cols := []column{
		{
			Name: "ROLE", Width: 12, Max: 36, Text: func(r *role) (string, theme.Role) { return r.Name, theme.Text }, Draw: s.drawName,
			Compare: table.Compare(func(r *role) string { return strings.ReplaceAll(r.Name, "/", "\x00") }),
		},
		{
			Name: "WEIGHT", Width: 6, Right: true, Rank: 3, Text: func(r *role) (string, theme.Role) { return fmt.Sprintf("%g", r.Weight), theme.Text },
			Compare: table.Compare(func(r *role) float64 { return r.Weight }),
		},
		{
			Name: "FW", Width: 3, Right: true, Rank: 4, Text: func(r *role) (string, theme.Role) { return fmt.Sprint(len(r.Frameworks)), theme.Text },
			Compare: table.Compare(func(r *role) int { return len(r.Frameworks) }),
		},
		{
			Name: "SHARE", Width: 5, Right: true, Rank: 2, Text: func(r *role) (string, theme.Role) { return gauge.Percent(r.Share), theme.Text },
			Compare: table.Compare(func(r *role) float64 { return r.Share }),
		},
		{Name: "CPUS", Title: "CPUS used, due", Width: 14, Max: 36, Rank: 6, Graph: true, Draw: s.bar},
		cpus("OFFERED", 8, true, func(r *role) float64 { return r.Offered.CPUs }),
		cpus("ALLOC", 5, false, func(r *role) float64 { return r.Allocated.CPUs }),
		cpus("RESERV", 7, true, func(r *role) float64 { return r.Reserved.CPUs }),
		cpus("CONSUM", 0, false, func(r *role) float64 { return r.Consumed.CPUs }),
		{Name: "GUARANT", Width: 7, Right: true, Rank: 1, Text: func(r *role) (string, theme.Role) { return label.Guarantee(r, "cpus", gauge.CPUs) }},
		{Name: "LIMIT", Width: 7, Right: true, Text: func(r *role) (string, theme.Role) { return label.Limit(r, "cpus", gauge.CPUs) }},
		{
			Name: "MEM", Width: 6, Right: true, Rank: 1, Text: func(r *role) (string, theme.Role) { return gauge.MB(r.Consumed.Mem), theme.Text },
			Compare: table.Compare(func(r *role) float64 { return r.Consumed.Mem }),
		},
		{Name: "MEM GUAR", Width: 8, Right: true, Rank: 7, Text: func(r *role) (string, theme.Role) { return label.Guarantee(r, "mem", gauge.MB) }},
		{Name: "MEM LIM", Width: 8, Right: true, Rank: 2, Text: func(r *role) (string, theme.Role) { return label.Limit(r, "mem", gauge.MB) }},
		{Name: "DISK", Width: 6, Right: true, Rank: 9, Wide: true, Text: func(r *role) (string, theme.Role) { return gauge.MB(r.Consumed.Disk), theme.Text }},
		{Name: "GPUS", Width: 5, Right: true, Rank: 9, Wide: true, Text: func(r *role) (string, theme.Role) { return gauge.CPUs(r.Consumed.GPUs), theme.Text }},
	}
	return append(cols, rest()...)
}

// rest are the columns of what the others do not say: each figure of each resource has one.
func rest() []column {
	var out []column
	for _, r := range []struct {
		name, title string
		write       func(float64) string
	}{{"mem", "MEM", gauge.MB}, {"disk", "DISK", gauge.MB}, {"gpus", "GPU", gauge.CPUs}} {
		for _, f := range []struct {
			title string
			of    func(*role) reeveapi.Amounts
		}{
			{"OFF", func(x *role) reeveapi.Amounts { return x.Offered }},
			{"ALLOC", func(x *role) reeveapi.Amounts { return x.Allocated }},
			{"RES", func(x *role) reeveapi.Amounts { return x.Reserved }},
		} {
			of := func(x *role) float64 { return f.of(x).Of(r.name) }
			out = append(out, column{
				Name: r.title + " " + f.title, Width: max(9, len(r.title)+1+len(f.title)), Right: true, Rank: 9, Wide: true, Compare: table.Compare(of),
				Text: func(x *role) (string, theme.Role) { return r.write(of(x)), theme.Dim },
			})
		}
		if r.name == "mem" {
			continue // it has columns of its own
		}
		out = append(out,
			column{Name: r.title + " GUAR", Width: 9, Right: true, Rank: 9, Wide: true, Text: func(x *role) (string, theme.Role) { return label.Guarantee(x, r.name, r.write) }},
			column{Name: r.title + " LIM", Width: 9, Right: true, Rank: 9, Wide: true, Text: func(x *role) (string, theme.Role) { return label.Limit(x, r.name, r.write) }})
	}
	return out
}

func fields() []filter.Field[role] {
	return []filter.Field[role]{{Name: "role", Free: true, Text: func(r *role) string { return r.Name }}}
}

// bar shows what a role has and is due, against its limit or the whole cluster.
func (s *Screen) bar(a frame.Area, r *role) {
	whole, limited := r.Limit["cpus"]
	if c := s.Env.Store.Snapshot().Cluster; !limited && c != nil {
		whole = c.Total.CPUs
	}
	gauge.Draw(a, store.Share(r.Consumed.CPUs, whole), store.Share(r.Guarantee["cpus"], whole))
}

// Crumb names the screen.
func (s *Screen) Crumb() string { return fmt.Sprintf("roles (%d)", s.Env.Store.Snapshot().Roles.Len()) }

// Do takes a verb.
func (s *Screen) Do(verb keys.Verb) (tea.Cmd, bool) {
	if s.Take(verb) {
		return nil, true
	}
	if verb == keys.Tree {
		s.turn()
		return nil, true
	}
	_, r, alive := s.Row()
	if r == nil {
		return nil, false
	}
	switch verb {
	case keys.Open:
		return screen.Send(screen.Go{Target: screen.Target{Kind: screen.Frameworks, Arg: "role:" + r.Name}}), true
	case keys.ShowEvents:
		return screen.EventsOf("object:" + r.Name), true
	case keys.Copy:
		return screen.Send(screen.Copy{Text: r.Name, What: "role"}), true
	case keys.Reservations:
		return screen.Send(screen.Go{Target: screen.Target{Kind: screen.Agents, Arg: "reserved:" + r.Name}}), true
	case keys.SetQuota:
		return screen.Send(screen.Prompt{Line: "quota " + r.Name + " guarantee=" + r.Guarantee.String() + " limit=" + r.Limit.String()}), true
	case keys.SetWeight:
		return screen.Send(screen.Prompt{Line: fmt.Sprintf("weight %s %g", r.Name, r.Weight)}), true
	case keys.RemoveQuota:
		if !alive {
			return nil, true
		}
		act, err := action.RemoveQuota(r)
		if err != nil {
			return screen.Refuse(err), true
		}
		return screen.Send(screen.Ask{Action: act}), true
	default:
	}
	return nil, false
}

// Off says why a verb makes no sense for the cursor's row.
func (s *Screen) Off(verb keys.Verb) string {
	_, r, alive := s.Row()
	switch {
	case verb == keys.Reservations && alive && r.Reserved == (reeveapi.Amounts{}):
		return "nothing is reserved for role " + r.Name
	case verb != keys.Reservations && verb != keys.RemoveQuota && verb != keys.SetQuota && verb != keys.SetWeight:
	case !alive:
		return "there is no role here"
	case verb == keys.RemoveQuota && len(r.Guarantee)+len(r.Limit) == 0:
		return "role " + r.Name + " has no quota"
	}
	return ""
}

// Status describes the cursor's row: what stands in its way first.
func (s *Screen) Status() (string, theme.Role) {
	_, r, _ := s.Row()
	if r == nil {
		return "", theme.Dim
	}
	for _, name := range names {
		has := r.Consumed.Of(name)
		if n, ok := r.Limit[name]; ok && has >= n {
			return fmt.Sprintf("%s is at its limit of %s and is offered no more", r.Name, name), theme.Warn
		}
		if n := r.Guarantee[name]; has < n {
			return fmt.Sprintf("%s has less %s than it is guaranteed", r.Name, name), theme.Warn
		}
	}
	return fmt.Sprintf("%s  weight %g  share %s", r.Name, r.Weight, gauge.Percent(r.Share)), theme.Dim
}

var names = [...]string{"cpus", "mem", "disk", "gpus"}
