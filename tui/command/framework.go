package command

import (
	"fmt"

	tea "github.com/charmbracelet/bubbletea"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/action"
	"codeberg.org/reeve/reeve/tui/screen"
	"codeberg.org/reeve/reeve/tui/store"
)

// presentFrameworks are those that can be torn down. Two may have one name; then the id tells them apart.
func presentFrameworks(s *store.Snapshot) []Choice {
	var out []Choice
	seen := map[string]bool{}
	for id, f := range s.Frameworks.All() {
		if f.State == reeveapi.FrameworkCompleted {
			continue
		}
		name := f.Name
		if seen[name] {
			name = id
		}
		seen[f.Name] = true
		out = append(out, Choice{name, fmt.Sprintf("%s, %d active tasks", f.State, action.Active(f))})
	}
	return out
}

func teardown(s *store.Snapshot, name string) (tea.Msg, error) {
	var found []*reeveapi.Framework
	for id, f := range s.Frameworks.All() {
		if id == name || f.Name == name && f.State != reeveapi.FrameworkCompleted {
			found = append(found, f)
		}
	}
	switch len(found) {
	case 0:
		return nil, fmt.Errorf("there is no framework %s", name)
	case 1:
	default:
		return nil, fmt.Errorf("%d frameworks are called %s; give the id", len(found), name)
	}
	act, err := action.Teardown(found, 0)
	return screen.Ask{Action: act}, err
}
