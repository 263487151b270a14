package executorapi

import (
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/mesosv1/executor"
)

// check holds a call against the rules of its form (spec 3.10), with Mesos's texts. Updates that an executor sends again
// when it subscribes must keep them, too.
func check(call *executor.Call) error {
	if call.Type == nil {
		return invalid("Expecting 'type' to be present")
	}
	switch call.GetType() {
	case executor.Call_SUBSCRIBE:
		if call.GetSubscribe() == nil {
			return invalid("Expecting 'subscribe' to be present")
		}
		for _, update := range call.GetSubscribe().GetUnacknowledgedUpdates() {
			if err := checkStatus(call, update.GetStatus()); err != nil {
				return err
			}
		}
	case executor.Call_UPDATE:
		if call.GetUpdate() == nil {
			return invalid("Expecting 'update' to be present")
		}
		return checkStatus(call, call.GetUpdate().GetStatus())
	case executor.Call_MESSAGE:
		if call.GetMessage() == nil {
			return invalid("Expecting 'message' to be present")
		}
	case executor.Call_HEARTBEAT, executor.Call_UNKNOWN:
	}
	return nil
}

func invalid(format string, args ...any) error {
	return fault.New(fault.Invalid, "Failed to validate executor::Call: "+format, args...)
}

func checkStatus(call *executor.Call, status *mesosv1.TaskStatus) error {
	id, framework := call.GetExecutorId().GetValue(), call.GetFrameworkId().GetValue()
	switch {
	case len(status.GetUuid()) != 16:
		return invalid("Not a valid UUID: %d bytes, not 16", len(status.GetUuid()))
	case status.ExecutorId != nil && status.GetExecutorId().GetValue() != id:
		return invalid("ExecutorID in Call: %s does not match ExecutorID in TaskStatus: %s", id, status.GetExecutorId().GetValue())
	case status.Source == nil || status.GetSource() != mesosv1.TaskStatus_SOURCE_EXECUTOR:
		return invalid("Received Call from executor %s of framework %s with invalid source, expecting 'SOURCE_EXECUTOR'", id, framework)
	case status.GetState() == mesosv1.TaskState_TASK_STAGING:
		return invalid("Received TASK_STAGING from executor %s of framework %s which is not allowed", id, framework)
	}
	return nil
}
