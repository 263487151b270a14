package term

import (
	"sync"

	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// remembered is how many events are kept for people who come late.
const remembered = 2000

// history is the newest events, numbered from 1.
type history struct {
	mu     sync.Mutex // guards the fields below
	newest uint64     // Seq of the newest event
	ring   []reeveapi.Event
}

// add numbers an event and keeps it.
func (h *history) add(e reeveapi.Event) reeveapi.Event {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.newest++
	e.Seq = h.newest
	if len(h.ring) < remembered {
		h.ring = append(h.ring, e)
	} else {
		h.ring[(e.Seq-1)%remembered] = e
	}
	return e
}

// since returns the kept events after a number, oldest first.
func (h *history) since(seq uint64) []reeveapi.Event {
	h.mu.Lock()
	defer h.mu.Unlock()
	first := max(seq, h.newest-uint64(len(h.ring)))
	var events []reeveapi.Event
	for n := first; n < h.newest; n++ {
		events = append(events, h.ring[n%remembered])
	}
	return events
}
