package supervisor

import (
	"context"
	"time"

	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/agentd/workload"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/logkey"
)

// changes are what a running container is to become, carried out one after another and beside its supervisor: a shim that hangs
// keeps them waiting, and a SIGKILL must not wait for that.
type changes struct {
	w     *worker
	todo  *inbox
	stop  context.CancelFunc // nil before the first one: most containers never change
	ended chan struct{}

	// GPUs that it has been asked for, and may not have. What could not be taken back is nobody else's until it is.
	again  *time.Timer // fires when that has to be tried again
	gpus   int
	failed int // times that it could not be done
}

func (w *worker) newChanges() *changes {
	c := &changes{w: w, todo: newInbox(), ended: make(chan struct{}), again: time.NewTimer(0)}
	c.again.Stop()
	return c
}

func (c *changes) push(ctx context.Context, eff workload.Effect) {
	c.todo.push(eff)
	if c.stop != nil {
		return
	}
	ctx, c.stop = context.WithCancel(ctx)
	c.w.set.group.Go("change "+string(c.w.id), func(context.Context) error {
		defer close(c.ended)
		c.run(ctx)
		return nil
	})
}

// end gives up what has not been carried out.
func (c *changes) end() {
	if c.stop != nil {
		c.stop()
		<-c.ended
	}
}

func (c *changes) run(ctx context.Context) {
	defer c.again.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-c.again.C:
			c.equip(ctx)
		case <-c.todo.wake:
		}
		for ctx.Err() == nil {
			eff, ok := c.todo.pop()
			if !ok {
				break
			}
			switch eff := eff.(type) {
			case workload.Resize:
				c.resize(ctx, eff.Limits)
			case workload.Equip:
				c.again.Stop()
				c.gpus, c.failed = eff.GPUs, 0
				c.equip(ctx)
			}
		}
	}
}

// resize changes the limits. What is refused is not tried again: a limit that stays too high harms nobody, and the next
// task that comes or goes asks anew.
func (c *changes) resize(ctx context.Context, limits runtime.Limits) {
	if err := c.w.set.cfg.Runtime.Resize(ctx, c.w.id, limits); err != nil && ctx.Err() == nil {
		c.w.set.cfg.Log.Warn("limits of a container could not be changed", logkey.Container(c.w.id), logkey.Err(err))
	}
}

// equip tells the first failure, since tasks may wait for the GPUs; the machine then asks for something else. Later ones it does not
// tell, but that it has worked in the end.
func (c *changes) equip(ctx context.Context) {
	in := workload.Equipped{Container: c.w.id, GPUs: c.gpus}
	if err := c.w.set.cfg.Runtime.Equip(ctx, c.w.id, c.gpus); err != nil {
		if ctx.Err() != nil {
			return // the next agentd asks anew
		}
		in.Failed = err.Error()
		c.w.set.cfg.Log.Warn("GPUs of a container could not be changed", logkey.Container(c.w.id), logkey.Count(c.gpus), logkey.Err(err))
		if fault.KindOf(err) != fault.Unsupported { // that stays so
			c.again.Reset(retry.Base << min(c.failed, 8))
		}
		if c.failed++; c.failed > 1 {
			return
		}
	}
	c.w.set.post(ctx, in)
}
