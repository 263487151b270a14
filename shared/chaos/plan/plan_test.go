package plan

import (
	"slices"
	"testing"
	"time"
)

func TestASeedGivesTheSameScheduleAgain(t *testing.T) {
	size := Size{Masters: 3, Agents: 5, Length: 10 * time.Minute}
	if a, b := Make(7, size), Make(7, size); !slices.Equal(a, b) {
		t.Error("two schedules of one seed differ")
	}
	if slices.Equal(Make(7, size), Make(8, size)) {
		t.Error("the schedules of two seeds are the same")
	}
}

func TestSchedules(t *testing.T) {
	seen := map[Kind]bool{}
	for seed := range uint64(200) {
		size := Size{Masters: 3, Agents: 5, Length: time.Duration(seed+1) * 5 * time.Second}
		last := time.Duration(0)
		agents := map[int]time.Duration{}
		for _, f := range Make(seed, size) {
			seen[f.Kind] = true
			if f.At < last || f.End() > size.Length {
				t.Errorf("seed %d: %v at %v of %v, after %v", seed, f, f.At, size.Length, last)
			}
			last = f.At
			switch f.Kind {
			case KillAgent, StopAgent, TermAgent, CutAgent, MuteAgent, KillShim, KillInit:
				if f.At < agents[f.Target] {
					t.Errorf("seed %d: %v at %v, while it suffers until %v", seed, f, f.At, agents[f.Target])
				}
				agents[f.Target] = f.End()
			default:
			}
		}
	}
	for _, s := range shapes {
		if !seen[s.kind] {
			t.Errorf("%s never happens", s.kind)
		}
	}
}
