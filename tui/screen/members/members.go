// Package members is the screen of gossip: which masters and agents take part, and which of them are not heard any more, as
// the master sees it that answers. They are not in the stream: the screen asks for them while it is looked at. What gossip
// says is a hint; which agents are there is the agents' screen's to say. Start reading at Screen.
package members

import (
	"fmt"
	"slices"
	"strings"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/frame"
	"codeberg.org/reeve/reeve/tui/keys"
	"codeberg.org/reeve/reeve/tui/screen"
	"codeberg.org/reeve/reeve/tui/screen/label"
	"codeberg.org/reeve/reeve/tui/screen/list"
	"codeberg.org/reeve/reeve/tui/screen/logs"
	"codeberg.org/reeve/reeve/tui/theme"
	"codeberg.org/reeve/reeve/tui/widget/filter"
	"codeberg.org/reeve/reeve/tui/widget/gauge"
	"codeberg.org/reeve/reeve/tui/widget/table"
)

type (
	member = reeveapi.Member
	column = table.Column[member]
)

// askEvery is how many seconds pass between two questions: gossip takes some to notice anything, and a large cluster has many
// members.
const askEvery = 5

// Screen is the list of members.
type Screen struct {
	list.Asked[member, []member]
	ticks int
	count map[string]int // of the last answer, by state

	seenBy string // who gave it
}

// New returns the screen; target's Arg is a filter to begin with.
func New(env screen.Env, target screen.Target) *Screen {
	s := &Screen{}
	t := table.New("no members", s.columns()...)
	l := list.New(t, "words = AND  !not  /rx/  kind: state: version:", []filter.Field[member]{
		{Name: "name", Free: true, Text: func(m *member) string { return m.Name }},
		{Name: "address", Free: true, Text: func(m *member) string { return m.Address + " " + m.HTTP }},
		{Name: "kind", Free: true, Text: func(m *member) string { return m.Kind }},
		{Name: "state", Free: true, Text: func(m *member) string { return m.State }},
		{Name: "version", Text: func(m *member) string { return m.Version }},
		{Name: "id", Text: func(m *member) string { return m.ID }},
	}...)
	l.Problem = func(m *member) bool { return m.State == reeveapi.MemberFailed }
	l.Aside = s.tally
	l.SetFilter(target.Arg)
	base := list.NewBase(env, list.Setup[member]{Scope: keys.Members, Kind: screen.Members, Name: "members", Value: func(m *member) any { return m }}, l)
	s.Asked = list.NewAsked(base, "the members of gossip", env.Members, s.rows)
	return s
}

func (s *Screen) columns() []column {
	text := func(name string, width, most, rank int, role theme.Role, of func(*member) string) column {
		return column{Name: name, Width: width, Max: most, Rank: rank, Compare: table.ByName(of), Text: func(m *member) (string, theme.Role) { return label.Or(of(m), "-"), role }}
	}
	return []column{
		text("MEMBER", 12, 40, 0, theme.Text, func(m *member) string { return m.Name }),
		text("KIND", 6, 8, 2, theme.Text, func(m *member) string { return m.Kind }),
		{Name: "STATE", Width: 9, Max: 10, Draw: drawState, Compare: table.Compare(func(m *member) string { return m.State })},
		{Name: "SINCE", Width: 6, Right: true, Rank: 1, Text: func(m *member) (string, theme.Role) {
			return gauge.Since(s.Env.Now(), m.Since), theme.Text
		}, Compare: func(a, b *member) int { return b.Since.Compare(a.Since) }},
		{Name: "RTT", Width: 8, Right: true, Rank: 1, Text: func(m *member) (string, theme.Role) {
			return roundTrip(m), theme.Text
		}, Compare: table.Compare(func(m *member) float64 { return m.RTTMillis })},
		{Name: "ANSWERED", Width: 8, Right: true, Rank: 6, Text: func(m *member) (string, theme.Role) {
			return answered(m, s.Env.Now()), theme.Dim
		}, Compare: func(a, b *member) int { return b.Answered.Compare(a.Answered) }},
		text("GOSSIP", 15, 21, 0, theme.Text, func(m *member) string { return m.Address }),
		text("HTTP", 15, 21, 3, theme.Dim, func(m *member) string { return m.HTTP }),
		text("VERSION", 8, 12, 4, theme.Dim, func(m *member) string { return m.Version }),
		text("ID", 12, 40, 5, theme.Dim, func(m *member) string { return m.ID }),
	}
}

