package message

import (
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/mesosv1/scheduler"
)

// Subscribed is the first event of a stream.
func Subscribed(id ids.Framework, master *mesosv1.MasterInfo, heartbeatSeconds float64) *scheduler.Event {
	return &scheduler.Event{Type: scheduler.Event_SUBSCRIBED.Enum(), Subscribed: &scheduler.Event_Subscribed{
		FrameworkId: FrameworkID(id), HeartbeatIntervalSeconds: new(heartbeatSeconds), MasterInfo: master,
	}}
}

// Heartbeat says that the stream lives.
func Heartbeat() *scheduler.Event { return &scheduler.Event{Type: scheduler.Event_HEARTBEAT.Enum()} }

// Error is the last event of a stream that the master ends.
func Error(text string) *scheduler.Event {
	return &scheduler.Event{
		Type: scheduler.Event_ERROR.Enum(), Error: &scheduler.Event_Error{Message: new(text)},
	}
}

// Offers makes offers.
func Offers(offers []*mesosv1.Offer) *scheduler.Event {
	return &scheduler.Event{Type: scheduler.Event_OFFERS.Enum(), Offers: &scheduler.Event_Offers{Offers: offers}}
}

// Rescind takes an offer back.
func Rescind(id ids.Offer) *scheduler.Event {
	return &scheduler.Event{Type: scheduler.Event_RESCIND.Enum(), Rescind: &scheduler.Event_Rescind{OfferId: OfferID(id)}}
}

// Update tells of a task's state.
func Update(status *mesosv1.TaskStatus) *scheduler.Event {
	return &scheduler.Event{Type: scheduler.Event_UPDATE.Enum(), Update: &scheduler.Event_Update{Status: status}}
}

// OperationStatus tells of an operation's state.
func OperationStatus(status *mesosv1.OperationStatus) *scheduler.Event {
	return &scheduler.Event{
		Type:                  scheduler.Event_UPDATE_OPERATION_STATUS.Enum(),
		UpdateOperationStatus: &scheduler.Event_UpdateOperationStatus{Status: status},
	}
}

// AgentFailure says that an agent was lost.
func AgentFailure(id ids.Agent) *scheduler.Event {
	return &scheduler.Event{Type: scheduler.Event_FAILURE.Enum(), Failure: &scheduler.Event_Failure{AgentId: AgentID(id)}}
}

// ExecutorFailure says that an executor ended, with the status of wait(2).
func ExecutorFailure(on ids.Agent, id ids.Executor, waitStatus int32) *scheduler.Event {
	return &scheduler.Event{Type: scheduler.Event_FAILURE.Enum(), Failure: &scheduler.Event_Failure{
		AgentId: AgentID(on), ExecutorId: ExecutorID(id), Status: new(waitStatus),
	}}
}

// FromExecutor carries an executor's message.
func FromExecutor(on ids.Agent, id ids.Executor, data []byte) *scheduler.Event {
	return &scheduler.Event{Type: scheduler.Event_MESSAGE.Enum(), Message: &scheduler.Event_Message{
		AgentId: AgentID(on), ExecutorId: ExecutorID(id), Data: data,
	}}
}

// InverseOffers asks for agents back.
func InverseOffers(offers []*mesosv1.InverseOffer) *scheduler.Event {
	return &scheduler.Event{
		Type: scheduler.Event_INVERSE_OFFERS.Enum(), InverseOffers: &scheduler.Event_InverseOffers{InverseOffers: offers},
	}
}

// RescindInverseOffer takes an inverse offer back.
func RescindInverseOffer(id ids.Offer) *scheduler.Event {
	return &scheduler.Event{
		Type: scheduler.Event_RESCIND_INVERSE_OFFER.Enum(), RescindInverseOffer: &scheduler.Event_RescindInverseOffer{InverseOfferId: OfferID(id)},
	}
}
