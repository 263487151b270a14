package cluster

import (
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"

	"codeberg.org/reeve/reeve/masterd/maintenance"
	"codeberg.org/reeve/reeve/shared/agentlink"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/mesosv1/scheduler"
	"codeberg.org/reeve/reeve/shared/operation"
	"codeberg.org/reeve/reeve/shared/resources"
)

// What the fuzz target does about operations and maintenance.

// operations draws some that may fit what is offered, and some that don't.
func (c *chaos) operations(offered resources.Resources, role string) []*mesosv1.Offer_Operation {
	var list []*mesosv1.Offer_Operation
	for range c.draw(4) {
		parts := offered.Split()
		if len(parts) == 0 {
			return list
		}
		r := parts[c.draw(len(parts))].Proto()[0]
		if c.draw(8) > 0 {
			r = half(r)
		}
		op := c.operation(r, role)
		if c.draw(2) == 0 {
			op.Id = &mesosv1.OperationID{Value: new(fmt.Sprint("o", c.draw(6)))}
		}
		list = append(list, op)
		if done, err := operation.Of(operation.Complete(op, role)); err == nil {
			if next, ok := done.Apply(offered); ok {
				offered = next
			}
		}
	}
	return list
}

// half is a part of a scalar; anything else stays whole.
func half(r *mesosv1.Resource) *mesosv1.Resource {
	r = proto.CloneOf(r)
	if r.GetType() == mesosv1.Value_SCALAR && r.GetDisk().GetPersistence() == nil {
		r.Scalar.Value = new(r.GetScalar().GetValue() / 2)
	}
	return r
}

// operation makes of a resource what can be made of it, or something that can't.
func (c *chaos) operation(r *mesosv1.Resource, role string) *mesosv1.Offer_Operation {
	list := []*mesosv1.Resource{r}
	switch {
	case r.GetDisk().GetPersistence() != nil && c.draw(4) > 0:
		return &mesosv1.Offer_Operation{Type: mesosv1.Offer_Operation_DESTROY.Enum(), Destroy: &mesosv1.Offer_Operation_Destroy{Volumes: list}}
	case len(r.GetReservations()) > 0 && r.GetName() == "disk" && c.draw(2) == 0:
		r.Disk = &mesosv1.Resource_DiskInfo{
			Persistence: &mesosv1.Resource_DiskInfo_Persistence{Id: new(fmt.Sprint("v", c.draw(3)))},
			Volume:      &mesosv1.Volume{ContainerPath: new("p"), Mode: mesosv1.Volume_RW.Enum()},
		}
		return &mesosv1.Offer_Operation{Type: mesosv1.Offer_Operation_CREATE.Enum(), Create: &mesosv1.Offer_Operation_Create{Volumes: list}}
	case len(r.GetReservations()) > 0 && c.draw(3) > 0:
		return &mesosv1.Offer_Operation{Type: mesosv1.Offer_Operation_UNRESERVE.Enum(), Unreserve: &mesosv1.Offer_Operation_Unreserve{Resources: list}}
	}
	r.Reservations = append(r.Reservations, &mesosv1.Resource_ReservationInfo{
		Type: mesosv1.Resource_ReservationInfo_DYNAMIC.Enum(), Role: &role,
	})
	return &mesosv1.Offer_Operation{Type: mesosv1.Offer_Operation_RESERVE.Enum(), Reserve: &mesosv1.Offer_Operation_Reserve{Resources: list}}
}

// operate is an operator's operation.
func (c *chaos) operate() Input {
	id := c.anyAgent()
	a := c.s.book.Agents[id]
	if a == nil {
		return Tick{}
	}
	list := c.operations(a.Total, []string{"a", "b", "a/b"}[c.draw(3)])
	if len(list) == 0 {
		return Tick{}
	}
	return Operate{Ticket: 1, Agent: id, Operation: list[0], Who: "ann"}
}

