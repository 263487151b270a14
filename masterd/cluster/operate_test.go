package cluster

import (
	"strconv"
	"strings"

	"github.com/cockroachdb/datadriven"

	"codeberg.org/reeve/reeve/masterd/ledger"
	"codeberg.org/reeve/reeve/masterd/message"
	"codeberg.org/reeve/reeve/masterd/view"
	"codeberg.org/reeve/reeve/shared/agentlink"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/mesosv1/scheduler"
	"codeberg.org/reeve/reeve/shared/operation"
	"codeberg.org/reeve/reeve/shared/resources"
)

// The transcripts' words for operations:
//
//	accept stream= offer= [refuse=]       below it: operations, "KIND [id= role= by= volume= shared task=] RESOURCES"
//	done conn= [failed=WHY]               the agent's word on the oldest operation that it was sent
//	know stream= id= [uuid=]              the framework acknowledges
//	operate agent= [who=]                 an operator's; below it: one operation
//
// role=a>a/b is a stack of reservations, *a a static one; by= is their principal; volume=ID:PATH[:ro] makes it a volume.

// operationInput is the input of these words.
func (p *player) operationInput(d *datadriven.TestData) Input {
	switch d.Cmd {
	case "accept":
		accept := &scheduler.Call_Accept{}
		for id := range strings.SplitSeq(arg(d, "offer", ""), ",") {
			accept.OfferIds = append(accept.OfferIds, message.OfferID(ids.Offer(id)))
		}
		on := ids.Agent("none")
		if o := p.s.book.Offers[ids.Offer(accept.GetOfferIds()[0].GetValue())]; o != nil {
			on = o.Agent
		}
		if v := arg(d, "refuse", ""); v != "" {
			seconds, _ := strconv.ParseFloat(v, 64)
			accept.Filters = &mesosv1.Filters{RefuseSeconds: new(seconds)}
		}
		for line := range strings.Lines(d.Input) {
			accept.Operations = append(accept.Operations, operationOf(strings.TrimSpace(line), on))
		}
		return p.asCall(d, &scheduler.Call{
			Type: scheduler.Call_ACCEPT.Enum(), FrameworkId: message.FrameworkID(ids.Framework(p.streams[arg(d, "stream", "")])), Accept: accept,
		})
	case "done":
		return p.done(d)
	case "operate":
		on := ids.Agent(arg(d, "agent", ""))
		return Operate{Ticket: 1, Agent: on, Operation: operationOf(strings.TrimSpace(d.Input), on), Who: arg(d, "who", "")}
	case "know":
		fw := ids.Framework(p.streams[arg(d, "stream", "")])
		call := &scheduler.Call_AcknowledgeOperationStatus{
			AgentId: message.AgentID(ids.Agent(arg(d, "agent", "m-S0"))), OperationId: &mesosv1.OperationID{Value: new(arg(d, "id", ""))},
			Uuid: uuid(arg(d, "uuid", "done")),
		}
		return p.asCall(d, &scheduler.Call{
			Type: scheduler.Call_ACKNOWLEDGE_OPERATION_STATUS.Enum(), FrameworkId: message.FrameworkID(fw), AcknowledgeOperationStatus: call,
		})
	}
	return nil
}

// done answers the oldest operation that is pending on an agent, as the agent would.
func (p *player) done(d *datadriven.TestData) Input {
	conn := ConnID(number(d, "conn"))
	var op *view.Operation
	for _, sent := range p.sent[conn] {
		if o := p.s.book.Operations[sent]; o != nil && o.Status.GetState() == mesosv1.OperationState_OPERATION_PENDING {
			op = o
			break
		}
	}
	if op == nil {
		d.Fatalf(p.t, "no operation is pending on agent %d", conn)
	}
	status := &mesosv1.OperationStatus{
		OperationId: op.Info.Id, State: mesosv1.OperationState_OPERATION_FINISHED.Enum(), AgentId: message.AgentID(op.Agent),
	}
	if why := arg(d, "failed", ""); why != "" {
		status.State, status.Message = mesosv1.OperationState_OPERATION_FAILED.Enum(), new(why)
	} else if c, err := operation.Of(op.Info); err == nil {
		status.ConvertedResources = c.Converted.Unallocate().Proto()
	}
	update := &agentlink.OperationUpdate{OperationUuid: []byte(op.UUID), Status: status}
	if op.Framework != "" {
		update.FrameworkId = message.FrameworkID(op.Framework)
		if op.Info.Id != nil {
			status.Uuid = &mesosv1.UUID{Value: uuid("done")}
		}
	}
	return OperationUpdate{Conn: conn, Update: update}
}

