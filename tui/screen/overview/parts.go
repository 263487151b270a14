package overview

import (
	"fmt"
	"strconv"
	"time"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/frame"
	"codeberg.org/reeve/reeve/tui/store"
	"codeberg.org/reeve/reeve/tui/theme"
	"codeberg.org/reeve/reeve/tui/widget/gauge"
	"codeberg.org/reeve/reeve/tui/widget/spark"
)

// resource is one line of the panel of resources.
type resource struct {
	name                            string
	used, held, free, offered, full float64
	write                           func(float64) string
	history                         func(store.LoadPoint) float64
}

func resourcesOf(c *reeveapi.Cluster) []resource {
	whole := func(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }
	all := []resource{
		{"cpus", c.Used.CPUs, c.Allocated.CPUs, c.Total.CPUs - c.Allocated.CPUs, c.Offered.CPUs, c.Total.CPUs, gauge.CPUs, func(p store.LoadPoint) float64 { return p.CPU }},
		{"mem", c.Used.Mem, c.Allocated.Mem, c.Total.Mem - c.Allocated.Mem, c.Offered.Mem, c.Total.Mem, gauge.MB, func(p store.LoadPoint) float64 { return p.Mem }},
		{"disk", c.Used.Disk, c.Allocated.Disk, c.Total.Disk - c.Allocated.Disk, c.Offered.Disk, c.Total.Disk, gauge.MB, func(p store.LoadPoint) float64 { return p.Disk }},
	}
	if c.Total.GPUs > 0 {
		all = append(all, resource{"gpus", c.Used.GPUs, c.Allocated.GPUs, c.Total.GPUs - c.Allocated.GPUs, c.Offered.GPUs, c.Total.GPUs, whole, nil})
	}
	return all
}

// resources draws one line for each resource and answers how many lines that took.
func (s *Screen) resources(a frame.Area, snap *store.Snapshot, history bool) int {
	all := resourcesOf(snap.Cluster)
	g := a.Theme().Glyph
	const numbers = 5*7 + 1
	bar := max(a.W-5-numbers, 10)
	graph := 0
	if history {
		graph = min(a.W/4, 40)
		bar = a.W - 5 - numbers - graph - 9
	}
	x := a.Text(5, 0, theme.Bar, g.Used)
	x = a.Text(x, 0, theme.Dim, " used ")
	x = a.Text(x, 0, theme.Hold, g.Held)
	if bar >= 34 {
		x = a.Text(x, 0, theme.Dim, " allocated, not used ")
	} else {
		x = a.Text(x, 0, theme.Dim, " allocated ")
	}
	x = a.Text(x, 0, theme.Track, g.Free)
	a.Text(x, 0, theme.Dim, " free")
	at := 5 + bar + 1
	for i, head := range []string{"USED", "ALLOC", "FREE", "OFFER", "TOTAL"} {
		a.Right(at+i*7, 0, 7, theme.Dim, head)
	}
	if history {
		s.historyHead(a.Sub(at+numbers+1, 0, graph+6, 1), snap)
	}
	for i, r := range all {
		y := i + 1
		a.Text(0, y, theme.Dim, r.name)
		gauge.Draw(a.Sub(5, y, bar, 1), store.Share(r.used, r.full), store.Share(r.held, r.full))
		for n, v := range []float64{r.used, r.held, r.free, r.offered, r.full} {
			role, text := theme.Text, r.write(round(v))
			if v == 0 {
				role = theme.Dim
			}
			if n == 0 && r.name == "gpus" {
				text = "-" // nobody measures it
			}
			a.Right(at+n*7, y, 7, role, text)
		}
		if history && r.history != nil {
			s.history(a.Sub(at+numbers+1, y, graph+6, 1), snap, r)
		}
	}
	return len(all) + 1
}

func round(v float64) float64 { return float64(int64(v*100+0.5)) / 100 }

// span is how far back the use of the cluster is shown.
const span = 30 * time.Minute

