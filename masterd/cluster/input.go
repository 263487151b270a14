package cluster

import "codeberg.org/reeve/reeve/masterd/turn"

// The inputs under the names that the edges know; masterd/turn says what they are and how they are answered.
type (
	// Input is what enters the machine.
	Input = turn.Input
	// Tick says that the deadline has come.
	Tick = turn.Tick
	// AgentRegister is the first message of a link stream.
	AgentRegister = turn.AgentRegister
	// AgentClosed says that the stream ended, for whatever reason.
	AgentClosed = turn.AgentClosed
	// AgentUpdate is a status update on its way to the framework.
	AgentUpdate = turn.AgentUpdate
	// AgentHistory is some of what ended on the agent before, and has been acknowledged; it follows a registration.
	AgentHistory = turn.AgentHistory
	// OperationUpdate is an agent's word on how an operation went.
	OperationUpdate = turn.OperationUpdate
	// TaskPulling says how far the image of a staging task is.
	TaskPulling = turn.TaskPulling
	// ExecutorExited says that an executor's container ended.
	ExecutorExited = turn.ExecutorExited
	// ExecutorToFramework carries an executor's MESSAGE, best effort.
	ExecutorToFramework = turn.ExecutorToFramework
	// AgentSuspected carries gossip's word that the agent of this id failed.
	AgentSuspected = turn.AgentSuspected
	// Subscribe opens a framework's stream.
	Subscribe = turn.Subscribe
	// FrameworkClosed says that the framework's side of the stream is gone, or its outbox ran over.
	FrameworkClosed = turn.FrameworkClosed
	// Call is any scheduler call but SUBSCRIBE.
	Call = turn.Call
	// Teardown is the operator's TEARDOWN.
	Teardown = turn.Teardown
	// OperatorKill ends a task on an operator's behalf, whichever framework it belongs to.
	OperatorKill = turn.OperatorKill
	// MarkGone removes an agent for ever.
	MarkGone = turn.MarkGone
	// Moved answers the effect Move: there is nothing left to move from the agent.
	Moved = turn.Moved
	// SetWeights gives roles weights.
	SetWeights = turn.SetWeights
	// SetQuotas gives roles quotas.
	SetQuotas = turn.SetQuotas
	// Operate converts what an agent has and no task uses.
	Operate = turn.Operate
	// Maintain changes the schedule of maintenance or what machines are down.
	Maintain = turn.Maintain
	// DeactivateAgent stops that an agent is offered; its tasks go on.
	DeactivateAgent = turn.DeactivateAgent
	// DrainAgent deactivates an agent and ends its tasks.
	DrainAgent = turn.DrainAgent
	// ReactivateAgent ends DeactivateAgent, and DrainAgent once the agent is drained.
	ReactivateAgent = turn.ReactivateAgent
	// RescindOffer takes an offer back.
	RescindOffer = turn.RescindOffer
	// Persisted answers a Persist effect.
	Persisted = turn.Persisted
	// QuotaRule is what a change of quotas expects to find.
	QuotaRule = turn.QuotaRule
)
