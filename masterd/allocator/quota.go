package allocator

import (
	"math"
	"strings"
	"time"

	"codeberg.org/reeve/reeve/shared/resources"
)

// NoLimit is the limit of what has none.
const NoLimit = math.MaxInt64

// Quota is what a role, with those below it, is guaranteed and may have at most, of the four scalars of a Vector. What counts
// is what is reserved to it, used or not, and what it was offered or uses of the rest.
type Quota struct {
	Guarantee resources.Vector
	Limit     resources.Vector // NoLimit where there is none
}

// quota is the accounting of one Quota. Those of a role and of one far below it form a tree of their own.
type quota struct {
	Quota
	role     string
	parent   *quota // the nearest one above
	consumed resources.Vector
	below    resources.Vector // what those below have still to get
	own      resources.Vector // what it has to get on top of that
	leaves   bits             // in the role or below it
	full     bool             // nothing that is worth an offer fits under the limit
	needy    bool             // own is not zero
}

// quotas is what an allocator knows of all of them.
type quotas struct {
	byRole map[string]*quota
	owed   resources.Vector // the sum of own: what must stay free for guarantees
	spare  resources.Vector // what active agents have free and ordinary
	full   bits             // leaves that have a full quota above them
	needy  bits             // leaves that have a needy one
	stale  bool             // full and needy have to be found anew

	// What was withheld from somebody is offered when there is more room. That may happen with every task that ends, so
	// the agents in question are looked at once in sweepEvery.
	withheld int // agents
	sweep    bool
	swept    time.Time
}

const sweepEvery = time.Second

// SetQuotas replaces all quotas.
func (a *Allocator) SetQuotas(set map[string]Quota) {
	q := &a.quotas
	q.byRole, q.owed, q.stale = make(map[string]*quota, len(set)), resources.Vector{}, true
	for _, role := range sortedKeys(set) { // those above come first
		one := &quota{Quota: set[role], role: role, parent: a.quotaOf(role)}
		q.byRole[role] = one
		a.consume(one, resources.Vector{}, 1)
	}
	for i := range a.leaves {
		if a.leaves[i].framework != nil {
			a.leaves[i].quota = nil
			a.placeLeaf(int32(i))
		}
	}
	for i := range a.agents {
		ag := &a.agents[i]
		a.withhold(ag, false)
		a.reserve(ag.total, 1)
		for _, g := range ag.grants {
			a.consume(a.leaves[g.leaf].quota, g.resources.Ordinary(), 1)
		}
	}
	a.touchAll()
}

// quotaOf is the quota of a role or the nearest above it, nil if there is none.
func (a *Allocator) quotaOf(role string) *quota {
	if len(a.quotas.byRole) == 0 {
		return nil
	}
	for {
		if q, ok := a.quotas.byRole[role]; ok {
			return q
		}
		i := strings.LastIndexByte(role, '/')
		if i < 0 {
			return nil
		}
		role = role[:i]
	}
}

// placeLeaf tells a leaf its quota, and the quota its leaf.
func (a *Allocator) placeLeaf(at int32) {
	a.leaves[at].quota = a.quotaOf(a.leaves[at].role)
	for q := a.leaves[at].quota; q != nil; q = q.parent {
		q.leaves.add(at)
		a.quotas.stale = true
	}
}

func (a *Allocator) unplaceLeaf(at int32) {
	for q := a.leaves[at].quota; q != nil; q = q.parent {
		q.leaves.remove(at)
		a.quotas.stale = true
	}
}

// consume counts an amount (a negative one to give it back) for a quota and those above it.
func (a *Allocator) consume(q *quota, amount resources.Vector, sign int64) {
	var change resources.Vector // of what the one below has to get
	for ; q != nil; q = q.parent {
		for i := range scalars {
			q.consumed[i] += sign * amount[i]
			before := q.own[i] + q.below[i]
			q.below[i] += change[i]
			own := max(0, q.Guarantee[i]-q.consumed[i]-q.below[i])
			a.quotas.owed[i] += own - q.own[i]
			q.own[i] = own
			change[i] = own + q.below[i] - before
		}
		a.judge(q)
	}
	if sign < 0 && a.quotas.withheld > 0 {
		a.quotas.sweep = true
	}
}

