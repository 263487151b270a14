package command

import (
	"strings"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/action"
	"codeberg.org/reeve/reeve/tui/screen"
	"codeberg.org/reeve/reeve/tui/screen/label"
	"codeberg.org/reeve/reeve/tui/store"
)

// kill reads "TASK [GRACE]": how long it may take to end after SIGTERM, or "now".
func kill(s *store.Snapshot, rest string, now time.Time) (tea.Msg, error) {
	grace := action.OwnGrace
	if at := strings.LastIndexByte(rest, ' '); at > 0 {
		if d, err := time.ParseDuration(rest[at+1:]); err == nil && d >= 0 {
			rest, grace = strings.TrimSpace(rest[:at]), d
		} else if rest[at+1:] == "now" {
			rest, grace = strings.TrimSpace(rest[:at]), 0
		}
	}
	t, _, err := task(s, rest)
	if err != nil {
		return nil, err
	}
	act, err := action.KillWith(grace, []*reeveapi.Task{t}, 0, func(t *reeveapi.Task) string { return label.Ran(t, now) })
	return screen.Ask{Action: act}, err
}
