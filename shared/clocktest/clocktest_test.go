package clocktest

import (
	"testing"
	"time"
)

func TestSet(t *testing.T) {
	now := time.Now()
	for _, by := range []time.Duration{time.Hour, -time.Hour, 0, 400 * 24 * time.Hour} {
		if got := Set(t, now, by).Add(time.Minute).Sub(now); got != time.Minute {
			t.Errorf("by %v: a minute took %v", by, got)
		}
	}
}
