package cluster

import (
	"google.golang.org/protobuf/proto"

	"codeberg.org/reeve/reeve/masterd/constraint"
	"codeberg.org/reeve/reeve/masterd/validate"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1/scheduler"
)

// call answers a scheduler call before it takes effect, as Mesos does: a 202 says that it arrived and nothing more.
func (s *State) call(in Call) {
	f, err := s.caller(in)
	if err == nil && in.Call.GetType() == scheduler.Call_UPDATE_FRAMEWORK {
		err = s.checkUpdate(f, in.Call.GetUpdateFramework())
	}
	s.turn.Reply(in.Ticket, err)
	if err == nil {
		s.dispatch(f, in.Call)
	}
}

// caller is the framework that makes a call, after the checks of spec 1.7 in their order.
func (s *State) caller(in Call) (*framework, error) {
	if err := validate.Call(in.Call, in.Principal); err != nil {
		return nil, err
	}
	id := ids.Framework(in.Call.GetFrameworkId().GetValue())
	f := s.book.Frameworks[id]
	switch {
	case in.Call.GetType() == scheduler.Call_SUBSCRIBE:
		return nil, fault.New(fault.Internal, "SUBSCRIBE came as a call instead of a stream")
	case f == nil:
		return nil, fault.New(fault.Invalid, "Framework cannot be found")
	case in.Principal != "" && in.Principal != f.Info.GetPrincipal():
		return nil, fault.New(fault.Invalid, "Authenticated principal '%s' does not match principal '%s' set in `FrameworkInfo`",
			in.Principal, f.Info.GetPrincipal())
	case f.State != FrameworkActive:
		return nil, fault.New(fault.Forbidden, "Framework is not subscribed")
	case in.Stream == "":
		return nil, fault.New(fault.Invalid, "All non-subscribe calls should include the 'Mesos-Stream-Id' header")
	case in.Stream != f.Stream:
		return nil, fault.New(fault.Invalid,
			"The stream ID '%s' included in this request didn't match the stream ID currently associated with framework ID %s",
			in.Stream, id)
	}
	return f, nil
}

func (s *State) dispatch(f *framework, call *scheduler.Call) {
	switch call.GetType() {
	case scheduler.Call_TEARDOWN:
		s.removeFramework(f, "it tore itself down")
	case scheduler.Call_ACCEPT:
		s.desk.Accept(f, call.GetAccept())
	case scheduler.Call_DECLINE:
		s.desk.Decline(f, call.GetDecline().GetOfferIds(), call.GetDecline().GetFilters())
	case scheduler.Call_REVIVE:
		s.desk.Revive(f, call.GetRevive())
	case scheduler.Call_SUPPRESS:
		s.desk.Suppress(f, call.GetSuppress())
	case scheduler.Call_KILL:
		s.tasks.Kill(f, call.GetKill())
	case scheduler.Call_SHUTDOWN:
		s.shutdown(f, call.GetShutdown())
	case scheduler.Call_ACKNOWLEDGE:
		s.tasks.Acknowledge(f, call.GetAcknowledge())
	case scheduler.Call_RECONCILE:
		s.tasks.Reconcile(f, call.GetReconcile().GetTasks())
	case scheduler.Call_MESSAGE:
		s.message(f, call.GetMessage())
	case scheduler.Call_UPDATE_FRAMEWORK:
		s.updateFramework(f, call.GetUpdateFramework())
	case scheduler.Call_RECONCILE_OPERATIONS:
		s.clerk.Reconcile(f, call.GetReconcileOperations().GetOperations())
	case scheduler.Call_ACKNOWLEDGE_OPERATION_STATUS:
		s.clerk.Acknowledge(f, call.GetAcknowledgeOperationStatus())
	case scheduler.Call_REQUEST:
		s.turn.Count("messages_resource_request")
	case scheduler.Call_ACCEPT_INVERSE_OFFERS:
		s.inverse.Answer(f, call.GetAcceptInverseOffers().GetInverseOfferIds(), call.GetAcceptInverseOffers().GetFilters(), true)
	case scheduler.Call_DECLINE_INVERSE_OFFERS:
		s.inverse.Answer(f, call.GetDeclineInverseOffers().GetInverseOfferIds(), call.GetDeclineInverseOffers().GetFilters(), false)
	case scheduler.Call_UNKNOWN, scheduler.Call_SUBSCRIBE:
		// caller has refused them.
	}
}

// checkUpdate says why an UPDATE_FRAMEWORK can't be (spec 3.3).
func (s *State) checkUpdate(f *framework, call *scheduler.Call_UpdateFramework) error {
	info := call.GetFrameworkInfo()
	if err := validate.Framework(info, call.GetSuppressedRoles()); err != nil {
		return fault.New(fault.Invalid, "Supplied FrameworkInfo is not valid: %v", err)
	}
	if _, err := constraint.Parse(call.GetOfferConstraints(), rolesOf(info)); err != nil {
		return fault.New(fault.Invalid, "'UpdateFramework.offer_constraints' are not valid: %v", err)
	}
	switch {
	case info.Principal != nil && info.GetPrincipal() != f.Info.GetPrincipal():
		return fault.New(fault.Invalid, "Changing framework's principal is not allowed.")
	case info.GetUser() != f.Info.GetUser():
		return fault.New(fault.Invalid, "Updating 'FrameworkInfo.user' is unsupported")
	case info.GetCheckpoint() != f.Info.GetCheckpoint():
		return fault.New(fault.Invalid, "Updating 'FrameworkInfo.checkpoint' is unsupported")
	}
	return nil
}

// updateFramework takes a new FrameworkInfo. Offers for roles that it left are rescinded.
func (s *State) updateFramework(f *framework, call *scheduler.Call_UpdateFramework) {
	info := proto.CloneOf(call.GetFrameworkInfo())
	info.Id, info.Principal = f.Info.Id, f.Info.Principal
	s.replaceInfo(f, info)
	f.Suppressed = setOf(call.GetSuppressedRoles())
	s.book.Alloc.UpdateFramework(f.ID, f.Roles, f.Suppressed, f.Caps.ForAllocator())
	if constraints, err := constraint.Parse(call.GetOfferConstraints(), f.Roles); err == nil { // checkUpdate has seen them
		f.Constraints = constraints
		s.constrain(f)
	}
	s.desk.RescindStrangers(f)
	s.frameworkUpdated(f)
}