// judge derives what a quota means for its leaves.
func (a *Allocator) judge(q *quota) {
	full, needy := !a.worthOffering(q.room()), q.own != resources.Vector{}
	if full != q.full || needy != q.needy {
		q.full, q.needy, a.quotas.stale = full, needy, true
	}
}

// OverLimit says that a role, or one above it, has more than its limit of something in amount, what the role was given.
func (a *Allocator) OverLimit(role string, amount resources.Vector) bool {
	for q := a.quotaOf(role); q != nil; q = q.parent {
		for i := range scalars {
			if amount[i] > 0 && q.Limit[i] != NoLimit && q.consumed[i] > q.Limit[i] {
				return true
			}
		}
	}
	return false
}

// Owed says that less is free than is owed to guarantees, of something in amount, what a role was given beyond what it is
// guaranteed itself.
func (a *Allocator) Owed(role string, amount resources.Vector) bool {
	for i := range scalars {
		beyond := amount[i]
		for q := a.quotaOf(role); q != nil; q = q.parent {
			beyond = min(beyond, q.consumed[i]-q.Guarantee[i])
		}
		if beyond > 0 && a.quotas.spare[i] < a.quotas.owed[i] {
			return true
		}
	}
	return false
}

// room is what fits under the limit.
func (q *quota) room() resources.Vector {
	room := q.Limit
	for i := range scalars {
		if room[i] != NoLimit {
			room[i] = max(0, room[i]-q.consumed[i])
		}
	}
	return room
}

// reserve counts what of an agent is reserved to roles.
func (a *Allocator) reserve(total resources.Resources, sign int64) {
	if len(a.quotas.byRole) == 0 {
		return
	}
	for _, role := range total.Reservations() {
		if q := a.quotaOf(role); q != nil {
			a.consume(q, total.ReservedTo(role).Nonrevocable().Vector(), sign)
		}
	}
}

// keepSpare brings the sum of what is free up to date with an agent.
func (a *Allocator) keepSpare(ag *agent) {
	var now resources.Vector
	switch {
	case !ag.active:
	case ag.plain:
		now = ag.vector
	default:
		now = ag.free.Ordinary()
	}
	grew := false
	for i := range scalars {
		a.quotas.spare[i] += now[i] - ag.spare[i]
		grew = grew || now[i] > ag.spare[i]
	}
	ag.spare = now
	if grew && a.quotas.withheld > 0 {
		a.quotas.sweep = true
	}
}

// sortLeaves finds full and needy anew.
func (q *quotas) sortLeaves() {
	q.stale = false
	clear(q.full)
	clear(q.needy)
	for _, one := range q.byRole {
		if one.full {
			q.full.addAll(one.leaves)
		}
		if one.needy {
			q.needy.addAll(one.leaves)
		}
	}
}

// stage is which rule an offer follows.
type stage int

const (
	free       stage = iota // there are no quotas
	guaranteed              // roles get what they are guaranteed and do not have
	fair                    // everybody gets, as long as what is owed to guarantees stays free
)

// serveByQuota offers what an agent has in two stages.
func (a *Allocator) serveByQuota(at int32, out []Allocation) []Allocation {
	ag, q := &a.agents[at], &a.quotas
	if q.stale {
		q.sortLeaves()
	}
	a.withhold(ag, false)
	given := len(out)
	if q.owed != (resources.Vector{}) {
		a.needy = a.needy.intersection(a.eligible, q.needy)
		out = a.serve(at, a.needy, guaranteed, given, out)
	}
	if ag.plain && a.eligible.removeAll(q.full) {
		a.withhold(ag, true)
	}
	if ag.plain && !a.worthOffering(least(ag.vector, a.slack())) { // all that is free is owed
		if a.eligible.keep(q.needy) {
			a.withhold(ag, true)
		}
	}
	out = a.serve(at, a.eligible, fair, given, out)
	if !a.worthOffering(ag.vector) {
		a.withhold(ag, false)
	}
	return out
}

