// Package frameworks is the screen of all frameworks, connected and completed. Start reading at Screen.
package frameworks

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
	"codeberg.org/reeve/reeve/tui/widget/tabs"
)

type (
	framework = reeveapi.Framework
	column    = table.Column[framework]
)

// Screen is the list of frameworks.
type Screen struct {
	env   screen.Env
	tabs  tabs.Tabs
	list  *list.List[framework]
	seen  uint64
	shown int
}

// New returns the screen; target's Arg is a filter to begin with.
func New(env screen.Env, target screen.Target) *Screen {
	s := &Screen{env: env, tabs: tabs.Tabs{Names: []string{"connected", "completed"}, Counts: []int{0, 0}}, shown: -1}
	t := table.New("no framework here", s.columns()...)
	s.list = list.New(t, "words = AND  !not  /rx/  state: role: user:", fields()...)
	s.list.Tabs = &s.tabs
	s.list.SetFilter(target.Arg)
	return s
}

func (s *Screen) columns() []column {
	return []column{
		{
			Name: "FRAMEWORK", Width: 12, Max: 30, Text: func(f *framework) (string, theme.Role) { return f.Name, theme.Text },
			Compare: table.Compare(func(f *framework) string { return f.Name }),
		},
		{Name: "STATE", Width: 11, Draw: func(a frame.Area, f *framework) {
			text, role := label.Framework(a.Theme(), f.State)
			a.Left(0, 0, a.W, role, text)
		}, Compare: table.Compare(func(f *framework) string { return f.State })},
		{
			Name: "ROLES", Width: 6, Max: 20, Rank: 3, Text: func(f *framework) (string, theme.Role) { return strings.Join(f.Roles, ","), theme.Text },
			Compare: table.Compare(func(f *framework) string { return strings.Join(f.Roles, ",") }),
		},
		{
			Name: "TASKS", Width: 5, Right: true, Text: func(f *framework) (string, theme.Role) { return fmt.Sprint(activeTasks(f)), theme.Text },
			Compare: table.Compare(activeTasks),
		},
		{
			Name: "CPUS", Width: 6, Right: true, Rank: 1, Text: func(f *framework) (string, theme.Role) { return gauge.CPUs(f.Allocated.CPUs), theme.Text },
			Compare: table.Compare(func(f *framework) float64 { return f.Allocated.CPUs }),
		},
		{
			Name: "MEM", Width: 6, Right: true, Rank: 1, Text: func(f *framework) (string, theme.Role) { return gauge.MB(f.Allocated.Mem), theme.Text },
			Compare: table.Compare(func(f *framework) float64 { return f.Allocated.Mem }),
		},
		{
			Name: "SHARE", Width: 6, Right: true, Rank: 2, Text: func(f *framework) (string, theme.Role) { return gauge.Percent(s.share(f)), theme.Text },
			Compare: table.Compare(s.share),
		},
		{
			Name: "OFFERS", Width: 6, Right: true, Rank: 5, Text: func(f *framework) (string, theme.Role) { return fmt.Sprint(f.Offers), theme.Dim },
			Compare: table.Compare(func(f *framework) int { return f.Offers }),
		},
		{
			Name: "USER", Width: 6, Max: 12, Rank: 6, Text: func(f *framework) (string, theme.Role) { return f.User, theme.Dim },
			Compare: table.Compare(func(f *framework) string { return f.User }),
		},
		{Name: "HOST", Width: 8, Max: 24, Rank: 7, Wide: true, Text: func(f *framework) (string, theme.Role) { return f.Hostname, theme.Dim }},
		{Name: "WEB UI", Width: 10, Max: 36, Rank: 7, Wide: true, Text: func(f *framework) (string, theme.Role) { return f.WebUI, theme.Dim }},
		{
			Name: "UP", Width: 6, Right: true, Rank: 4, Text: func(f *framework) (string, theme.Role) { return gauge.Since(s.env.Now(), f.Registered), theme.Dim },
			Compare: func(a, b *framework) int { return b.Registered.Compare(a.Registered) },
		},
	}
}

func fields() []filter.Field[framework] {
	return []filter.Field[framework]{
		{Name: "name", Free: true, Text: func(f *framework) string { return f.Name }},
		{Name: "id", Free: true, Text: func(f *framework) string { return f.ID }},
		{Name: "state", Free: true, Text: func(f *framework) string { return f.State }},
		{Name: "role", Free: true, Text: func(f *framework) string { return strings.Join(f.Roles, ",") }},
		{Name: "user", Text: func(f *framework) string { return f.User }},
	}
}

