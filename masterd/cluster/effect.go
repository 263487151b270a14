package cluster

import "codeberg.org/reeve/reeve/masterd/turn"

// The effects under the names that the term knows; masterd/turn says what they are.
type (
	// Effect is what must happen after a turn.
	Effect = turn.Effect
	// ToAgent appends to the outbox of a link stream.
	ToAgent = turn.ToAgent
	// CloseAgent ends a link stream.
	CloseAgent = turn.CloseAgent
	// ToFramework appends to the outbox of a framework's stream.
	ToFramework = turn.ToFramework
	// CloseFramework ends a framework's stream.
	CloseFramework = turn.CloseFramework
	// ToOperators tells every subscriber of the operator API.
	ToOperators = turn.ToOperators
	// Happened is for people.
	Happened = turn.Happened
	// Count adds to a counter.
	Count = turn.Count
	// Persist hands ops to the registrar.
	Persist = turn.Persist
	// Move asks the jobs to leave an agent.
	Move = turn.Move
	// Reply answers an input.
	Reply = turn.Reply
	// Ticket ties an input to the Reply that answers it; 0 means that nobody waits for an answer.
	Ticket = turn.Ticket
)
