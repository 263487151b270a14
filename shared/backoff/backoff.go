// Package backoff is the one retry policy: full jitter over a window that doubles up to a cap. It owns no goroutine and
// no timer; callers sleep or schedule. Start reading at Policy.
package backoff

import (
	"context"
	"math/rand/v2"
	"time"
)

// Policy says how long to wait before a retry.
type Policy struct {
	Base time.Duration // the first window
	Cap  time.Duration // the largest window
}

// Wait returns a random time in [0, min(Cap, Base·2^attempt)]. attempt counts from 0; random must return values in [0,1).
func (p Policy) Wait(attempt int, random func() float64) time.Duration {
	window := p.Cap
	if attempt < 62 && p.Base<<attempt > 0 && p.Base<<attempt < p.Cap {
		window = p.Base << attempt
	}
	return time.Duration(random() * float64(window))
}

// Sleep waits before retry number attempt, or returns ctx's error if that comes first.
func (p Policy) Sleep(ctx context.Context, attempt int) error {
	timer := time.NewTimer(p.Wait(attempt, rand.Float64))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
