package daemon

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"codeberg.org/reeve/reeve/agentd/checkpoint"
	"codeberg.org/reeve/reeve/agentd/record"
	"codeberg.org/reeve/reeve/agentd/workload"
)

// queuedTurns is how many turns may wait for the disk; beyond it the loop waits, and the masters' and executors' streams
// with it.
const queuedTurns = 1024

// batchTurns is how many of them share one fsync at most.
const batchTurns = 256

// rewrite has the journal replaced by a snapshot that was taken right after the turn before it.
type rewrite struct{ entries []*record.Entry }

// turn is what the pump carries out at once: the effects of one turn, or a rewrite.
type turn struct {
	effects []workload.Effect
	rewrite *rewrite
}

// pump carries out effects in order, each only after everything saved before it is on disk. Turns that wait share one
// fsync, so that a burst of launches costs few.
type pump struct {
	journal  *checkpoint.Journal
	deliver  func(workload.Effect)
	snapshot func() []*record.Entry // of the machine; called on the loop
	turns    chan turn
	dead     chan struct{} // closed when run has ended
	grown    atomic.Bool   // the journal wants a snapshot
}

func newPump(journal *checkpoint.Journal, deliver func(workload.Effect), snapshot func() []*record.Entry) *pump {
	return &pump{journal: journal, deliver: deliver, snapshot: snapshot, turns: make(chan turn, queuedTurns), dead: make(chan struct{})}
}

// execute takes the effects of a turn, on the loop.
func (p *pump) execute(effects []workload.Effect) {
	p.put(turn{effects: effects})
	if p.grown.CompareAndSwap(true, false) {
		p.put(turn{rewrite: &rewrite{entries: p.snapshot()}})
	}
}

func (p *pump) put(t turn) {
	select {
	case p.turns <- t:
	case <-p.dead: // the disk failed; the agent is ending
	}
}

// run carries out turns until ctx ends and none is left, or the disk fails.
func (p *pump) run(ctx context.Context) error {
	defer close(p.dead)
	for {
		select {
		case t := <-p.turns:
			if err := p.carryOut(p.batch(t)); err != nil {
				return err
			}
			continue
		default:
		}
		select {
		case t := <-p.turns:
			if err := p.carryOut(p.batch(t)); err != nil {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// batch takes more turns that are waiting already.
func (p *pump) batch(first turn) []turn {
	batch := []turn{first}
	for len(batch) < batchTurns {
		select {
		case t := <-p.turns:
			batch = append(batch, t)
		default:
			return batch
		}
	}
	return batch
}

func (p *pump) carryOut(batch []turn) error {
	if err := p.save(batch); err != nil {
		return fmt.Errorf("what tasks do can no longer be recorded: %w", err)
	}
	for _, t := range batch {
		for _, eff := range t.effects {
			if _, saved := eff.(workload.Save); !saved {
				p.deliver(eff)
			}
		}
	}
	if p.journal.Grown() {
		p.grown.Store(true)
	}
	return nil
}

// save writes what a batch wants saved. A rewrite makes everything before it needless.
func (p *pump) save(batch []turn) error {
	var entries []*record.Entry
	durable := false
	for _, t := range batch {
		if t.rewrite != nil {
			err := p.journal.Rewrite(t.rewrite.entries)
			if errors.Is(err, checkpoint.ErrFull) {
				continue // what was saved before it is still to be written
			}
			if err != nil {
				return err
			}
			entries, durable = nil, false
			continue
		}
		for _, eff := range t.effects {
			if save, ok := eff.(workload.Save); ok {
				entries = append(entries, save.Entry)
				durable = durable || save.Durable
			}
		}
	}
	return p.journal.Append(entries, durable)
}
