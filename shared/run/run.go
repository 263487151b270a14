// Package run starts goroutines that somebody waits for, and undoes in reverse what a daemon did to start. It owns the
// rule that whoever starts a goroutine stops it and waits; nothing else in the tree writes a bare go statement except
// shared/loop and the edge servers. Start reading at Group.
package run

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Group is a set of named goroutines that live and end together: the first that returns an error other than the
// context's ends all of them.
type Group struct {
	ctx    context.Context //nolint:containedctx // a group is a scope: its context is its state, and never leaves Go
	cancel context.CancelCauseFunc
	wg     sync.WaitGroup
}

// NewGroup returns a group whose goroutines see a context that ends with ctx, with Stop, or with the first failure.
func NewGroup(ctx context.Context) *Group {
	ctx, cancel := context.WithCancelCause(ctx)
	return &Group{ctx: ctx, cancel: cancel}
}

// errStopped is the cause when a group ends because somebody asked it to.
var errStopped = errors.New("stopped")

// Go runs fn under a name that its failure is reported with.
func (g *Group) Go(name string, fn func(ctx context.Context) error) {
	g.wg.Go(func() {
		err := fn(g.ctx)
		if err != nil && (g.ctx.Err() == nil || !errors.Is(err, context.Canceled)) {
			g.cancel(fmt.Errorf("%s: %w", name, err))
		}
	})
}

// Done is closed when the group is ending.
func (g *Group) Done() <-chan struct{} { return g.ctx.Done() }

// Stop asks every goroutine of the group to end. It does not wait.
func (g *Group) Stop() { g.cancel(errStopped) }

// Wait returns when every goroutine has ended: the first failure, or nil if the group was stopped or its parent ended.
func (g *Group) Wait() error {
	g.wg.Wait()
	err := context.Cause(g.ctx)
	if errors.Is(err, errStopped) || errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// Cleanups is a stack of named steps that undo a start, last first.
type Cleanups struct {
	steps []cleanup
}

type cleanup struct {
	name    string
	timeout time.Duration
	fn      func(ctx context.Context) error
}

// Add pushes a step. timeout bounds that step alone.
func (c *Cleanups) Add(name string, timeout time.Duration, fn func(ctx context.Context) error) {
	c.steps = append(c.steps, cleanup{name, timeout, fn})
}

// Run undoes everything, last step first, and joins what failed. It may be called once; ctx ends all waiting early.
func (c *Cleanups) Run(ctx context.Context) error {
	var errs []error
	for _, step := range slices.Backward(c.steps) {
		stepCtx, cancel := context.WithTimeout(ctx, step.timeout)
		if err := step.fn(stepCtx); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", step.name, err))
		}
		cancel()
	}
	c.steps = nil
	return errors.Join(errs...)
}
