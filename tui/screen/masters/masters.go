// Package masters is the screen of the masters: who leads, who stands by, and what happened among them. Start reading at
// Screen.
package masters

import (
	"fmt"
	"iter"
	"strings"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/action"
	"codeberg.org/reeve/reeve/tui/frame"
	"codeberg.org/reeve/reeve/tui/keys"
	"codeberg.org/reeve/reeve/tui/screen"
	"codeberg.org/reeve/reeve/tui/screen/label"
	"codeberg.org/reeve/reeve/tui/screen/list"
	"codeberg.org/reeve/reeve/tui/screen/logs"
	"codeberg.org/reeve/reeve/tui/store"
	"codeberg.org/reeve/reeve/tui/theme"
	"codeberg.org/reeve/reeve/tui/widget/gauge"
	"codeberg.org/reeve/reeve/tui/widget/table"
)

type master = reeveapi.Master

// Screen is the list of masters.
type Screen struct {
	list.Base[master]
	trail trail
}

// New returns the screen.
func New(env screen.Env, _ screen.Target) *Screen {
	text := func(get func(*master) string, role theme.Role) func(*master) (string, theme.Role) {
		return func(m *master) (string, theme.Role) { return get(m), role }
	}
	s := &Screen{}
	t := table.New("the master has not told of any", []table.Column[master]{
		{
			Name: "NAME", Width: 10, Max: 30, Text: text(func(m *master) string { return m.Name }, theme.Text),
			Compare: table.ByName(func(m *master) string { return m.Name }),
		},
		{Name: "STATE", Width: 12, Draw: drawState, Compare: table.Compare(func(m *master) string { return m.State })},
		{
			Name: "ADDRESS", Width: 16, Max: 24, Text: text(func(m *master) string { return m.HTTP }, theme.Text),
			Compare: table.Compare(func(m *master) string { return m.HTTP }),
		},
		{Name: "LAG", Width: 12, Rank: 1, Text: lag},
		{Name: "VOTER", Width: 5, Rank: 2, Text: text(func(m *master) string { return map[bool]string{true: "yes", false: "no"}[m.Voter] }, theme.Text)},
		{Name: "TERM", Width: 5, Rank: 4, Text: text(func(m *master) string { return m.TermText() }, theme.Dim)},
		{Name: "VERSION", Width: 8, Rank: 3, Text: s.version, Compare: table.Compare(func(m *master) string { return m.Version })},
		{Name: "SNAPSHOT", Width: 9, Max: 12, Rank: 2, Text: s.snapshot},
		{Name: "UP", Width: 6, Right: true, Rank: 1, Text: s.up, Compare: func(a, b *master) int { return s.started(b).Compare(s.started(a)) }},
		{Name: "SAVED", Width: 6, Max: 10, Rank: 5, Text: s.saved},
		{Name: "ID", Width: 12, Max: 40, Rank: 5, Text: text(func(m *master) string { return m.ID }, theme.Dim)},
	}...)
	s.Base = list.NewBase(env, list.Setup[master]{Scope: keys.Masters, Kind: screen.Masters, Name: "masters", Rows: all}, list.New(t, ""))
	return s
}

func all(s *store.Snapshot) iter.Seq2[string, *master] {
	var masters []master
	if s.Cluster != nil {
		masters = s.Cluster.Masters
	}
	return store.List[master]{}.With(func(m *master) string { return m.ID }, store.Step[master]{Changed: masters}).All()
}

// drawState shows raft's and gossip's word together: whoever one of them does not hear is not well.
func drawState(a frame.Area, m *master) {
	g := a.Theme().Glyph
	switch m.State {
	case reeveapi.MasterLeading:
		a.Left(0, 0, a.W, theme.Good, g.Running+" LEADING")
	case reeveapi.MasterStandby:
		a.Left(0, 0, a.W, theme.Text, g.Off+" standby")
	case reeveapi.MasterSilent:
		a.Left(0, 0, a.W, theme.Warn, g.Unknown+" silent")
	default:
		a.Left(0, 0, a.W, theme.Bad, g.Failed+" "+m.State)
	}
}

// lagging is more entries than are ever under way at once: who is so far behind is catching up.
const lagging = 64

func lag(m *master) (string, theme.Role) {
	switch {
	case m.Behind == nil:
		return m.Lag(), theme.Dim
	case m.Silent != nil && *m.Silent > 1, *m.Behind >= lagging:
		return m.Lag(), theme.Warn
	case *m.Behind == 0:
		return m.Lag(), theme.Good
	}
	return m.Lag(), theme.Text
}

