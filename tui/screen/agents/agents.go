// Package agents is the screen of all agents. Start reading at Screen.
package agents

import (
	"fmt"
	"iter"
	"maps"
	"slices"
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
	"codeberg.org/reeve/reeve/tui/screen/window"
	"codeberg.org/reeve/reeve/tui/store"
	"codeberg.org/reeve/reeve/tui/theme"
	"codeberg.org/reeve/reeve/tui/widget/filter"
	"codeberg.org/reeve/reeve/tui/widget/gauge"
	"codeberg.org/reeve/reeve/tui/widget/table"
)

type (
	agent  = reeveapi.Agent
	column = table.Column[agent]
)

// Screen is the list of agents.
type Screen struct {
	list.Base[agent]
	peek list.Peek
}

// New returns the screen; target's Arg is a filter to begin with.
func New(env screen.Env, target screen.Target) *Screen {
	s := &Screen{}
	l := list.New(table.New("no agent has registered yet", s.columns()...), "words = AND  !not  /rx/  state: attr: cpu> mem> tasks>", fields()...)
	l.Problem = func(a *agent) bool { return a.State != reeveapi.AgentActive }
	l.SetFilter(target.Arg)
	s.Base = list.NewBase(env, list.Setup[agent]{
		Scope: keys.Agents, Kind: screen.Agent, Name: "agents",
		Differs: func(was, is *agent) bool { return was.State != is.State },
		List:    func(s *store.Snapshot) store.List[agent] { return s.Agents },
	}, l)
	return s
}

func (s *Screen) columns() []column {
	return []column{
		{
			Name: "AGENT", Width: 10, Max: 30, Text: func(a *agent) (string, theme.Role) { return a.Name, theme.Text },
			Compare: table.ByName(func(a *agent) string { return a.Name }), Total: func(rows iter.Seq[*agent]) string { return fmt.Sprintf("TOTAL %.0f", sum(rows, one)) },
		},
		{
			Name: "HOST", Width: 15, Max: 21, Rank: 5, Wide: true, Text: func(a *agent) (string, theme.Role) { return a.HTTP, theme.Dim },
			Compare: table.Compare(func(a *agent) string { return a.HTTP }),
		},
		{Name: "STATE", Width: 13, Max: 14, Draw: func(p frame.Area, a *agent) {
			text, role := label.Agent(p.Theme(), a.State)
			p.Left(0, 0, p.W, role, text)
		}, Compare: table.Compare(func(a *agent) string { return a.State })},
		{
			Name: "CPU", Width: 7, Max: 18, Rank: 3, Graph: true, Draw: func(p frame.Area, a *agent) { bar(p, a, CPU(a)) },
			Compare: table.Compare(func(a *agent) float64 { return CPU(a).used }),
		},
		{Name: "CPU ALLOC", Title: "used/alloc", Width: 10, Max: 11, Right: true, Rank: 2, Text: func(a *agent) (string, theme.Role) {
			return pair(a, gauge.CPUs), theme.Text
		}, Compare: table.Compare(func(a *agent) float64 { return a.Allocated.CPUs }), Total: func(rows iter.Seq[*agent]) string {
			return fmt.Sprintf("%.1f/%s", sum(rows, usedCPUs), gauge.CPUs(sum(rows, func(a *agent) float64 { return a.Allocated.CPUs })))
		}},
		{
			Name: "MEM", Width: 7, Max: 18, Rank: 3, Graph: true, Draw: func(p frame.Area, a *agent) { bar(p, a, Mem(a)) },
			Compare: table.Compare(func(a *agent) float64 { return Mem(a).used }),
		},
		{Name: "MEM ALLOC", Title: "used/alloc", Width: 10, Max: 11, Right: true, Rank: 2, Text: func(a *agent) (string, theme.Role) {
			return memPair(a), theme.Text
		}, Compare: table.Compare(func(a *agent) float64 { return a.Allocated.Mem }), Total: func(rows iter.Seq[*agent]) string {
			return gauge.MB(sum(rows, usedMem)) + "/" + gauge.MB(sum(rows, func(a *agent) float64 { return a.Allocated.Mem }))
		}},
		free("FREE CPU", gauge.CPUs, func(a *agent) float64 { return a.Total.CPUs - a.Allocated.CPUs }),
		free("FREE MEM", gauge.MB, func(a *agent) float64 { return a.Total.Mem - a.Allocated.Mem }),
		{
			Name: "TASKS", Width: 5, Right: true, Rank: 1, Text: func(a *agent) (string, theme.Role) { return fmt.Sprint(a.Tasks), theme.Text },
			Compare: table.Compare(func(a *agent) int { return a.Tasks }),
			Total: func(rows iter.Seq[*agent]) string {
				return fmt.Sprintf("%.0f", sum(rows, func(a *agent) float64 { return float64(a.Tasks) }))
			},
		},
		share("DISK", gauge.MB, func(v reeveapi.Amounts) float64 { return v.Disk }),
		share("GPUS", gauge.CPUs, func(v reeveapi.Amounts) float64 { return v.GPUs }),
		s.clock("REGISTERED", func(a *agent) time.Time { return a.Registered }),
		s.clock("AGAIN", func(a *agent) time.Time { return a.Reregistered }),
		{
			Name: "VERSION", Width: 8, Max: 12, Rank: 7, Wide: true, Text: func(a *agent) (string, theme.Role) { return a.Version, theme.Dim },
			Compare: table.Compare(func(a *agent) string { return a.Version }),
		},
		{
			Name: "ATTRIBUTES", Width: 12, Max: 40, Rank: 8, Wide: true, Text: func(a *agent) (string, theme.Role) { return Attributes(a), theme.Dim },
			Compare: table.Compare(Attributes),
		},
		{
			Name: "ID", Width: 12, Max: 48, Rank: 9, Wide: true, Text: func(a *agent) (string, theme.Role) { return a.ID, theme.Dim },
			Compare: table.Compare(func(a *agent) string { return a.ID }),
		},
		{Name: "SINCE", Width: 6, Right: true, Rank: 4, Text: func(a *agent) (string, theme.Role) {
			return gauge.Since(s.Env.Now(), a.Since), theme.Dim
		}, Compare: func(a, b *agent) int { return b.Since.Compare(a.Since) }},
	}
}

