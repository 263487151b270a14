package turn

import (
	"time"

	"codeberg.org/reeve/reeve/masterd/maintenance"
	"codeberg.org/reeve/reeve/masterd/roles"
	"codeberg.org/reeve/reeve/masterd/view"
	"codeberg.org/reeve/reeve/shared/agentlink"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/mesosv1/scheduler"
)

// Input is what enters the machine. Inputs are plain data: they can be logged, recorded and replayed. Kind is a constant
// name for logs and metrics.
type Input interface {
	Kind() string
}

// QuotaRule is what a change of quotas expects to find.
type QuotaRule int

// The rules.
const (
	QuotaEither  QuotaRule = iota
	QuotaMissing           // SET_QUOTA: the role has none yet
	QuotaPresent           // REMOVE_QUOTA: the role has one
)

// The inputs.
type (
	// Tick says that the deadline has come. Timers fire and pending allocations run.
	Tick struct{}

	// AgentRegister is the first message of a link stream. The answer is ToAgent{Registered or Refused} on Conn; a first
	// registration is written to the registry before it is answered.
	AgentRegister struct {
		Conn     view.ConnID
		Register *agentlink.Register
		PeerIP   string // what the agent is seen as, for agents that do not say where they are
	}

	// AgentClosed says that the stream ended, for whatever reason. Goodbye is set if the agent said so before.
	AgentClosed struct {
		Conn    view.ConnID
		Goodbye *agentlink.Goodbye
	}

	// AgentUpdate is a status update on its way to the framework.
	AgentUpdate struct {
		Conn   view.ConnID
		Update *agentlink.StatusUpdate
	}

	// AgentHistory is some of what ended on the agent before, and has been acknowledged; it follows a registration.
	AgentHistory struct {
		Conn    view.ConnID
		History *agentlink.History
	}

	// OperationUpdate is an agent's word on how an operation went.
	OperationUpdate struct {
		Conn   view.ConnID
		Update *agentlink.OperationUpdate
	}

	// TaskPulling says how far the image of a staging task is, or what is fetched for it.
	TaskPulling struct {
		Conn    view.ConnID
		Pulling *agentlink.Pulling
	}

	// ExecutorExited says that an executor's container ended.
	ExecutorExited struct {
		Conn   view.ConnID
		Exited *agentlink.ExecutorExited
	}

	// ExecutorToFramework carries an executor's MESSAGE, best effort.
	ExecutorToFramework struct {
		Conn    view.ConnID
		Message *agentlink.FrameworkMessage
	}

	// AgentSuspected carries gossip's word that the agent of this id failed. It shortens the wait for a broken link and never ends
	// an unbroken one.
	AgentSuspected struct{ Agent ids.Agent }

	// Subscribe opens a framework's stream. Events arrive as ToFramework on Stream, SUBSCRIBED or ERROR first; there is
	// no Reply, because a rejected subscription is a stream with one ERROR (spec 1.7).
	Subscribe struct {
		Stream    view.StreamID
		Call      *scheduler.Call
		Principal string // authenticated, "" while authentication is off
	}

	// FrameworkClosed says that the framework's side of the stream is gone, or its outbox ran over.
	FrameworkClosed struct {
		Stream view.StreamID
		Why    string // for people, what is known of it: "it did not read"; "" if its side just went
	}

	// Call is any scheduler call but SUBSCRIBE. The Reply carries a fault for the statuses of spec 1.7, nil for 202.
	Call struct {
		Ticket    Ticket
		Stream    view.StreamID // the header's; "" if there was none
		Call      *scheduler.Call
		Principal string
	}

	// Teardown is the operator's TEARDOWN. Reply: NotFound for an unknown framework.
	Teardown struct {
		Ticket    Ticket
		Framework ids.Framework
		Who       string
	}

	// OperatorKill ends a task on an operator's behalf, whichever framework it belongs to. Reply: NotFound, or Conflict if
	// it has ended already or its agent is not connected.
	OperatorKill struct {
		Ticket Ticket
		Task   ids.Task
		Policy *mesosv1.KillPolicy
		Who    string
	}

	// MarkGone removes an agent for ever, on an operator's word. Reply: NotFound for an unknown agent, Unavailable while
	// another change of its standing is being written, nil if it is gone already.
	MarkGone struct {
		Ticket Ticket
		Agent  ids.Agent
		Who    string
	}

	// Moved answers the effect Move: there is nothing left to move from the agent.
	Moved struct{ Agent ids.Agent }

	// SetWeights gives roles weights, on an operator's word. Names and weights are valid. Reply: nil once the registry has
	// them and they are in force.
	SetWeights struct {
		Ticket  Ticket
		Weights map[string]float64
		Who     string
	}

	// SetQuotas gives roles quotas, on an operator's word; one that says nothing takes a role's quota away. Names and amounts
	// are valid. Reply: Invalid for a rule that is broken, Conflict if the cluster is too small for SET_QUOTA, nil once the
	// registry has them and they are in force.
	SetQuotas struct {
		Ticket Ticket
		Quotas map[string]roles.Quota
		Force  bool // also if the cluster is too small or a limit is passed already
		Rule   QuotaRule
		Who    string
	}

	// Operate converts what an agent has and no task uses, on an operator's word: RESERVE and its like, in which nothing is
	// allocated. Reply: Invalid for what can't be, Conflict for what tasks have.
	Operate struct {
		Ticket    Ticket
		Agent     ids.Agent
		Operation *mesosv1.Offer_Operation
		Principal string // authenticated, "" while authentication is off
		Who       string
	}

	// Maintain changes the schedule of maintenance or what machines are down, on an operator's word. Reply: Invalid for a rule
	// that is broken, nil once the registry has it and it is in force.
	Maintain struct {
		Ticket Ticket
		Change maintenance.Change
		Who    string
	}

	// DeactivateAgent stops that an agent is offered; its tasks go on. Reply: NotFound for an agent that is unknown or gone,
	// Conflict while it is being marked as gone, Unavailable while another change of its standing is being written.
	DeactivateAgent struct {
		Ticket Ticket
		Agent  ids.Agent
		Who    string
	}

	// DrainAgent deactivates an agent and ends its tasks. A later one replaces an earlier one. Reply: as DeactivateAgent.
	DrainAgent struct {
		Ticket   Ticket
		Agent    ids.Agent
		MaxGrace *time.Duration // bounds each task's own grace, and is the grace of a task that has none; nil leaves them
		MarkGone bool           // once nothing is left
		Who      string
	}

	// ReactivateAgent ends DeactivateAgent, and DrainAgent once the agent is drained. Reply: as DeactivateAgent, and Conflict
	// for an agent that is not deactivated or still drains.
	ReactivateAgent struct {
		Ticket Ticket
		Agent  ids.Agent
		Who    string
	}

	// RescindOffer takes an offer back on an operator's word. Reply: NotFound for one that is not outstanding.
	RescindOffer struct {
		Ticket Ticket
		Offer  ids.Offer
		Who    string
	}

	// Persisted answers a Persist effect. On an error the write may still have happened: the term is about to end.
	Persisted struct {
		Token uint64
		Err   error
	}
)

