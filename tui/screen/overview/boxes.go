package overview

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/frame"
	"codeberg.org/reeve/reeve/tui/screen/label"
	"codeberg.org/reeve/reeve/tui/store"
	"codeberg.org/reeve/reeve/tui/theme"
	"codeberg.org/reeve/reeve/tui/widget/gauge"
	"codeberg.org/reeve/reeve/tui/widget/spark"
)

// boxes draws what there is of each kind beside each other.
func (s *Screen) boxes(a frame.Area, snap *store.Snapshot) {
	agents, tasks, masters := 25, min(max(a.W*3/10, 36), 48), min(max(a.W*23/100, 26), 40)
	frameworks := a.W - agents - tasks - masters
	in := a.Sub(0, 0, agents-1, a.H).Box(fmt.Sprintf("AGENTS %d", snap.Agents.Len()))
	s.agentCounts(in, snap, "")
	s.agentLoad(in.Sub(0, 5, in.W, in.H-5), snap)
	x := agents
	in = a.Sub(x, 0, tasks-1, a.H).Box(fmt.Sprintf("TASKS %d active", active(snap)))
	s.taskCounts(in, snap, "")
	s.flow(in.Sub(1, in.H-3, in.W-1, 3), snap)
	x += tasks
	s.frameworkList(a.Sub(x, 0, frameworks-1, a.H).Box(fmt.Sprintf("FRAMEWORKS %d  ROLES %d", snap.Frameworks.Len(), snap.Roles.Len())), snap)
	x += frameworks
	s.masterList(a.Sub(x, 0, masters, a.H).Box(fmt.Sprintf("MASTERS %d", len(snap.Cluster.Masters))), snap)
}

// agentLoad draws how busy the cores of each agent are: with names while there are few, else one column for each, and where
// there are more than columns one for some, of which the busiest counts.
func (s *Screen) agentLoad(a frame.Area, snap *store.Snapshot) {
	list := slices.Clone(snap.Agents.Rows())
	if len(list) == 0 || a.H < 2 {
		return
	}
	slices.SortFunc(list, func(x, y *reeveapi.Agent) int { return cmp.Or(cmp.Compare(x.Name, y.Name), cmp.Compare(x.ID, y.ID)) })
	a.Text(1, 0, theme.Dim, "load by agent (cpu)")
	a = a.Sub(1, 1, a.W-1, a.H-1)
	names, width := shortNames(list)
	columns := (a.W + 1) / (width + 3)
	if columns == 0 || columns*a.H < len(list) {
		s.loadStrip(a, list)
		return
	}
	for i, of := range list {
		x, y := i%columns*(width+3), i/columns
		x = a.Left(x, y, width, theme.Dim, names[i]) + 1
		loadMark(a, x, y, of)
	}
}

// loadStrip draws one column for each agent, or for some that stand beside each other.
func (s *Screen) loadStrip(a frame.Area, list []*reeveapi.Agent) {
	room := a.W * a.H
	each := (len(list) + room - 1) / room
	for i := 0; i*each < len(list); i++ {
		group := list[i*each : min((i+1)*each, len(list))]
		loadMark(a, i%a.W, i/a.W, slices.MaxFunc(group, func(x, y *reeveapi.Agent) int { return cmp.Compare(busy(x), busy(y)) }))
	}
}

// busy is the share of its cores that an agent uses, more than all for one that is not heard of.
func busy(a *reeveapi.Agent) float64 {
	switch a.State {
	case reeveapi.AgentUnreachable, reeveapi.AgentDisconnected, reeveapi.AgentRecovered:
		return 2
	case reeveapi.AgentGone:
		return -1
	}
	if a.Usage == nil {
		return 0
	}
	return min(store.Share(a.Usage.CPUs, a.Total.CPUs), 1)
}

func loadMark(a frame.Area, x, y int, of *reeveapi.Agent) {
	share := busy(of)
	switch {
	case share > 1:
		a.Text(x, y, theme.Bad, "?")
		return
	case share < 0:
		a.Text(x, y, theme.Dim, "x")
		return
	}
	role := theme.Good
	if share >= 0.95 {
		role = theme.Bad
	} else if share >= 0.85 {
		role = theme.Warn
	}
	a.Text(x, y, role, a.Theme().Glyph.Spark[min(int(share*7+0.5), 7)])
}

// shortNames are the ends of names that tell agents apart, and how long the longest is.
func shortNames(list []*reeveapi.Agent) (names []string, width int) {
	const most = 8
	same := list[0].Name
	for _, a := range list {
		for !strings.HasPrefix(a.Name, same) {
			same = same[:len(same)-1]
		}
	}
	same = strings.TrimRight(same, "0123456789") // of agent-1 and agent-10 the numbers are told whole
	if len(list) == 1 {
		same = ""
	}
	for _, a := range list {
		name := strings.TrimPrefix(a.Name, same)
		name, _, _ = strings.Cut(name, ".")
		names = append(names, name)
		width = max(width, min(frame.Width(name), most))
	}
	return names, width
}

// minutes is how far back the flow of tasks is shown.
const minutes = 30