// free is a column of what nobody has. What is free on a machine that takes nothing new helps nobody, so the total leaves it out.
func free(name string, write func(float64) string, of func(*agent) float64) column {
	return column{
		Name: name, Width: 8, Right: true, Rank: 4, Wide: true, Compare: table.Compare(of),
		Text: func(a *agent) (string, theme.Role) { return write(of(a)), theme.Dim },
		Total: func(rows iter.Seq[*agent]) string {
			return write(sum(rows, func(a *agent) float64 {
				if a.State != reeveapi.AgentActive {
					return 0
				}
				return of(a)
			}))
		},
	}
}

func one(*agent) float64 { return 1 }

func sum(rows iter.Seq[*agent], of func(*agent) float64) float64 {
	n := 0.0
	for a := range rows {
		n += of(a)
	}
	return n
}

// usedCPUs and usedMem (MB) are 0 where they are not known any more.
func usedCPUs(a *agent) float64 {
	if !heard(a) {
		return 0
	}
	return a.Usage.CPUs
}

func usedMem(a *agent) float64 {
	if !heard(a) {
		return 0
	}
	return float64(a.Usage.MemBytes) / (1 << 20)
}

// share is a column of how much is allocated of all there is.
func share(name string, write func(float64) string, of func(reeveapi.Amounts) float64) column {
	return column{
		Name: name, Title: name + " alloc", Width: 11, Max: 13, Right: true, Rank: 6, Wide: true,
		Text: func(a *agent) (string, theme.Role) {
			if of(a.Total) == 0 {
				return "-", theme.Dim
			}
			return write(of(a.Allocated)) + "/" + write(of(a.Total)), theme.Text
		},
		Compare: table.Compare(func(a *agent) float64 { return of(a.Allocated) }),
		Total: func(rows iter.Seq[*agent]) string {
			all := sum(rows, func(a *agent) float64 { return of(a.Total) })
			if all == 0 {
				return "-"
			}
			return write(sum(rows, func(a *agent) float64 { return of(a.Allocated) })) + "/" + write(all)
		},
	}
}

// clock is a column of when something was.
func (s *Screen) clock(name string, of func(*agent) time.Time) column {
	return column{
		Name: name, Width: 12, Max: 14, Rank: 7, Wide: true,
		Text:    func(a *agent) (string, theme.Role) { return label.Clock(s.Env.Now(), of(a)), theme.Dim },
		Compare: func(a, b *agent) int { return of(a).Compare(of(b)) },
	}
}

// reservedFor are the roles for which something is set aside on an agent.
func reservedFor(a *agent) string { return strings.Join(slices.Sorted(maps.Keys(a.Reserved)), ",") }

func fields() []filter.Field[agent] {
	return []filter.Field[agent]{
		{Name: "name", Free: true, Text: func(a *agent) string { return a.Name }},
		{Name: "id", Free: true, Text: func(a *agent) string { return a.ID }},
		{Name: "state", Free: true, Text: func(a *agent) string { return a.State }},
		{Name: "host", Free: true, Text: func(a *agent) string { return a.HTTP }},
		{Name: "version", Text: func(a *agent) string { return a.Version }},
		{Name: "attr", Free: true, Text: Attributes},
		{Name: "reserved", Text: reservedFor},
		{Name: "cpu", Number: func(a *agent) (float64, bool) { return a.Total.CPUs - a.Allocated.CPUs, true }},
		{Name: "mem", Number: func(a *agent) (float64, bool) { return a.Total.Mem - a.Allocated.Mem, true }},
		{Name: "tasks", Number: func(a *agent) (float64, bool) { return float64(a.Tasks), true }},
	}
}

