package task

import (
	"fmt"
	"strings"
	"time"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/store"
	"codeberg.org/reeve/reeve/tui/widget/gauge"
)

const (
	tightShare = 0.9 // of its memory
	tightSpan  = 10 * time.Minute
)

// tight says that a task uses almost all the memory it may, and what became of others like it; "" if it does not.
func (s *Screen) tight(t *reeveapi.Task) string {
	snap := s.env.Store.Snapshot()
	samples := snap.TaskUsage(t)
	if len(samples) == 0 || !t.Ended.IsZero() {
		return ""
	}
	u := samples[len(samples)-1]
	share := store.Share(float64(u.MemBytes), float64(u.MemLimitBytes))
	if share <= tightShare {
		return ""
	}
	text := "memory near its limit: " + gauge.Percent(share)
	switch n := s.starved(snap, t); {
	case n == 1:
		text += "; another of " + family(t.Name) + " ran out of memory in the last 10 minutes"
	case n > 1:
		text += fmt.Sprintf("; %d of %s ran out of memory in the last 10 minutes", n, family(t.Name))
	}
	return text
}

// starved is how many tasks of the same kind ran out of memory lately.
func (s *Screen) starved(snap *store.Snapshot, t *reeveapi.Task) int {
	count, now, kind := 0, s.env.Now(), family(t.Name)
	for _, other := range snap.Tasks.Rows() {
		if other.Reason == "REASON_CONTAINER_LIMITATION_MEMORY" && other.Framework == t.Framework && now.Sub(other.Ended) < tightSpan && family(other.Name) == kind {
			count++
		}
	}
	return count
}

// family is a name without the number at its end: what tasks of one kind have in common.
func family(name string) string {
	short := strings.TrimRight(name, "0123456789")
	if short = strings.TrimRight(short, ".-_"); short == "" {
		return name
	}
	return short
}
