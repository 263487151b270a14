package metrics

import (
	"math"
	"slices"
	"sync"
	"time"
)

// Timers remember the last hour, and not more than so many measurements of it, as those of Mesos do (spec 7.5).
const (
	timerWindow   = time.Hour
	timerCapacity = 1000
)

// Timer is how long something takes that happens again and again. Set shows the newest measurement under the timer's name
// in milliseconds and, once there are two, the statistics of the window below it ("/p99").
type Timer struct {
	mu   sync.Mutex // guards ring and next
	ring []measurement
	next int // where the next one goes, once the ring is full
}

type measurement struct {
	at time.Time
	ms float64
}

// Observe adds a measurement.
func (t *Timer) Observe(took time.Duration) {
	m := measurement{time.Now(), float64(took) / float64(time.Millisecond)}
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.ring) < timerCapacity {
		t.ring = append(t.ring, m)
		return
	}
	t.ring[t.next] = m
	t.next = (t.next + 1) % timerCapacity
}

// statistics are the percentiles that Mesos computes, by its names.
var statistics = map[string]float64{
	"min": 0, "p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99, "p999": 0.999, "p9999": 0.9999, "max": 1,
}

// write adds the timer's figures. One that has measured nothing has none.
func (t *Timer) write(into map[string]float64, name string, now time.Time) {
	t.mu.Lock()
	ordered := append(slices.Clone(t.ring[t.next:]), t.ring[:t.next]...)
	t.mu.Unlock()
	if len(ordered) == 0 {
		return
	}
	into[name] = ordered[len(ordered)-1].ms
	var recent []float64
	for _, m := range ordered {
		if now.Sub(m.at) <= timerWindow {
			recent = append(recent, m.ms)
		}
	}
	if len(recent) < 2 {
		return // no statistics of one
	}
	slices.Sort(recent)
	into[name+"/count"] = float64(len(recent))
	for statistic, q := range statistics {
		into[name+"/"+statistic] = quantile(recent, q)
	}
}

// quantile interpolates between the two values next to a rank.
func quantile(sorted []float64, q float64) float64 {
	rank := q * float64(len(sorted)-1)
	below := int(math.Floor(rank))
	if below >= len(sorted)-1 {
		return sorted[len(sorted)-1]
	}
	return sorted[below] + (rank-float64(below))*(sorted[below+1]-sorted[below])
}
