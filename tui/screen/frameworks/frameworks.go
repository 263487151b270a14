// Package frameworks is the screen of all frameworks, connected and completed. Start reading at Screen.
package frameworks

import (
	"fmt"
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
type Screen struct{ list.Base[framework] }

// New returns the screen; target's Arg is a filter to begin with.
func New(env screen.Env, target screen.Target) *Screen {
	s := &Screen{}
	l := list.New(table.New("no framework here", s.columns()...), "words = AND  !not  /rx/  state: role: user:", fields()...)
	l.Tabs = &tabs.Tabs{Names: []string{"active", "inactive", "completed"}, Counts: []int{0, 0, 0}}
	l.Aside = s.failover
	l.SetFilter(target.Arg)
	s.Base = list.NewBase(env, list.Setup[framework]{
		Scope: keys.Frameworks, Kind: screen.Frameworks, Name: "frameworks", Tab: tabOf,
		Differs: func(was, is *framework) bool { return was.State != is.State },
		List:    func(s *store.Snapshot) store.List[framework] { return s.Frameworks },
	}, l)
	return s
}

// The tabs. What is known only from agents since the leader changed is inactive, too.
const (
	active = iota
	away
	completed
)

func tabOf(f *framework) int {
	switch f.State {
	case reeveapi.FrameworkCompleted:
		return completed
	case reeveapi.FrameworkActive:
		return active
	}
	return away
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
		usual(8, text("HOST", 10, 24, func(f *framework) string { return f.Hostname })),
		usual(6, text("USER", 6, 12, func(f *framework) string { return f.User })),
		usual(9, text("PRINCIPAL", 9, 20, func(f *framework) string { return f.Principal })),
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
			Name: "OFFERS", Width: 6, Right: true, Rank: 7, Text: func(f *framework) (string, theme.Role) { return fmt.Sprint(f.Offers), theme.Dim },
			Compare: table.Compare(func(f *framework) int { return f.Offers }),
		},
		s.webUI(),
		{
			Name: "UP", Width: 6, Right: true, Rank: 4, Text: func(f *framework) (string, theme.Role) { return gauge.Since(s.Env.Now(), f.Registered), theme.Dim },
			Compare: func(a, b *framework) int { return b.Registered.Compare(a.Registered) },
		},
		{
			Name: "DISK", Width: 6, Right: true, Rank: 6, Wide: true, Text: func(f *framework) (string, theme.Role) { return gauge.MB(f.Allocated.Disk), theme.Text },
			Compare: table.Compare(func(f *framework) float64 { return f.Allocated.Disk }),
		},
		{
			Name: "GPUS", Width: 5, Right: true, Rank: 6, Wide: true, Text: func(f *framework) (string, theme.Role) { return gauge.CPUs(f.Allocated.GPUs), theme.Text },
			Compare: table.Compare(func(f *framework) float64 { return f.Allocated.GPUs }),
		},
		text("ID", 12, 48, func(f *framework) string { return f.ID }),
		s.clock("REGISTERED", func(f *framework) time.Time { return f.Registered }),
		s.clock("AGAIN", func(f *framework) time.Time { return f.Reregistered }),
		s.clock("STATE SINCE", func(f *framework) time.Time { return f.Since }),
		s.clock("ENDED", func(f *framework) time.Time { return f.Ended }),
	}
}

// webUI is where a framework has a page of its own; http:// is not worth its place where there is little.
func (s *Screen) webUI() column {
	c := usual(5, text("WEB UI", 10, 36, func(f *framework) string { return f.WebUI }))
	c.Draw = func(a frame.Area, f *framework) {
		text := f.WebUI
		if short, ok := strings.CutPrefix(text, "http://"); ok && frame.Width(text) > a.W {
			text = strings.TrimSuffix(short, "/")
		}
		a.Left(0, 0, a.W, theme.Dim, label.Or(text, "-"))
	}
	return c
}

func text(name string, width, most int, of func(*framework) string) column {
	return column{
		Name: name, Width: width, Max: most, Rank: 7, Wide: true, Compare: table.ByName(of),
		Text: func(f *framework) (string, theme.Role) { return label.Or(of(f), "-"), theme.Dim },
	}
}