// operationOf reads a line of the transcripts' language.
func operationOf(line string, on ids.Agent) *mesosv1.Offer_Operation {
	words := strings.Fields(line)
	has := map[string]string{}
	for _, w := range words[1 : len(words)-1] {
		key, value, _ := strings.Cut(w, "=")
		has[key] = value
	}
	list := special(words[len(words)-1], has)
	op := &mesosv1.Offer_Operation{Type: mesosv1.Offer_Operation_Type(mesosv1.Offer_Operation_Type_value[words[0]]).Enum()}
	if id, ok := has["id"]; ok {
		op.Id = &mesosv1.OperationID{Value: new(id)}
	}
	switch op.GetType() {
	case mesosv1.Offer_Operation_RESERVE:
		op.Reserve = &mesosv1.Offer_Operation_Reserve{Resources: list}
		if from, ok := has["from"]; ok {
			op.Reserve.Source = special(words[len(words)-1], map[string]string{"role": from, "by": has["fromby"]})
		}
	case mesosv1.Offer_Operation_UNRESERVE:
		op.Unreserve = &mesosv1.Offer_Operation_Unreserve{Resources: list}
	case mesosv1.Offer_Operation_CREATE:
		op.Create = &mesosv1.Offer_Operation_Create{Volumes: list}
	case mesosv1.Offer_Operation_DESTROY:
		op.Destroy = &mesosv1.Offer_Operation_Destroy{Volumes: list}
	case mesosv1.Offer_Operation_GROW_VOLUME:
		delete(has, "volume")
		op.GrowVolume = &mesosv1.Offer_Operation_GrowVolume{Volume: list[0], Addition: special(has["more"], has)[0]}
	case mesosv1.Offer_Operation_SHRINK_VOLUME:
		less, _ := strconv.ParseFloat(has["less"], 64)
		op.ShrinkVolume = &mesosv1.Offer_Operation_ShrinkVolume{Volume: list[0], Subtract: &mesosv1.Value_Scalar{Value: new(less)}}
	case mesosv1.Offer_Operation_LAUNCH:
		op.Launch = &mesosv1.Offer_Operation_Launch{TaskInfos: []*mesosv1.TaskInfo{{
			Name: new(has["task"]), TaskId: message.TaskID(has["task"]), AgentId: message.AgentID(on), Resources: list,
			Command: &mesosv1.CommandInfo{Value: new("true")},
		}}}
	default: // the transcripts have no others
	}
	return op
}

// special gives plain resources a reservation and makes a volume of the disk among them. What is behind a "+" stays plain.
func special(text string, has map[string]string) []*mesosv1.Resource {
	text, plain, _ := strings.Cut(text, "+")
	list := resources.MustParse(text).Proto()
	for _, r := range list {
		for role := range strings.SplitSeq(has["role"], ">") {
			if role == "" {
				continue
			}
			one := &mesosv1.Resource_ReservationInfo{Role: new(strings.TrimPrefix(role, "*")), Type: mesosv1.Resource_ReservationInfo_DYNAMIC.Enum()}
			if role[0] == '*' {
				one.Type = mesosv1.Resource_ReservationInfo_STATIC.Enum()
			} else if by := has["by"]; by != "" {
				one.Principal = new(by)
			}
			r.Reservations = append(r.Reservations, one)
		}
		volume, ok := has["volume"]
		if !ok || r.GetName() != "disk" {
			continue
		}
		parts := strings.Split(volume, ":")
		r.Disk = &mesosv1.Resource_DiskInfo{
			Persistence: &mesosv1.Resource_DiskInfo_Persistence{Id: new(parts[0])},
			Volume:      &mesosv1.Volume{ContainerPath: new(parts[1]), Mode: mesosv1.Volume_RW.Enum()},
		}
		if by := has["by"]; by != "" {
			r.Disk.Persistence.Principal = new(by)
		}
		if len(parts) > 2 {
			r.Disk.Volume.Mode = mesosv1.Volume_RO.Enum()
		}
		if _, shared := has["shared"]; shared {
			r.Shared = &mesosv1.Resource_SharedInfo{}
		}
	}
	if plain != "" {
		list = append(list, resources.MustParse(plain).Proto()...)
	}
	return list
}

// applyText is an operation on its way to an agent.
func applyText(apply *agentlink.ApplyOperation) string {
	text := "apply " + apply.GetInfo().GetType().String()
	if id := apply.GetInfo().GetId().GetValue(); id != "" {
		text += " id=" + id
	}
	c, err := operation.Of(apply.GetInfo())
	if err != nil {
		panic(err)
	}
	return text + " -> " + c.Converted.String()
}

func operationText(s *mesosv1.OperationStatus) string {
	text := "OPERATION " + s.GetOperationId().GetValue() + " " + s.GetState().String()
	if s.AgentId != nil {
		text += " agent=" + s.GetAgentId().GetValue()
	}
	if s.Uuid != nil {
		text += " uuid=" + strings.TrimRight(string(s.GetUuid().GetValue()), ".")
	}
	if r, err := resources.FromProto(s.GetConvertedResources()); err == nil && !r.Empty() {
		text += " -> " + r.String()
	}
	if s.Message != nil {
		text += " " + strconv.Quote(s.GetMessage())
	}
	return text
}

// operations lists what is tracked.
func (p *player) operations() string {
	var text strings.Builder
	for _, uuid := range ledger.SortedKeys(p.s.View().Operations) {
		op := p.s.book.Operations[uuid]
		text.WriteString("operation " + op.Info.GetType().String() + " " + op.Info.GetId().GetValue() + " of=" + string(op.Framework) +
			" on=" + string(op.Agent) + " " + op.Status.GetState().String() + "\n")
	}
	return text.String()
}
