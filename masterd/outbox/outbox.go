// Package outbox is the bounded queue between the loop, which must never wait, and the goroutine that writes to one peer.
// It owns the bound and the meaning of its overflow: the stream is closed, and the peer comes back and learns the present
// state instead of a long past. It knows nothing of what it carries. Start reading at Box.
package outbox

import "sync"

// Box is one peer's queue. The loop puts and closes; the peer's writer waits on Ready, takes, and hangs up when it ends.
type Box[T any] struct {
	limit  int
	hangup func()
	ready  chan struct{} // capacity 1: "Take has something to say"

	mu     sync.Mutex // guards the fields below
	items  []T
	closed bool
	hung   bool
}

// New returns an empty box that holds at most limit items. hangup is called once, by the first Hangup; it may be nil.
func New[T any](limit int, hangup func()) *Box[T] {
	return &Box[T]{limit: limit, hangup: hangup, ready: make(chan struct{}, 1)}
}

// Put appends an item without waiting. If the box is full it closes the box, drops the item and returns false; what waits
// already can still be taken. Putting into a closed box does nothing and returns true, for nobody needs to be told again.
func (b *Box[T]) Put(item T) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return true
	}
	fits := len(b.items) < b.limit
	if fits {
		b.items = append(b.items, item)
	} else {
		b.closed = true
	}
	b.signal()
	return fits
}

// Close says that nothing will follow what is in the box.
func (b *Box[T]) Close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	b.signal()
}

// signal must be called with the lock held.
func (b *Box[T]) signal() {
	select {
	case b.ready <- struct{}{}:
	default:
	}
}

// Ready is signalled when there is something to take, or nothing more will come. A signal may be stale: Take then
// returns nothing.
func (b *Box[T]) Ready() <-chan struct{} { return b.ready }

// Take empties the box. open is false once the box was closed: what was taken is the last.
func (b *Box[T]) Take() (items []T, open bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	items, b.items = b.items, nil
	return items, !b.closed
}

// Len is how many items wait.
func (b *Box[T]) Len() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.items)
}

// Hangup says that the writer has ended, or must: the box is closed and emptied, and whoever made it is told, once.
func (b *Box[T]) Hangup() {
	b.mu.Lock()
	first := !b.hung
	b.hung, b.closed, b.items = true, true, nil
	b.signal()
	b.mu.Unlock()
	if first && b.hangup != nil {
		b.hangup()
	}
}
