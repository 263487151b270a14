// Package cluster is the machine of the leading master: agents, frameworks, tasks, offers, and every rule between them
// (spec 3.1 to 3.9). It owns the State and its indexes for one term; a new term starts with a new State built from the
// registry (DESIGN 4). It never blocks, never sees a socket, a clock, raft or a logger: Step takes an input and returns
// effects, and masterd/term carries them out.
//
//	input.go, effect.go   the two sealed sum types: read them first, they are the protocol
//	view.go               what readers get: entities that are replaced, never changed
//	state.go, step.go     the struct, its indexes, and the switch from input to handler
//	one file per noun     agent.go framework.go task.go offer.go launch.go reconcile.go …
package cluster