// version marks a version that differs from the leader's.
func (s *Screen) version(m *master) (string, theme.Role) {
	if c := s.Env.Store.Snapshot().Cluster; c != nil && c.Version != "" && m.Version != "" && m.Version != c.Version {
		return m.Version + " !", theme.Warn
	}
	return m.Version, theme.Dim
}

// snapshot is how old and how large a master's newest snapshot is.
func (s *Screen) snapshot(m *master) (string, theme.Role) {
	k := s.trail.of[m.HTTP]
	switch {
	case k == nil || k.figures.At.IsZero():
		return "-", theme.Dim
	case k.figures.Snapshot == nil:
		return "none yet", theme.Dim
	}
	saved := k.figures.Snapshot
	return gauge.Since(s.Env.Now(), saved.At) + "  " + gauge.Bytes(saved.Size), theme.Text
}

// started is when a master's process started, as it says itself by gossip or when it is asked, zero if it does not.
func (s *Screen) started(m *master) time.Time {
	if k := s.trail.of[m.HTTP]; m.Started.IsZero() && k != nil {
		return k.figures.Started
	}
	return m.Started
}

// up is how long a master has been running; of one that has failed or left nobody knows.
func (s *Screen) up(m *master) (string, theme.Role) {
	switch m.State {
	case reeveapi.MasterLeading, reeveapi.MasterStandby, reeveapi.MasterSilent:
		return gauge.Since(s.Env.Now(), s.started(m)), theme.Text
	}
	return "-", theme.Dim
}

// saved is the last entry in a master's newest snapshot.
func (s *Screen) saved(m *master) (string, theme.Role) {
	if k := s.trail.of[m.HTTP]; k != nil && k.figures.Snapshot != nil {
		return fmt.Sprint(k.figures.Snapshot.Index), theme.Dim
	}
	return "-", theme.Dim
}

// Start asks the masters for the first figures.
func (s *Screen) Start() tea.Cmd { return s.trail.ask(s.Env, s.masters()) }

// Update asks for figures now and then, and takes the answers.
func (s *Screen) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case answered:
		s.trail.take(msg)
		return nil
	case screen.Tick:
		if s.trail.ticks++; s.trail.ticks%sampleEvery == 0 || s.trail.of == nil {
			return tea.Batch(s.trail.ask(s.Env, s.masters()), s.Base.Update(msg))
		}
	}
	return s.Base.Update(msg)
}

// Crumb names the screen.
func (s *Screen) Crumb() string { return fmt.Sprintf("masters (%d)", len(s.masters())) }

// Off says why a verb makes no sense here.
func (s *Screen) Off(verb keys.Verb) string {
	if verb == keys.Filter {
		return "masters are too few to need one"
	}
	return ""
}

// Do takes a verb.
func (s *Screen) Do(verb keys.Verb) (tea.Cmd, bool) {
	if s.Take(verb) {
		return nil, true
	}
	if verb == keys.GoMembers {
		return screen.Send(screen.Go{Target: screen.Target{Kind: screen.Members}}), true
	}
	_, m, _ := s.Row()
	switch {
	case m == nil:
	case verb == keys.ShowEvents:
		return screen.EventsOf("object:" + m.Name), true
	case verb == keys.Copy:
		return screen.Send(screen.Copy{Text: m.HTTP, What: "address"}), true
	case verb == keys.StepDown:
		act, err := action.StepDown(s.masters(), m.ID)
		if err != nil {
			return screen.Refuse(err), true
		}
		return screen.Send(screen.Ask{Action: act}), true
	case verb == keys.DaemonLog:
		return screen.Send(screen.Go{Target: logs.OfMaster(m.HTTP)}), true
	}
	return nil, false
}

func (s *Screen) masters() []reeveapi.Master {
	if c := s.Env.Store.Snapshot().Cluster; c != nil {
		return c.Masters
	}
	return nil
}

// Render draws the screen.
func (s *Screen) Render(a frame.Area) {
	s.Refresh()
	s.facts(a.Sub(1, 0, a.W-1, 2))
	h := min(len(s.masters())+2, max(a.H-8, 4))
	s.Table().Render(a.Sub(0, 2, a.W, h), s.Env.Now())
	y := h + 2
	if a.H-y >= trailRows+3 {
		if _, m, _ := s.Row(); m != nil {
			s.trail.draw(a.Sub(1, y, a.W-1, trailRows), m, s.leader())
		}
		y += trailRows + 1
	}
	s.history(a.Sub(1, y, a.W-1, a.H-y))
}