// share is the largest part that a framework has of any resource.
func (s *Screen) share(f *framework) float64 {
	c := s.env.Store.Snapshot().Cluster
	if c == nil {
		return 0
	}
	return max(store.Share(f.Allocated.CPUs, c.Total.CPUs), store.Share(f.Allocated.Mem, c.Total.Mem), store.Share(f.Allocated.GPUs, c.Total.GPUs))
}

func activeTasks(f *framework) int {
	n := 0
	for _, state := range []string{"TASK_STAGING", "TASK_STARTING", "TASK_RUNNING", "TASK_KILLING", "TASK_UNREACHABLE"} {
		n += f.Tasks[state]
	}
	return n
}

// Crumb names the screen.
func (s *Screen) Crumb() string { return fmt.Sprintf("frameworks (%d)", s.tabs.Counts[0]) }

// Scopes are the key scopes.
func (s *Screen) Scopes() []keys.Scope { return []keys.Scope{keys.Frameworks, keys.List} }

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
	switch verb {
	case keys.NextTab, keys.PrevTab:
		s.tabs.Step(1)
		return nil, true
	case keys.Teardown:
		return s.teardown(), true
	default:
	}
	if s.list.Do(verb, s.env.Now()) {
		return nil, true
	}
	row, _ := s.list.Table.At()
	if row.Val == nil {
		return nil, false
	}
	switch verb {
	case keys.Open:
		return screen.Send(screen.Go{Target: screen.Target{Kind: screen.Tasks, Arg: "fwid:" + row.ID}}), true
	case keys.Copy:
		return screen.Send(screen.Copy{Text: row.ID, What: "framework id"}), true
	default:
	}
	return nil, false
}

func (s *Screen) teardown() tea.Cmd {
	_, hidden := s.list.Table.Marks()
	var targets []*reeveapi.Framework
	for _, r := range s.list.Table.Targets() {
		targets = append(targets, r.Val)
	}
	act, err := action.Teardown(targets, hidden)
	if err != nil {
		return screen.Refuse(err)
	}
	return screen.Send(screen.Ask{Action: act})
}

// Off says why a verb makes no sense for the cursor's row.
func (s *Screen) Off(verb keys.Verb) string {
	s.refresh() // a key may come before the first frame
	if verb == keys.Teardown && s.tabs.At != 0 {
		return "these frameworks have ended"
	}
	return ""
}

// Status describes the cursor's row.
func (s *Screen) Status() (string, theme.Role) {
	row, _ := s.list.Table.At()
	if row.Val == nil {
		return "", theme.Dim
	}
	f := row.Val
	text := f.Name + "  id " + f.ID
	if f.WebUI != "" {
		text += "  " + f.WebUI
	}
	if len(f.Suppressed) > 0 {
		text += "  takes no offers for " + strings.Join(f.Suppressed, ", ")
	}
	return text, theme.Dim
}

func (s *Screen) refresh() {
	snap := s.env.Store.Snapshot()
	if snap.Version == s.seen && s.shown == s.tabs.At {
		return
	}
	var rows []table.Row[framework]
	s.tabs.Counts = []int{0, 0}
	for id, f := range snap.Frameworks.All() {
		tab := 0
		if f.State == reeveapi.FrameworkCompleted {
			tab = 1
		}
		s.tabs.Counts[tab]++
		if tab == s.tabs.At {
			rows = append(rows, table.Row[framework]{ID: id, Val: f})
		}
	}
	if s.shown == s.tabs.At {
		s.list.Table.SetRows(rows, s.env.Now())
	} else {
		s.list.Table.Reset(rows)
	}
	s.seen, s.shown = snap.Version, s.tabs.At
}

// Points is the cursor's row.
func (s *Screen) Points() screen.Thing {
	s.refresh()
	row, _ := s.list.Table.At()
	return screen.Thing{Kind: screen.Frameworks, ID: row.ID}
}

// Export is the list as text.
func (s *Screen) Export(all bool) (string, []string, [][]string) {
	s.refresh()
	titles, rows := s.list.Table.Export(all)
	return "frameworks", titles, rows
}

// Render draws the screen.
func (s *Screen) Render(a frame.Area) {
	s.refresh()
	s.list.Render(a, s.env.Now())
}
