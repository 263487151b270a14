package allocator

import (
	"time"

	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/resources"
)

// Why is what keeps an agent from being offered to a framework in a role.
type Why int

// The reasons, in the order in which they are looked for: the first that holds is told.
const (
	Next       Why = iota // nothing: it is offered as soon as the others who come first had it
	Inactive              // the agent is not offered to anybody
	Region                // it is of another region, and the framework is not region-aware
	Constraint            // the framework's constraints exclude it
	Used                  // everything that is worth an offer is in use or offered
	GPUs                  // it has GPUs and is kept for frameworks with that capability
	Capability            // what is left is refined, revocable or shared, and the framework cannot take that
	Reserved              // what is left is reserved to other roles
	Limited               // a limit of the role or of one above it is reached
	Headroom              // what is left is kept for guarantees of other roles
	Filtered              // the framework declined it for a time
)

// Verdict is why one agent is not offered to a leaf.
type Verdict struct {
	Role  string
	Agent ids.Agent
	Why   Why
	Until time.Time // of a filter
	By    string    // the role whose limit it is
}

// Explain says of up to most agents, from a place on, why each is not offered to a framework, in each of its roles. next is
// the place to go on from, -1 at the end. It changes nothing. Places last as long as no agent is added or removed.
func (a *Allocator) Explain(id ids.Framework, from, most int) (list []Verdict, next int) {
	fw, ok := a.frameworks[id]
	if !ok {
		return nil, -1
	}
	roles := sortedKeys(fw.leaves)
	end := min(from+most, len(a.agents))
	for at := from; at < end; at++ {
		ag := &a.agents[at]
		if ag.id == "" {
			continue
		}
		for _, role := range roles {
			v := a.judgeAgent(ag, fw.leaves[role])
			v.Role, v.Agent = role, ag.id
			list = append(list, v)
		}
	}
	if end == len(a.agents) {
		return list, -1
	}
	return list, end
}

func (a *Allocator) judgeAgent(ag *agent, to int32) Verdict {
	part := a.offerable(ag, ag.free, to)
	switch {
	case !ag.active:
		return Verdict{Why: Inactive}
	case ag.foreign && !a.leaves[to].framework.caps.RegionAware:
		return Verdict{Why: Region}
	case ag.barred.has(to):
		return Verdict{Why: Constraint}
	case !a.worthOffering(ag.vector):
		return Verdict{Why: Used}
	case ag.gpus && !a.leaves[to].framework.caps.GPU:
		return Verdict{Why: GPUs}
	case !a.worthOffering(part.Vector()):
		if a.worthOffering(ag.free.AllocatableTo(a.leaves[to].role).Vector()) {
			return Verdict{Why: Capability}
		}
		return Verdict{Why: Reserved}
	}
	if len(a.quotas.byRole) > 0 {
		room, own := a.roomOf(to)
		if !a.worthOffering(part.AtMost(room).Vector()) {
			return Verdict{Why: Limited, By: a.limiting(to)}
		}
		part = part.AtMost(a.fairMost(room, own))
		if !a.worthOffering(part.Vector()) {
			return Verdict{Why: Headroom}
		}
	}
	for i := range ag.refusals {
		if r := &ag.refusals[i]; r.leaf == to && r.refused.Contains(part) {
			return Verdict{Why: Filtered, Until: r.until}
		}
	}
	return Verdict{Why: Next}
}

// limiting names the role whose limit leaves the least.
func (a *Allocator) limiting(to int32) string {
	by := ""
	for q := a.leaves[to].quota; q != nil; q = q.parent {
		if by == "" || q.full {
			by = q.role
		}
		if q.full {
			break
		}
	}
	return by
}

// fairMost is what a leaf may have at most of what is free, after guarantees.
func (a *Allocator) fairMost(room, own resources.Vector) resources.Vector {
	slack := a.slack()
	for i := range scalars {
		room[i] = min(room[i], slack[i]+own[i])
	}
	return room
}
