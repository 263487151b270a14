// Package offers is the screen of what is offered to frameworks and not answered yet. Start reading at Screen.
package offers

import (
	"fmt"
	"strings"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/action"
	"codeberg.org/reeve/reeve/tui/keys"
	"codeberg.org/reeve/reeve/tui/screen"
	"codeberg.org/reeve/reeve/tui/screen/list"
	"codeberg.org/reeve/reeve/tui/store"
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
type Screen struct{ list.Base[offer] }

// New returns the screen; target's Arg is a filter to begin with.
func New(env screen.Env, target screen.Target) *Screen {
	s := &Screen{}
	t := table.New("nothing is offered: everything is in use, or nobody wants more", s.columns()...)
	t.SortBy("AGE", true)
	l := list.New(t, "words = AND  !not  /rx/  role: framework: agent:", fields()...)
	l.Problem = s.held
	l.SetFilter(target.Arg)
	s.Base = list.NewBase(env, list.Setup[offer]{
		Scope: keys.Offers, Kind: screen.Offers, Name: "offers",
		List: func(s *store.Snapshot) store.List[offer] { return s.Offers },
	}, l)
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
		{Name: "AGE", Width: 8, Right: true, Text: func(o *offer) (string, theme.Role) {
			age := gauge.Since(s.Env.Now(), o.Made)
			if s.held(o) {
				return age + " !", theme.Warn
			}
			return age, theme.Text
		}, Compare: func(a, b *offer) int { return b.Made.Compare(a.Made) }},
	}
}

// short is the end of an id: what is in front is the same for all of a term.
func short(o *offer) string { return o.ID[max(strings.LastIndexByte(o.ID, '-'), 0):] }

func (s *Screen) held(o *offer) bool { return s.Env.Now().Sub(o.Made) > long }

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
	return fmt.Sprintf("offers (%d)", s.Env.Store.Snapshot().Offers.Len())
}

// Do takes a verb.
func (s *Screen) Do(verb keys.Verb) (tea.Cmd, bool) {
	if s.Take(verb) {
		return nil, true
	}
	if verb == keys.Rescind {
		targets, hidden := s.Targets()
		act, err := action.Rescind(targets, hidden, func(o *offer) string { return gauge.Since(s.Env.Now(), o.Made) })
		if err != nil {
			return screen.Refuse(err), true
		}
		return screen.Send(screen.Ask{Action: act}), true
	}
	_, o, _ := s.Row()
	if o == nil {
		return nil, false
	}
	switch verb {
	case keys.Open:
		return screen.Send(screen.Go{Target: screen.Target{Kind: screen.Agent, ID: o.Agent}}), true
	case keys.Copy:
		return screen.Send(screen.Copy{Text: o.ID, What: "offer id"}), true
	default:
	}
	return nil, false
}

// Status says of the cursor's offer how long its framework has had it.
func (s *Screen) Status() (string, theme.Role) {
	_, o, _ := s.Row()
	if o == nil {
		return "", theme.Dim
	}
	how := theme.Dim
	if s.held(o) {
		how = theme.Warn
	}
	text := fmt.Sprintf("%s has held %s for %s", o.FrameworkName, short(o), gauge.Since(s.Env.Now(), o.Made))
	if !o.Until.IsZero() {
		text += "; it times out in " + gauge.Age(max(o.Until.Sub(s.Env.Now()), 0))
	}
	return text, how
}
