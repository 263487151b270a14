// Package offers is the screen of what is offered to frameworks and not answered yet. Start reading at Screen.
package offers

import (
	"fmt"
	"strings"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/frame"
	"codeberg.org/reeve/reeve/tui/keys"
	"codeberg.org/reeve/reeve/tui/screen"
	"codeberg.org/reeve/reeve/tui/screen/list"
	"codeberg.org/reeve/reeve/tui/theme"
	"codeberg.org/reeve/reeve/tui/widget/filter"
	"codeberg.org/reeve/reeve/tui/widget/gauge"
	"codeberg.org/reeve/reeve/tui/widget/table"
)

type (
	offer  = reeveapi.Offer
	column = table.Column[offer]
)

// long is how long a framework may think about an offer before somebody should look at it: nobody else can use it.
const long = 30 * time.Second

// Screen is the list of offers.
type Screen struct {
	env  screen.Env
	list *list.List[offer]
	seen uint64
}

// New returns the screen; target's Arg is a filter to begin with.
func New(env screen.Env, target screen.Target) *Screen {
	s := &Screen{env: env}
	t := table.New("nothing is offered: everything is in use, or nobody wants more", s.columns()...)
	t.SortBy("AGE", true)
	s.list = list.New(t, "words = AND  !not  /rx/  role: framework: agent:", fields()...)
	s.list.Problem = func(o *offer) bool { return s.held(o) }
	s.list.SetFilter(target.Arg)
	return s
}

func (s *Screen) columns() []column {
	amount := func(name string, rank int, write func(float64) string, of func(*offer) float64) column {
		return column{
			Name: name, Width: 6, Right: true, Rank: rank, Compare: table.Compare(of),
			Text: func(o *offer) (string, theme.Role) { return write(of(o)), theme.Text },
		}
	}
	text := func(name string, width, most, rank int, of func(*offer) string) column {
		return column{
			Name: name, Width: width, Max: most, Rank: rank, Compare: table.ByName(of),
			Text: func(o *offer) (string, theme.Role) { return of(o), theme.Text },
		}
	}
	return []column{
		text("OFFER", 8, 14, 0, short),
		text("ROLE", 6, 20, 3, func(o *offer) string { return o.Role }),
		text("FRAMEWORK", 10, 30, 0, func(o *offer) string { return o.FrameworkName }),
		text("AGENT", 9, 30, 0, func(o *offer) string { return o.AgentName }),
		amount("CPUS", 1, gauge.CPUs, func(o *offer) float64 { return o.Resources.CPUs }),
		amount("MEM", 1, gauge.MB, func(o *offer) float64 { return o.Resources.Mem }),
		amount("DISK", 4, gauge.MB, func(o *offer) float64 { return o.Resources.Disk }),
		amount("GPUS", 5, gauge.CPUs, func(o *offer) float64 { return o.Resources.GPUs }),
		{Name: "PORTS", Width: 12, Max: 30, Rank: 7, Wide: true, Text: func(o *offer) (string, theme.Role) { return o.Ports, theme.Dim }},
		{Name: "AGE", Width: 6, Right: true, Text: func(o *offer) (string, theme.Role) {
			age := gauge.Since(s.env.Now(), o.Made)
			if s.held(o) {
				return age + " !", theme.Warn
			}
			return age, theme.Text
		}, Compare: func(a, b *offer) int { return b.Made.Compare(a.Made) }},
	}
}

// short is the end of an id: what is in front is the same for all of a term.
func short(o *offer) string { return o.ID[max(strings.LastIndexByte(o.ID, '-'), 0):] }

func (s *Screen) held(o *offer) bool { return s.env.Now().Sub(o.Made) > long }

func fields() []filter.Field[offer] {
	return []filter.Field[offer]{
		{Name: "id", Free: true, Text: func(o *offer) string { return o.ID }},
		{Name: "role", Free: true, Text: func(o *offer) string { return o.Role }},
		{Name: "framework", Free: true, Text: func(o *offer) string { return o.FrameworkName }},
		{Name: "agent", Free: true, Text: func(o *offer) string { return o.AgentName }},
	}
}

// Crumb names the screen.
func (s *Screen) Crumb() string {
	return fmt.Sprintf("offers (%d)", s.env.Store.Snapshot().Offers.Len())
}

// Scopes are the key scopes.
func (s *Screen) Scopes() []keys.Scope { return []keys.Scope{keys.Offers, keys.List} }

// Start does nothing: all data are in the store.
func (s *Screen) Start() tea.Cmd { return nil }

// Update does nothing: Render looks at the newest snapshot.
func (s *Screen) Update(tea.Msg) tea.Cmd { return nil }

// Typing says whether the filter takes keys.
func (s *Screen) Typing() bool { return s.list.Typing() }

// Type gives the filter a key.
func (s *Screen) Type(key tea.KeyMsg) tea.Cmd {
	s.list.Type(key)
	return nil
}

// Save keeps filter, order and cursor.
func (s *Screen) Save() screen.State { return s.list.Save() }

// Restore takes what Save answered.
func (s *Screen) Restore(st screen.State) { s.list.Restore(st) }

// Do takes a verb.
func (s *Screen) Do(verb keys.Verb) (tea.Cmd, bool) {
	s.refresh()
	if s.list.Do(verb, s.env.Now()) {
		return nil, true
	}
	row, _ := s.list.Table.At()
	if row.Val == nil {
		return nil, false
	}
	switch verb {
	case keys.Open:
		return screen.Send(screen.Go{Target: screen.Target{Kind: screen.Agent, ID: row.Val.Agent}}), true
	case keys.Copy:
		return screen.Send(screen.Copy{Text: row.Val.ID, What: "offer id"}), true
	default:
	}
	return nil, false
}

// Status says of the cursor's offer how long its framework has had it.
func (s *Screen) Status() (string, theme.Role) {
	row, _ := s.list.Table.At()
	if row.Val == nil {
		return "", theme.Dim
	}
	o, how := row.Val, theme.Dim
	if s.held(o) {
		how = theme.Warn
	}
	return fmt.Sprintf("%s has held %s for %s", o.FrameworkName, short(o), gauge.Since(s.env.Now(), o.Made)), how
}

func (s *Screen) refresh() {
	snap := s.env.Store.Snapshot()
	if snap.Version == s.seen {
		return
	}
	s.seen = snap.Version
	rows := make([]table.Row[offer], 0, snap.Offers.Len())
	for id, o := range snap.Offers.All() {
		rows = append(rows, table.Row[offer]{ID: id, Val: o})
	}
	s.list.Table.SetRows(rows, s.env.Now())
}

// Points is the cursor's row.
func (s *Screen) Points() screen.Thing {
	s.refresh()
	row, _ := s.list.Table.At()
	return screen.Thing{Kind: screen.Offers, ID: row.ID}
}

// Export is the list as text.
func (s *Screen) Export(all bool) (string, []string, [][]string) {
	s.refresh()
	titles, rows := s.list.Table.Export(all)
	return "offers", titles, rows
}

// Render draws the screen.
func (s *Screen) Render(a frame.Area) {
	s.refresh()
	s.list.Render(a, s.env.Now())
}
