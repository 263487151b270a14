package daemon

import (
	"context"
	"runtime"
	"time"

	"codeberg.org/reeve/reeve/masterd/overview"
	"codeberg.org/reeve/reeve/masterd/pulse"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// lookPatience is how long a sample waits for a busy loop before it goes without the cluster's figures.
const lookPatience = time.Second

// look is what a sample holds besides what is measured.
func (n *node) look(ctx context.Context) pulse.Look {
	look := pulse.Look{Index: n.consensus.Index()}
	if n.consensus.Leader() != n.id {
		return look
	}
	look.Behind = make(map[string]uint64)
	for _, m := range n.masters() {
		if m.ID != n.id && m.Behind != nil {
			look.Behind[m.Name] = *m.Behind
		}
	}
	look.Cluster = n.resources(ctx)
	return look
}

// resources is how much of the cluster is in use, nil if this master does not lead or its loop is busy.
func (n *node) resources(ctx context.Context) *reeveapi.ClusterSample {
	t := n.term.Load()
	if t == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, lookPatience)
	defer cancel()
	v, err := t.View(ctx)
	if err != nil {
		return nil // the term has ended, or has no time
	}
	sums := overview.Resources(v, t.Usage)
	return &sums
}

// figures is what this master measures of itself.
func (n *node) figures(since time.Time) reeveapi.MasterFigures {
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	f := reeveapi.MasterFigures{
		Name: n.cfg.Name, At: time.Now(), Started: n.started, Heap: memory.HeapAlloc, Goroutines: runtime.NumGoroutine(),
		Open: n.pulse.Open(), Streams: n.pulse.Streams(), Elections: []reeveapi.Election{}, Samples: n.pulse.Samples(since),
	}
	if s := n.consensus.Snapshot(); s != nil {
		f.Snapshot = &reeveapi.Snapshot{At: s.At, Term: s.Term, Index: s.Index, Size: s.Size}
	}
	for _, e := range n.consensus.Elections() {
		f.Elections = append(f.Elections, reeveapi.Election{
			Term: e.Term, Leader: n.nameOf(e.Leader), At: e.At, Before: n.nameOf(e.Before), Gap: e.Gap.Seconds(), Handed: e.Handed,
		})
	}
	return f
}
