package allocator

import (
	"fmt"

	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/operation"
	"codeberg.org/reeve/reeve/shared/resources"
)

// agent is one agent's accounting. free = total − used always; vector is free's.
type agent struct {
	id         ids.Agent
	generation uint32 // grows when the place is used again
	active     bool   // may be offered
	queued     bool   // is in Allocator.queue
	plain      bool   // total holds nothing but unreserved, non-revocable, unshared resources
	unsettled  bool   // some refusals have not been compared with free yet
	refined    bool   // total holds resources reserved more than once
	gpus       bool
	total      resources.Resources
	used       resources.Resources // offered or used, not allocated to a role
	free       resources.Resources
	seen       resources.Resources // what free was when blocked was computed
	vector     resources.Vector
	spare      resources.Vector // the ordinary part of vector, zero unless active
	withheld   bool             // quota keeps something of it from somebody
	grants     []grant
	refusals   []refusal
	blocked    bits // leaves with a refusal that holds
	barred     bits // leaves that are never offered this agent, see bar.go
	foreign    bool // of another region
	info       *mesosv1.AgentInfo
}

// grant is what one leaf has of one agent.
type grant struct {
	leaf      int32
	resources resources.Resources // allocated to the leaf's role
}

// AddAgent makes an agent known and active. allocated is what its tasks and executors hold, by framework; frameworks that
// have not subscribed yet are accounted for and offered nothing. An agent known already is replaced, its filters with it.
func (a *Allocator) AddAgent(id ids.Agent, total resources.Resources, allocated map[ids.Framework]resources.Resources) {
	a.RemoveAgent(id)
	at := a.placeAgent(id)
	a.setTotal(&a.agents[at], total)
	for _, fw := range sortedKeys(allocated) {
		a.grant(at, fw, allocated[fw])
	}
	a.touch(at)
}

func (a *Allocator) placeAgent(id ids.Agent) int32 {
	var at int32
	if last := len(a.unused) - 1; last >= 0 {
		at = a.unused[last]
		a.unused = a.unused[:last]
		a.agents[at] = agent{generation: a.agents[at].generation}
	} else {
		at = int32(len(a.agents))
		a.agents = append(a.agents, agent{})
	}
	a.agents[at].id = id
	a.agents[at].active = true
	a.agentIndex[id] = at
	return at
}

// setTotal changes what an agent has.
func (a *Allocator) setTotal(ag *agent, total resources.Resources) {
	a.tree.addTotal(ag.total.Vector(), -1)
	a.tree.addTotal(total.Vector(), +1)
	a.reserve(ag.total, -1)
	a.reserve(total, 1)
	ag.plain = isPlain(total)
	ag.total = total
	if ag.plain { // volumes that are equal may still say different things of how they are used
		ag.total = a.intern(total)
	}
	ag.refined = !ag.plain && isRefined(total)
	ag.gpus = total.Scalar("gpus") > 0
	a.account(ag)
}

// sizes is how many distinct totals are remembered.
const sizes = 8

// intern returns an equal value that other agents may have: machines come in few sizes, and a pass that compares the same
// few values stays in the cache.
func (a *Allocator) intern(total resources.Resources) resources.Resources {
	for _, known := range a.totals {
		if known.Equal(total) {
			return known
		}
	}
	if len(a.totals) == sizes {
		a.totals = a.totals[1:]
	}
	a.totals = append(a.totals, total)
	return total
}

// account derives what is free. An agent whose total shrank below what it uses has less free than nothing in some kind,
// which counts as nothing.
func (a *Allocator) account(ag *agent) {
	ag.free = ag.total.Minus(ag.used)
	ag.vector = ag.free.Nonshared().Vector() // alone nobody is offered what everybody can have
	a.keepSpare(ag)
}

// UpdateAgent changes what an agent has in total. What is allocated stays.
func (a *Allocator) UpdateAgent(id ids.Agent, total resources.Resources) {
	if at, ok := a.agentIndex[id]; ok {
		a.setTotal(&a.agents[at], total)
		a.touch(at)
	}
}