// Share is how much of an agent is used and allocated, as shares of all it has.
type Share struct{ used, held float64 }

// CPU is the share of cores.
func CPU(a *reeveapi.Agent) Share {
	s := Share{held: store.Share(a.Allocated.CPUs, a.Total.CPUs)}
	if a.Usage != nil {
		s.used = store.Share(a.Usage.CPUs, a.Total.CPUs)
	}
	return s
}

// Mem is the share of memory.
func Mem(a *reeveapi.Agent) Share {
	s := Share{held: store.Share(a.Allocated.Mem, a.Total.Mem)}
	if a.Usage != nil {
		s.used = store.Share(float64(a.Usage.MemBytes), float64(a.Usage.MemTotalBytes))
	}
	return s
}

// heard says whether what an agent told last is still true.
func heard(a *agent) bool {
	return a.Usage != nil && a.State != reeveapi.AgentUnreachable && a.State != reeveapi.AgentDisconnected && a.State != reeveapi.AgentGone
}

func bar(p frame.Area, a *agent, s Share) {
	if !heard(a) {
		p.Text(0, 0, theme.Dim, p.Clip("unknown", p.W))
		return
	}
	gauge.Draw(p, s.used, s.held)
}

func pair(a *agent, write func(float64) string) string {
	used := "?"
	if heard(a) {
		used = fmt.Sprintf("%.1f", a.Usage.CPUs)
	}
	return used + "/" + write(a.Allocated.CPUs)
}

func memPair(a *agent) string {
	used := "?"
	if heard(a) {
		used = gauge.Bytes(a.Usage.MemBytes)
	}
	return used + "/" + gauge.MB(a.Allocated.Mem)
}

// Attributes are an agent's attributes in one line, sorted.
func Attributes(a *reeveapi.Agent) string {
	return strings.Join(pairs(a.Attributes), " ")
}

// Crumb names the screen.
func (s *Screen) Crumb() string {
	return fmt.Sprintf("agents (%d)", s.Env.Store.Snapshot().Agents.Len())
}

// Do takes a verb.
func (s *Screen) Do(verb keys.Verb) (tea.Cmd, bool) {
	if s.Take(verb) {
		return nil, true
	}
	targets, hidden := s.Targets()
	if cmd, ours := Steer(verb, targets, hidden, s.Env); ours {
		return cmd, true
	}
	if verb == keys.PlanMaint {
		return window.Of(s.Env, targets), true
	}
	id, a, _ := s.Row()
	if a == nil {
		return nil, false
	}
	switch verb {
	case keys.Open:
		return screen.Send(screen.Go{Target: screen.Target{Kind: screen.Agent, ID: id}}), true
	case keys.DaemonLog:
		return screen.Send(screen.Go{Target: logs.OfAgent(a.HTTP)}), true
	case keys.ShowEvents:
		return screen.EventsOf(a.Name), true
	case keys.Copy:
		return screen.Send(screen.Copy{Text: id, What: "agent id"}), true
	default:
	}
	return nil, false
}

// Steer asks for what an operator can say of agents; false if verb is none of that. hidden is how many of them the filter
// hides.
func Steer(verb keys.Verb, agents []*reeveapi.Agent, hidden int, env screen.Env) (tea.Cmd, bool) {
	snap := env.Store.Snapshot()
	var act action.Action
	var err error
	switch verb {
	case keys.Drain:
		act, err = action.Drain(snap, agents, hidden, action.Draining{Grace: -1})
	case keys.Deactivate:
		act, err = action.Deactivate(snap, agents, hidden)
	case keys.Reactivate:
		act, err = action.Reactivate(snap, agents, hidden)
	case keys.Gone:
		act, err = action.Gone(snap, agents, hidden)
	default:
		return nil, false
	}
	if err != nil {
		return screen.Refuse(err), true
	}
	return screen.Send(screen.Ask{Action: act}), true
}

// Status describes the cursor's row.
func (s *Screen) Status() (string, theme.Role) {
	_, a, _ := s.Row()
	if a == nil {
		return "", theme.Dim
	}
	text := fmt.Sprintf("%s  %s  free %s cpus %s", a.Name, a.HTTP, gauge.CPUs(a.Total.CPUs-a.Allocated.CPUs), gauge.MB(a.Total.Mem-a.Allocated.Mem))
	if attrs := Attributes(a); attrs != "" {
		text += "  " + attrs
	}
	if a.Reason != "" {
		return text + "  " + a.Reason, theme.Warn
	}
	return text, theme.Dim
}

func pairs(m map[string]string) []string {
	out := make([]string, 0, len(m))
	for _, k := range slices.Sorted(maps.Keys(m)) {
		out = append(out, k+"="+m[k])
	}
	return out
}