func (s *Screen) facts(a frame.Area) {
	c := s.Env.Store.Snapshot().Cluster
	if c == nil {
		return
	}
	voters, well := 0, 0
	for _, m := range c.Masters {
		if m.Voter {
			voters++
			if m.State == reeveapi.MasterLeading || m.State == reeveapi.MasterStandby {
				well++
			}
		}
	}
	quorum, role := voters/2+1, theme.Good
	text := fmt.Sprintf("quorum %d of %d: ok, can lose %d", quorum, voters, well-quorum)
	switch {
	case well < quorum:
		text, role = fmt.Sprintf("quorum %d of %d: LOST, %d answer", quorum, voters, well), theme.Bad
	case well == quorum && voters > 1:
		text, role = fmt.Sprintf("quorum %d of %d: ok, can lose none", quorum, voters), theme.Warn
	}
	x := a.Text(0, 0, role, text) + 3
	x = a.Text(x, 0, theme.Dim, "term ")
	x = a.Text(x, 0, theme.Text, fmt.Sprint(c.Term)) + 3
	x = a.Text(x, 0, theme.Dim, "elected ")
	x = a.Text(x, 0, theme.Text, gauge.Since(s.Env.Now(), c.Elected)+" ago") + 3
	if id := "cluster " + c.ID; x+frame.Width(id) < a.W {
		a.Text(x, 0, theme.Dim, id)
	}
	x = a.Text(0, 1, theme.Dim, "answering: version ")
	x = a.Text(x, 1, theme.Text, label.Or(c.Version, "?")) + 3
	x = a.Text(x, 1, theme.Dim, "started ")
	a.Text(x, 1, theme.Text, gauge.Since(s.Env.Now(), c.Started)+" ago, "+label.Clock(s.Env.Now(), c.Started))
}

// Status says what the answering master was built from.
func (s *Screen) Status() (string, theme.Role) {
	c := s.Env.Store.Snapshot().Cluster
	if c == nil || built(c) == "" {
		return "", theme.Dim
	}
	return "answering: built " + built(c), theme.Dim
}

// shownCommit is how much of a commit is shown.
const shownCommit = 12

// built says from which source the answering master was built, and by whom; "" if the build recorded nothing.
func built(c *reeveapi.Cluster) string {
	var parts []string
	if c.Commit != "" {
		parts = append(parts, "from "+c.Commit[:min(len(c.Commit), shownCommit)])
	}
	if !c.Built.IsZero() {
		parts = append(parts, "of "+c.Built.UTC().Format("2006-01-02 15:04 UTC"))
	}
	if c.BuiltBy != "" {
		parts = append(parts, "by "+c.BuiltBy)
	}
	return strings.Join(parts, " ")
}

// leader is the address of the master that leads, "" if none does.
func (s *Screen) leader() string {
	for _, m := range s.masters() {
		if m.State == reeveapi.MasterLeading {
			return m.HTTP
		}
	}
	return ""
}

// history is what happened among the masters: the events of this term, and before it the elections that the leader has seen.
func (s *Screen) history(a frame.Area) {
	a.Text(0, 0, theme.Title, "ELECTIONS AND MASTERS")
	snap, y := s.Env.Store.Snapshot(), 1
	line := func(at time.Time, kind, text string) {
		a.Text(1, y, theme.Dim, label.Clock(s.Env.Now(), at))
		a.Text(15, y, label.Event(kind), kind)
		a.Text(36, y, theme.Text, a.Clip(text, a.W-36))
		y++
	}
	told := time.Time{} // when the oldest election was that is among the events
	for i := len(snap.Events) - 1; i >= 0 && y < a.H; i-- {
		if e := snap.Events[i]; strings.HasPrefix(e.Kind, "MASTER") {
			line(e.At, e.Kind, e.Subject+"  "+e.Text)
			if e.Kind == elected {
				told = e.At
			}
		}
	}
	if k := s.trail.of[s.leader()]; k != nil {
		for i := len(k.figures.Elections) - 1; i >= 0 && y < a.H; i-- {
			const same = 2 * time.Second // an event is a moment later than what it tells
			if e := k.figures.Elections[i]; told.IsZero() || e.At.Before(told.Add(-same)) {
				line(e.At, elected, strings.TrimSuffix(fmt.Sprintf("%s  term %d, %s", e.Leader, e.Term, e.Text()), ", "))
			}
		}
	}
	if y == 1 {
		a.Text(1, 1, theme.Dim, "none since this console was opened")
	}
}

const elected = "MASTER_ELECTED"