// Free is what an agent has that is allocated to nobody.
func (a *Allocator) Free(id ids.Agent) resources.Resources {
	at, ok := a.agentIndex[id]
	if !ok {
		return resources.Resources{}
	}
	return a.agents[at].free
}

// Convert replaces a part of what a framework holds of an agent, in its allocated form, and what the agent has in total. As
// with Recover, converting what it does not hold is a bug, and panics.
func (a *Allocator) Convert(fw ids.Framework, id ids.Agent, c operation.Conversion, total resources.Resources) {
	at := a.agentIndex[id]
	ag := &a.agents[at]
	roles := c.Consumed.AllocationRoles()
	c.Consumed, c.Converted = c.Consumed.Nonshared(), c.Converted.Nonshared()
	i := ag.findHolder(a, fw, c.Consumed)
	if c.Consumed.Empty() && len(roles) == 1 { // a shared volume, which nobody holds alone
		i = a.grantOf(at, a.leaf(fw, roles[0]))
	}
	if i < 0 {
		panic(fmt.Sprintf("allocator: convert %s of framework %s on agent %s: not allocated", c.Consumed, fw, id))
	}
	g, plain := &ag.grants[i], c.Unallocate()
	g.resources = g.resources.Minus(c.Consumed).Plus(c.Converted)
	l := a.leaves[g.leaf]
	a.tree.charge(l.node, negative(c.Consumed.Vector()), 0)
	a.tree.charge(l.node, c.Converted.Vector(), 0)
	a.consume(l.quota, plain.Consumed.Ordinary(), -1) // what is reserved counts with the total
	a.consume(l.quota, plain.Converted.Ordinary(), 1)
	ag.used = ag.used.Minus(plain.Consumed).Plus(plain.Converted)
	a.setTotal(ag, total)
}

// RemoveAgent forgets an agent and everything that was allocated on it.
func (a *Allocator) RemoveAgent(id ids.Agent) {
	at, ok := a.agentIndex[id]
	if !ok {
		return
	}
	ag := &a.agents[at]
	for _, g := range ag.grants {
		a.tree.charge(a.leaves[g.leaf].node, negative(g.resources.Vector()), 0)
		a.consume(a.leaves[g.leaf].quota, g.resources.Ordinary(), -1)
		a.leaves[g.leaf].grants--
		a.dropLeafIfUnused(g.leaf)
	}
	a.tree.addTotal(ag.total.Vector(), -1)
	a.reserve(ag.total, -1)
	ag.active = false
	a.keepSpare(ag)
	a.withhold(ag, false)
	a.countForeign(ag, false)
	delete(a.agentIndex, id)
	a.agents[at] = agent{generation: ag.generation + 1, queued: ag.queued}
	if !ag.queued { // a place in the queue is given back when the queue reaches it
		a.unused = append(a.unused, at)
	}
}

// SetAgentActive says whether an agent's resources may be offered. Its accounting goes on either way.
func (a *Allocator) SetAgentActive(id ids.Agent, active bool) {
	if at, ok := a.agentIndex[id]; ok {
		a.agents[at].active = active
		a.keepSpare(&a.agents[at])
		a.touch(at)
	}
}

// Allocated accounts for resources that an agent turns out to hold for a framework.
func (a *Allocator) Allocated(fw ids.Framework, id ids.Agent, r resources.Resources) {
	if at, ok := a.agentIndex[id]; ok {
		a.grant(at, fw, r)
	}
}

// grantOf is the place of a leaf's grant, which is made if there is none.
func (a *Allocator) grantOf(at, leaf int32) int {
	ag := &a.agents[at]
	if i := ag.findGrant(leaf); i >= 0 {
		return i
	}
	ag.grants = append(ag.grants, grant{leaf: leaf})
	a.leaves[leaf].grants++
	return len(ag.grants) - 1
}

// grant accounts resources to the leaves they are allocated to.
func (a *Allocator) grant(at int32, fw ids.Framework, r resources.Resources) {
	r = r.Nonshared()
	for _, role := range r.AllocationRoles() {
		part := r.AllocatedTo(role)
		plain := part.Unallocate()
		a.hold(at, a.leaf(fw, role), part, plain, 0)
		a.account(&a.agents[at])
	}
}