// historyHead says of which time the graphs are, and if they do not reach back so far, how far.
func (s *Screen) historyHead(a frame.Area, snap *store.Snapshot) {
	now := s.env.Now()
	_, known := snap.Since(now, span, a.W-6, func(store.LoadPoint) float64 { return 0 })
	text := "used, last 30 min"
	if ago := now.Sub(known); ago < span-2*time.Minute {
		text += ", known for " + gauge.Since(now, known)
	}
	a.Text(0, 0, theme.Dim, a.Clip(text, a.W))
}

func (s *Screen) history(a frame.Area, snap *store.Snapshot, r resource) {
	values, _ := snap.Since(s.env.Now(), span, a.W-6, r.history)
	spark.Draw(a.Sub(0, 0, a.W-6, 1), theme.Info, values, 1)
	a.Right(a.W-5, 0, 5, theme.Text, gauge.Percent(store.Share(r.used, r.full)))
}

// figure is a number with a name.
type figure struct {
	name string
	n    int
	role theme.Role // when n is not zero
}

func figures(a frame.Area, title string, total int, list []figure) {
	y := 0
	if title != "" {
		a.Text(0, 0, theme.Title, title)
		a.Right(a.W-5, 0, 5, theme.Strong, strconv.Itoa(total))
		y = 1
	}
	for i, f := range list {
		role := f.role
		if f.n == 0 {
			role = theme.Dim
		}
		line := a.Sub(0, y+i, a.W, 1)
		line.Text(1, 0, theme.Dim, line.Clip(f.name, a.W-6))
		line.Right(a.W-5, 0, 5, role, strconv.Itoa(f.n))
	}
}

func (s *Screen) agentCounts(a frame.Area, snap *store.Snapshot, title string) {
	n := snap.Cluster.Agents
	total := 0
	for _, c := range n {
		total += c
	}
	list := []figure{
		{"active", n[reeveapi.AgentActive], theme.Good},
		{"draining/off", n[reeveapi.AgentDraining] + n[reeveapi.AgentDrained] + n[reeveapi.AgentDeactivated], theme.Warn},
		{"disconnected", n[reeveapi.AgentDisconnected] + n[reeveapi.AgentRecovered], theme.Warn},
		{"unreachable", n[reeveapi.AgentUnreachable], theme.Bad},
		{"gone", n[reeveapi.AgentGone], theme.Dim},
	}
	figures(a, title, total, list)
}

func active(snap *store.Snapshot) int {
	n := snap.Cluster.Tasks
	return n["TASK_STAGING"] + n["TASK_STARTING"] + n["TASK_RUNNING"] + n["TASK_KILLING"] + n["TASK_UNREACHABLE"]
}

func (s *Screen) taskCounts(a frame.Area, snap *store.Snapshot, title string) {
	n := snap.Cluster.Tasks
	half := a.W/2 + 1
	figures(a.Sub(0, 0, half-2, a.H), title, active(snap), []figure{
		{"staging", n["TASK_STAGING"], theme.Info},
		{"starting", n["TASK_STARTING"], theme.Info},
		{"running", n["TASK_RUNNING"], theme.Good},
		{"killing", n["TASK_KILLING"], theme.Warn},
		{"unreach.", n["TASK_UNREACHABLE"], theme.Warn},
	})
	y := 0
	if title != "" {
		y = 1
	}
	figures(a.Sub(half-1, y, a.W-half+1, a.H-y), "", 0, []figure{
		{"finished", n["TASK_FINISHED"], theme.Text},
		{"failed", n["TASK_FAILED"], theme.Bad},
		{"killed", n["TASK_KILLED"], theme.Text},
		{"lost/gone", n["TASK_LOST"] + n["TASK_GONE"] + n["TASK_GONE_BY_OPERATOR"], theme.Bad},
		{"error/drop", n["TASK_ERROR"] + n["TASK_DROPPED"], theme.Bad},
	})
}

