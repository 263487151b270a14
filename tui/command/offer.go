package command

import (
	"fmt"
	"strings"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/action"
	"codeberg.org/reeve/reeve/tui/screen"
	"codeberg.org/reeve/reeve/tui/store"
	"codeberg.org/reeve/reeve/tui/widget/gauge"
)

// rescind takes back the offer of that id, or the only one whose id ends so.
func rescind(s *store.Snapshot, name string, now time.Time) (tea.Msg, error) {
	var found []*reeveapi.Offer
	for id, o := range s.Offers.All() {
		if id == name {
			found = []*reeveapi.Offer{o}
			break
		}
		if name != "" && strings.HasSuffix(id, name) {
			found = append(found, o)
		}
	}
	switch len(found) {
	case 0:
		return nil, fmt.Errorf("there is no offer %s", name)
	case 1:
	default:
		return nil, fmt.Errorf("%d offers end with %s; give the whole id", len(found), name)
	}
	act, err := action.Rescind(found, 0, func(o *reeveapi.Offer) string { return gauge.Since(now, o.Made) })
	return screen.Ask{Action: act}, err
}

// offerIDs are the outstanding offers.
func offerIDs(s *store.Snapshot) []Choice {
	var out []Choice
	for id, o := range s.Offers.All() {
		out = append(out, Choice{id, o.FrameworkName + " on " + o.AgentName})
	}
	return out
}
