package term

import (
	"context"
	"errors"
	"fmt"
	"time"

	"codeberg.org/reeve/reeve/masterd/outbox"
	"codeberg.org/reeve/reeve/masterd/registry"
	"codeberg.org/reeve/reeve/shared/metrics"
)

// change is what one Persist effect asks for; done makes the input that answers it.
type change struct {
	ops  []registry.Op
	done func(err error) input
}

// maxOps bounds one raft entry; much larger ones stall followers.
const maxOps = 500

// registrarLimit is never reached: the machines have at most a few changes for each agent and job in flight.
const registrarLimit = 1 << 30

// registrar writes changes to the registry. While one write is in flight it collects what comes, and writes all of that
// next: ten thousand agents that are admitted at once need twenty entries, not ten thousand.
type registrar struct {
	waiting *outbox.Box[change]
	apply   func(ctx context.Context, ops []registry.Op) error
	took    *metrics.Timer // of each write
}

func newRegistrar(apply func(ctx context.Context, ops []registry.Op) error, took *metrics.Timer) *registrar {
	return &registrar{waiting: outbox.New[change](registrarLimit, nil), apply: apply, took: took}
}

// add queues a change; it runs on the loop and does not wait.
func (r *registrar) add(c change) { r.waiting.Put(c) }

// run writes until ctx ends or a write fails. After a failure nobody knows what is in the registry, and the term must end.
func (r *registrar) run(ctx context.Context, post func(context.Context, input) error) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-r.waiting.Ready():
		}
		changes, _ := r.waiting.Take()
		for len(changes) > 0 {
			n := batch(changes)
			if err := r.write(ctx, changes[:n], post); err != nil {
				if ctx.Err() != nil || errors.Is(err, context.Canceled) {
					return nil
				}
				return err
			}
			changes = changes[n:]
		}
	}
}

// batch says how many changes fit into one entry; at least one, however large.
func batch(changes []change) int {
	ops := 0
	for i, c := range changes {
		ops += len(c.ops)
		if ops > maxOps && i > 0 {
			return i
		}
	}
	return len(changes)
}

func (r *registrar) write(ctx context.Context, changes []change, post func(context.Context, input) error) error {
	var ops []registry.Op
	for _, c := range changes {
		ops = append(ops, c.ops...)
	}
	began := time.Now()
	err := r.apply(ctx, ops)
	r.took.Observe(time.Since(began))
	for _, c := range changes {
		if perr := post(ctx, c.done(err)); perr != nil {
			return perr
		}
	}
	if err != nil {
		return fmt.Errorf("write the registry: %w", err)
	}
	return nil
}
