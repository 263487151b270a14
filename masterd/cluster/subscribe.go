package cluster

import (
	"fmt"
	"math"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	"codeberg.org/reeve/reeve/masterd/allocator"
	"codeberg.org/reeve/reeve/masterd/validate"
	"codeberg.org/reeve/reeve/shared/agentlink"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/mesosv1/master"
	"codeberg.org/reeve/reeve/shared/mesosv1/scheduler"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// capabilities are a framework's, as this master uses them (spec 3.3).
type capabilities struct {
	multiRole, refinement, partitionAware bool
	gpus, revocable, shared, regionAware  bool
}

func capabilitiesOf(info *mesosv1.FrameworkInfo) capabilities {
	var c capabilities
	for _, one := range info.GetCapabilities() {
		switch one.GetType() {
		case mesosv1.FrameworkInfo_Capability_MULTI_ROLE:
			c.multiRole = true
		case mesosv1.FrameworkInfo_Capability_RESERVATION_REFINEMENT:
			c.refinement = true
		case mesosv1.FrameworkInfo_Capability_PARTITION_AWARE:
			c.partitionAware = true
		case mesosv1.FrameworkInfo_Capability_GPU_RESOURCES:
			c.gpus = true
		case mesosv1.FrameworkInfo_Capability_REVOCABLE_RESOURCES:
			c.revocable = true
		case mesosv1.FrameworkInfo_Capability_SHARED_RESOURCES:
			c.shared = true
		case mesosv1.FrameworkInfo_Capability_REGION_AWARE:
			c.regionAware = true
		case mesosv1.FrameworkInfo_Capability_UNKNOWN, mesosv1.FrameworkInfo_Capability_TASK_KILLING_STATE:
		}
	}
	return c
}

func (c capabilities) forAllocator() allocator.Capabilities {
	return allocator.Capabilities{
		GPU: c.gpus, Revocable: c.revocable, Shared: c.shared, RegionAware: c.regionAware, ReservationRefinement: c.refinement,
	}
}

func rolesOf(info *mesosv1.FrameworkInfo, c capabilities) []string {
	if !c.multiRole {
		return []string{info.GetRole()}
	}
	return slices.Sorted(slices.Values(info.GetRoles()))
}

func (s *State) subscribe(in Subscribe) {
	call := in.Call.GetSubscribe()
	s.count("messages_register_framework")
	info, err := s.acceptableInfo(in)
	if err != nil {
		s.rejectStream(in.Stream, err.Error())
		return
	}
	id := ids.Framework(info.GetId().GetValue())
	if id == "" {
		id = ids.Framework(fmt.Sprintf("%s-%04d", s.cfg.MasterID, s.nextFramework))
		s.nextFramework++
		info.Id = frameworkID(id)
	}
	if f := s.frameworks[id]; f != nil {
		s.resubscribe(f, in.Stream, info, call.GetSuppressedRoles())
		return
	}
	f := s.addFramework(id, info)
	f.registered = s.now
	s.activate(f, in.Stream, call.GetSuppressedRoles())
	s.toOperators(&master.Event{
		Type:           master.Event_FRAMEWORK_ADDED.Enum(),
		FrameworkAdded: &master.Event_FrameworkAdded{Framework: s.frameworkProto(f)},
	})
	s.happened(aboutFramework(f, "FRAMEWORK_ADDED", ""))
}

// acceptableInfo returns a copy of the FrameworkInfo, completed, or why it can't be subscribed with.
func (s *State) acceptableInfo(in Subscribe) (*mesosv1.FrameworkInfo, error) {
	call := in.Call.GetSubscribe()
	if err := validate.Call(in.Call, in.Principal); err != nil {
		return nil, err
	}
	if err := validate.Framework(call.GetFrameworkInfo(), call.GetSuppressedRoles()); err != nil {
		return nil, err
	}
	info := proto.CloneOf(call.GetFrameworkInfo())
	if info.Principal == nil && in.Principal != "" {
		info.Principal = proto.String(in.Principal)
	}
	id := ids.Framework(info.GetId().GetValue())
	if s.removed[id] {
		return nil, fault.New(fault.Conflict, "Framework has been removed")
	}
	if f := s.frameworks[id]; f != nil && f.info.GetPrincipal() != info.GetPrincipal() {
		return nil, fault.New(fault.Forbidden, "Changing framework's principal is not allowed.")
	}
	return info, nil
}

// rejectStream answers a subscription that can't be: a stream of one ERROR (spec 1.7).
func (s *State) rejectStream(stream StreamID, message string) {
	s.emit(ToFramework{stream, &scheduler.Event{
		Type: scheduler.Event_ERROR.Enum(), Error: &scheduler.Event_Error{Message: proto.String(message)},
	}})
	s.emit(CloseFramework{stream})
}

// addFramework starts to know a framework; its state is set by whoever calls.
func (s *State) addFramework(id ids.Framework, info *mesosv1.FrameworkInfo) *framework {
	caps := capabilitiesOf(info)
	f := &framework{
		id: id, info: info, caps: caps, roles: rolesOf(info, caps),
		tasks: map[string]*Task{}, lostIDs: map[string]bool{}, allocated: allocations{},
		offers: map[ids.Offer]bool{}, agents: map[ids.Agent]bool{},
	}
	s.frameworks[id] = f
	s.views.frameworks = append(s.views.frameworks, id)
	s.changed = true
	return f
}

// recoverFramework knows a framework from an agent, which runs something of it. It is offered nothing.
func (s *State) recoverFramework(id ids.Framework, info *mesosv1.FrameworkInfo) *framework {
	f := s.addFramework(id, info)
	f.state, f.registered = FrameworkRecovered, s.now
	s.toOperators(&master.Event{
		Type:           master.Event_FRAMEWORK_ADDED.Enum(),
		FrameworkAdded: &master.Event_FrameworkAdded{Framework: s.frameworkProto(f)},
	})
	s.happened(aboutFramework(f, "FRAMEWORK_RECOVERED", "known from an agent that runs its tasks; it has not subscribed yet"))
	return f
}

// resubscribe is a SUBSCRIBE with an id that we know: after a failover of the framework or of the master, or a mere retry.
func (s *State) resubscribe(f *framework, stream StreamID, info *mesosv1.FrameworkInfo, suppressed []string) {
	s.count("messages_reregister_framework")
	if f.stream != "" {
		s.rejectStream(f.stream, "Framework failed over")
		delete(s.streams, f.stream)
	}
	s.discardOffers(f)
	info.User, info.Checkpoint = f.info.User, f.info.Checkpoint // changes of these are ignored (spec 3.3)
	s.replaceInfo(f, info)
	f.reregistered = s.now
	s.activate(f, stream, suppressed)
	s.frameworkUpdated(f)
	s.happened(aboutFramework(f, "FRAMEWORK_REREGISTERED", ""))
}

// replaceInfo takes a new FrameworkInfo and tells the agents that know the old one.
func (s *State) replaceInfo(f *framework, info *mesosv1.FrameworkInfo) {
	changed := !proto.Equal(f.info, info)
	f.info, f.caps = info, capabilitiesOf(info)
	f.roles = rolesOf(info, f.caps)
	s.touchFramework(f)
	if !changed {
		return
	}
	for _, id := range sortedKeys(f.agents) {
		s.toAgent(s.agents[id], frameworkUpdated(f))
	}
}

func (s *State) frameworkUpdated(f *framework) {
	s.toOperators(&master.Event{
		Type:             master.Event_FRAMEWORK_UPDATED.Enum(),
		FrameworkUpdated: &master.Event_FrameworkUpdated{Framework: s.frameworkProto(f)},
	})
}

// activate binds a framework to a stream and lets it have offers.
func (s *State) activate(f *framework, stream StreamID, suppressed []string) {
	f.state, f.stream = FrameworkActive, stream
	f.suppressed = setOf(suppressed)
	s.streams[stream] = f.id
	s.touchFramework(f)
	s.timer.Cancel(timer{timerFailover, string(f.id)})
	s.alloc.AddFramework(f.id, f.roles, f.suppressed, f.caps.forAllocator())
	s.toFramework(f, &scheduler.Event{
		Type: scheduler.Event_SUBSCRIBED.Enum(),
		Subscribed: &scheduler.Event_Subscribed{
			FrameworkId:              frameworkID(f.id),
			HeartbeatIntervalSeconds: proto.Float64(s.cfg.Heartbeat.Seconds()),
			MasterInfo:               s.cfg.MasterInfo,
		},
	})
	s.heartbeat(f.id)
}

func setOf(list []string) map[string]bool {
	set := make(map[string]bool, len(list))
	for _, one := range list {
		set[one] = true
	}
	return set
}

// heartbeat sends one and arranges the next; it stops with the stream.
func (s *State) heartbeat(id ids.Framework) {
	f := s.frameworks[id]
	if f == nil || f.stream == "" {
		return
	}
	s.toFramework(f, &scheduler.Event{Type: scheduler.Event_HEARTBEAT.Enum()})
	s.timer.Set(timer{timerHeartbeat, string(id)}, s.now.Add(s.cfg.Heartbeat))
}

func (s *State) frameworkClosed(stream StreamID) {
	id, ok := s.streams[stream]
	if !ok {
		return
	}
	f := s.frameworks[id]
	s.deactivate(f)
	wait := failoverTimeout(f.info)
	if wait <= 0 {
		s.removeFramework(f, "its stream ended and its failover timeout is 0")
		return
	}
	s.happened(aboutFramework(f, "FRAMEWORK_INACTIVE", fmt.Sprintf("its stream ended; it has %s to come back", wait)))
	s.timer.Set(timer{timerFailover, string(id)}, s.now.Add(wait))
}

// failoverTimeout is never so long that a sum with it overflows.
func failoverTimeout(info *mesosv1.FrameworkInfo) time.Duration {
	const longest = 100 * 365 * 24 * time.Hour
	if s := info.GetFailoverTimeout(); s < longest.Seconds() && !math.IsNaN(s) {
		return time.Duration(s * float64(time.Second))
	}
	return longest
}

// deactivate takes a framework's stream, offers and filters.
func (s *State) deactivate(f *framework) {
	delete(s.streams, f.stream)
	s.timer.Cancel(timer{timerHeartbeat, string(f.id)})
	f.stream, f.state = "", FrameworkInactive
	s.discardOffers(f)
	s.alloc.SetFrameworkActive(f.id, false)
	s.touchFramework(f)
}

func (s *State) failoverExpired(id ids.Framework) {
	if f := s.frameworks[id]; f != nil && f.state == FrameworkInactive {
		s.removeFramework(f, "it did not come back within its failover timeout")
	}
}

func (s *State) teardown(in Teardown) {
	f := s.frameworks[in.Framework]
	if f == nil {
		s.reply(in.Ticket, fault.New(fault.NotFound, "No framework found with specified ID"))
		return
	}
	s.reply(in.Ticket, nil)
	text := "torn down by an operator"
	if in.Who != "" {
		text = "torn down by " + in.Who
	}
	s.removeFramework(f, text)
}

// removeFramework ends a framework and everything it runs. Its id can't come back.
func (s *State) removeFramework(f *framework, why string) {
	if f.stream != "" {
		s.emit(CloseFramework{f.stream})
		s.deactivate(f)
	}
	s.discardOffers(f)
	s.count("messages_unregister_framework")
	for _, id := range sortedKeys(f.tasks) {
		s.abandonTask(f, f.tasks[id])
	}
	for _, id := range sortedKeys(f.agents) {
		a := s.agents[id]
		for _, e := range sortedKeys(a.executors[f.id]) {
			s.dropExecutor(a, f, e)
		}
		s.toAgent(a, shutdownFramework(f.id))
	}
	s.alloc.RemoveFramework(f.id)
	s.timer.Cancel(timer{timerFailover, string(f.id)})
	delete(s.frameworks, f.id)
	s.views.frameworks = append(s.views.frameworks, f.id)
	s.changed = true

	f.state, f.stream = FrameworkCompleted, ""
	last := s.viewFramework(f)
	last.Unregistered = s.now
	s.complete(last)
	s.toOperators(&master.Event{
		Type:             master.Event_FRAMEWORK_REMOVED.Enum(),
		FrameworkRemoved: &master.Event_FrameworkRemoved{FrameworkInfo: f.info},
	})
	s.happened(aboutFramework(f, "FRAMEWORK_COMPLETED", why))
}

// complete remembers an ended framework, and forgets the oldest.
func (s *State) complete(f *Framework) {
	s.completed = append(s.completed, f)
	s.removed[f.ID] = true
	for len(s.completed) > s.cfg.CompletedFrameworks {
		delete(s.removed, s.completed[0].ID)
		s.completed = s.completed[1:]
	}
	s.views.completed = true
}

// abandonTask ends a task of a framework that is being removed, in our records: nobody is left to tell.
func (s *State) abandonTask(f *framework, t *Task) {
	a := s.agents[t.Agent]
	status := s.masterStatus(t.ID, mesosv1.TaskState_TASK_KILLED, mesosv1.TaskStatus_REASON_FRAMEWORK_REMOVED,
		fmt.Sprintf("Framework %s removed", f.id))
	status.AgentId = agentID(t.Agent)
	t = s.applyStatus(f, a, t, status, mesosv1.TaskState_TASK_KILLED)
	s.endTask(f, a, t)
}

func aboutFramework(f *framework, kind, text string) reeveapi.Event {
	return reeveapi.Event{Kind: kind, Subject: f.info.GetName(), ID: string(f.id), Text: text}
}

func shutdownFramework(id ids.Framework) *agentlink.FromMaster {
	return &agentlink.FromMaster{Message: &agentlink.FromMaster_ShutdownFramework{
		ShutdownFramework: &agentlink.ShutdownFramework{FrameworkId: frameworkID(id)},
	}}
}

func frameworkUpdated(f *framework) *agentlink.FromMaster {
	return &agentlink.FromMaster{Message: &agentlink.FromMaster_FrameworkUpdated{
		FrameworkUpdated: &agentlink.FrameworkUpdated{Framework: f.info},
	}}
}
