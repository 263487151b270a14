package backoff_test

import (
	"testing"
	"time"

	"codeberg.org/reeve/reeve/shared/backoff"
)

func TestTheWindowDoublesUpToTheCap(t *testing.T) {
	p := backoff.Policy{Base: time.Second, Cap: 10 * time.Second}
	almostOne := func() float64 { return 0.999 }
	for attempt, window := range map[int]time.Duration{
		0: time.Second, 1: 2 * time.Second, 3: 8 * time.Second, 4: 10 * time.Second, 62: 10 * time.Second, 1000: 10 * time.Second,
	} {
		if got := p.Wait(attempt, almostOne); got >= window || got < window*99/100 {
			t.Errorf("attempt %d: got %s, want just below %s", attempt, got, window)
		}
	}
	if got := p.Wait(5, func() float64 { return 0 }); got != 0 {
		t.Errorf("full jitter reaches down to 0, got %s", got)
	}
}
