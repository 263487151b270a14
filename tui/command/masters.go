package command

import (
	"fmt"
	"slices"

	tea "github.com/charmbracelet/bubbletea"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/action"
	"codeberg.org/reeve/reeve/tui/screen"
	"codeberg.org/reeve/reeve/tui/store"
)

func masters(s *store.Snapshot) []reeveapi.Master {
	if s.Cluster == nil {
		return nil
	}
	return s.Cluster.Masters
}

// stepDown reads the name of the master that is to lead, or nothing.
func stepDown(s *store.Snapshot, name string) (tea.Msg, error) {
	all, id := masters(s), ""
	if name != "" {
		i := slices.IndexFunc(all, func(m reeveapi.Master) bool { return m.Name == name || m.ID == name })
		if i < 0 {
			return nil, fmt.Errorf("there is no master %s", name)
		}
		if id = all[i].ID; all[i].State == reeveapi.MasterLeading {
			return nil, fmt.Errorf("%s leads already; name the master that is to lead", name)
		}
	}
	act, err := action.StepDown(all, id)
	return screen.Ask{Action: act}, err
}

// standbys are the masters that could lead.
func standbys(s *store.Snapshot) []Choice {
	var out []Choice
	for _, m := range masters(s) {
		if m.State == reeveapi.MasterStandby {
			out = append(out, Choice{m.Name, m.Lag()})
		}
	}
	return out
}
