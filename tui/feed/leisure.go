package feed

import (
	"context"
	"sync/atomic"
	"time"
)

// leisure has the stream rest while nobody looks closely: what came is read just before the console looks, all at once. A
// master writes ten lines a second while much changes, and to wake up for each was a good part of what a console costs that
// nobody touches.
type leisure struct {
	on     atomic.Bool   // the console looks once a second
	asleep atomic.Bool   // the stream rests
	read   chan struct{} // capacity 1: it shall read on
	taken  chan struct{} // capacity 1: it has read all that came
}

func newLeisure() leisure {
	return leisure{read: make(chan struct{}, 1), taken: make(chan struct{}, 1)}
}

// rest is a client.Rest.
func (l *leisure) rest(most time.Duration, over <-chan struct{}) {
	raise(l.taken)
	if !l.on.Load() {
		return
	}
	l.asleep.Store(true)
	defer l.asleep.Store(false)
	timer := time.NewTimer(most)
	defer timer.Stop()
	select {
	case <-l.read:
	case <-timer.C:
	case <-over:
	}
}

// gather has a stream that rests read what came, and waits for that, though not for long.
func (l *leisure) gather(ctx context.Context) {
	if !l.asleep.Load() {
		return
	}
	select {
	case <-l.taken: // before now
	default:
	}
	raise(l.read)
	pause(ctx, coalesce, l.taken)
}
