package cluster

import (
	"fmt"
	"math"
	"time"

	"google.golang.org/protobuf/proto"

	"codeberg.org/reeve/reeve/masterd/constraint"
	"codeberg.org/reeve/reeve/masterd/ledger"
	"codeberg.org/reeve/reeve/masterd/message"
	"codeberg.org/reeve/reeve/masterd/validate"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
)

func (s *State) subscribe(in Subscribe) {
	call := in.Call.GetSubscribe()
	s.turn.Count("messages_register_framework")
	info, err := s.acceptableInfo(in)
	if err != nil {
		s.rejectStream(in.Stream, err.Error())
		return
	}
	constraints, err := constraint.Parse(call.GetOfferConstraints(), rolesOf(info))
	if err != nil {
		s.rejectStream(in.Stream, err.Error())
		return
	}
	id := ids.Framework(info.GetId().GetValue())
	if id == "" {
		id = ids.Framework(fmt.Sprintf("%s-%04d", s.cfg.MasterID, s.nextFramework))
		s.nextFramework++
		info.Id = message.FrameworkID(id)
	}
	if f := s.book.Frameworks[id]; f != nil {
		f.Constraints = constraints
		s.resubscribe(f, in.Stream, info, call.GetSuppressedRoles())
		return
	}
	f := s.book.AddFramework(id, info)
	f.Registered, f.Constraints = s.turn.Now, constraints
	s.activate(f, in.Stream, call.GetSuppressedRoles())
	s.turn.ToOperators(message.FrameworkAdded(s.book.ViewFramework(f).Proto()))
	s.turn.Happened(f.About("FRAMEWORK_ADDED", ""))
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
		info.Principal = new(in.Principal)
	}
	id := ids.Framework(info.GetId().GetValue())
	if s.book.Completed(id) {
		return nil, fault.New(fault.Conflict, "Framework has been removed")
	}
	if f := s.book.Frameworks[id]; f != nil && f.Info.GetPrincipal() != info.GetPrincipal() {
		return nil, fault.New(fault.Forbidden, "Changing framework's principal is not allowed.")
	}
	return info, nil
}

// rejectStream answers a subscription that can't be: a stream of one ERROR (spec 1.7).
func (s *State) rejectStream(stream StreamID, text string) {
	s.turn.ToFramework(stream, message.Error(text))
	s.turn.Emit(CloseFramework{Stream: stream})
}

// recoverFramework knows a framework from an agent, which runs something of it. It is offered nothing.
func (s *State) recoverFramework(id ids.Framework, info *mesosv1.FrameworkInfo) *framework {
	f := s.book.AddFramework(id, info)
	f.State, f.Since, f.Registered = FrameworkRecovered, s.turn.Now, s.turn.Now
	s.turn.ToOperators(message.FrameworkAdded(s.book.ViewFramework(f).Proto()))
	s.turn.Happened(f.About("FRAMEWORK_RECOVERED", "known from an agent that runs its tasks; it has not subscribed yet"))
	return f
}

// resubscribe is a SUBSCRIBE with an id that we know: after a failover of the framework or of the master, or a mere retry.
func (s *State) resubscribe(f *framework, stream StreamID, info *mesosv1.FrameworkInfo, suppressed []string) {
	s.turn.Count("messages_reregister_framework")
	if f.Stream != "" {
		s.rejectStream(f.Stream, "Framework failed over")
		delete(s.streams, f.Stream)
	}
	s.desk.Discard(f)
	s.inverse.Discard(f)
	info.User, info.Checkpoint = f.Info.User, f.Info.Checkpoint // changes of these are ignored (spec 3.3)
	s.replaceInfo(f, info)
	f.Reregistered = s.turn.Now
	s.activate(f, stream, suppressed)
	s.frameworkUpdated(f)
	s.turn.Happened(f.About("FRAMEWORK_REREGISTERED", ""))
}

// replaceInfo takes a new FrameworkInfo and tells the agents that know the old one.
func (s *State) replaceInfo(f *framework, info *mesosv1.FrameworkInfo) {
	changed := !proto.Equal(f.Info, info)
	s.book.Describe(f, info)
	if !changed {
		return
	}
	for _, id := range ledger.SortedKeys(f.Agents) {
		s.turn.ToAgent(s.book.Agents[id].Conn, message.FrameworkUpdated(info))
	}
}

func (s *State) frameworkUpdated(f *framework) {
	s.turn.ToOperators(message.FrameworkChanged(s.book.ViewFramework(f).Proto()))
}