// Kind names the input for logs and metrics.
func (Moved) Kind() string { return "moved" }

// Kind names the input for logs and metrics.
func (Tick) Kind() string { return "tick" }

// Kind names the input for logs and metrics.
func (AgentRegister) Kind() string { return "agent_register" }

// Kind names the input for logs and metrics.
func (AgentClosed) Kind() string { return "agent_closed" }

// Kind names the input for logs and metrics.
func (AgentUpdate) Kind() string { return "agent_update" }

// Kind names the input for logs and metrics.
func (AgentHistory) Kind() string { return "agent_history" }

// Kind names the input for logs and metrics.
func (OperationUpdate) Kind() string { return "operation_update" }

// Kind names the input for logs and metrics.
func (TaskPulling) Kind() string { return "task_pulling" }

// Kind names the input for logs and metrics.
func (ExecutorExited) Kind() string { return "executor_exited" }

// Kind names the input for logs and metrics.
func (ExecutorToFramework) Kind() string { return "executor_to_framework" }

// Kind names the input for logs and metrics.
func (AgentSuspected) Kind() string { return "agent_suspected" }

// Kind names the input for logs and metrics.
func (Subscribe) Kind() string { return "subscribe" }

// Kind names the input for logs and metrics.
func (FrameworkClosed) Kind() string { return "framework_closed" }

// Kind names the input for logs and metrics.
func (Call) Kind() string { return "call" }

// Kind names the input for logs and metrics.
func (Teardown) Kind() string { return "teardown" }

// Kind names the input for logs and metrics.
func (OperatorKill) Kind() string { return "operator_kill" }

// Kind names the input for logs and metrics.
func (MarkGone) Kind() string { return "mark_gone" }

// Kind names the input for logs and metrics.
func (SetWeights) Kind() string { return "set_weights" }

// Kind names the input for logs and metrics.
func (SetQuotas) Kind() string { return "set_quotas" }

// Kind names the input for logs and metrics.
func (Operate) Kind() string { return "operate" }

// Kind names the input for logs and metrics.
func (Maintain) Kind() string { return "maintain" }

// Kind names the input for logs and metrics.
func (DeactivateAgent) Kind() string { return "deactivate_agent" }

// Kind names the input for logs and metrics.
func (DrainAgent) Kind() string { return "drain_agent" }

// Kind names the input for logs and metrics.
func (RescindOffer) Kind() string { return "rescind_offer" }

// Kind names the input for logs and metrics.
func (ReactivateAgent) Kind() string { return "reactivate_agent" }

// Kind names the input for logs and metrics.
func (Persisted) Kind() string { return "persisted" }
