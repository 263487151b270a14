package validate

import (
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/mesosv1/scheduler"
)

// Call checks the shape of a scheduler call, before anybody looks up what it names. principal is who sent it, "" if
// nobody was asked. The error is Invalid, and its text is the body of the 400.
func Call(call *scheduler.Call, principal string) error {
	if problem := callProblem(call, principal); problem != "" {
		return fault.New(fault.Invalid, "Failed to validate scheduler::Call: %s", problem)
	}
	return nil
}

func callProblem(call *scheduler.Call, principal string) string {
	if call.Type == nil || call.GetType() == scheduler.Call_UNKNOWN {
		return expecting("type")
	}
	if call.GetType() == scheduler.Call_SUBSCRIBE {
		return subscribeProblem(call, principal)
	}
	if call.FrameworkId == nil {
		return expecting("framework_id")
	}
	if name, there := body(call); !there {
		return expecting(name)
	}
	switch call.GetType() {
	case scheduler.Call_ACKNOWLEDGE:
		return uuidProblem(call.GetAcknowledge().GetUuid())
	case scheduler.Call_ACKNOWLEDGE_OPERATION_STATUS:
		if call.GetAcknowledgeOperationStatus().AgentId == nil {
			return expecting("agent_id")
		}
		return uuidProblem(call.GetAcknowledgeOperationStatus().GetUuid())
	case scheduler.Call_UPDATE_FRAMEWORK:
		if call.GetUpdateFramework().GetFrameworkInfo() == nil {
			return expecting("update_framework.framework_info")
		}
		if !sameFramework(call.FrameworkId, call.GetUpdateFramework().GetFrameworkInfo().GetId()) {
			return "'framework_id' differs from 'update_framework.framework_info.id'"
		}
		return ""
	default:
		return ""
	}
}

func subscribeProblem(call *scheduler.Call, principal string) string {
	switch info := call.GetSubscribe().GetFrameworkInfo(); {
	case call.Subscribe == nil:
		return expecting("subscribe")
	case info == nil:
		return expecting("subscribe.framework_info")
	case !sameFramework(call.FrameworkId, info.GetId()):
		return "'framework_id' differs from 'subscribe.framework_info.id'"
	case principal != "" && info.Principal != nil && info.GetPrincipal() != principal:
		return "Authenticated principal '" + principal + "' does not match principal '" + info.GetPrincipal() +
			"' set in `FrameworkInfo`"
	}
	return ""
}

func sameFramework(a, b *mesosv1.FrameworkID) bool {
	return (a == nil) == (b == nil) && a.GetValue() == b.GetValue()
}

func expecting(field string) string { return "Expecting '" + field + "' to be present" }

func uuidProblem(uuid []byte) string {
	if len(uuid) != 16 {
		return "Not a valid UUID"
	}
	return ""
}

// body names the sub-message that a call's type asks for, and says whether it is there.
func body(call *scheduler.Call) (string, bool) {
	switch call.GetType() {
	case scheduler.Call_ACCEPT:
		return "accept", call.Accept != nil
	case scheduler.Call_DECLINE:
		return "decline", call.Decline != nil
	case scheduler.Call_ACCEPT_INVERSE_OFFERS:
		return "accept_inverse_offers", call.AcceptInverseOffers != nil
	case scheduler.Call_DECLINE_INVERSE_OFFERS:
		return "decline_inverse_offers", call.DeclineInverseOffers != nil
	case scheduler.Call_KILL:
		return "kill", call.Kill != nil
	case scheduler.Call_SHUTDOWN:
		return "shutdown", call.Shutdown != nil
	case scheduler.Call_ACKNOWLEDGE:
		return "acknowledge", call.Acknowledge != nil
	case scheduler.Call_ACKNOWLEDGE_OPERATION_STATUS:
		return "acknowledge_operation_status", call.AcknowledgeOperationStatus != nil
	case scheduler.Call_RECONCILE:
		return "reconcile", call.Reconcile != nil
	case scheduler.Call_RECONCILE_OPERATIONS:
		return "reconcile_operations", call.ReconcileOperations != nil
	case scheduler.Call_MESSAGE:
		return "message", call.Message != nil
	case scheduler.Call_REQUEST:
		return "request", call.Request != nil
	case scheduler.Call_UPDATE_FRAMEWORK:
		return "update_framework", call.UpdateFramework != nil
	case scheduler.Call_UNKNOWN, scheduler.Call_SUBSCRIBE, scheduler.Call_TEARDOWN, scheduler.Call_REVIVE, scheduler.Call_SUPPRESS:
	}
	return "", true
}
