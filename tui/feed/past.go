package feed

import (
	"context"
	"slices"
	"sync"
	"time"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/store"
)

// pastSpan is how far back masters are believed: they keep half an hour.
const pastSpan = 30 * time.Minute

// memory is what one master told of the cluster while it led, and the process that told it.
type memory struct {
	started time.Time
	points  []store.LoadPoint
}

// recall asks all masters, once for every stream that begins, how much of the cluster was in use before: each remembers
// the time in which it led. What a master told that has ended since is kept.
func (f *Feed) recall(ctx context.Context) error {
	of := map[string]memory{}
	for {
		select {
		case <-f.fresh:
		case <-ctx.Done():
			return ctx.Err()
		}
		f.apply() // the line that tells of the masters
		if c := f.store.Snapshot().Cluster; c != nil {
			f.remember(ctx, c.Masters, of)
			f.store.SetPast(joined(of, time.Now()))
			raise(f.poke)
		}
	}
}

// remember asks the masters at the same time; who does not answer leaves what is known.
func (f *Feed) remember(ctx context.Context, masters []reeveapi.Master, of map[string]memory) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	answers := make([]*reeveapi.MasterFigures, len(masters))
	var all sync.WaitGroup
	for i, m := range masters {
		if m.HTTP == "" || m.State == reeveapi.MasterFailed || m.State == reeveapi.MasterLeft || m.State == reeveapi.MasterMissing {
			continue
		}
		all.Go(func() {
			if a, err := f.source.MasterFigures(ctx, m.HTTP, time.Time{}); err == nil {
				answers[i] = a
			}
		})
	}
	all.Wait()
	for i, a := range answers {
		if a != nil {
			of[masters[i].ID] = of[masters[i].ID].with(a, time.Now())
		}
	}
}

// with is what is known after an answer. A process tells all that it knows each time; what the one before it told stays.
func (m memory) with(a *reeveapi.MasterFigures, now time.Time) memory {
	shift := now.Sub(a.At) // its clock may be another than ours
	next := memory{started: a.Started}
	if !m.started.Equal(a.Started) {
		next.points = slices.Clone(m.points)
	}
	for _, s := range a.Samples {
		if s.Cluster != nil {
			next.points = append(next.points, store.PointOf(s.At.Add(shift), s.Cluster))
		}
	}
	return next
}

// joined is what all of them know of the last half an hour, the oldest first.
func joined(of map[string]memory, now time.Time) []store.LoadPoint {
	var out []store.LoadPoint
	for id, m := range of {
		m.points = slices.DeleteFunc(m.points, func(p store.LoadPoint) bool { return now.Sub(p.At) > pastSpan })
		of[id] = m
		out = append(out, m.points...)
	}
	slices.SortFunc(out, func(a, b store.LoadPoint) int { return a.At.Compare(b.At) })
	return out
}