// usual shows a column where it is wide enough: the higher its rank, the wider.
func usual(rank int, c column) column {
	c.Rank, c.Wide = rank, false
	return c
}

// clock is a column of when something was.
func (s *Screen) clock(name string, of func(*framework) time.Time) column {
	return column{
		Name: name, Width: 12, Max: 14, Rank: 7, Wide: true, Compare: func(a, b *framework) int { return of(a).Compare(of(b)) },
		Text: func(f *framework) (string, theme.Role) {
			if of(f).IsZero() {
				return "-", theme.Dim
			}
			return label.Clock(s.Env.Now(), of(f)), theme.Dim
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
	c := s.Env.Store.Snapshot().Cluster
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
func (s *Screen) Crumb() string {
	s.Refresh()
	return fmt.Sprintf("frameworks (%d)", s.Tabs.Counts[active]+s.Tabs.Counts[away])
}

// Do takes a verb.
func (s *Screen) Do(verb keys.Verb) (tea.Cmd, bool) {
	if s.Take(verb) {
		return nil, true
	}
	if verb == keys.Teardown {
		return s.teardown(), true
	}
	id, f, _ := s.Row()
	if f == nil {
		return nil, false
	}
	switch verb {
	case keys.Open:
		return screen.Send(screen.Go{Target: screen.Target{Kind: screen.Tasks, Arg: "fwid:" + id}}), true
	case keys.ShowEvents:
		return screen.EventsOf(f.Name), true
	case keys.Copy:
		return screen.Send(screen.Copy{Text: id, What: "framework id"}), true
	default:
	}
	return nil, false
}

func (s *Screen) teardown() tea.Cmd {
	act, err := action.Teardown(s.Targets())
	if err != nil {
		return screen.Refuse(err)
	}
	return screen.Send(screen.Ask{Action: act})
}

// Off says why a verb makes no sense for the cursor's row.
func (s *Screen) Off(verb keys.Verb) string {
	s.Refresh() // a key may come before the first frame
	if verb == keys.Teardown && s.Tabs.At == completed {
		return "these frameworks have ended"
	}
	return ""
}

// Status describes the cursor's row.
func (s *Screen) Status() (string, theme.Role) {
	_, f, _ := s.Row()
	if f == nil {
		return "", theme.Dim
	}
	if f.State == reeveapi.FrameworkInactive && !f.Since.IsZero() {
		return inactive(f, s.Env.Now()), theme.Warn
	}
	text := f.Name + "  id " + f.ID
	if f.WebUI != "" {
		text += "  " + f.WebUI
	}
	if len(f.Suppressed) > 0 {
		text += "  takes no offers for " + strings.Join(f.Suppressed, ", ")
	}
	return text, theme.Dim
}

// inactive says how long a framework has been away, and how long it may be.
func inactive(f *framework, now time.Time) string {
	text := fmt.Sprintf("%s has been disconnected for %s", f.Name, gauge.Since(now, f.Since))
	left := leftOf(f, now)
	switch {
	case f.Failover == 0:
		return text
	case left > 0:
		return text + "; it is ended unless it comes back within " + gauge.Age(left)
	}
	return text + "; its failover timeout is over"
}

// leftOf is how long a framework that is away may still be away.
func leftOf(f *framework, now time.Time) time.Duration {
	return time.Duration(f.Failover*float64(time.Second)) - now.Sub(f.Since)
}

// failover says which framework is ended next unless it comes back, and how many more there are.
func (s *Screen) failover() string {
	var next *framework
	more, now := -1, s.Env.Now()
	for _, f := range s.Env.Store.Snapshot().Frameworks.All() {
		if f.State != reeveapi.FrameworkInactive || f.Since.IsZero() || f.Failover == 0 || leftOf(f, now) <= 0 {
			continue
		}
		more++
		if next == nil || leftOf(f, now) < leftOf(next, now) {
			next = f
		}
	}
	if next == nil {
		return ""
	}
	text := fmt.Sprintf("failover: %s %s left", next.Name, gauge.Age(leftOf(next, now)))
	if more > 0 {
		text += fmt.Sprintf(", %d more", more)
	}
	return text
}
