package status

import (
	"fmt"

	"codeberg.org/reeve/reeve/masterd/ledger"
	"codeberg.org/reeve/reeve/masterd/message"
	"codeberg.org/reeve/reeve/masterd/view"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/taskstate"
)

// Loss is a way to lose an agent.
type Loss int

// Unreachable: nothing was heard for too long. Unregistered: it said goodbye. Replaced: another one is at its address.
// TakenDown: its machine is down for maintenance. Gone: an operator's word.
const (
	Unreachable Loss = iota
	Unregistered
	Replaced
	TakenDown
	Gone
)

// Meaning is what a loss means for the agent and its tasks (spec 3.6 and 3.9).
type Meaning struct {
	State    view.AgentState // the agent's afterwards, unless it is forgotten
	Forget   bool
	Text     string // it …
	Kind     string // of the event for people
	Counters []string
	aware    mesosv1.TaskState // of its tasks, for partition-aware frameworks
	others   mesosv1.TaskState
	reason   mesosv1.TaskStatus_Reason
}

// Means looks a loss up.
func (l Loss) Means() Meaning {
	switch l {
	case Unreachable:
		return Meaning{
			State: view.AgentUnreachable, Text: "is unreachable", Kind: "AGENT_UNREACHABLE",
			aware: mesosv1.TaskState_TASK_UNREACHABLE, others: mesosv1.TaskState_TASK_LOST,
			reason:   mesosv1.TaskStatus_REASON_AGENT_REMOVED,
			Counters: []string{"slave_unreachable_completed", "slave_removals", "slave_removals/reason_unhealthy"},
		}
	case Unregistered:
		return Meaning{
			Forget: true, Text: "has shut down", Kind: "AGENT_REMOVED",
			aware: mesosv1.TaskState_TASK_LOST, others: mesosv1.TaskState_TASK_LOST,
			reason:   mesosv1.TaskStatus_REASON_AGENT_REMOVED,
			Counters: []string{"slave_removals", "slave_removals/reason_unregistered"},
		}
	case Replaced:
		return Meaning{
			Forget: true, Text: "was replaced by a new agent at the same address", Kind: "AGENT_REMOVED",
			aware: mesosv1.TaskState_TASK_LOST, others: mesosv1.TaskState_TASK_LOST,
			reason:   mesosv1.TaskStatus_REASON_AGENT_REMOVED,
			Counters: []string{"slave_removals", "slave_removals/reason_registered"},
		}
	case TakenDown:
		return Meaning{
			Forget: true, Text: "was taken down for maintenance", Kind: "AGENT_REMOVED",
			aware: mesosv1.TaskState_TASK_LOST, others: mesosv1.TaskState_TASK_LOST,
			reason:   mesosv1.TaskStatus_REASON_AGENT_REMOVED,
			Counters: []string{"slave_removals"},
		}
	default:
		return Meaning{
			State: view.AgentGone, Text: "was marked as gone by an operator", Kind: "AGENT_GONE",
			aware: mesosv1.TaskState_TASK_GONE_BY_OPERATOR, others: mesosv1.TaskState_TASK_LOST,
			reason:   mesosv1.TaskStatus_REASON_AGENT_REMOVED_BY_OPERATOR,
			Counters: []string{"slave_removals"},
		}
	}
}

// LoseTask ends, or makes unreachable, a task of a lost agent.
func (r *Reporter) LoseTask(f *ledger.Framework, a *ledger.Agent, t *view.Task, loss Loss) {
	if taskstate.Terminal(t.Latest) { // it had ended; only its last update can't be acknowledged any more
		r.Book.EndTask(f, a, t)
		return
	}
	how := loss.Means()
	state := how.others
	if f.Caps.PartitionAware {
		state = how.aware
	}
	status := message.Status(r.Turn.Now, t.ID.ID, a.ID, state, how.reason, fmt.Sprintf("Agent %s %s", a.Info.GetHostname(), how.Text))
	if loss == Unreachable {
		status.UnreachableTime = message.Time(r.Turn.Now)
	}
	t = r.Apply(f, a, t, status, state)
	if loss == Unreachable {
		r.Book.MoveToUnreachable(f, a, t)
	} else {
		r.Book.EndTask(f, a, t)
	}
	r.Turn.Update(f.Stream, status)
}
