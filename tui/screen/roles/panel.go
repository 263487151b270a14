package roles

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
)

// Lines that things take.
const (
	panelHeight = 10 // the facts about the cursor's role, with their frame
	mostBelow   = 14 // frameworks, with their heads
)

// Render draws the screen: the roles, the facts about the one with the cursor, and where there is room for them the frameworks.
func (s *Screen) Render(a frame.Area) {
	s.Refresh()
	if a.H < panelHeight+8 {
		s.Base.Render(a)
		return
	}
	h := a.H - panelHeight
	below := s.frameworks()
	if room := h - (s.Env.Store.Snapshot().Roles.Len() + 4); room >= 4 && len(below) > 0 {
		h -= min(room, mostBelow, len(below)+2)
	}
	s.Base.Render(a.Sub(0, 0, a.W, h))
	_, r, _ := s.Row()
	if r != nil {
		s.panel(a.Sub(0, h, a.W, panelHeight), r)
	}
	s.below(a.Sub(1, h+panelHeight, a.W-2, a.H-h-panelHeight), below, r)
}

// panel says of one role what its row has no room for.
func (s *Screen) panel(a frame.Area, r *role) {
	in := a.Box(r.Name)
	for i, name := range names {
		write := writes(name)
		in.Text(0, i, theme.Dim, name)
		text := write(r.Consumed.Of(name))
		if n, ok := r.Limit[name]; ok {
			text += fmt.Sprintf(" of %s (%s)", write(n), gauge.Percent(store.Share(r.Consumed.Of(name), n)))
		}
		if n, ok := r.Guarantee[name]; ok {
			text += ", guaranteed " + write(n)
		}
		text += fmt.Sprintf(": allocated %s, reserved %s, offered %s", write(r.Allocated.Of(name)), write(r.Reserved.Of(name)), write(r.Offered.Of(name)))
		in.Text(6, i, theme.Text, in.Clip(text, in.W-6))
	}
	var members []string
	snap := s.Env.Store.Snapshot()
	for _, id := range r.Frameworks {
		if f := snap.Frameworks.Get(id); f != nil {
			members = append(members, f.Name)
		}
	}
	lines := []struct{ name, text string }{
		{"frameworks", label.Or(strings.Join(members, ", "), "none")},
		{"reserved on", label.Or(strings.Join(reservedOn(snap, r.Name), ", "), "no agent")},
	}
	changes := s.changes(snap, r.Name)
	for i, text := range changes {
		lines = append(lines, struct{ name, text string }{map[bool]string{true: "changes"}[i == 0], text})
	}
	for i, l := range lines {
		y := len(names) + i
		in.Text(0, y, theme.Dim, l.name)
		in.Text(12, y, theme.Text, in.Clip(l.text, in.W-12))
	}
}

func writes(resource string) func(float64) string {
	if resource == "mem" || resource == "disk" {
		return gauge.MB
	}
	return gauge.CPUs
}

// reservedOn names the agents that keep something for a role, those with most cores first.
func reservedOn(snap *store.Snapshot, name string) []string {
	type keeper struct {
		agent string
		has   reeveapi.Amounts
	}
	var all []keeper
	for _, a := range snap.Agents.Rows() {
		if has, ok := a.Reserved[name]; ok {
			all = append(all, keeper{a.Name, has})
		}
	}
	slices.SortFunc(all, func(a, b keeper) int {
		return cmp.Or(cmp.Compare(b.has.CPUs, a.has.CPUs), cmp.Compare(b.has.Mem, a.has.Mem), cmp.Compare(a.agent, b.agent))
	})
	var out []string
	for _, k := range all {
		out = append(out, fmt.Sprintf("%s %s cpus %s", k.agent, gauge.CPUs(k.has.CPUs), gauge.MB(k.has.Mem)))
	}
	return out
}

// shownChanges is how many changes of a role's quota and weight are told.
const shownChanges = 2

// changes are the newest of a role's quota and weight: who, when and to what. Only events are known: what was before the
// oldest of them is not.
func (s *Screen) changes(snap *store.Snapshot, name string) []string {
	now := s.Env.Now()
	var out []string
	for _, e := range slices.Backward(snap.Events) {
		if e.ID != name || len(out) == shownChanges {
			continue
		}
		what := ""
		switch e.Kind {
		case "QUOTA_SET":
			what = "quota: " + e.Text
		case "QUOTA_REMOVED":
			what = "its quota was taken away"
		case "WEIGHT_SET":
			what = e.Text
		default:
			continue
		}
		if e.Who != "" {
			what += " by " + e.Who
		}
		out = append(out, what+" "+gauge.Since(now, e.At)+" ago")
	}
	if len(out) == 0 && len(snap.Events) > 0 {
		return []string{"none of its quota or weight since " + label.Clock(now, snap.Events[0].At) + ", from when on events are known"}
	}
	return out
}
