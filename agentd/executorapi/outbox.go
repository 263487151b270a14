package executorapi

import (
	"sync"

	"codeberg.org/reeve/reeve/shared/mesosv1/executor"
)

// maxOutbox bounds what may wait for an executor that does not read; its stream is closed then, and it subscribes anew.
const maxOutbox = 4096

// outbox is the events that wait for one stream.
type outbox struct {
	wake chan struct{} // 1: there is something new

	mu     sync.Mutex // guards the fields below
	events []*executor.Event
	closed bool
}

func newOutbox() *outbox { return &outbox{wake: make(chan struct{}, 1)} }

func (o *outbox) push(event *executor.Event) {
	o.mu.Lock()
	if !o.closed {
		o.events = append(o.events, event)
	}
	if len(o.events) > maxOutbox {
		o.events, o.closed = nil, true
	}
	o.mu.Unlock()
	o.signal()
}

func (o *outbox) close() {
	o.mu.Lock()
	o.closed = true
	o.mu.Unlock()
	o.signal()
}

func (o *outbox) signal() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// next takes the oldest event; nil says that none waits, and more whether one may come.
func (o *outbox) next() (event *executor.Event, more bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.events) == 0 {
		return nil, !o.closed
	}
	event = o.events[0]
	o.events = o.events[1:]
	return event, true
}
