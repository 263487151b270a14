package agent

import (
	"context"
	"maps"
	"slices"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/keys"
	"codeberg.org/reeve/reeve/tui/screen/list"
	"codeberg.org/reeve/reeve/tui/theme"
	"codeberg.org/reeve/reeve/tui/widget/filter"
	"codeberg.org/reeve/reeve/tui/widget/table"
)

// lookEvery is how old a close look may become.
const lookEvery = 2 * time.Second

// looked is what a close look brought.
type looked struct {
	detail *reeveapi.HostDetail
	err    error
}

// again asks for the next look.
type again struct{}

// look asks the agent for a close look at its host, if it can be asked.
func (s *Screen) look() tea.Cmd {
	a := s.agent()
	if a == nil || a.HTTP == "" || a.State == reeveapi.AgentUnreachable || a.State == reeveapi.AgentGone || s.env.HostDetail == nil {
		return s.later()
	}
	return s.env.Async(func(ctx context.Context) tea.Msg {
		ctx, cancel := context.WithTimeout(ctx, 2*lookEvery)
		defer cancel()
		detail, err := s.env.HostDetail(ctx, a.HTTP)
		return looked{detail, err}
	})
}

// later looks again after a while.
func (s *Screen) later() tea.Cmd {
	return s.env.Later(lookEvery, again{})
}

// Start takes the first close look.
func (s *Screen) Start() tea.Cmd { return s.look() }

// Update takes a close look and has the next one taken. All else is in the newest snapshot.
func (s *Screen) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case looked:
		s.blind = ""
		if msg.err != nil {
			s.blind = msg.err.Error()
		} else {
			s.close.Take(msg.detail)
			s.takeFlags(msg.detail.Flags)
		}
		return s.later()
	case again:
		return s.look()
	}
	return nil
}

// option is a flag of agentd's and what it is set to.
type option struct{ name, value string }

func flagList() *list.List[option] {
	text := func(name string, width, most int, of func(*option) string, role theme.Role) table.Column[option] {
		return table.Column[option]{
			Name: name, Width: width, Max: most, Compare: table.ByName(of),
			Text: func(o *option) (string, theme.Role) { return of(o), role },
		}
	}
	l := list.New(table.New("the agent has not told its flags yet",
		text("FLAG", 20, 44, func(o *option) string { return "--" + o.name }, theme.Text),
		text("VALUE", 20, 200, func(o *option) string { return o.value }, theme.Strong),
	), "words of name or value", filter.Field[option]{Name: "name", Free: true, Text: func(o *option) string { return o.name + " " + o.value }})
	l.Name = "agent-flags"
	return l
}

// takeFlags fills the list of flags. They never change while an agent runs.
func (s *Screen) takeFlags(all map[string]string) {
	rows := make([]table.Row[option], 0, len(all))
	for _, name := range slices.Sorted(maps.Keys(all)) {
		rows = append(rows, table.Row[option]{ID: name, Val: &option{name, all[name]}})
	}
	if !maps.Equal(all, s.options) {
		s.options = all
		s.flags.Table.SetRows(rows, s.env.Now())
	}
}

// scroll moves through the facts; false if they are not shown.
func (s *Screen) scroll(verb keys.Verb) bool {
	if s.tabs.At != facts {
		return false
	}
	step, ok := map[keys.Verb]int{
		keys.Down: 1, keys.Up: -1, keys.HalfDown: 8, keys.HalfUp: -8, keys.PageDown: 16, keys.PageUp: -16, keys.First: -1000, keys.Bottom: 1000,
	}[verb]
	if ok {
		s.top = max(s.top+step, 0)
	}
	return ok
}
