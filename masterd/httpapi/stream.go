package httpapi

import (
	"context"
	"sync"
	"time"

	"codeberg.org/reeve/reeve/masterd/outbox"
)

// heartbeat is a stream's own pulse. A nil one never beats: the machine sends the heartbeats of frameworks itself.
type heartbeat struct {
	ticker *time.Ticker
	send   func() error
}

func (h *heartbeat) due() <-chan time.Time {
	if h == nil {
		return nil
	}
	return h.ticker.C
}

// pump writes what comes into a box until the box is closed, the client leaves or the term ends. What was in the box
// when it was closed, or when the term ended, is still written.
func pump[T any](ctx context.Context, done <-chan struct{}, box *outbox.Box[T], send func(T) error, beat *heartbeat) error {
	for open, ended := true, false; open && !ended; {
		select {
		case <-box.Ready():
		case <-beat.due():
			if err := beat.send(); err != nil {
				return err
			}
			continue
		case <-ctx.Done():
			return ctx.Err()
		case <-done:
			ended = true
		}
		var items []T
		items, open = box.Take()
		for _, item := range items {
			if err := send(item); err != nil {
				return err
			}
		}
	}
	return nil
}

// maxOperators is how many operator streams there may be; the oldest makes room (spec 1.7).
const maxOperators = 1000

// streams knows the open operator streams, oldest first.
type streams struct {
	mu   sync.Mutex // guards next and open
	next uint64
	open []openStream
}

type openStream struct {
	number uint64
	cancel context.CancelFunc
}

// enter adds a stream, ends the oldest if there are too many, and returns how to leave.
func (s *streams) enter(cancel context.CancelFunc) (leave func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next++
	number := s.next
	s.open = append(s.open, openStream{number, cancel})
	if len(s.open) > maxOperators {
		s.open[0].cancel()
		s.open = s.open[1:]
	}
	return func() { s.leave(number) }
}

func (s *streams) leave(number uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, one := range s.open {
		if one.number == number {
			s.open = append(s.open[:i:i], s.open[i+1:]...)
			return
		}
	}
}