// flow draws how many tasks began and ended in each of the last minutes.
func (s *Screen) flow(a frame.Area, snap *store.Snapshot) {
	if a.H < 3 {
		return
	}
	now := s.env.Now()
	last := snap.Minutes(now, min(minutes, a.W-18))
	for y, of := range []struct {
		name string
		role theme.Role
		get  func(store.Minute) int
	}{
		{"starts/min", theme.Good, func(m store.Minute) int { return m.Started }},
		{"ends/min", theme.Info, func(m store.Minute) int { return m.Ended }},
		{"failed/min", theme.Bad, func(m store.Minute) int { return m.Failed }},
	} {
		values, sum := make([]float64, len(last)), 0.0
		for i, m := range last {
			values[i] = float64(of.get(m))
			sum += values[i]
		}
		a.Text(0, y, theme.Dim, of.name)
		spark.Draw(a.Sub(11, y, a.W-18, 1), of.role, values, 0)
		if len(last) > 0 {
			a.Right(a.W-6, y, 6, theme.Text, perMinute(sum/max(now.Sub(last[0].At).Minutes(), 1)))
		}
	}
}

func perMinute(v float64) string {
	if v >= 100 {
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.1f", v)
}

// share is the largest part that a framework has of any resource: what fairness goes by.
func share(c *reeveapi.Cluster, f *reeveapi.Framework) float64 {
	has, all := f.Allocated, c.Total
	return max(store.Share(has.CPUs, all.CPUs), store.Share(has.Mem, all.Mem), store.Share(has.Disk, all.Disk), store.Share(has.GPUs, all.GPUs))
}

func (s *Screen) frameworkList(a frame.Area, snap *store.Snapshot) {
	var list []*reeveapi.Framework
	for _, f := range snap.Frameworks.Rows() {
		if f.State != reeveapi.FrameworkCompleted {
			list = append(list, f)
		}
	}
	slices.SortStableFunc(list, func(x, y *reeveapi.Framework) int { return int(1000 * (y.Allocated.CPUs - x.Allocated.CPUs)) })
	a, counts := a.Sub(0, 0, a.W, a.H-1), a.Sub(0, a.H-1, a.W, 1)
	n := snap.Cluster.Frameworks
	counts.Text(0, 0, theme.Dim, counts.Clip(fmt.Sprintf("active %d  inactive %d  ended %d", n[reeveapi.FrameworkActive], n[reeveapi.FrameworkInactive]+n[reeveapi.FrameworkRecovered], n[reeveapi.FrameworkCompleted]), counts.W))
	shares := 0
	if a.W >= 34 {
		shares = 6
	}
	name := a.W - 20 - shares
	a.Left(0, 0, name, theme.Dim, "NAME")
	a.Right(name, 0, 6, theme.Dim, "TASKS")
	a.Right(name+6, 0, 7, theme.Dim, "CPUS")
	a.Right(name+13, 0, 7, theme.Dim, "MEM")
	a.Right(name+20, 0, shares, theme.Dim, "SHARE")
	for i, f := range list {
		y := i + 1
		if y >= a.H {
			return
		}
		if y == a.H-1 && len(list)-i > 1 {
			a.Text(0, y, theme.Dim, fmt.Sprintf("%s %d more", a.Theme().Glyph.More, len(list)-i))
			return
		}
		_, role := label.Framework(a.Theme(), f.State)
		if f.State == reeveapi.FrameworkActive {
			role = theme.Text
		}
		a.Left(0, y, name, role, f.Name)
		a.Right(name, y, 6, theme.Text, fmt.Sprint(f.Tasks["TASK_RUNNING"]))
		a.Right(name+6, y, 7, theme.Text, gauge.CPUs(f.Allocated.CPUs))
		a.Right(name+13, y, 7, theme.Text, gauge.MB(f.Allocated.Mem))
		a.Right(name+20, y, shares, theme.Text, gauge.Percent(share(snap.Cluster, f)))
	}
}

// masterList says of each master what it does, what gossip thinks of it and how far behind its log is.
func (s *Screen) masterList(a frame.Area, snap *store.Snapshot) {
	c := snap.Cluster
	const facts = 4 // lines below the masters
	lag, gossip := a.W-4, a.W-12
	state := gossip - 9
	a.Left(2, 0, state-2, theme.Dim, "NAME")
	a.Left(state, 0, 8, theme.Dim, "RAFT")
	a.Left(gossip, 0, 7, theme.Dim, "SERF")
	a.Right(lag, 0, 4, theme.Dim, "LAG")
	y := 1
	for _, m := range c.Masters {
		if y >= a.H-facts {
			break
		}
		role, glyph := masterSign(a.Theme(), m.State)
		a.Text(0, y, role, glyph)
		a.Left(2, y, state-3, theme.Text, m.Name)
		a.Left(state, y, 8, role, m.State)
		a.Left(gossip, y, 7, theme.Dim, label.Or(m.Gossip, "-"))
		behind := "-"
		if m.Behind != nil {
			behind = fmt.Sprint(*m.Behind)
		}
		a.Right(lag, y, 4, theme.Text, behind)
		y++
	}
	y = max(min(y+1, a.H-facts), y)
	now := s.env.Now()
	x := a.Text(0, y, theme.Dim, "term ")
	x = a.Text(x, y, theme.Text, fmt.Sprint(c.Term)) + 2
	for _, m := range c.Masters {
		if m.State == reeveapi.MasterLeading && m.Index > 0 {
			x = a.Text(x, y, theme.Dim, "log ")
			a.Text(x, y, theme.Text, fmt.Sprint(m.Index))
		}
	}
	x = a.Text(0, y+1, theme.Dim, "elected ")
	a.Text(x, y+1, theme.Text, gauge.Since(now, c.Elected)+" ago")
	x = a.Text(0, y+2, theme.Dim, "version ")
	a.Text(x, y+2, theme.Text, c.Version)
	if text, role := serf(c); text != "" {
		x = a.Text(0, y+3, theme.Dim, "serf ")
		a.Text(x, y+3, role, a.Clip(text, a.W-x))
	}
}
