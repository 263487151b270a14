package events

import (
	"fmt"
	"strings"
	"time"

	"codeberg.org/reeve/reeve/tui/screen/label"
)

// enough is how many events tell a rate although they are all younger than a minute: as if it went on like that.
const enough = 100

// pace says how many events there are, per minute or, if they are many, per second.
func pace(held []event, now time.Time) string {
	n := 0
	for n < len(held) && now.Sub(held[len(held)-1-n].At) <= time.Minute {
		n++
	}
	rate := float64(n) / 60
	if n == len(held) && n >= enough { // what was before them is not held any more
		rate = float64(n) / max(now.Sub(held[0].At).Seconds(), 1)
	}
	if rate >= 2 {
		return fmt.Sprintf("%.0f/s", rate)
	}
	return fmt.Sprintf("%.0f/min", rate*60)
}

// aside says in the line over the list how much happens, since when it is known, and how many kinds are shown.
func (s *Screen) aside() string {
	snap := s.Env.Store.Snapshot()
	if len(snap.Events) == 0 {
		return ""
	}
	parts := []string{"since " + label.Clock(s.Env.Now(), snap.Events[0].At)}
	if snap.Link.Live {
		parts = append([]string{pace(snap.Events, snap.Link.Last)}, parts...)
	}
	kinds := fmt.Sprintf("all %d kinds", len(families))
	if len(s.hidden) > 0 {
		kinds = fmt.Sprintf("%d of %d kinds", len(families)-len(s.hidden), len(families))
	}
	text := strings.Join(append(parts, kinds), "   ")
	if s.follow {
		text += "  " // FOLLOW stands in the corner
	}
	return text
}
