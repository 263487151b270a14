package allocator

import (
	"slices"
	"time"

	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/resources"
)

// Slice looks at no more than max candidates, in random order, and allocates what they have free. Call it again while
// Pending. What it returns counts as allocated already.
func (a *Allocator) Slice(now time.Time, most int) []Allocation {
	a.expire(now)
	a.sweepWithheld(now)
	a.tree.refresh()
	if len(a.queue) == 0 {
		return nil
	}
	out := make([]Allocation, 0, min(most, len(a.queue)))
	for ; most > 0 && len(a.queue) > 0; most-- {
		i := a.random.IntN(len(a.queue))
		at := a.queue[i]
		last := len(a.queue) - 1
		a.queue[i] = a.queue[last]
		a.queue = a.queue[:last]

		ag := &a.agents[at]
		ag.queued = false
		switch {
		case ag.id == "": // removed while it was queued
			a.unused = append(a.unused, at)
		case ag.active && a.worthOffering(ag.vector):
			out = a.offer(at, out)
		}
	}
	return out
}

// offer gives what an agent has free to whoever is next, and what that leaf may not have to whoever is next after it.
func (a *Allocator) offer(at int32, out []Allocation) []Allocation {
	ag := &a.agents[at]
	if len(ag.refusals) > 0 {
		a.settle(ag)
	}
	if !a.findEligible(ag) {
		return out
	}
	if len(a.quotas.byRole) > 0 {
		return a.serveByQuota(at, out)
	}
	return a.serve(at, a.eligible, free, len(out), out)
}

// serve offers what an agent has free to the leaves of a set, which it uses up. out[given:] is of this agent.
func (a *Allocator) serve(at int32, among bits, by stage, given int, out []Allocation) []Allocation {
	ag := &a.agents[at]
	for a.worthOffering(ag.vector) && among.any() { // quota often leaves nobody, and the tree would be searched for nothing
		to := a.tree.first(among)
		if to < 0 {
			return out
		}
		among.remove(to)
		part, whole := a.offerable(ag, ag.free, to), ag.plain
		if by != free {
			if part, whole = a.chop(ag, to, by, part); !ag.plain {
				whole = false
			}
		}
		if !whole && !a.worthOffering(part.Nonshared().Vector()) {
			continue
		}
		l := &a.leaves[to]
		allocated := l.allocate(ag, part)
		a.hold(at, to, allocated, part, 1)
		if whole {
			ag.free, ag.vector = resources.Resources{}, resources.Vector{}
			a.keepSpare(ag)
		} else {
			a.account(ag)
		}
		out = join(out, given, Allocation{l.framework.id, l.role, ag.id, allocated})
	}
	return out
}

// join adds an allocation to a list, to what the same leaf has in list[given:] if there is that.
func join(list []Allocation, given int, one Allocation) []Allocation {
	for i := given; i < len(list); i++ {
		if list[i].Framework == one.Framework && list[i].Role == one.Role {
			list[i].Resources = list[i].Resources.Plus(one.Resources.Minus(list[i].Resources.Shared())) // shared once
			return list
		}
	}
	return append(list, one)
}

// allocate returns part allocated to the leaf's role. Agents come in few sizes, so the last answer is often right again;
// but volumes that are equal may say different things of how they are used.
func (l *leaf) allocate(ag *agent, part resources.Resources) resources.Resources {
	if !ag.plain {
		return part.Allocate(l.role)
	}
	if !l.lastPart.Equal(part) {
		l.lastPart, l.lastAllocated = part, part.Allocate(l.role)
	}
	return l.lastAllocated
}

// unallocate is the way back: usually what comes back is what went out.
func (l *leaf) unallocate(part resources.Resources) resources.Resources {
	if l.lastAllocated.Equal(part) {
		return l.lastPart
	}
	return part.Unallocate()
}

// findEligible sets a.eligible to the leaves that may be offered something of an agent, and says whether there is any.
func (a *Allocator) findEligible(ag *agent) bool {
	a.eligible = append(a.eligible[:0], a.live...)
	var any uint64
	for i := range a.eligible {
		if i < len(ag.blocked) {
			a.eligible[i] &^= ag.blocked[i]
		}
		if i < len(ag.barred) {
			a.eligible[i] &^= ag.barred[i]
		}
		if ag.gpus {
			if i < len(a.gpu) {
				a.eligible[i] &= a.gpu[i]
			} else {
				a.eligible[i] = 0
			}
		}
		any |= a.eligible[i]
	}
	return any != 0
}

// offerable is the part of free that a leaf may be offered. Nearly every agent is plain, and then it is all of it. What is
// reserved to a role is for that role and those below it.
func (a *Allocator) offerable(ag *agent, free resources.Resources, to int32) resources.Resources {
	if ag.plain {
		return free
	}
	l := &a.leaves[to]
	caps := l.framework.caps
	part := free.AllocatableTo(l.role)
	if !caps.Revocable {
		part = part.Nonrevocable()
	}
	if !caps.Shared {
		part = part.Minus(part.Shared())
	}
	if !caps.ReservationRefinement && ag.refined {
		for _, one := range part.Split() {
			if isRefined(one) {
				part = part.Minus(one)
			}
		}
	}
	return part
}

// isPlain says whether everybody may be offered all of r.
func isPlain(r resources.Resources) bool {
	return len(r.Reservations()) == 0 && r.Revocable().Empty() && r.Shared().Empty()
}

// isRefined says whether something in r is reserved more than once, to ever deeper roles.
func isRefined(r resources.Resources) bool {
	return slices.ContainsFunc(r.Proto(), func(p *mesosv1.Resource) bool { return len(p.GetReservations()) > 1 })
}
