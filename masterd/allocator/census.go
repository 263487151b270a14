package allocator

import (
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/resources"
)

// Census counts the agents that could be offered by what they have left for a demand.
type Census struct {
	Short  [len(resources.Vector{})]int // agents that have too little of a resource; of several the first
	Most   resources.Vector             // the most that one of those has left of it
	Enough int                          // agents that have all of it
}

// Census counts agents, but those that but says. It changes nothing, and is quick: a few nanoseconds for each.
func (a *Allocator) Census(ask resources.Vector, but func(ids.Agent) bool) Census {
	var c Census
	for i := range a.agents {
		ag := &a.agents[i]
		if ag.id == "" || !ag.active || but(ag.id) {
			continue
		}
		if short := lacks(ag.vector, ask); short >= 0 {
			c.Short[short]++
			c.Most[short] = max(c.Most[short], ag.vector[short])
		} else {
			c.Enough++
		}
	}
	return c
}

// lacks is the first resource of which less is there than asked, -1 if there is none.
func lacks(have, ask resources.Vector) int {
	for i := range ask {
		if have[i] < ask[i] {
			return i
		}
	}
	return -1
}
