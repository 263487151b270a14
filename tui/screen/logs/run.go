package logs

import (
	"fmt"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/screen/label"
)

// runs is how many runs of the task came after the one that is shown, as of a version of what is known.
type runs struct {
	seen  uint64
	later int
}

// which says which run of a task this is, "" for the one that there is now: the log of one that was looks like its log.
func (s *Screen) which(t *reeveapi.Task) string {
	if t.Ended.IsZero() {
		return ""
	}
	snap := s.env.Store.Snapshot()
	if snap.Version != s.runs.seen {
		s.runs = runs{seen: snap.Version}
		name := label.Name(t)
		for _, other := range snap.Tasks.Rows() {
			// Several may run side by side under one name: only what began after the end of this one came after it.
			if other.Framework == t.Framework && !other.Launched.Before(t.Ended) && other.ID != t.ID && label.Name(other) == name {
				s.runs.later++
			}
		}
	}
	switch s.runs.later {
	case 0:
		return ""
	case 1:
		return ", run before"
	}
	return fmt.Sprintf(", %d runs before", s.runs.later)
}
