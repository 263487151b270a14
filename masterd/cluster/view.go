package cluster

import "codeberg.org/reeve/reeve/masterd/view"

// The read model under the names that readers know; masterd/view says what each is.
type (
	// View is the state of one moment.
	View = view.View
	// Agent is one agent at one moment.
	Agent = view.Agent
	// Drain is an operator's wish that everything on an agent ends.
	Drain = view.Drain
	// AgentState is what the master believes of an agent.
	AgentState = view.AgentState
	// Framework is one framework at one moment.
	Framework = view.Framework
	// FrameworkState is what the master believes of a framework.
	FrameworkState = view.FrameworkState
	// Task is one task at one moment.
	Task = view.Task
	// Offer is one outstanding offer.
	Offer = view.Offer
	// Load is what waits in a term, and what it has counted.
	Load = view.Load
	// ConnID names one link stream of an agent.
	ConnID = view.ConnID
	// StreamID names one subscription of a framework.
	StreamID = view.StreamID
)

// The states of an agent and of a framework.
const (
	AgentRecovered    = view.AgentRecovered
	AgentActive       = view.AgentActive
	AgentDisconnected = view.AgentDisconnected
	AgentUnreachable  = view.AgentUnreachable
	AgentGone         = view.AgentGone

	FrameworkActive    = view.FrameworkActive
	FrameworkInactive  = view.FrameworkInactive
	FrameworkRecovered = view.FrameworkRecovered
	FrameworkCompleted = view.FrameworkCompleted
)

// View returns the state of this moment. It costs little: what has changed since the last one.
func (s *State) View() *View { return s.book.View() }
