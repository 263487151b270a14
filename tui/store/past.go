package store

import (
	"iter"
	"math"
	"slices"
	"time"

	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// PointOf is how much of the cluster was in use when a master that led looked.
func PointOf(at time.Time, c *reeveapi.ClusterSample) LoadPoint {
	return LoadPoint{At: at, CPU: Share(c.Used.CPUs, c.Total.CPUs), Mem: Share(c.Used.Mem, c.Total.Mem), Disk: Share(c.Used.Disk, c.Total.Disk)}
}

// SetPast replaces what the masters remember of the time before the console heard of it.
func (s *Store) SetPast(points []LoadPoint) { s.change(func(n *Snapshot) { n.Past = points }) }

// stillTrue is how long a figure is taken for the newest; there is a new one each five seconds.
const stillTrue = 12 * time.Second

// Since is the largest that get was in each of w equal parts of the time span up to now, NaN where nothing is known, and
// since when something is. The parts begin at the same moments whenever one asks, so that they do not flicker.
func (n *Snapshot) Since(now time.Time, span time.Duration, w int, get func(LoadPoint) float64) (values []float64, known time.Time) {
	if w <= 0 {
		return nil, now
	}
	values = slices.Repeat([]float64{math.NaN()}, w)
	known = now
	var newest LoadPoint
	part := int64(span) / int64(w)
	first := now.UnixNano()/part + 1 - int64(w)
	for p := range n.points() {
		i := int(p.At.UnixNano()/part - first)
		if i < 0 || i >= w {
			continue
		}
		if v := get(p); math.IsNaN(values[i]) || v > values[i] {
			values[i] = v
		}
		if p.At.Before(known) {
			known = p.At
		}
		if p.At.After(newest.At) {
			newest = p
		}
	}
	if math.IsNaN(values[w-1]) && now.Sub(newest.At) < stillTrue {
		values[w-1] = get(newest) // a part that has just begun is no hole
	}
	return values, known
}

// points are all that is known of the cluster's use, in no order.
func (n *Snapshot) points() iter.Seq[LoadPoint] {
	return func(yield func(LoadPoint) bool) {
		for _, list := range [][]LoadPoint{n.Past, n.Load} {
			for _, p := range list {
				if !yield(p) {
					return
				}
			}
		}
	}
}
