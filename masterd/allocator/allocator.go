package allocator

import (
	"math/rand/v2"
	"time"

	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/resources"
)

// Config is what an allocator is told once.
type Config struct {
	// MinAllocatable lists amounts of which an offer must hold at least one; empty means DefaultMinAllocatable.
	MinAllocatable []resources.Resources
}

// Capabilities are the abilities of a framework that decide what it may be offered (spec 3.3).
type Capabilities struct {
	GPU                   bool // agents with GPUs are kept for those who have it
	Revocable             bool
	Shared                bool
	RegionAware           bool // agents of other regions than the master\'s
	ReservationRefinement bool
}

// Allocation is one agent's free resources given to one framework in one role. They count as allocated until Recover.
type Allocation struct {
	Framework ids.Framework
	Role      string
	Agent     ids.Agent
	Resources resources.Resources // allocated to Role
}

// Allocator is the state. Make one with New; it is not safe for use by two goroutines.
type Allocator struct {
	random *rand.Rand
	mins   []minimum

	agents     []agent // dense; a removed agent's place is used again
	unused     []int32
	agentIndex map[ids.Agent]int32
	totals     []resources.Resources // the newest distinct ones

	frameworks map[ids.Framework]*framework
	leaves     []leaf
	freeLeaves []int32
	live       bits // leaves that may be offered something now
	gpu        bits // leaves that may be offered agents with GPUs

	tree     tree
	wheel    wheel
	queue    []int32 // agents worth looking at; agent.queued says who is in it
	eligible bits    // scratch of Slice
	needy    bits    // the same
	quotas   quotas
	foreign  int // agents of another region
}

// minimum is one entry of Config.MinAllocatable as a vector; zero entries ask for nothing.
type minimum resources.Vector

// New returns an allocator without agents or frameworks. random is used by Slice alone.
func New(cfg Config, random *rand.Rand) *Allocator {
	a := &Allocator{
		random:     random,
		agentIndex: map[ids.Agent]int32{},
		frameworks: map[ids.Framework]*framework{},
		tree:       newTree(),
	}
	for _, r := range cfg.MinAllocatable {
		a.mins = append(a.mins, minimum(r.Vector()))
	}
	if len(a.mins) == 0 {
		a.mins = []minimum{{10}, {0, 32_000}} // cpus:0.01 or mem:32 (spec 4.1)
	}
	return a
}

// SetWeight sets the weight of a role among its siblings; every role's is 1 until then. weight must be positive.
func (a *Allocator) SetWeight(role string, weight float64) {
	a.tree.setWeight(role, weight)
	a.touchAll()
}

// Pending says whether Slice has agents to look at.
func (a *Allocator) Pending() bool { return len(a.queue) > 0 }

// Deadline is when the next filter runs out or what quota withheld may be offered, the zero time if never. Slice at or after
// it looks at the agents in question.
func (a *Allocator) Deadline() time.Time {
	next, sweep := a.wheel.next(), a.quotas.sweepAt()
	if next.IsZero() || !sweep.IsZero() && sweep.Before(next) {
		return sweep
	}
	return next
}

// touch makes an agent a candidate if it has anything to offer.
func (a *Allocator) touch(at int32) {
	ag := &a.agents[at]
	if ag.queued || !ag.active || a.tree.nodes[root].live == 0 || !a.worthOffering(ag.vector) {
		return
	}
	ag.queued = true
	a.queue = append(a.queue, at)
}

// touchAll makes every agent that has anything to offer a candidate.
func (a *Allocator) touchAll() {
	for i := range a.agents {
		a.touch(int32(i))
	}
}

// worthOffering says whether v reaches one of the minimums.
func (a *Allocator) worthOffering(v resources.Vector) bool {
	for _, m := range a.mins {
		if v[0] >= m[0] && v[1] >= m[1] && v[2] >= m[2] && v[3] >= m[3] {
			return true
		}
	}
	return false
}
