// Package operating is what becomes of operations that convert an agent's resources, after they were checked: they count
// as done in the books at once, the agent carries them out and says so, and a framework that gave its operation an id is told
// until it acknowledges (spec 3.4, 3.6, 3.8). It owns the operations' UUIDs and the rules of their states; the checks are
// masterd/validate's, offers are masterd/offering's. Start reading at Clerk, then Clerk.Apply.
package operating

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"google.golang.org/protobuf/proto"

	"codeberg.org/reeve/reeve/masterd/ledger"
	"codeberg.org/reeve/reeve/masterd/message"
	"codeberg.org/reeve/reeve/masterd/status"
	"codeberg.org/reeve/reeve/masterd/turn"
	"codeberg.org/reeve/reeve/masterd/view"
	"codeberg.org/reeve/reeve/shared/agentlink"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/mesosv1/scheduler"
	"codeberg.org/reeve/reeve/shared/operation"
	"codeberg.org/reeve/reeve/shared/resources"
)

// Clerk carries operations through the books. The exported fields are required.
type Clerk struct {
	Book     *ledger.Ledger
	Turn     *turn.Turn
	MasterID ids.Master
	Began    time.Time // of the term

	next uint64
}

// Apply carries out an operation on what a framework has been offered of an agent. The caller has checked it.
func (c *Clerk) Apply(f *ledger.Framework, a *ledger.Agent, op *mesosv1.Offer_Operation, conversion operation.Conversion) {
	c.Book.ConvertOffered(f, a, conversion)
	c.track(f.ID, a, op)
	c.tell(a, f.Info.GetName(), op, conversion)
}

// ApplyFree carries out an operator's operation on what nobody has of an agent. It reports false, with all as it was, if
// somebody has some of it.
func (c *Clerk) ApplyFree(a *ledger.Agent, op *mesosv1.Offer_Operation, conversion operation.Conversion, who string) bool {
	if !c.Book.ConvertFree(a, conversion) {
		return false
	}
	c.track("", a, op)
	c.tell(a, who, op, conversion)
	return true
}

// track starts to follow an operation, and sends it to its agent.
func (c *Clerk) track(fw ids.Framework, a *ledger.Agent, info *mesosv1.Offer_Operation) {
	id := uuid.NewSHA1(uuid.NameSpaceOID, fmt.Appendf(nil, "%s-operation-%d", c.MasterID, c.next))
	c.next++
	op := &view.Operation{UUID: string(id[:]), Framework: fw, Agent: a.ID, Info: info, Status: &mesosv1.OperationStatus{
		OperationId: info.Id, State: mesosv1.OperationState_OPERATION_PENDING.Enum(), AgentId: message.AgentID(a.ID),
	}}
	c.Book.PutOperation(op)
	c.Turn.ToAgent(a.Conn, message.ApplyOperation(fw, info, id[:]))
}

// tell is for people: what an agent has is not what it was.
func (c *Clerk) tell(a *ledger.Agent, who string, op *mesosv1.Offer_Operation, conversion operation.Conversion) {
	e := a.About("RESOURCES_"+past(op.GetType()), conversion.Unallocate().Converted.String())
	e.Who = who
	c.Turn.Happened(e)
}

func past(kind mesosv1.Offer_Operation_Type) string {
	switch kind {
	case mesosv1.Offer_Operation_RESERVE:
		return "RESERVED"
	case mesosv1.Offer_Operation_UNRESERVE:
		return "UNRESERVED"
	case mesosv1.Offer_Operation_CREATE:
		return "VOLUME_CREATED"
	case mesosv1.Offer_Operation_DESTROY:
		return "VOLUME_DESTROYED"
	case mesosv1.Offer_Operation_GROW_VOLUME:
		return "VOLUME_GROWN"
	case mesosv1.Offer_Operation_SHRINK_VOLUME:
		return "VOLUME_SHRUNK"
	default:
		return strings.TrimPrefix(kind.String(), "OPERATION_")
	}
}

// Refuse answers an operation that does not happen, if it has an id.
func (c *Clerk) Refuse(f *ledger.Framework, op *mesosv1.Offer_Operation, text string) {
	if op.Id == nil {
		return
	}
	c.send(f, &mesosv1.OperationStatus{
		OperationId: op.Id, State: mesosv1.OperationState_OPERATION_ERROR.Enum(), Message: new(text),
	})
}

func (c *Clerk) send(f *ledger.Framework, status *mesosv1.OperationStatus) {
	if f != nil {
		c.Turn.ToFramework(f.Stream, message.OperationStatus(status))
	}
}

// Update takes an agent's word on how an operation went. It reports false if the agent could not do what counts as done: then
// the two disagree on what the agent has, and it has to register anew.
func (c *Clerk) Update(a *ledger.Agent, update *agentlink.OperationUpdate) bool {
	c.Turn.Count("messages_operation_status_update")
	op := c.Book.Operations[string(update.GetOperationUuid())]
	status := update.GetStatus()
	if status == nil || op != nil && op.Agent != a.ID {
		c.Turn.Count("invalid_operation_status_updates")
		return true
	}
	c.Turn.Count("valid_operation_status_updates")
	fw := ids.Framework(update.GetFrameworkId().GetValue())
	f := c.Book.Frameworks[fw]
	failed := op != nil && op.Status.GetState() == mesosv1.OperationState_OPERATION_PENDING &&
		status.GetState() != mesosv1.OperationState_OPERATION_FINISHED
	switch {
	case status.GetUuid() == nil:
		if op != nil {
			c.Book.DropOperation(op)
		}
	case c.orphaned(fw):
		c.Turn.ToAgent(a.Conn, message.AcknowledgeOperation(update.GetOperationUuid(), status.GetUuid().GetValue()))
		if op != nil {
			c.Book.DropOperation(op)
		}
	default:
		if op != nil {
			next := *op
			next.Status = status
			c.Book.PutOperation(&next)
		}
		c.send(f, c.shaped(f, status))
	}
	if failed {
		e := a.About("OPERATION_FAILED", status.GetMessage())
		c.Turn.Happened(e)
	}
	return !failed
}

