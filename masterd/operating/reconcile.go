package operating

import (
	"google.golang.org/protobuf/proto"

	"codeberg.org/reeve/reeve/masterd/ledger"
	"codeberg.org/reeve/reeve/masterd/view"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/mesosv1/scheduler"
)

// Reconcile tells a framework how its operations stand: those it names, or all that it has given an id (spec 3.8).
func (c *Clerk) Reconcile(f *ledger.Framework, operations []*scheduler.Call_ReconcileOperations_Operation) {
	c.Turn.Count("messages_reconcile_operations")
	if len(operations) == 0 {
		for _, op := range c.Book.OperationsWhere(func(op *view.Operation) bool { return op.Framework == f.ID && op.Info.Id != nil }) {
			c.send(f, c.known(f, op))
		}
		return
	}
	for _, asked := range operations {
		if op := c.Book.OperationOf(f.ID, asked.GetOperationId().GetValue()); op != nil {
			c.send(f, c.known(f, op))
			continue
		}
		state, text := unknown(c.Book.Agents[ids.Agent(asked.GetAgentId().GetValue())])
		c.send(f, &mesosv1.OperationStatus{
			OperationId: asked.OperationId, State: state.Enum(), Message: new(text),
			AgentId: asked.AgentId, ResourceProviderId: asked.ResourceProviderId,
		})
	}
}

// known is the latest status of an operation, without the uuid: it is not to be acknowledged.
func (c *Clerk) known(f *ledger.Framework, op *view.Operation) *mesosv1.OperationStatus {
	status := proto.CloneOf(c.shaped(f, op.Status))
	status.Uuid = nil
	status.Message = new("Reconciliation: Latest operation state")
	return status
}

// unknown is what can be said of an operation that is not in the books; a may be nil.
func unknown(a *ledger.Agent) (mesosv1.OperationState, string) {
	if a != nil {
		switch a.State {
		case view.AgentRecovered:
			return mesosv1.OperationState_OPERATION_RECOVERING, "Reconciliation: Agent has not come back yet"
		case view.AgentUnreachable:
			return mesosv1.OperationState_OPERATION_UNREACHABLE, "Reconciliation: Agent is unreachable"
		case view.AgentGone:
			return mesosv1.OperationState_OPERATION_GONE_BY_OPERATOR, "Reconciliation: Agent is gone"
		case view.AgentActive, view.AgentDisconnected:
		}
	}
	return mesosv1.OperationState_OPERATION_UNKNOWN, "Reconciliation: Operation is unknown"
}
