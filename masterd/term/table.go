package term

import (
	"maps"
	"slices"
	"sync"

	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// table is a map that the loop and the edges share. The lock is held for one look-up only.
type table[K comparable, V any] struct {
	mu sync.Mutex // guards m
	m  map[K]V
}

func (t *table[K, V]) put(k K, v V) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.m == nil {
		t.m = make(map[K]V)
	}
	t.m[k] = v
}

func (t *table[K, V]) get(k K) (V, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	v, ok := t.m[k]
	return v, ok
}

func (t *table[K, V]) drop(k K) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.m, k)
}

func (t *table[K, V]) all() []V {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Collect(maps.Values(t.m))
}

func (t *table[K, V]) len() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.m)
}

// reply is an answer to a ticket; job is set for inputs of the jobs machine.
type reply struct {
	job reeveapi.Job
	err error
}

// replies are the edges that wait for an answer, by ticket. Tickets are of both machines, so that they share the numbers.
type replies struct {
	mu      sync.Mutex // guards the fields below
	last    uint64
	waiting map[uint64]chan reply
	ended   bool
}

// open makes a ticket and the channel of its answer, which takes one reply without a reader.
func (r *replies) open() (uint64, <-chan reply) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.last++
	answer := make(chan reply, 1)
	if r.ended {
		answer <- reply{err: errEnded()}
		return r.last, answer
	}
	if r.waiting == nil {
		r.waiting = make(map[uint64]chan reply)
	}
	r.waiting[r.last] = answer
	return r.last, answer
}

func (r *replies) answer(ticket uint64, a reply) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if answer, ok := r.waiting[ticket]; ok {
		answer <- a
		delete(r.waiting, ticket)
	}
}

func (r *replies) drop(ticket uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.waiting, ticket)
}

func (r *replies) len() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.waiting)
}

// end answers everybody: nothing will turn any more.
func (r *replies) end() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ended = true
	for _, answer := range r.waiting {
		answer <- reply{err: errEnded()}
	}
	r.waiting = nil
}

func errEnded() error {
	return fault.New(fault.NotLeader, "this master has just stopped leading; ask the new leader")
}
