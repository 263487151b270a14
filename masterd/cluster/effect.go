package cluster

import "codeberg.org/reeve/reeve/masterd/turn"

// The effects, under the names that the term knows; masterd/turn says what they are.
type (
	Effect         = turn.Effect
	ToAgent        = turn.ToAgent
	CloseAgent     = turn.CloseAgent
	ToFramework    = turn.ToFramework
	CloseFramework = turn.CloseFramework
	ToOperators    = turn.ToOperators
	Happened       = turn.Happened
	Count          = turn.Count
	Persist        = turn.Persist
	Reply          = turn.Reply

	// Ticket ties an input to the Reply that answers it; 0 means that nobody waits for an answer.
	Ticket = turn.Ticket
)
