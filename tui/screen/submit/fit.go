package submit

import (
	"cmp"
	"fmt"
	"slices"
	"sort"

	"codeberg.org/reeve/reeve/shared/holding"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/action"
	"codeberg.org/reeve/reeve/tui/fit"
	"codeberg.org/reeve/reeve/tui/frame"
	"codeberg.org/reeve/reeve/tui/screen/label"
	"codeberg.org/reeve/reeve/tui/theme"
	"codeberg.org/reeve/reeve/tui/widget/gauge"
)

// hint is a sentence about whether the job fits.
type hint struct {
	text  string
	short string // for where there is no room for text; "" if text is short
	role  theme.Role
}

// in is the hint as an area of that width has room for it.
func (h hint) in(a frame.Area) string {
	if h.short != "" && frame.Width(h.text) > a.W {
		return a.Clip(h.short, a.W)
	}
	return a.Clip(h.text, a.W)
}

// left is what the agents have left now.
func (s *Screen) left() *fit.Room {
	s.room = fit.Look(s.env.Store.Snapshot(), s.env.Now(), s.room)
	return s.room
}

func (s *Screen) fit() hint {
	spec := s.spec()
	n := max(spec.Instances, 1)
	c := s.left().Count(spec.Resources, n)
	role := cmp.Or(spec.Role, "*")
	left := action.QuotaLeft(s.env.Store.Snapshot(), role)
	if s.old != nil {
		left = nil // what it has counts already
	}
	warn := func(format string, args ...any) hint {
		return hint{text: fmt.Sprintf(format, args...), role: theme.Warn}
	}
	switch room := action.QuotaRoom(left, spec.Resources, n); {
	case room == 0 && c.Now+c.Later > 0:
		return warn("over the quota of role %s: it waits; %s", role, action.QuotaText(left))
	case room < c.Now:
		return warn("%d of %d instances are within the quota of role %s; %s", room, n, role, action.QuotaText(left))
	case c.Now == n && n == 1:
		return hint{text: "fits now", role: theme.Good}
	case c.Now == n:
		return hint{text: fmt.Sprintf("fits now: all %d instances", n), role: theme.Good}
	case c.Later > 0:
		return s.held(c, n)
	case c.Now > 0:
		return warn("fits now: %d of %d instances; the others wait for resources", c.Now, n)
	}
	largest := s.left().Totals().Largest
	if spec.Resources.GPUs > largest.GPUs {
		return warn("fits nowhere now; the most gpus that an agent has free is %g", largest.GPUs)
	}
	return warn("fits nowhere now; the largest free pieces are %s cpus and %s memory", gauge.CPUs(largest.CPUs), gauge.MB(largest.Mem))
}

// held says who has on offer what the instances wait for.
func (s *Screen) held(c fit.Count, n int) hint {
	now := s.env.Now()
	first := c.Holders[0]
	who := holding.Name(first)
	if len(c.Holders) > 1 {
		who = fmt.Sprintf("%s and %d more", who, len(c.Holders)-1)
	}
	since := holding.Short(now.Sub(first.Since))
	h := hint{
		text:  fmt.Sprintf("fits now: %d of %d; %d more when offers come back: %s", c.Now, n, c.Later, holding.Text(c.Holders, c.Short, now)),
		short: fmt.Sprintf("fits now: %d of %d; %d more when %s answers (%s)", c.Now, n, c.Later, who, since), role: theme.Warn,
	}
	if n == 1 {
		h.text = "fits once offers come back: " + holding.Text(c.Holders, c.Short, now)
		h.short = fmt.Sprintf("fits when %s answers its offers (%s)", who, since)
	}
	return h
}