// roundTrip is how long a member takes to answer the master's probes.
func roundTrip(m *member) string {
	if m.RTTMillis <= 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f ms", m.RTTMillis)
}

// answered is how long ago it did that last.
func answered(m *member, now time.Time) string {
	if m.Answered.IsZero() {
		return "-"
	}
	return gauge.Since(now, m.Answered)
}

func drawState(a frame.Area, m *member) {
	g := a.Theme().Glyph
	switch m.State {
	case reeveapi.MemberAlive:
		a.Left(0, 0, a.W, theme.Good, g.Running+" alive")
	case reeveapi.MemberFailed:
		a.Left(0, 0, a.W, theme.Bad, g.Failed+" failed")
	default:
		a.Left(0, 0, a.W, theme.Dim, g.Off+" "+m.State)
	}
}

// rows makes rows of an answer. Masters and agents may share a name: a row's id has both.
func (s *Screen) rows(all []member) []table.Row[member] {
	slices.SortFunc(all, func(a, b member) int { return strings.Compare(a.Node(), b.Node()) })
	out := make([]table.Row[member], len(all))
	s.count, s.seenBy = map[string]int{}, ""
	for i := range all {
		out[i] = table.Row[member]{ID: all[i].Node(), Val: &all[i]}
		s.count[all[i].State]++
		if score := all[i].Health; score != nil {
			s.seenBy = fmt.Sprintf("\n  seen by %s, health %d", all[i].Name, *score)
		}
	}
	return out
}

// tally is how many members are in which state, and how well the master that answered keeps up.
func (s *Screen) tally() string {
	return fmt.Sprintf("%d alive  %d failed  %d left", s.count[reeveapi.MemberAlive], s.count[reeveapi.MemberFailed], s.count[reeveapi.MemberLeft]) + s.seenBy
}

// Crumb names the screen.
func (s *Screen) Crumb() string { return "members" }

// Update asks again now and then.
func (s *Screen) Update(msg tea.Msg) tea.Cmd {
	if _, tick := msg.(screen.Tick); tick {
		if s.ticks++; s.ticks%askEvery != 0 {
			return nil
		}
	}
	return s.Asked.Update(msg)
}

// Do takes a verb.
func (s *Screen) Do(verb keys.Verb) (tea.Cmd, bool) {
	if s.Take(verb) {
		return nil, true
	}
	_, m, _ := s.Row()
	switch {
	case m == nil:
	case verb == keys.Copy:
		return screen.Send(screen.Copy{Text: m.Address, What: "address"}), true
	case verb == keys.Open:
		return s.open(m), true
	}
	return nil, false
}

// open goes to the agent that a member is, or to the master's log.
func (s *Screen) open(m *member) tea.Cmd {
	switch {
	case m.Kind == reeveapi.KindMaster:
		return screen.Send(screen.Go{Target: logs.OfMaster(m.HTTP)})
	case m.ID == "":
		return screen.Say(theme.Dim, m.Name+" has not registered yet: no agent's id is known of it")
	}
	return screen.Send(screen.Go{Target: screen.Target{Kind: screen.Agent, ID: m.ID}})
}

// Status says what is wrong, or what to know of the cursor's member.
func (s *Screen) Status() (string, theme.Role) {
	_, m, alive := s.Row()
	switch {
	case s.Wrong() != "":
		return "what is shown may be old: " + s.Wrong(), theme.Warn
	case m == nil:
		return "", theme.Dim
	case !alive:
		return m.Name + " is forgotten: it was away for three days, or another one has its name", theme.Dim
	case m.State == reeveapi.MemberFailed:
		return m.Name + " answers no probes: its process ended without a word, or the network between is cut", theme.Bad
	case m.State == reeveapi.MemberLeft:
		return m.Name + " said that it goes", theme.Dim
	case m.Health != nil && *m.Health > 0:
		return fmt.Sprintf("%s answered, and does not keep up with gossip: its health is %d, of 0 (well) to 7", m.Name, *m.Health), theme.Warn
	}
	return "", theme.Dim
}
