// Package deadlines keeps the times at which a machine wants to be woken, one for each key. It owns the order and nothing
// of what a deadline means; it reads no clock. A machine holds one Heap for everything it waits for, so that its loop
// needs one timer. Start reading at Heap.
package deadlines

import (
	"container/heap"
	"time"
)

// Heap holds at most one deadline for each key. The zero value is empty and ready.
type Heap[K comparable] struct {
	queue queue[K]
	byKey map[K]*item[K]
	set   uint64
}

type item[K comparable] struct {
	key   K
	at    time.Time
	set   uint64 // equal times come in the order in which they were set
	index int
}

// Set puts key's deadline at that time, in place of the one it has.
func (h *Heap[K]) Set(key K, at time.Time) {
	h.set++
	if it := h.byKey[key]; it != nil {
		it.at, it.set = at, h.set
		heap.Fix(&h.queue, it.index)
		return
	}
	if h.byKey == nil {
		h.byKey = make(map[K]*item[K])
	}
	it := &item[K]{key: key, at: at, set: h.set}
	h.byKey[key] = it
	heap.Push(&h.queue, it)
}

// Cancel forgets key's deadline; it does nothing if there is none.
func (h *Heap[K]) Cancel(key K) {
	if it := h.byKey[key]; it != nil {
		heap.Remove(&h.queue, it.index)
		delete(h.byKey, key)
	}
}

// At returns key's deadline, the zero time if it has none.
func (h *Heap[K]) At(key K) time.Time {
	if it := h.byKey[key]; it != nil {
		return it.at
	}
	return time.Time{}
}

// Next returns the earliest deadline, the zero time if there is none.
func (h *Heap[K]) Next() time.Time {
	if len(h.queue) == 0 {
		return time.Time{}
	}
	return h.queue[0].at
}

// Pop takes out the earliest key whose deadline is not after now.
func (h *Heap[K]) Pop(now time.Time) (K, bool) {
	if len(h.queue) == 0 || h.queue[0].at.After(now) {
		var none K
		return none, false
	}
	it := h.queue[0]
	heap.Remove(&h.queue, 0)
	delete(h.byKey, it.key)
	return it.key, true
}

// Len is the number of deadlines.
func (h *Heap[K]) Len() int { return len(h.queue) }

// queue is the heap.Interface behind Heap.
type queue[K comparable] []*item[K]

func (q queue[K]) Len() int { return len(q) }

func (q queue[K]) Less(i, j int) bool {
	if !q[i].at.Equal(q[j].at) {
		return q[i].at.Before(q[j].at)
	}
	return q[i].set < q[j].set
}

func (q queue[K]) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].index, q[j].index = i, j
}

func (q *queue[K]) Push(x any) {
	it := x.(*item[K])
	it.index = len(*q)
	*q = append(*q, it)
}

func (q *queue[K]) Pop() any {
	old := *q
	it := old[len(old)-1]
	old[len(old)-1] = nil
	*q = old[:len(old)-1]
	return it
}