func (s *Screen) frameworkCounts(a frame.Area, snap *store.Snapshot, title string) {
	n := snap.Cluster.Frameworks
	figures(a, title, n[reeveapi.FrameworkActive]+n[reeveapi.FrameworkInactive]+n[reeveapi.FrameworkRecovered], []figure{
		{"active", n[reeveapi.FrameworkActive], theme.Good},
		{"inactive", n[reeveapi.FrameworkInactive] + n[reeveapi.FrameworkRecovered], theme.Warn},
		{"ended", n[reeveapi.FrameworkCompleted], theme.Dim},
	})
	a.Text(0, 4, theme.Title, "JOBS")
	a.Right(a.W-5, 4, 5, theme.Strong, strconv.Itoa(snap.Jobs.Len()))
	failed := 0
	for _, j := range snap.Jobs.Rows() {
		if j.State == reeveapi.JobFailed {
			failed++
		}
	}
	figures(a.Sub(0, 5, a.W, 1), "", 0, []figure{{"failed", failed, theme.Bad}})
}

func (s *Screen) masterCounts(a frame.Area, snap *store.Snapshot, title string) {
	a.Text(0, 0, theme.Title, fmt.Sprintf("%s %d", title, len(snap.Cluster.Masters)))
	for i, m := range snap.Cluster.Masters {
		role, glyph := masterSign(a.Theme(), m.State)
		x := a.Text(1, i+1, role, glyph+" ")
		a.Text(x, i+1, role, a.Clip(m.Name, a.W-x))
	}
}

// serf says how many members gossip knows of, by what it thinks of them; "" if the master does not tell.
func serf(c *reeveapi.Cluster) (text string, role theme.Role) {
	if len(c.Gossip) == 0 {
		return "", theme.Dim
	}
	text, role = fmt.Sprintf("%d alive", c.Gossip[reeveapi.MemberAlive]), theme.Text
	if n := c.Gossip[reeveapi.MemberFailed]; n > 0 {
		text, role = fmt.Sprintf("%s, %d failed", text, n), theme.Warn
	}
	return text, role
}

// quota says which role is nearest to the limit of its quota, and how near; "" if none has one.
func quota(snap *store.Snapshot) (text string, role theme.Role) {
	best := -1.0
	for _, r := range snap.Roles.Rows() {
		for name, most := range r.Limit {
			if share := store.Share(r.Consumed.Of(name), most); most > 0 && share > best {
				best, text = share, r.Name+" "+gauge.Percent(share)
			}
		}
	}
	switch {
	case best > 0.9:
		return text, theme.Warn
	case best < 0:
		return "", theme.Dim
	}
	return text, theme.Text
}

// rolesLine says how many roles there are, how near one is to its limit, and whom gossip knows.
func (s *Screen) rolesLine(a frame.Area, snap *store.Snapshot) {
	x := a.Text(0, 0, theme.Title, "ROLES ")
	x = a.Text(x, 0, theme.Strong, fmt.Sprint(snap.Roles.Len())) + 2
	if text, role := quota(snap); text != "" {
		x = a.Text(x, 0, theme.Dim, "nearest to its quota: ")
		x = a.Text(x, 0, role, a.Clip(text, max(a.W-x-32, 8))) + 2
	}
	if text, role := serf(snap.Cluster); text != "" {
		at := a.W - frame.Width("SERF "+text)
		if at >= x {
			at = a.Text(at, 0, theme.Title, "SERF ")
			a.Text(at, 0, role, text)
		}
	}
}

func masterSign(t *theme.Theme, state string) (theme.Role, string) {
	switch state {
	case "leading":
		return theme.Good, t.Glyph.Running
	case "failed":
		return theme.Bad, t.Glyph.Failed
	}
	return theme.Dim, t.Glyph.Off
}

func (s *Screen) countsLine(a frame.Area, snap *store.Snapshot) {
	c := snap.Cluster
	x := a.Text(0, 0, theme.Dim, "agents ")
	x = a.Text(x, 0, theme.Strong, fmt.Sprint(c.Agents[reeveapi.AgentActive])) + 2
	x = a.Text(x, 0, theme.Dim, "tasks ")
	x = a.Text(x, 0, theme.Strong, fmt.Sprint(active(snap))) + 2
	x = a.Text(x, 0, theme.Dim, "frameworks ")
	x = a.Text(x, 0, theme.Strong, fmt.Sprint(c.Frameworks[reeveapi.FrameworkActive])) + 2
	x = a.Text(x, 0, theme.Dim, "masters ")
	a.Text(x, 0, theme.Strong, fmt.Sprint(len(c.Masters)))
}
