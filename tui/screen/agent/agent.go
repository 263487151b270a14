// Package agent is the screen of one agent: its state, what it uses, and its tasks. Start reading at Screen.
package agent

import (
	"fmt"
	"iter"

	tea "github.com/charmbracelet/bubbletea"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/feed"
	"codeberg.org/reeve/reeve/tui/frame"
	"codeberg.org/reeve/reeve/tui/keys"
	"codeberg.org/reeve/reeve/tui/screen"
	"codeberg.org/reeve/reeve/tui/screen/agents"
	"codeberg.org/reeve/reeve/tui/screen/label"
	"codeberg.org/reeve/reeve/tui/screen/list"
	"codeberg.org/reeve/reeve/tui/screen/logs"
	"codeberg.org/reeve/reeve/tui/screen/meter"
	"codeberg.org/reeve/reeve/tui/screen/tasks"
	"codeberg.org/reeve/reeve/tui/screen/window"
	"codeberg.org/reeve/reeve/tui/store"
	"codeberg.org/reeve/reeve/tui/theme"
	"codeberg.org/reeve/reeve/tui/widget/gauge"
	"codeberg.org/reeve/reeve/tui/widget/table"
	"codeberg.org/reeve/reeve/tui/widget/tabs"
)

// Screen is one agent.
type Screen struct {
	env    screen.Env
	id     string
	last   *reeveapi.Agent // what was known when it was there
	tabs   tabs.Tabs
	states map[string]int // how many tasks here are in which state
	lists  [2]*list.List[reeveapi.Task]
	seen   uint64

	executors    *list.List[holding]
	frameworks   *list.List[holding]
	reservations *list.List[reservation]

	close   meter.Close // a close look at the host
	blind   string      // why there was none, the last time
	flags   *list.List[option]
	options map[string]string
	top     int // first line of the facts
}

// The tabs.
const (
	active = iota
	ended
	executors
	frameworks
	reserved
	flags
	facts
)

// New returns the screen of the agent that target names.
func New(env screen.Env, target screen.Target) *Screen {
	s := &Screen{env: env, id: target.ID, executors: executorList(), frameworks: frameworkList(), reservations: reservationList(), flags: flagList()}
	s.tabs = tabs.Tabs{Names: []string{"tasks", "ended", "executors", "frameworks", "reserved", "flags", "facts"}, Counts: []int{0, 0, 0, 0, 0, -1, -1}}
	empty := [2]string{"no task runs here", "no task has ended here"}
	for i := range s.lists {
		cols := s.columns()
		if i == ended {
			cols = tasks.Ended(env.Now)
		}
		s.lists[i] = list.New(table.New(empty[i], cols...), tasks.FilterHelp, tasks.Fields(env.Now)...)
		s.lists[i].Tabs, s.lists[i].Name = &s.tabs, [2]string{"agent-tasks", "agent-ended-tasks"}[i]
		s.lists[i].Keep(env)
		s.lists[i].Table.Differs = tasks.Differs
		s.lists[i].Table.Latest = func(id string) *reeveapi.Task { return env.Store.Snapshot().Tasks.Get(id) }
	}
	s.lists[ended].Table.SortBy("ENDED", true)
	s.executors.Tabs, s.frameworks.Tabs, s.reservations.Tabs, s.flags.Tabs = &s.tabs, &s.tabs, &s.tabs, &s.tabs
	s.executors.Keep(env)
	s.frameworks.Keep(env)
	s.reservations.Keep(env)
	s.flags.Keep(env)
	return s
}

