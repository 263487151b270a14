package agents

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/feed"
	"codeberg.org/reeve/reeve/tui/frame"
	"codeberg.org/reeve/reeve/tui/screen/label"
	"codeberg.org/reeve/reeve/tui/screen/meter"
	"codeberg.org/reeve/reeve/tui/store"
	"codeberg.org/reeve/reeve/tui/theme"
	"codeberg.org/reeve/reeve/tui/widget/gauge"
)

// Render draws the screen.
func (s *Screen) Render(a frame.Area) {
	s.peek.Flip()
	s.Base.Render(a)
}

// Preview draws what the cursor's agent uses, for whom it is reserved, and its busiest tasks.
func (s *Screen) Preview(p frame.Area) int {
	s.Refresh()
	id, a, _ := s.Row()
	if a == nil {
		return 0
	}
	s.peek.Look(id, s.Env.Now())
	usage := s.Env.Store.Snapshot().Usage[id]
	var samples []reeveapi.HostUsage
	if usage != nil {
		samples = usage.Host
	}
	y := meter.Lines(p, meter.Host(samples, a))
	if text := reserved(a); text != "" {
		p.Text(0, y, theme.Dim, "reserved  ")
		p.Text(10, y, theme.Text, p.Clip(text, p.W-10))
		y++
	}
	if text := s.busiest(usage); text != "" {
		p.Text(0, y, theme.Dim, "busiest   ")
		p.Text(10, y, theme.Text, p.Clip(text, p.W-10))
		y++
	}
	return y
}

// reserved is what is set aside for roles, "" if nothing is.
func reserved(a *agent) string {
	var all []string
	for _, role := range slices.Sorted(maps.Keys(a.Reserved)) {
		r := a.Reserved[role]
		all = append(all, fmt.Sprintf("%s %s cpus %s", role, gauge.CPUs(r.CPUs), gauge.MB(r.Mem)))
	}
	return strings.Join(all, "; ")
}

// busiest are the tasks that use most of the cores.
func (s *Screen) busiest(u *store.Usage) string {
	if u == nil {
		return ""
	}
	const most = 4
	type busy struct {
		name string
		cpus float64
	}
	var all []busy
	snap := s.Env.Store.Snapshot()
	for key, samples := range u.Tasks {
		if t := snap.Tasks.Get(key); t != nil && t.Ended.IsZero() && len(samples) > 0 {
			all = append(all, busy{label.Name(t), samples[len(samples)-1].CPUs})
		}
	}
	slices.SortFunc(all, func(a, b busy) int { return cmp.Or(cmp.Compare(b.cpus, a.cpus), strings.Compare(a.name, b.name)) })
	var texts []string
	for _, b := range all[:min(len(all), most)] {
		texts = append(texts, fmt.Sprintf("%s %.2f cpus", b.name, b.cpus))
	}
	return strings.Join(texts, "   ")
}

// Wants is the usage of the agent in the preview, once the cursor rests on it.
func (s *Screen) Wants() []feed.Want {
	if !s.peek.Rests(s.Env.Now()) {
		return nil
	}
	a := s.Env.Store.Snapshot().Agents.Get(s.peek.ID)
	if a == nil || a.HTTP == "" || !heard(a) {
		return nil
	}
	return []feed.Want{{Agent: a.ID, HTTP: a.HTTP, Task: feed.HostOnly}}
}
