package allocator

import (
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
)

// Some agents are barred from some leaves whatever they have free: those of another region, and those that a framework's
// constraints exclude. That changes rarely and costs regular expressions, so each agent remembers it as a set of leaves.

// Accepts says whether a framework wants an agent in a role.
type Accepts func(role string, info *mesosv1.AgentInfo) bool

// SetAgentInfo says what constraints are about, and whether the agent is of another region than the master. An agent that
// was removed or replaced has none until this is said again.
func (a *Allocator) SetAgentInfo(id ids.Agent, info *mesosv1.AgentInfo, foreign bool) {
	at, ok := a.agentIndex[id]
	if !ok {
		return
	}
	ag := &a.agents[at]
	a.countForeign(ag, foreign)
	ag.info = info
	for i := range a.leaves {
		if l := &a.leaves[i]; l.framework != nil && l.subscribed {
			a.bar(ag, int32(i))
		}
	}
	a.touch(at)
}

func (a *Allocator) countForeign(ag *agent, foreign bool) {
	if ag.foreign {
		a.foreign--
	}
	if ag.foreign = foreign; foreign {
		a.foreign++
	}
}

// SetConstraints says which agents a framework wants; nil for all. It stays until the framework is removed.
func (a *Allocator) SetConstraints(id ids.Framework, accepts Accepts) {
	fw, ok := a.frameworks[id]
	if !ok || !fw.known {
		return
	}
	if fw.accepts == nil && accepts == nil {
		return
	}
	fw.accepts = accepts
	for _, role := range sortedKeys(fw.leaves) {
		a.barAll(fw.leaves[role])
	}
	a.touchAll()
}

// barAll finds out anew which agents are barred from a leaf.
func (a *Allocator) barAll(leaf int32) {
	l := &a.leaves[leaf]
	if a.foreign == 0 && l.framework.accepts == nil && !l.bars {
		return
	}
	for i := range a.agents {
		if a.agents[i].id != "" {
			a.bar(&a.agents[i], leaf)
		}
	}
}

func (a *Allocator) bar(ag *agent, leaf int32) {
	l := &a.leaves[leaf]
	barred := ag.foreign && !l.framework.caps.RegionAware || l.framework.accepts != nil && ag.info != nil && !l.framework.accepts(l.role, ag.info)
	ag.barred.put(leaf, barred)
	l.bars = l.bars || barred
}

// unbar forgets what a leaf that goes was barred from.
func (a *Allocator) unbar(leaf int32) {
	if !a.leaves[leaf].bars {
		return
	}
	for i := range a.agents {
		a.agents[i].barred.remove(leaf)
	}
}