// adoption is how long an operation of a framework that is not there is kept for it (spec 4.1).
const adoption = 10 * time.Minute

// orphaned says that nobody will acknowledge a framework's operations any more.
func (c *Clerk) orphaned(fw ids.Framework) bool {
	return c.Book.Completed(fw) || c.Book.Frameworks[fw] == nil && c.Turn.Now.Sub(c.Began) >= adoption
}

// shaped is a status with its resources as the framework understands them.
func (c *Clerk) shaped(f *ledger.Framework, status *mesosv1.OperationStatus) *mesosv1.OperationStatus {
	r, err := resources.FromProto(status.GetConvertedResources())
	if f == nil || err != nil || r.Empty() {
		return status
	}
	status = proto.CloneOf(status)
	status.ConvertedResources = f.Shape(r)
	return status
}

// Acknowledge carries a framework's word that it knows how an operation went, and forgets it.
func (c *Clerk) Acknowledge(f *ledger.Framework, call *scheduler.Call_AcknowledgeOperationStatus) {
	c.Turn.Count("messages_operation_status_update_acknowledgement")
	a := c.Book.Agents[ids.Agent(call.GetAgentId().GetValue())]
	op := c.Book.OperationOf(f.ID, call.GetOperationId().GetValue())
	if a == nil || a.Conn == 0 || op == nil || op.Agent != a.ID || call.ResourceProviderId != nil ||
		!bytes.Equal(op.Status.GetUuid().GetValue(), call.GetUuid()) {
		c.Turn.Count("invalid_operation_status_update_acknowledgements")
		return // the agent will send the status again
	}
	c.Turn.Count("valid_operation_status_update_acknowledgements")
	c.Turn.ToAgent(a.Conn, message.AcknowledgeOperation([]byte(op.UUID), call.GetUuid()))
	c.Book.DropOperation(op)
}

// TakeReport brings operations to what an agent says when it registers. What was on its way to it was dropped with the link.
func (c *Clerk) TakeReport(a *ledger.Agent, reported []*mesosv1.Operation) {
	seen := map[string]bool{}
	for _, rec := range reported {
		fw, id := ids.Framework(rec.GetFrameworkId().GetValue()), string(rec.GetUuid().GetValue())
		seen[id] = true
		if c.orphaned(fw) {
			c.Turn.ToAgent(a.Conn, message.AcknowledgeOperation(rec.GetUuid().GetValue(), rec.GetLatestStatus().GetUuid().GetValue()))
			continue
		}
		c.Book.PutOperation(&view.Operation{UUID: id, Framework: fw, Agent: a.ID, Info: rec.GetInfo(), Status: rec.GetLatestStatus()})
	}
	for _, op := range c.Book.OperationsWhere(func(op *view.Operation) bool { return op.Agent == a.ID && !seen[op.UUID] }) {
		c.Book.DropOperation(op)
		if op.Status.GetState() == mesosv1.OperationState_OPERATION_PENDING {
			c.end(op, mesosv1.OperationState_OPERATION_DROPPED, "Operation did not reach the agent before its link broke")
		}
	}
}

// end tells a framework that its operation will never be heard of again. The operation is off the books.
func (c *Clerk) end(op *view.Operation, state mesosv1.OperationState, text string) {
	if op.Info.Id == nil {
		return
	}
	c.send(c.Book.Frameworks[op.Framework], &mesosv1.OperationStatus{
		OperationId: op.Info.Id, State: state.Enum(), Message: new(text), AgentId: message.AgentID(op.Agent),
	})
}

// Lose forgets the operations of a lost agent. When it comes back it reports those that it has done.
func (c *Clerk) Lose(a *ledger.Agent, loss status.Loss) {
	state := mesosv1.OperationState_OPERATION_GONE_BY_OPERATOR
	if loss == status.Unreachable {
		state = mesosv1.OperationState_OPERATION_UNREACHABLE
	}
	for _, op := range c.Book.OperationsWhere(func(op *view.Operation) bool { return op.Agent == a.ID }) {
		c.Book.DropOperation(op)
		c.end(op, state, fmt.Sprintf("Agent %s %s", a.Info.GetHostname(), loss.Means().Text))
	}
}

// Abandon forgets the operations of a framework that is being removed: nobody is left to acknowledge them.
func (c *Clerk) Abandon(f *ledger.Framework) {
	for _, op := range c.Book.OperationsWhere(func(op *view.Operation) bool { return op.Framework == f.ID }) {
		c.Book.DropOperation(op)
		if id := op.Status.GetUuid().GetValue(); len(id) > 0 {
			c.Turn.ToAgent(c.Book.Agents[op.Agent].Conn, message.AcknowledgeOperation([]byte(op.UUID), id))
		}
	}
}