// activate binds a framework to a stream and lets it have offers.
func (s *State) activate(f *framework, stream StreamID, suppressed []string) {
	f.State, f.Since, f.Stream = FrameworkActive, s.turn.Now, stream
	f.Suppressed = setOf(suppressed)
	s.streams[stream] = f.ID
	s.book.TouchFramework(f)
	s.timer.Cancel(timer{timerFailover, string(f.ID)})
	s.book.Alloc.AddFramework(f.ID, f.Roles, f.Suppressed, f.Caps.ForAllocator())
	s.constrain(f)
	s.turn.ToFramework(stream, message.Subscribed(f.ID, s.cfg.MasterInfo, s.cfg.Heartbeat.Seconds()))
	s.heartbeat(f.ID)
}

// rolesOf are the roles that a FrameworkInfo is in.
func rolesOf(info *mesosv1.FrameworkInfo) []string {
	if ledger.CapabilitiesOf(info).MultiRole {
		return info.GetRoles()
	}
	return []string{info.GetRole()}
}

// constrain tells the allocator which agents a framework wants.
func (s *State) constrain(f *framework) {
	if f.Constraints == nil {
		s.book.Alloc.SetConstraints(f.ID, nil)
		return
	}
	s.book.Alloc.SetConstraints(f.ID, f.Constraints.Allows)
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
	f := s.book.Frameworks[id]
	if f == nil || f.Stream == "" {
		return
	}
	s.turn.ToFramework(f.Stream, message.Heartbeat())
	s.timer.Set(timer{timerHeartbeat, string(id)}, s.turn.Now.Add(s.cfg.Heartbeat))
}

func (s *State) frameworkClosed(in FrameworkClosed) {
	id, ok := s.streams[in.Stream]
	if !ok {
		return
	}
	f := s.book.Frameworks[id]
	s.deactivate(f)
	why := "its stream ended"
	if in.Why != "" {
		why += " (" + in.Why + ")"
	}
	wait := failoverTimeout(f.Info)
	if wait <= 0 {
		s.removeFramework(f, why+" and its failover timeout is 0")
		return
	}
	s.turn.Happened(f.About("FRAMEWORK_INACTIVE", fmt.Sprintf("%s; it has %s to come back", why, wait)))
	s.timer.Set(timer{timerFailover, string(id)}, s.turn.Now.Add(wait))
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
	delete(s.streams, f.Stream)
	s.timer.Cancel(timer{timerHeartbeat, string(f.ID)})
	f.Stream, f.State, f.Since = "", FrameworkInactive, s.turn.Now
	s.desk.Discard(f)
	s.inverse.Discard(f)
	s.book.Alloc.SetFrameworkActive(f.ID, false)
	s.book.TouchFramework(f)
}

func (s *State) failoverExpired(id ids.Framework) {
	if f := s.book.Frameworks[id]; f != nil && f.State == FrameworkInactive {
		s.removeFramework(f, "it did not come back within its failover timeout")
	}
}

func (s *State) teardown(in Teardown) {
	f := s.book.Frameworks[in.Framework]
	if f == nil {
		s.turn.Reply(in.Ticket, fault.New(fault.NotFound, "No framework found with specified ID"))
		return
	}
	s.turn.Reply(in.Ticket, nil)
	text := "torn down by an operator"
	if in.Who != "" {
		text = "torn down by " + in.Who
	}
	s.removeFramework(f, text)
}

// removeFramework ends a framework and everything it runs. Its id can't come back.
func (s *State) removeFramework(f *framework, why string) {
	if f.Stream != "" {
		s.turn.Emit(CloseFramework{Stream: f.Stream})
		s.deactivate(f)
	}
	s.desk.Discard(f)
	s.inverse.Forget(f)
	s.turn.Count("messages_unregister_framework")
	for _, id := range ledger.SortedKeys(f.Tasks) {
		s.tasks.Abandon(f, f.Tasks[id])
	}
	s.clerk.Abandon(f)
	for _, id := range ledger.SortedKeys(f.Agents) {
		a := s.book.Agents[id]
		for _, e := range ledger.SortedKeys(a.Executors[f.ID]) {
			s.book.DropExecutor(f, a, e)
		}
		s.turn.ToAgent(a.Conn, message.ShutdownFramework(f.ID))
	}
	s.book.Alloc.RemoveFramework(f.ID)
	s.timer.Cancel(timer{timerFailover, string(f.ID)})
	s.book.Complete(f, s.turn.Now)
	s.turn.ToOperators(message.FrameworkRemoved(f.Info))
	s.turn.Happened(f.About("FRAMEWORK_COMPLETED", why))
}
