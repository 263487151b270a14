package agent

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/frame"
	"codeberg.org/reeve/reeve/tui/screen/label"
	"codeberg.org/reeve/reeve/tui/theme"
	"codeberg.org/reeve/reeve/tui/widget/gauge"
)

func (s *Screen) summary(p frame.Area, a *reeveapi.Agent) {
	text, role := label.Agent(p.Theme(), a.State)
	if s.env.Store.Snapshot().Agents.Get(s.id) == nil {
		text, role = p.Theme().Glyph.Failed+" not in the cluster any more", theme.Bad
	}
	x := p.Text(0, 0, role, text) + 2
	x = p.Text(x, 0, theme.Dim, "for "+gauge.Since(s.env.Now(), a.Since)) + 2
	x = p.Text(x, 0, theme.Text, a.HTTP) + 2
	if d := label.Drain(a.Drain); d != "" && a.State != reeveapi.AgentDrained {
		x = p.Text(x, 0, theme.Warn, d) + 2
	} else if a.Reason != "" && d == "" {
		x = p.Text(x, 0, theme.Warn, a.Reason) + 2
	}
	for _, text := range s.about(a) {
		if x+frame.Width(text)+20 < p.W {
			x = p.Text(x, 0, theme.Dim, text) + 2
		}
	}
	p.Text(x, 0, theme.Dim, p.Clip(join(a.Attributes), p.W-x))
}

func join(m map[string]string) string {
	var all []string
	for _, k := range slices.Sorted(maps.Keys(m)) {
		all = append(all, k+"="+m[k])
	}
	return strings.Join(all, "  ")
}

func (s *Screen) facts(p frame.Area, a *reeveapi.Agent) {
	now := s.env.Now()
	rows := [][2]string{
		{"id", a.ID},
		{"name", a.Name},
		{"address", a.HTTP},
		{"version", a.Version},
		{"registered", label.Clock(now, a.Registered) + ", " + gauge.Since(now, a.Registered) + " ago"},
		{"again", label.Clock(now, a.Reregistered)},
		{"operator", label.Or(steered(a), "nothing said of it")},
		{"ports", label.Or(a.Ports, "none")},
		{"attributes", label.Or(join(a.Attributes), "none")},
	}
	rows = append(rows, s.keeps(a)...)
	for _, f := range s.close.Facts() {
		rows = append(rows, [2]string{f.Name, f.Text})
	}
	rows = append(rows, [][2]string{ // last: the graphs above say much of it
		{"total", amounts(a.Total)},
		{"allocated", amounts(a.Allocated)},
		{"offered", amounts(a.Offered)},
	}...)
	s.top = max(min(s.top, len(rows)-p.H), 0)
	for y, r := range rows[s.top:] {
		if y >= p.H {
			break
		}
		p.Text(0, y, theme.Dim, r[0])
		p.Text(13, y, theme.Text, p.Clip(r[1], p.W-13))
	}
	if len(rows)-s.top > p.H {
		note := p.Theme().Glyph.Down + " more"
		p.Text(p.W-frame.Width(note), p.H-1, theme.Dim, note)
	}
}

// about is what a wide line has room for, too: what runs there, and since when it is known.
func (s *Screen) about(a *reeveapi.Agent) []string {
	now := s.env.Now()
	text := []string{"registered " + gauge.Since(now, a.Registered) + " ago"}
	if !a.Reregistered.IsZero() {
		text[0] += ", again " + gauge.Since(now, a.Reregistered) + " ago"
	}
	text = append(text, a.Version)
	if d := s.close.Now; d != nil {
		text = append(text, "kernel "+d.Kernel, fmt.Sprintf("%d cores", d.Cores))
	}
	return text
}

// steered is what an operator has said of an agent, also while it is away.
func steered(a *reeveapi.Agent) string {
	switch {
	case a.Drain != nil:
		return "drain: " + label.Drain(a.Drain)
	case a.Deactivated:
		return "deactivated: nothing new is launched"
	}
	return ""
}

func amounts(a reeveapi.Amounts) string {
	return fmt.Sprintf("%s cpus, %s memory, %s disk, %g gpus", gauge.CPUs(a.CPUs), gauge.MB(a.Mem), gauge.MB(a.Disk), a.GPUs)
}
