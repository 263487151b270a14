package cluster

import "codeberg.org/reeve/reeve/masterd/view"

// The names under which this package hands out the read model; masterd/view says what they are.
type (
	View           = view.View
	Agent          = view.Agent
	AgentState     = view.AgentState
	Framework      = view.Framework
	FrameworkState = view.FrameworkState
	Task           = view.Task
	Offer          = view.Offer

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
