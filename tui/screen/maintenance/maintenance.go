// Package maintenance is the screen of machines that are to be taken down: when, what still runs there, and what frameworks
// have answered. The schedule is not in the stream: the screen asks for it while it is looked at. Start reading at Screen.
package maintenance

import (
	"fmt"
	"slices"
	"strings"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/action"
	"codeberg.org/reeve/reeve/tui/frame"
	"codeberg.org/reeve/reeve/tui/keys"
	"codeberg.org/reeve/reeve/tui/lookup"
	"codeberg.org/reeve/reeve/tui/screen"
	"codeberg.org/reeve/reeve/tui/screen/label"
	"codeberg.org/reeve/reeve/tui/screen/list"
	"codeberg.org/reeve/reeve/tui/screen/window"
	"codeberg.org/reeve/reeve/tui/theme"
	"codeberg.org/reeve/reeve/tui/widget/filter"
	"codeberg.org/reeve/reeve/tui/widget/gauge"
	"codeberg.org/reeve/reeve/tui/widget/table"
)

// machine is a row.
type machine struct {
	reeveapi.MaintenanceMachine
	start time.Time
	end   *time.Time
	peers []reeveapi.MaintenanceMachine // all of its window
}

func (m *machine) id() string { return lookup.MachineID(m.MaintenanceMachine) }

type column = table.Column[machine]

// Screen is the schedule.
type Screen struct {
	list.Asked[machine, reeveapi.Maintenance]
}

// New returns the screen; target's Arg is a filter to begin with.
func New(env screen.Env, target screen.Target) *Screen {
	s := &Screen{}
	t := table.New("no machine is to be taken down; n plans it", s.columns()...)
	l := list.New(t, "words = AND  !not  /rx/  state:", []filter.Field[machine]{
		{Name: "machine", Free: true, Text: (*machine).id},
		{Name: "state", Free: true, Text: func(m *machine) string { return m.State }},
	}...)
	l.SetFilter(target.Arg)
	base := list.NewBase(env, list.Setup[machine]{
		Scope: keys.Maintenance, Kind: screen.Maintenance, Name: "maintenance",
		Value: func(m *machine) any {
			return &lookup.Machine{MaintenanceMachine: m.MaintenanceMachine, Start: m.start, End: m.end}
		},
	}, l)
	s.Asked = list.NewAsked(base, "the schedule", env.Maintenance, rows)
	return s
}

func (s *Screen) columns() []column {
	return []column{
		{Name: "MACHINE", Width: 12, Max: 32, Text: func(m *machine) (string, theme.Role) { return label.Or(m.Hostname, m.IP), theme.Text }, Compare: table.ByName((*machine).id)},
		{Name: "STATE", Width: 12, Draw: drawState, Compare: table.Compare(func(m *machine) string { return m.State })},
		{Name: "FROM", Width: 12, Max: 16, Text: func(m *machine) (string, theme.Role) { return label.Clock(s.Env.Now(), m.start), theme.Text }, Compare: func(a, b *machine) int { return a.start.Compare(b.start) }},
		{Name: "UNTIL", Width: 12, Max: 16, Rank: 2, Text: func(m *machine) (string, theme.Role) {
			if m.end == nil {
				return "open", theme.Dim
			}
			return label.Clock(s.Env.Now(), *m.end), theme.Text
		}},
		{Name: "TASKS", Width: 5, Right: true, Text: func(m *machine) (string, theme.Role) {
			if m.Tasks > 0 {
				return fmt.Sprint(m.Tasks), theme.Warn
			}
			return "0", theme.Dim
		}, Compare: table.Compare(func(m *machine) int { return m.Tasks })},
		{Name: "ANSWERS", Width: 12, Max: 60, Rank: 3, Text: func(m *machine) (string, theme.Role) { return s.answers(m), theme.Dim }},
		{Name: "ADDRESS", Width: 12, Max: 24, Rank: 4, Text: func(m *machine) (string, theme.Role) { return m.IP, theme.Dim }},
		{Name: "AGENTS", Width: 6, Right: true, Rank: 5, Text: func(m *machine) (string, theme.Role) { return fmt.Sprint(len(m.Agents)), theme.Dim }},
	}
}

