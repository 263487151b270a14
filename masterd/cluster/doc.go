// Package cluster is the machine of the leading master: agents, frameworks, and every rule between them (spec 3.1 to 3.9).
// It owns the State for one term; a new term starts with a new State built from the registry. It never blocks,
// never sees a socket, a clock, raft or a logger: Step takes an input and returns effects, and masterd/term carries them out.
// Start reading at the protocol, then State:
//
//	input.go, masterd/turn   what comes in and what goes out
//	masterd/view             what readers get: entities that are replaced, never changed
//	state.go, step.go        the struct, its indexes, and the switch from input to handler
//	register.go, join.go     an agent's way in; lose.go, overdue.go its way out
//	subscribe.go, call.go    frameworks
//
// The parts that stand alone are packages beside this one: masterd/ledger (who has what), masterd/offering (offers and
// launches), masterd/status (what becomes of tasks), masterd/validate (checks and their sentences), masterd/message (how it
// is said), masterd/deadlines (the one timer). They are for this package; nobody else calls them.
package cluster
