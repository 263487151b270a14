package e2e

import (
	"context"
	"time"

	"codeberg.org/reeve/reeve/shared/client"
	"codeberg.org/reeve/reeve/shared/codec"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/mesosv1/scheduler"
	"codeberg.org/reeve/reeve/shared/resources"
	"codeberg.org/reeve/reeve/shared/taskstate"
)

// tenant is a framework that keeps things on an agent: it reserves, makes volumes, launches on them. It subscribes again
// whenever its stream ends, as the same framework.
type tenant struct {
	r      *rig
	info   *mesosv1.FrameworkInfo
	stream *client.SchedulerStream
	offers []*mesosv1.Offer
	states map[string]mesosv1.TaskState
	words  map[string]string // of tasks
	done   map[string]*mesosv1.OperationStatus
}

const tenantRole = "keepers"

func (r *rig) tenant() *tenant {
	r.t.Helper()
	f := &tenant{
		r: r, states: map[string]mesosv1.TaskState{}, words: map[string]string{}, done: map[string]*mesosv1.OperationStatus{},
		info: &mesosv1.FrameworkInfo{
			User: new("root"), Name: new("tenant"), Roles: []string{tenantRole}, Checkpoint: new(true), FailoverTimeout: new(3600.0),
			Principal: new("keeper"),
			Capabilities: []*mesosv1.FrameworkInfo_Capability{
				{Type: mesosv1.FrameworkInfo_Capability_MULTI_ROLE.Enum()},
				{Type: mesosv1.FrameworkInfo_Capability_RESERVATION_REFINEMENT.Enum()},
				{Type: mesosv1.FrameworkInfo_Capability_PARTITION_AWARE.Enum()},
				{Type: mesosv1.FrameworkInfo_Capability_SHARED_RESOURCES.Enum()},
			},
		},
	}
	f.subscribe()
	r.t.Cleanup(func() { f.stream.Close() })
	return f
}

func (f *tenant) subscribe() {
	f.r.t.Helper()
	if f.stream != nil {
		f.stream.Close()
	}
	f.offers = nil
	ctx, cancel := context.WithTimeout(f.r.t.Context(), patience)
	defer cancel()
	err := f.r.Poll(ctx, func(context.Context) (bool, string) {
		stream, err := f.r.client.Subscribe(f.r.t.Context(), &scheduler.Call{
			Type: scheduler.Call_SUBSCRIBE.Enum(), FrameworkId: f.info.GetId(), Subscribe: &scheduler.Call_Subscribe{FrameworkInfo: f.info},
		}, codec.Protobuf)
		if err != nil {
			return false, "subscribe: " + err.Error()
		}
		f.stream = stream
		return true, ""
	})
	if err != nil {
		f.r.t.Fatal(err)
	}
}

// until takes events until check is content.
func (f *tenant) until(what string, check func() bool) {
	f.r.t.Helper()
	for deadline := time.Now().Add(patience); !check(); {
		if time.Now().After(deadline) {
			f.r.t.Fatalf("no %s in %v; tasks %v %v, operations %v, offers %v", what, patience, f.states, f.words, f.done, f.offers)
		}
		event, err := f.stream.Recv() // a heartbeat comes every 15 s
		if err != nil {
			f.subscribe()
			continue
		}
		f.take(event)
	}
}

func (f *tenant) take(event *scheduler.Event) {
	f.r.t.Helper()
	switch event.GetType() {
	case scheduler.Event_SUBSCRIBED:
		f.info.Id = event.GetSubscribed().GetFrameworkId()
	case scheduler.Event_OFFERS:
		f.offers = append(f.offers, event.GetOffers().GetOffers()...)
	case scheduler.Event_RESCIND:
		for i, o := range f.offers {
			if o.GetId().GetValue() == event.GetRescind().GetOfferId().GetValue() {
				f.offers = append(f.offers[:i:i], f.offers[i+1:]...)
				break
			}
		}
	case scheduler.Event_UPDATE:
		status := event.GetUpdate().GetStatus()
		if id := status.GetTaskId().GetValue(); !taskstate.Terminal(f.states[id]) {
			f.states[id], f.words[id] = status.GetState(), status.GetMessage()
		}
		if len(status.GetUuid()) > 0 {
			f.send(&scheduler.Call{Type: scheduler.Call_ACKNOWLEDGE.Enum(), Acknowledge: &scheduler.Call_Acknowledge{
				AgentId: status.GetAgentId(), TaskId: status.GetTaskId(), Uuid: status.GetUuid(),
			}})
		}
	case scheduler.Event_UPDATE_OPERATION_STATUS:
		status := event.GetUpdateOperationStatus().GetStatus()
		f.done[status.GetOperationId().GetValue()] = status
	case scheduler.Event_ERROR:
		f.r.t.Fatalf("the master says: %s", event.GetError().GetMessage())
	default: // of no interest
	}
}

// send makes a call; one that fails because the master just went is made good by what comes after the next SUBSCRIBE.
func (f *tenant) send(call *scheduler.Call) {
	f.r.t.Helper()
	if err := f.stream.Send(f.r.t.Context(), call); err != nil {
		f.r.t.Logf("%v: %v", call.GetType(), err)
	}
}

// know acknowledges how an operation went.
func (f *tenant) know(status *mesosv1.OperationStatus) {
	f.send(&scheduler.Call{
		Type: scheduler.Call_ACKNOWLEDGE_OPERATION_STATUS.Enum(),
		AcknowledgeOperationStatus: &scheduler.Call_AcknowledgeOperationStatus{
			AgentId: status.GetAgentId(), Uuid: status.GetUuid().GetValue(), OperationId: status.GetOperationId(),
		},
	})
}

// accept takes all offers once they contain what is needed together, and makes operations of them; all are of one agent.
func (f *tenant) accept(needed string, make func(agent *mesosv1.AgentID) []*mesosv1.Offer_Operation) {
	f.r.t.Helper()
	f.until("offers with "+needed, func() bool { return f.offered().Contains(resources.MustParse(needed)) })
	var ids []*mesosv1.OfferID
	for _, o := range f.offers {
		ids = append(ids, o.GetId())
	}
	agent := f.offers[0].GetAgentId()
	f.offers = nil
	f.send(&scheduler.Call{Type: scheduler.Call_ACCEPT.Enum(), Accept: &scheduler.Call_Accept{
		OfferIds: ids, Operations: make(agent), Filters: &mesosv1.Filters{RefuseSeconds: new(0.0)},
	}})
}

// offered is the sum of all offers, whatever it is reserved for.
func (f *tenant) offered() resources.Resources {
	var sum resources.Resources
	for _, o := range f.offers {
		r, err := resources.FromProto(o.GetResources())
		if err != nil {
			f.r.t.Fatal(err)
		}
		sum = sum.Plus(r.Unallocate().ToUnreserved())
	}
	return sum
}

// ends waits for a task to finish.
func (f *tenant) ends(id string) {
	f.r.t.Helper()
	f.until("end of task "+id, func() bool { return taskstate.Terminal(f.states[id]) })
	if f.states[id] != mesosv1.TaskState_TASK_FINISHED {
		f.r.t.Fatalf("task %s is %s: %s", id, f.states[id], f.words[id])
	}
}