// hold is the one place where resources become allocated. The caller brings free up to date. plain is allocated without
// its role. What is shared is never accounted: it can be offered again however many have it.
func (a *Allocator) hold(at, to int32, allocated, plain resources.Resources, offers uint64) {
	ag := &a.agents[at]
	if !ag.plain {
		allocated, plain = allocated.Nonshared(), plain.Nonshared()
	}
	ag.used = ag.used.Plus(plain)
	a.tree.charge(a.leaves[to].node, plain.Vector(), offers)
	if q := a.leaves[to].quota; q != nil {
		a.consume(q, plain.Ordinary(), 1)
	}
	if i := ag.findGrant(to); i >= 0 {
		ag.grants[i].resources = ag.grants[i].resources.Plus(allocated)
		return
	}
	ag.grants = append(ag.grants, grant{to, allocated})
	a.leaves[to].grants++
}

// Recover takes back resources that were offered or used, in their allocated form. A filter, unless nil, keeps them from
// being offered to the framework in that role again. Unknown agents are ignored: removing one recovered everything.
// Recovering what is not allocated is a bug of the caller, and panics: accounting that is wrong must not go on.
func (a *Allocator) Recover(fw ids.Framework, id ids.Agent, r resources.Resources, filter *Filter) {
	at, ok := a.agentIndex[id]
	if !ok || r.Empty() {
		return
	}
	ag, held := &a.agents[at], r.Nonshared()
	if held.Empty() {
		return
	}
	if i := ag.findHolder(a, fw, held); i >= 0 { // nearly always it is all in one role
		a.release(at, i, held, r, filter)
	} else {
		for _, role := range held.AllocationRoles() {
			part := held.AllocatedTo(role)
			i := ag.findHolder(a, fw, part)
			if i < 0 {
				panic(fmt.Sprintf("allocator: recover %s of framework %s on agent %s: not allocated", part, fw, id))
			}
			a.release(at, i, part, r.AllocatedTo(role), filter)
		}
	}
	a.account(ag)
	a.touch(at)
}

// release takes part out of the agent's grant i, which holds it. refused is part and what is shared beside it.
func (a *Allocator) release(at int32, i int, part, refused resources.Resources, filter *Filter) {
	ag := &a.agents[at]
	of := ag.grants[i].leaf
	plain := a.leaves[of].unallocate(part)
	a.tree.charge(a.leaves[of].node, negative(plain.Vector()), 0)
	if q := a.leaves[of].quota; q != nil {
		a.consume(q, plain.Ordinary(), -1)
	}
	if filter != nil && a.leaves[of].subscribed {
		all := plain
		if !ag.plain {
			all = refused.Unallocate()
		}
		a.refuse(at, refusal{leaf: of, until: filter.Until, refused: all})
	}
	if !part.Contains(ag.grants[i].resources) {
		ag.grants[i].resources = ag.grants[i].resources.Minus(part)
		ag.used = ag.used.Minus(plain)
		return
	}
	last := len(ag.grants) - 1
	ag.grants[i] = ag.grants[last]
	ag.grants[last] = grant{}
	ag.grants = ag.grants[:last]
	if last == 0 {
		ag.used = resources.Resources{}
	} else {
		ag.used = ag.used.Minus(plain)
	}
	a.leaves[of].grants--
	a.dropLeafIfUnused(of)
}

// findGrant is the place of a leaf's grant, -1 if it has none.
func (ag *agent) findGrant(leaf int32) int {
	for i := range ag.grants {
		if ag.grants[i].leaf == leaf {
			return i
		}
	}
	return -1
}

// findHolder is the place of the framework's grant that holds all of r, -1 if there is none.
func (ag *agent) findHolder(a *Allocator, fw ids.Framework, r resources.Resources) int {
	for i := range ag.grants {
		if a.leaves[ag.grants[i].leaf].framework.id == fw && ag.grants[i].resources.Contains(r) {
			return i
		}
	}
	return -1
}

func negative(v resources.Vector) resources.Vector {
	for i := range v {
		v[i] = -v[i]
	}
	return v
}