// columns show what tasks use beside what they asked for.
func (s *Screen) columns() []table.Column[reeveapi.Task] {
	type task = reeveapi.Task
	right := func(name, title string, rank int, text func(t *task) (string, theme.Role), value func(t *task) float64) table.Column[task] {
		return table.Column[task]{Name: name, Title: title, Width: 6, Right: true, Rank: rank, Text: text, Compare: table.Compare(value)}
	}
	use := tasks.Use{Store: s.env.Store}
	cpus := func(t *task) float64 { return t.Requested.CPUs }
	mem := func(t *task) float64 { return t.Requested.Mem }
	name := tasks.Name()
	name.Total = func(rows iter.Seq[*task]) string { return fmt.Sprintf("TOTAL %d", length(rows)) }
	total := func(c table.Column[task], of func(*task) float64, write func(float64) string) table.Column[task] {
		c.Total = tasks.Sum(of, write)
		return c
	}
	return []table.Column[task]{
		name, tasks.State(), tasks.Health(),
		{Name: "CPU USE", Title: "CPU", Width: 8, Max: 14, Rank: 5, Graph: true, Draw: func(a frame.Area, t *task) { use.Bar(a, t, use.CPU(t), t.Requested.CPUs) }},
		total(right("CPU", "USED", 1, use.CPUText, use.CPU), use.CPU, func(v float64) string { return fmt.Sprintf("%.2f", v) }),
		total(right("CPUS", "LIMIT", 3, func(t *task) (string, theme.Role) { return gauge.CPUs(t.Requested.CPUs), theme.Dim }, cpus), cpus, gauge.CPUs),
		{Name: "MEM USE", Title: "MEM", Width: 8, Max: 14, Rank: 5, Graph: true, Draw: func(a frame.Area, t *task) { use.Bar(a, t, use.Mem(t), t.Requested.Mem) }},
		total(right("MEM", "USED", 1, use.MemText, use.Mem), use.Mem, gauge.MB),
		total(right("MEM LIMIT", "LIMIT", 3, func(t *task) (string, theme.Role) { return gauge.MB(t.Requested.Mem), theme.Dim }, mem), mem, gauge.MB),
		tasks.Framework(), tasks.Age("AGE", s.env.Now), tasks.Restarts(s.env.Store),
	}
}

func length[T any](rows iter.Seq[T]) int {
	n := 0
	for range rows {
		n++
	}
	return n
}

// Crumb names the screen.
func (s *Screen) Crumb() string {
	if a := s.agent(); a != nil {
		return a.Name
	}
	return s.id
}

// agent is the newest that is known of the agent, also when it is gone; nil if nothing ever was.
func (s *Screen) agent() *reeveapi.Agent {
	if a := s.env.Store.Snapshot().Agents.Get(s.id); a != nil {
		s.last = a
	}
	return s.last
}

// Scopes are the key scopes.
func (s *Screen) Scopes() []keys.Scope { return []keys.Scope{keys.Agent, keys.List} }

// Wants is this agent's usage.
func (s *Screen) Wants() []feed.Want {
	if a := s.agent(); a != nil && a.HTTP != "" {
		return []feed.Want{{Agent: a.ID, HTTP: a.HTTP, Task: feed.HostOnly}}
	}
	return nil
}

// page is the list of the shown tab, nil if it has none.
func (s *Screen) page() page {
	switch s.tabs.At {
	case active, ended:
		return s.lists[s.tabs.At]
	case executors:
		return s.executors
	case frameworks:
		return s.frameworks
	case reserved:
		return s.reservations
	case flags:
		return s.flags
	}
	return nil
}

// Typing says whether the filter takes keys.
func (s *Screen) Typing() bool {
	p := s.page()
	return p != nil && p.Typing()
}

// Type gives the filter a key.
func (s *Screen) Type(key tea.KeyMsg) tea.Cmd {
	s.page().Type(key)
	return nil
}

// Save keeps filter, order and cursor.
func (s *Screen) Save() screen.State {
	if p := s.page(); p != nil {
		return p.Save()
	}
	return screen.State{Tab: s.tabs.At}
}

// Restore takes what Save answered.
func (s *Screen) Restore(st screen.State) {
	s.tabs.At = min(max(st.Tab, 0), facts)
	if p := s.page(); p != nil {
		p.Restore(st)
	}
}