func drawState(a frame.Area, m *machine) {
	g := a.Theme().Glyph
	if m.State == reeveapi.MachineDown {
		a.Left(0, 0, a.W, theme.Bad, g.Failed+" DOWN")
		return
	}
	a.Left(0, 0, a.W, theme.Warn, g.Drain+" scheduled")
}

// Crumb names the screen.
func (s *Screen) Crumb() string { return "maintenance" }

func rows(plan reeveapi.Maintenance) []table.Row[machine] {
	var all []machine
	for _, w := range plan.Windows {
		for _, m := range w.Machines {
			all = append(all, machine{m, w.Start, w.End, w.Machines})
		}
	}
	slices.SortFunc(all, func(a, b machine) int { return strings.Compare(a.id(), b.id()) })
	out := make([]table.Row[machine], len(all))
	for i := range all {
		out[i] = table.Row[machine]{ID: all[i].id(), Val: &all[i]}
	}
	return out
}

// Do takes a verb.
func (s *Screen) Do(verb keys.Verb) (tea.Cmd, bool) {
	if s.Take(verb) {
		return nil, true
	}
	switch verb {
	case keys.TakeDown:
		return s.step(action.StartMaintenance), true
	case keys.BringBack:
		return s.step(action.StopMaintenance), true
	case keys.Unplan:
		return s.step(action.CancelMaintenance), true
	case keys.New:
		return screen.Send(screen.Go{Target: screen.Target{Kind: screen.Window}}), true
	case keys.Edit:
		return s.edit(), true
	case keys.ShowEvents, keys.Copy:
		_, m, _ := s.Row()
		if m == nil {
			return screen.Say(theme.Dim, "there is no machine here"), true
		}
		name := label.Or(m.Hostname, m.IP)
		if verb == keys.Copy {
			return screen.Send(screen.Copy{Text: name, What: "machine"}), true
		}
		return screen.EventsOf(name), true
	case keys.Open:
		if _, m, _ := s.Row(); m != nil && len(m.Agents) > 0 {
			return screen.Send(screen.Go{Target: screen.Target{Kind: screen.Agent, ID: m.Agents[0]}}), true
		}
		return screen.Say(theme.Dim, "the master knows no agent on it"), true
	default:
	}
	return nil, false
}

// edit opens the form with the window under the cursor, or with the marked machines of it.
func (s *Screen) edit() tea.Cmd {
	_, at, alive := s.Row()
	if at == nil || !alive {
		return screen.Say(theme.Warn, "there is no machine here")
	}
	machines := at.peers
	if marks, _ := s.Table().Marks(); len(marks) > 0 {
		machines = nil
		rows, _ := s.Targets()
		for _, m := range rows {
			machines = append(machines, m.MaintenanceMachine)
		}
	}
	return window.Change(s.Env, machines, at.start, at.end)
}

func (s *Screen) step(make func([]reeveapi.MaintenanceMachine) (action.Action, error)) tea.Cmd {
	var targets []reeveapi.MaintenanceMachine
	rows, _ := s.Targets()
	for _, m := range rows {
		targets = append(targets, m.MaintenanceMachine)
	}
	act, err := make(targets)
	if err != nil {
		return screen.Refuse(err)
	}
	return screen.Send(screen.Ask{Action: act})
}

// Status says what is wrong, or when the cursor's window begins.
func (s *Screen) Status() (string, theme.Role) {
	if s.Wrong() != "" {
		return "what is shown may be old: " + s.Wrong(), theme.Warn
	}
	_, m, _ := s.Row()
	if m == nil {
		return "", theme.Dim
	}
	switch left := m.start.Sub(s.Env.Now()).Round(time.Minute); {
	case m.State == reeveapi.MachineDown:
		return m.Hostname + " is down: its agents are refused until it is brought back", theme.Warn
	case left > 0:
		return fmt.Sprintf("%s is to be taken down in %s; %d tasks are on it", m.Hostname, gauge.Age(left), m.Tasks), theme.Dim
	default:
		return fmt.Sprintf("the time of %s has come; %d tasks are on it; nothing happens until it is taken down", m.Hostname, m.Tasks), theme.Warn
	}
}
