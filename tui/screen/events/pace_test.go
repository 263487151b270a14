package events

import (
	"testing"
	"time"
)

// TestPace: of few events only the last minute counts; of many the time in which they came.
func TestPace(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for want, many := range map[string]struct {
		n     int
		every time.Duration
	}{
		"0/min": {0, 0}, "3/min": {3, time.Second}, "6/min": {500, 9 * time.Second}, "60/min": {60, time.Second},
		"20/s": {200, 50 * time.Millisecond}, "2000/s": {2000, 0}, "10/s": {2000, 100 * time.Millisecond},
	} {
		held := []event{}
		for i := range many.n {
			held = append(held, event{At: now.Add(-time.Duration(many.n-i) * many.every)})
		}
		if got := pace(held, now); got != want {
			t.Errorf("%d events, one each %s: %s, want %s", many.n, many.every, got, want)
		}
	}
}