// Lists are the columns of all lists by the name under which they are kept.
func (s *Screen) Lists() map[string][]string {
	return map[string][]string{
		s.lists[active].Name: s.lists[active].Table.Names(), s.lists[ended].Name: s.lists[ended].Table.Names(),
		s.executors.Name: s.executors.Table.Names(), s.frameworks.Name: s.frameworks.Table.Names(), s.reservations.Name: s.reservations.Table.Names(),
		s.flags.Name: s.flags.Table.Names(),
	}
}

// Columns are those of the shown list.
func (s *Screen) Columns() (all []string, shown []table.Pick, set table.Columns) {
	if p := s.page(); p != nil {
		return p.Columns()
	}
	return s.lists[active].Columns()
}

// SetColumns shows columns in the shown list.
func (s *Screen) SetColumns(c table.Columns) {
	if p := s.page(); p != nil {
		p.SetColumns(c)
	}
}

// task is what the cursor is on in a list of tasks, nil if it is on none.
func (s *Screen) task() (t *reeveapi.Task, alive bool) {
	if s.tabs.At > ended {
		return nil, false
	}
	row, alive := s.lists[s.tabs.At].Table.At()
	return row.Val, alive
}

// holding is the executor or framework that the cursor is on, nil if it is on none.
func (s *Screen) holding() *holding {
	l := s.executors
	switch s.tabs.At {
	case executors:
	case frameworks:
		l = s.frameworks
	default:
		return nil
	}
	row, _ := l.Table.At()
	return row.Val
}

// Off says why a verb makes no sense now.
func (s *Screen) Off(verb keys.Verb) string {
	s.refresh() // a key may come before the first frame
	t, alive := s.task()
	switch {
	case (verb == keys.Shell || verb == keys.PickShell) && s.holding() != nil:
		return tasks.ShellOff(s.holding().newest)
	case verb == keys.Shell || verb == keys.PickShell:
		return tasks.ShellOff(t)
	case verb == keys.Kill && (!alive || s.tabs.At != active):
		return "there is no active task here"
	}
	return ""
}

// Do takes a verb.
func (s *Screen) Do(verb keys.Verb) (tea.Cmd, bool) {
	s.refresh()
	switch verb {
	case keys.NextTab:
		s.tabs.Step(1)
		return nil, true
	case keys.PrevTab:
		s.tabs.Step(-1)
		return nil, true
	case keys.Copy:
		return screen.Send(screen.Copy{Text: s.id, What: "agent id"}), true
	default:
	}
	if a := s.agent(); a != nil {
		switch verb {
		case keys.DaemonLog:
			return screen.Send(screen.Go{Target: logs.OfAgent(a.HTTP)}), true
		case keys.PlanMaint:
			return window.Of(s.env, []*reeveapi.Agent{a}), true
		default:
		}
		if cmd, ours := agents.Steer(verb, []*reeveapi.Agent{a}, 0, s.env); ours {
			return cmd, true
		}
	}
	p := s.page()
	switch {
	case p == nil:
		return nil, s.scroll(verb)
	case verb == keys.Kill:
		return s.kill(), true
	case p.Do(verb, s.env.Now()):
		return nil, true
	case s.tabs.At > ended:
		return s.onHolding(verb, s.holding())
	}
	t, _ := s.task()
	return tasks.OnTask(verb, t, s.env)
}

func (s *Screen) kill() tea.Cmd {
	var targets []*reeveapi.Task
	t := s.lists[active].Table
	for _, r := range t.Targets() {
		targets = append(targets, r.Val)
	}
	_, hidden := t.Marks()
	return tasks.Kill(targets, hidden, s.env)
}