// slack is what is free and not owed to a guarantee.
func (a *Allocator) slack() resources.Vector {
	var slack resources.Vector
	for i := range scalars {
		slack[i] = max(0, a.quotas.spare[i]-a.quotas.owed[i])
	}
	return slack
}

func least(v, most resources.Vector) resources.Vector {
	for i := range scalars {
		v[i] = min(v[i], most[i])
	}
	return v
}

// withhold notes whether quota keeps something of an agent from somebody.
func (a *Allocator) withhold(ag *agent, withheld bool) {
	if ag.withheld == withheld {
		return
	}
	ag.withheld = withheld
	if withheld {
		a.quotas.withheld++
	} else {
		a.quotas.withheld--
	}
}

// most is how much of the ordinary scalars of an agent a leaf may be offered at a stage; ok is false if a guarantee is not
// helped by it.
func (a *Allocator) most(ag *agent, to int32, at stage) (most resources.Vector, ok bool) {
	room, own := a.roomOf(to)
	if at == fair {
		return a.fairMost(room, own), true
	}
	slack := a.slack()
	for i := range scalars {
		if own[i] == 0 {
			most[i] = min(room[i], slack[i])
			continue
		}
		most[i] = min(room[i], own[i])
		ok = ok || min(most[i], ag.spare[i]) > 0
	}
	return most, ok
}

// roomOf is what limits leave to a leaf, and what the quotas on its way have still to get.
func (a *Allocator) roomOf(to int32) (room, own resources.Vector) {
	room = resources.Vector{NoLimit, NoLimit, NoLimit, NoLimit, NoLimit}
	var path resources.Vector // what the quotas on the way have to get, with those below them
	for q := a.leaves[to].quota; q != nil; q = q.parent {
		fits := q.room()
		for i := range scalars {
			if fits[i] != NoLimit { // what others below are guaranteed has to fit, too
				fits[i] = max(0, fits[i]-(q.below[i]-path[i]))
			}
			own[i] += q.own[i]
			path[i] = q.own[i] + q.below[i]
		}
		room = least(room, fits)
	}
	return room, own
}

// chop takes from part what quota keeps from a leaf. What is left is nothing if the leaf has a filter on it.
func (a *Allocator) chop(ag *agent, to int32, at stage, part resources.Resources) (left resources.Resources, whole bool) {
	most, ok := a.most(ag, to, at)
	if !ok {
		return resources.Resources{}, false
	}
	if least(ag.spare, most) == ag.spare && ag.spare[resources.GPUs]%1000 == 0 {
		return part, true
	}
	left = part.AtMost(most)
	if left.Equal(part) {
		return part, true
	}
	a.withhold(ag, true)
	for i := range ag.refusals {
		if r := &ag.refusals[i]; r.leaf == to && r.refused.Contains(left) {
			return resources.Resources{}, false
		}
	}
	return left, false
}

// sweepAt is when agents that have something withheld are looked at again, zero for never.
func (q *quotas) sweepAt() time.Time {
	if !q.sweep || q.withheld == 0 {
		return time.Time{}
	}
	return q.swept.Add(sweepEvery)
}

// sweepWithheld makes those agents candidates when it is time.
func (a *Allocator) sweepWithheld(now time.Time) {
	if at := a.quotas.sweepAt(); at.IsZero() || now.Before(at) {
		return
	}
	a.quotas.sweep, a.quotas.swept = false, now
	for i := range a.agents {
		if a.agents[i].withheld {
			a.touch(int32(i))
		}
	}
}
