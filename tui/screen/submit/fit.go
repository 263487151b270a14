package submit

import (
	"cmp"
	"fmt"
	"sort"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/action"
	"codeberg.org/reeve/reeve/tui/frame"
	"codeberg.org/reeve/reeve/tui/screen/label"
	"codeberg.org/reeve/reeve/tui/theme"
	"codeberg.org/reeve/reeve/tui/widget/gauge"
)

// hint is a sentence about whether the job fits.
type hint struct {
	text string
	role theme.Role
}

func (s *Screen) fit() hint {
	spec := s.spec()
	n := max(spec.Instances, 1)
	fit, _, largest := action.Fits(s.env.Store.Snapshot(), spec.Resources, n)
	role := cmp.Or(spec.Role, "*")
	left := action.QuotaLeft(s.env.Store.Snapshot(), role)
	if s.old != nil {
		left = nil // what it has counts already
	}
	switch room := action.QuotaRoom(left, spec.Resources, n); {
	case room == 0 && fit > 0:
		return hint{"over the quota of role " + role + ": it waits; " + action.QuotaText(left), theme.Warn}
	case room < fit:
		return hint{fmt.Sprintf("%d of %d instances are within the quota of role %s; %s", room, n, role, action.QuotaText(left)), theme.Warn}
	case fit == n && n == 1:
		return hint{"fits now", theme.Good}
	case fit == n:
		return hint{fmt.Sprintf("fits now: all %d instances", n), theme.Good}
	case fit > 0:
		return hint{fmt.Sprintf("fits now: %d of %d instances; the others wait for resources", fit, n), theme.Warn}
	}
	if spec.Resources.GPUs > largest.GPUs {
		return hint{fmt.Sprintf("fits nowhere now; the most gpus that an agent has free is %g", largest.GPUs), theme.Warn}
	}
	return hint{fmt.Sprintf("fits nowhere now; the largest free pieces are %s cpus and %s memory", gauge.CPUs(largest.CPUs), gauge.MB(largest.Mem)), theme.Warn}
}

// note is what stands behind a field.
func (s *Screen) note(id string) (string, theme.Role) {
	spec := s.spec()
	_, _, largest := action.Fits(s.env.Store.Snapshot(), reeveapi.Amounts{}, 0)
	switch {
	case id == "cpus" && spec.Resources.CPUs > largest.CPUs:
		return "no agent has that many free; the most is " + gauge.CPUs(largest.CPUs), theme.Warn
	case id == "mem" && spec.Resources.Mem > largest.Mem:
		return "no agent has that much free; the most is " + gauge.MB(largest.Mem), theme.Warn
	case id == "disk" && spec.Resources.Disk > largest.Disk:
		return "no agent has that much free; the most is " + gauge.MB(largest.Disk), theme.Warn
	case id == "gpus" && spec.Resources.GPUs > largest.GPUs:
		return fmt.Sprintf("no agent has that many free; the most is %g", largest.GPUs), theme.Warn
	case id == "role":
		return action.QuotaText(action.QuotaLeft(s.env.Store.Snapshot(), cmp.Or(spec.Role, "*"))), theme.Dim
	case id == "ports" && spec.Ports > 0:
		return "told as PORT0, PORT1, …", theme.Dim
	case id == "cpus" && spec.Instances > 1:
		return "of each instance", theme.Dim
	}
	return "", theme.Dim
}

// where lists the agents with what is free on them and how many instances fit.
func (s *Screen) where(a frame.Area) {
	spec := s.spec()
	agents := append([]*reeveapi.Agent(nil), s.env.Store.Snapshot().Agents.Rows()...)
	free := func(x *reeveapi.Agent) float64 { return x.Total.CPUs - x.Allocated.CPUs }
	sort.SliceStable(agents, func(i, j int) bool {
		ai, aj := agents[i].State == reeveapi.AgentActive, agents[j].State == reeveapi.AgentActive
		if ai != aj {
			return ai
		}
		return free(agents[i]) > free(agents[j])
	})
	fit := s.fit()
	a.Text(0, 0, fit.role, a.Clip(fit.text, a.W))
	a.Left(0, 2, 16, theme.Dim, "AGENT")
	a.Right(16, 2, 9, theme.Dim, "FREE CPU")
	a.Right(26, 2, 8, theme.Dim, "FREE MEM")
	a.Right(36, 2, 5, theme.Dim, "FITS")
	if spec.Resources.GPUs > 0 {
		a.Right(42, 2, 8, theme.Dim, "FREE GPU")
	}
	left := max(spec.Instances, 1)
	for i, x := range agents {
		y := i + 3
		if y >= a.H {
			return
		}
		if y == a.H-1 && i < len(agents)-1 {
			a.Text(0, y, theme.Dim, fmt.Sprintf("%s %d more", a.Theme().Glyph.More, len(agents)-i))
			return
		}
		left -= s.agent(a.Sub(0, y, a.W, 1), x, spec.Resources, left)
	}
}

// agent draws one agent and answers how many of the instances it would take.
func (s *Screen) agent(a frame.Area, x *reeveapi.Agent, need reeveapi.Amounts, left int) int {
	a.Left(0, 0, 16, theme.Text, x.Name)
	if x.State != reeveapi.AgentActive {
		text, role := label.Agent(a.Theme(), x.State)
		a.Text(17, 0, role, a.Clip(text, a.W-17))
		return 0
	}
	fits := action.Room(x, need, left)
	role, word := theme.Dim, "no"
	switch {
	case fits > 0:
		role, word = theme.Good, fmt.Sprint(fits)
	case left == 0:
		word = "-"
	}
	a.Right(16, 0, 9, theme.Text, gauge.CPUs(x.Total.CPUs-x.Allocated.CPUs))
	a.Right(26, 0, 8, theme.Text, gauge.MB(x.Total.Mem-x.Allocated.Mem))
	a.Right(36, 0, 5, role, word)
	if need.GPUs > 0 {
		a.Right(42, 0, 8, theme.Text, fmt.Sprint(x.Total.GPUs-x.Allocated.GPUs))
	}
	return fits
}