// note is what stands behind a field.
func (s *Screen) note(id string) (string, theme.Role) {
	spec := s.spec()
	totals := s.left().Totals()
	largest := totals.Largest
	offered := func(much string, has, ever float64, write func(float64) string) (string, theme.Role) {
		text := "no agent has that " + much + " free; the most is " + write(has)
		if ever > has {
			text += ", " + write(ever) + " with what is on offer"
		}
		return text, theme.Warn
	}
	switch {
	case id == "cpus" && spec.Resources.CPUs > largest.CPUs:
		return offered("much", largest.CPUs, totals.Ever.CPUs, gauge.CPUs)
	case id == "mem" && spec.Resources.Mem > largest.Mem:
		return offered("much", largest.Mem, totals.Ever.Mem, gauge.MB)
	case id == "disk" && spec.Resources.Disk > largest.Disk:
		return offered("much", largest.Disk, totals.Ever.Disk, gauge.MB)
	case id == "gpus" && spec.Resources.GPUs > largest.GPUs:
		return offered("many", largest.GPUs, totals.Ever.GPUs, func(n float64) string { return fmt.Sprintf("%g", n) })
	case id == "role":
		return action.QuotaText(action.QuotaLeft(s.env.Store.Snapshot(), cmp.Or(spec.Role, "*"))), theme.Dim
	case id == "ports" && spec.Ports > 0:
		return "told as PORT0, PORT1, …", theme.Dim
	case id == "cpus" && spec.Instances > 1:
		return "of each instance", theme.Dim
	}
	return "", theme.Dim
}

// where lists the agents with what is free on them, how many instances fit, and who keeps others from fitting.
func (s *Screen) where(a frame.Area) {
	spec := s.spec()
	agents := slices.Clone(s.left().Agents)
	sort.SliceStable(agents, func(i, j int) bool {
		ai, aj := agents[i].State == reeveapi.AgentActive, agents[j].State == reeveapi.AgentActive
		if ai != aj {
			return ai
		}
		return agents[i].Free.CPUs > agents[j].Free.CPUs
	})
	hint := s.fit()
	a.Text(0, 0, hint.role, hint.in(a))
	a.Left(0, 2, 16, theme.Dim, "AGENT")
	a.Right(16, 2, 9, theme.Dim, "FREE CPU")
	a.Right(26, 2, 8, theme.Dim, "FREE MEM")
	a.Right(36, 2, 5, theme.Dim, "FITS")
	x := 43
	if spec.Resources.GPUs > 0 {
		a.Right(42, 2, 8, theme.Dim, "FREE GPU")
		x = 52
	}
	if slices.ContainsFunc(agents, func(x fit.Agent) bool { return len(x.Offers) > 0 }) {
		a.Text(x, 2, theme.Dim, a.Clip("HELD BY", a.W-x))
	}
	left := max(spec.Instances, 1)
	for i := range agents {
		y := i + 3
		if y >= a.H {
			return
		}
		if y == a.H-1 && i < len(agents)-1 {
			a.Text(0, y, theme.Dim, fmt.Sprintf("%s %d more", a.Theme().Glyph.More, len(agents)-i))
			return
		}
		left -= s.agent(a.Sub(0, y, a.W, 1), &agents[i], spec.Resources, left)
	}
}

// agent draws one agent and answers how many of the instances it would take.
func (s *Screen) agent(a frame.Area, x *fit.Agent, need reeveapi.Amounts, left int) int {
	a.Left(0, 0, 16, theme.Text, x.Name)
	if x.State != reeveapi.AgentActive {
		text, role := label.Agent(a.Theme(), x.State)
		a.Text(17, 0, role, a.Clip(text, a.W-17))
		return 0
	}
	fits, later := x.Takes(need, left)
	role, word := theme.Dim, "no"
	switch {
	case fits > 0:
		role, word = theme.Good, fmt.Sprint(fits)
	case left == 0:
		word = "-"
	case later > 0:
		role, word = theme.Warn, "later"
	}
	a.Right(16, 0, 9, theme.Text, gauge.CPUs(x.Free.CPUs))
	a.Right(26, 0, 8, theme.Text, gauge.MB(x.Free.Mem))
	a.Right(36, 0, 5, role, word)
	at := 43
	if need.GPUs > 0 {
		a.Right(42, 0, 8, theme.Text, fmt.Sprint(x.Free.GPUs))
		at = 52
	}
	if holders := holding.ByFramework(x.Offers); len(holders) > 0 {
		a.Text(at, 0, theme.Dim, a.Clip(holding.Name(holders[0]), a.W-at))
	}
	return fits
}
