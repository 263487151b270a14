// Package message builds what the master says: to agents over the link, to frameworks and operators as events. It owns
// which fields are set, as Mesos sets them, and decides nothing: every fact is an argument. Its messages may share memory
// with their arguments; nobody changes a message once it is built. Start reading at Status.
package message

import (
	"time"

	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
)

// AgentID is an agent's id on the wire.
func AgentID(id ids.Agent) *mesosv1.AgentID { return &mesosv1.AgentID{Value: new(string(id))} }

// FrameworkID is a framework's id on the wire.
func FrameworkID(id ids.Framework) *mesosv1.FrameworkID {
	return &mesosv1.FrameworkID{Value: new(string(id))}
}

// TaskID is the wire's half of a task's id.
func TaskID(id string) *mesosv1.TaskID { return &mesosv1.TaskID{Value: new(id)} }

// ExecutorID is an executor's id on the wire.
func ExecutorID(id ids.Executor) *mesosv1.ExecutorID {
	return &mesosv1.ExecutorID{Value: new(string(id))}
}

// OfferID is an offer's id on the wire.
func OfferID(id ids.Offer) *mesosv1.OfferID { return &mesosv1.OfferID{Value: new(string(id))} }

// Seconds is how Mesos writes the time of a status: seconds since the epoch, to the microsecond.
func Seconds(t time.Time) *float64 { return new(float64(t.UnixMicro()) / 1e6) }

// Time is a moment on the wire; nil for the zero time.
func Time(t time.Time) *mesosv1.TimeInfo {
	if t.IsZero() {
		return nil
	}
	return &mesosv1.TimeInfo{Nanoseconds: new(t.UnixNano())}
}

// Status is a status that the master makes itself: it has no uuid and must not be acknowledged (spec 3.6). agent may be "".
func Status(now time.Time, id string, on ids.Agent, state mesosv1.TaskState, reason mesosv1.TaskStatus_Reason, text string) *mesosv1.TaskStatus {
	status := &mesosv1.TaskStatus{
		TaskId: TaskID(id), State: state.Enum(), Source: mesosv1.TaskStatus_SOURCE_MASTER.Enum(),
		Reason: reason.Enum(), Message: new(text), Timestamp: Seconds(now),
	}
	if on != "" {
		status.AgentId = AgentID(on)
	}
	return status
}