// operated is an agent's word on an operation, or a framework's that it knows.
func (c *chaos) operated() Input {
	list := c.s.View().Operations
	if len(list) == 0 {
		return Tick{}
	}
	uuids := make(map[ids.Offer]bool, len(list))
	for key := range list {
		uuids[ids.Offer(key)] = true
	}
	op := list[string(pick(c, uuids))]
	a := c.s.book.Agents[op.Agent]
	if a == nil {
		c.t.Fatalf("operation %x is of agent %s, which is not known", op.UUID, op.Agent)
	}
	if op.Framework != "" && c.draw(3) == 0 {
		return c.call(op.Framework, &scheduler.Call{
			Type: scheduler.Call_ACKNOWLEDGE_OPERATION_STATUS.Enum(),
			AcknowledgeOperationStatus: &scheduler.Call_AcknowledgeOperationStatus{
				AgentId: &mesosv1.AgentID{Value: new(string(op.Agent))}, OperationId: op.Info.GetId(), Uuid: uuid("done"),
			},
		})
	}
	status := &mesosv1.OperationStatus{OperationId: op.Info.GetId(), State: mesosv1.OperationState_OPERATION_FINISHED.Enum()}
	if c.draw(8) == 0 {
		status.State = mesosv1.OperationState_OPERATION_FAILED.Enum()
	}
	update := &agentlink.OperationUpdate{OperationUuid: []byte(op.UUID), Status: status}
	if op.Framework != "" {
		update.FrameworkId = &mesosv1.FrameworkID{Value: new(string(op.Framework))}
		if op.Info.GetId() != nil {
			status.Uuid = &mesosv1.UUID{Value: uuid("done")}
		}
	}
	return OperationUpdate{Conn: a.Conn, Update: update}
}

// has is what an agent that comes back says that it has: what it had, unless it is another one by now.
func (c *chaos) has(a *agent, info *mesosv1.AgentInfo) []*mesosv1.Resource {
	given, err := resources.FromProto(info.GetResources())
	if err != nil || !operation.Original(a.Total).Equal(given) || c.draw(4) == 0 {
		return nil
	}
	return a.Total.Proto()
}

// checkHoldings: whatever operations have made of an agent's resources, it is made of what the agent was given.
func (c *chaos) checkHoldings() {
	for id, a := range c.s.book.Agents {
		if !a.Present() {
			continue
		}
		given, err := resources.FromProto(a.Info.GetResources())
		if got := operation.Original(a.Total); err != nil || !got.Equal(given) {
			c.t.Fatalf("agent %s has %s, and was given %s", id, a.Total, given)
		}
		if a.Down && a.Conn != 0 && !a.Writing && !c.s.isAdmitting(id) && !c.failed {
			c.t.Fatalf("agent %s is there, and its machine is down", id)
		}
		if (a.Unavailable != nil) != c.s.book.Scheduled[id] {
			c.t.Fatalf("agent %s: unavailability %v, scheduled %v", id, a.Unavailable, c.s.book.Scheduled[id])
		}
	}
	for id, o := range c.s.book.InverseOffers {
		if f := c.s.book.Frameworks[o.Framework]; f == nil || f.Stream == "" || !c.s.book.Scheduled[o.Agent] {
			c.t.Fatalf("inverse offer %s asks %s for agent %s", id, o.Framework, o.Agent)
		}
	}
}

// maintain is an operator's word on maintenance, or a framework's answer.
func (c *chaos) maintain() Input {
	if offers := c.s.book.InverseOffers; len(offers) > 0 && c.draw(3) == 0 {
		o := offers[pick(c, offers)]
		return c.call(o.Framework, &scheduler.Call{
			Type: scheduler.Call_DECLINE_INVERSE_OFFERS.Enum(),
			DeclineInverseOffers: &scheduler.Call_DeclineInverseOffers{
				InverseOfferIds: []*mesosv1.OfferID{{Value: new(string(o.ID))}}, Filters: &mesosv1.Filters{RefuseSeconds: new(float64(c.draw(20)))},
			},
		})
	}
	host := fmt.Sprintf("h%d", c.draw(6))
	machines := []maintenance.Machine{{Hostname: host, IP: "10.0.0." + host[1:]}}
	var change maintenance.Change = maintenance.Add{Window: maintenance.Window{Machines: machines, Start: c.now.Add(time.Hour)}}
	switch c.draw(6) {
	case 0:
		change = maintenance.Cancel{Machines: machines}
	case 1, 2:
		change = maintenance.Start{Machines: machines}
	case 3:
		change = maintenance.Stop{Machines: machines}
	}
	return Maintain{Ticket: 1, Change: change, Who: "ann"}
}
