package allocator

import (
	"container/heap"
	"slices"
	"time"

	"codeberg.org/reeve/reeve/shared/resources"
)

// Filter asks not to be offered again, until a time, what is given back with it or any part of that.
type Filter struct{ Until time.Time }

// refusal is a filter on one agent for one leaf.
type refusal struct {
	leaf    int32
	known   bool // holds is right for the agent's free resources of the last look
	holds   bool // what the leaf could be offered is contained in what it refused
	until   time.Time
	refused resources.Resources // not allocated to a role
}

// refuse remembers a filter.
func (a *Allocator) refuse(at int32, r refusal) {
	ag := &a.agents[at]
	for i := range ag.refusals {
		old := &ag.refusals[i]
		if old.leaf != r.leaf {
			continue
		}
		if !old.until.Before(r.until) && old.refused.Contains(r.refused) {
			return // the older one says it already
		}
		if !old.until.After(r.until) && r.refused.Contains(old.refused) {
			*old = r
			ag.unsettled = true
			a.wheel.add(r.until, agentRef{at, ag.generation})
			return
		}
	}
	ag.refusals = append(ag.refusals, r)
	ag.unsettled = true
	a.wheel.add(r.until, agentRef{at, ag.generation})
}

// settle brings ag.blocked up to date with what the agent has free.
func (a *Allocator) settle(ag *agent) {
	if !ag.seen.Equal(ag.free) {
		ag.seen = ag.free
		for i := range ag.refusals {
			ag.refusals[i].known = false
		}
		clear(ag.blocked)
		ag.unsettled = true
	}
	if !ag.unsettled {
		return
	}
	ag.unsettled = false
	for i := range ag.refusals {
		r := &ag.refusals[i]
		if r.known {
			continue
		}
		r.known = true
		r.holds = r.refused.Contains(a.offerable(ag, ag.free, r.leaf))
		if r.holds {
			ag.blocked.add(r.leaf)
		}
	}
}

// forgive drops the refusals that match, and reports whether there were any.
func (ag *agent) forgive(match func(*refusal) bool) bool {
	before := len(ag.refusals)
	ag.refusals = slices.DeleteFunc(ag.refusals, func(r refusal) bool {
		if !match(&r) {
			return false
		}
		ag.blocked.remove(r.leaf)
		return true
	})
	if len(ag.refusals) == before {
		return false
	}
	for _, r := range ag.refusals { // a leaf may have had two
		if r.known && r.holds {
			ag.blocked.add(r.leaf)
		}
	}
	return true
}

// Filters counts the filters in force, by role.
func (a *Allocator) Filters() map[string]int {
	counts := map[string]int{}
	for i := range a.agents {
		for _, r := range a.agents[i].refusals {
			counts[a.leaves[r.leaf].role]++
		}
	}
	return counts
}

// clearFilters drops every filter of a leaf.
func (a *Allocator) clearFilters(leaf int32) {
	for i := range a.agents {
		if ag := &a.agents[i]; len(ag.refusals) > 0 {
			ag.forgive(func(r *refusal) bool { return r.leaf == leaf })
		}
	}
}

// expire drops the filters that have run out, and makes their agents candidates.
func (a *Allocator) expire(now time.Time) {
	for {
		refs := a.wheel.due(now)
		if refs == nil {
			return
		}
		for _, ref := range refs {
			ag := &a.agents[ref.index]
			if ag.generation != ref.generation {
				continue
			}
			if ag.forgive(func(r *refusal) bool { return !r.until.After(now) }) {
				a.touch(ref.index)
			}
		}
	}
}

// agentRef points to an agent that may have been removed since.
type agentRef struct {
	index      int32
	generation uint32
}

// grain is how finely expiries are told apart. A timer for each filter would be millions of timers.
const grain = 20 * time.Millisecond

// wheel holds expiries in buckets of a grain, which are counted from a time that was: a clock that is set moves none.
type wheel struct {
	base    time.Time
	buckets map[int64][]agentRef
	keys    keyHeap
}

// add remembers to look at an agent at t, or up to a grain later.
func (w *wheel) add(t time.Time, ref agentRef) {
	if w.buckets == nil {
		w.base, w.buckets = t, map[int64][]agentRef{}
	}
	after := t.Sub(w.base)
	key := int64(after / grain)
	if time.Duration(key)*grain < after { // division rounds to zero, which of what lies before base is up already
		key++
	}
	refs, ok := w.buckets[key]
	if !ok {
		heap.Push(&w.keys, key)
	}
	w.buckets[key] = append(refs, ref)
}

// due takes out the first bucket that has come by now, nil if none has.
func (w *wheel) due(now time.Time) []agentRef {
	if len(w.keys) == 0 || w.base.Add(time.Duration(w.keys[0])*grain).After(now) {
		return nil
	}
	key := heap.Pop(&w.keys).(int64) //nolint:forcetypeassert // keyHeap holds nothing else
	refs := w.buckets[key]
	delete(w.buckets, key)
	return refs
}

// next is when the first bucket is due, zero if there is none.
func (w *wheel) next() time.Time {
	if len(w.keys) == 0 {
		return time.Time{}
	}
	return w.base.Add(time.Duration(w.keys[0]) * grain)
}

// keyHeap is a heap.Interface of bucket keys, earliest first.
type keyHeap []int64

func (h keyHeap) Len() int           { return len(h) }
func (h keyHeap) Less(i, j int) bool { return h[i] < h[j] }
func (h keyHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *keyHeap) Push(x any)        { *h = append(*h, x.(int64)) } //nolint:forcetypeassert // heap.Push of add only

func (h *keyHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	*h = old[:len(old)-1]
	return last
}