// Status describes the cursor's row.
func (s *Screen) Status() (string, theme.Role) {
	if u := s.env.Store.Snapshot().Usage[s.id]; u != nil && u.Err != "" {
		return "usage is not known: " + u.Err, theme.Warn
	}
	if s.blind != "" && s.tabs.At >= flags {
		return "no close look at the host: " + s.blind, theme.Warn
	}
	if s.tabs.At == reserved {
		return "held/set aside; what tasks hold counts for their role first", theme.Dim
	}
	if h := s.holding(); h != nil {
		return fmt.Sprintf("%s  active tasks %d, ended %d  figures: used/held", h.name, h.active, h.ended), theme.Dim
	}
	t, alive := s.task()
	if t == nil {
		return "", theme.Dim
	}
	use := tasks.Use{Store: s.env.Store}
	if used, known := use.Newest(t); known && t.Requested.Mem > 0 {
		if share := use.Mem(t) / t.Requested.Mem; share > 0.9 {
			return fmt.Sprintf("%s uses %s of its memory limit, %s", label.Name(t), gauge.Percent(share), gauge.Bytes(used.MemBytes)), theme.Warn
		}
	}
	return tasks.Describe(t, alive, s.env), theme.Dim
}

func (s *Screen) refresh() {
	snap := s.env.Store.Snapshot()
	if snap.Version == s.seen {
		return
	}
	var rows [2][]table.Row[reeveapi.Task]
	var all []*reeveapi.Task
	s.states = map[string]int{}
	for id, t := range snap.Tasks.All() {
		if t.Agent != s.id {
			continue
		}
		s.states[t.State]++
		tab := active
		if !t.Ended.IsZero() {
			tab = ended
		}
		rows[tab] = append(rows[tab], table.Row[reeveapi.Task]{ID: id, Val: t})
		all = append(all, t)
	}
	now := s.env.Now()
	for i := range rows {
		s.lists[i].Table.SetRows(rows[i], now)
	}
	byExecutor, byFramework := s.holdings(snap, all)
	s.executors.Table.SetRows(byExecutor, now)
	s.frameworks.Table.SetRows(byFramework, now)
	roles := 0
	if a := s.agent(); a != nil {
		s.reservations.Table.SetRows(reservations(a, all), now)
		roles = len(a.Reserved)
	}
	s.tabs.Counts = []int{len(rows[active]), len(rows[ended]), len(byExecutor), len(byFramework), roles, -1, -1}
	s.seen = snap.Version
}

// Points is the task of the cursor, and the agent itself where there is none.
func (s *Screen) Points() screen.Thing {
	s.refresh()
	if t, _ := s.task(); t != nil {
		return screen.Thing{Kind: screen.Task, ID: store.TaskKey(t)}
	}
	if h := s.holding(); h != nil && h.executor == "" {
		return screen.Thing{Kind: screen.Frameworks, ID: h.id}
	}
	return screen.Thing{Kind: screen.Agent, ID: s.id}
}

// Export is the shown list as text.
func (s *Screen) Export(all bool) (string, []string, [][]string) {
	s.refresh()
	p := s.page()
	if p == nil {
		p = s.lists[active]
	}
	titles, rows := p.Export(all)
	return s.Crumb() + "-" + map[bool]string{true: "tasks", false: s.tabs.Name()}[s.tabs.At == facts], titles, rows
}

// Render draws the screen.
func (s *Screen) Render(p frame.Area) {
	s.refresh()
	a := s.agent()
	if a == nil {
		p.Text(1, 1, theme.Dim, "agent "+s.id+" is not known to the master")
		return
	}
	s.summary(p.Sub(1, 0, p.W-2, 1), a)
	h := s.graphs(p.Sub(0, 1, p.W, p.H-1), a)
	s.tally(p.Sub(1, h+1, p.W-2, 1))
	rest := p.Sub(0, h+2, p.W, p.H-h-2)
	if s.tabs.At == facts {
		s.tabs.Draw(rest.Sub(1, 0, rest.W-1, 1))
		s.facts(rest.Sub(2, 2, rest.W-3, rest.H-2), a)
		return
	}
	s.page().Render(rest, s.env.Now())
}
