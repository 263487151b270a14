package agent

import (
	"maps"
	"slices"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/screen/label"
	"codeberg.org/reeve/reeve/tui/widget/gauge"
)

// keeps is what of an agent is set aside: when its machine is to be taken down, for whom what is reserved, and volumes.
func (s *Screen) keeps(a *reeveapi.Agent) (rows [][2]string) {
	now := s.env.Now()
	if m := a.Maintenance; m != nil {
		text := "from " + label.Clock(now, m.Start)
		if m.End != nil {
			text += " to " + label.Clock(now, *m.End)
		}
		rows = append(rows, [2]string{"maintenance", text})
	}
	for _, role := range slices.Sorted(maps.Keys(a.Reserved)) {
		rows = append(rows, [2]string{"reserved", role + ": " + amounts(a.Reserved[role])})
	}
	for _, v := range a.Volumes {
		text := v.ID + ": " + gauge.MB(v.Disk) + " of " + v.Role + " at " + v.Path
		if v.Shared {
			text += ", shared"
		}
		rows = append(rows, [2]string{"volume", text})
	}
	return rows
}
