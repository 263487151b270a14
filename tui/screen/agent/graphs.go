package agent

import (
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/frame"
	"codeberg.org/reeve/reeve/tui/screen/meter"
)

// graphs draws what the host uses and answers how many lines that took.
func (s *Screen) graphs(p frame.Area, a *reeveapi.Agent) int {
	var samples []reeveapi.HostUsage
	if u := s.env.Store.Snapshot().Usage[s.id]; u != nil {
		samples = u.Host
	}
	all := s.close.With(meter.Host(samples, a))
	if p.W >= 118 && p.H >= 30 {
		return meter.Boxes(p.Sub(0, 1, p.W, p.H-1), all) + 1
	}
	if p.H < 14 {
		all = all[:2]
	}
	return meter.Lines(p.Sub(1, 0, p.W-2, p.H), all)
}
