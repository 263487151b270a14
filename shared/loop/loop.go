// Package loop runs a machine: one goroutine, one mailbox, one timer. It owns the order of turns and the real clock, and
// nothing of what a turn means. Machines never block and never see a goroutine; edges post inputs and carry out effects.
//
//	edges ── Post ──▶ mailbox ──▶ Step(now, input) ──▶ effects ──▶ Execute ──▶ outboxes of the edges
//	                     ▲                                │
//	                     └── Tick when Deadline is due ◀──┘
//
// Start reading at Machine, then Loop.Run.
package loop

import (
	"context"
	"fmt"
	"time"
)

// Machine is pure state. Step never blocks, never fails (a refusal is an effect) and uses no time but now; Deadline says
// when it wants to be stepped with a tick, the zero time for never.
type Machine[In, Eff any] interface {
	Step(now time.Time, in In) []Eff
	Deadline() time.Time
}

// mailboxSize bounds what may wait for the loop. When it is full Post blocks, so that back-pressure reaches the peer
// through its own connection.
const mailboxSize = 4096

// Config is what a loop needs. Every field but Observe is required.
type Config[In, Eff any] struct {
	Name    string                          // for errors
	Machine Machine[In, Eff]                // owned by the loop from New on
	Tick    In                              // the input that means "the deadline has come"
	Execute func(effs []Eff)                // carries out the effects of one turn, in order; runs on the loop and must not block
	Observe func(in In, took time.Duration) // told after each turn, for metrics; may be nil
}

// Loop owns a machine. Make one with New, run it once.
type Loop[In, Eff any] struct {
	cfg     Config[In, Eff]
	mailbox chan In
	inspect chan func()
	done    chan struct{}
}

// New returns a loop that is not running yet; inputs may be posted before Run.
func New[In, Eff any](cfg Config[In, Eff]) *Loop[In, Eff] {
	return &Loop[In, Eff]{
		cfg:     cfg,
		mailbox: make(chan In, mailboxSize),
		inspect: make(chan func()),
		done:    make(chan struct{}),
	}
}

// StoppedError is returned to whoever talks to a loop that has ended.
type StoppedError struct{ Name string }

// Error names the loop.
func (e StoppedError) Error() string { return fmt.Sprintf("%s has stopped", e.Name) }

// Post hands in to the machine. It waits while the mailbox is full, and fails if ctx ends or the loop has stopped. Inputs
// of one goroutine are stepped in the order in which it posted them.
func (l *Loop[In, Eff]) Post(ctx context.Context, in In) error {
	select {
	case <-l.done: // a stopped loop must not swallow inputs into its buffer
		return StoppedError{l.cfg.Name}
	default:
	}
	select {
	case l.mailbox <- in:
		return nil
	case <-l.done:
		return StoppedError{l.cfg.Name}
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Waiting is how many inputs wait for their turn.
func (l *Loop[In, Eff]) Waiting() int { return len(l.mailbox) }

// Inspect runs fn on the loop between two turns, and returns when it has run. fn may read the machine; it must neither
// change it nor block. It is for building views, and for subscribing at the very moment a view is taken. fn sees every
// input that was posted before: whoever posts and then looks finds what it did.
func (l *Loop[In, Eff]) Inspect(ctx context.Context, fn func()) error {
	ran := make(chan struct{})
	job := func() { fn(); close(ran) }
	select {
	case l.inspect <- job:
		<-ran
		return nil
	case <-l.done:
		return StoppedError{l.cfg.Name}
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Run turns the loop until ctx ends, and returns ctx's error. Effects of the last turn have been executed when it returns.
func (l *Loop[In, Eff]) Run(ctx context.Context) error {
	defer close(l.done)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		l.arm(timer)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case in := <-l.mailbox:
			l.turn(in)
		case job := <-l.inspect:
			// Go chooses among channels that are ready at random; what was posted first is to come first.
			for range len(l.mailbox) {
				l.turn(<-l.mailbox)
			}
			job()
		case <-timer.C:
			if d := l.cfg.Machine.Deadline(); !d.IsZero() && !time.Now().Before(d) {
				l.turn(l.cfg.Tick)
			}
		}
	}
}

// arm sets the one timer to the machine's deadline.
func (l *Loop[In, Eff]) arm(timer *time.Timer) {
	deadline := l.cfg.Machine.Deadline()
	if deadline.IsZero() {
		timer.Stop()
		return
	}
	timer.Reset(max(0, time.Until(deadline)))
}

func (l *Loop[In, Eff]) turn(in In) {
	start := time.Now()
	effs := l.cfg.Machine.Step(start, in)
	if len(effs) > 0 {
		l.cfg.Execute(effs)
	}
	if l.cfg.Observe != nil {
		l.cfg.Observe(in, time.Since(start))
	}
}
