// Package jobcall writes the scheduler calls that the jobs machine makes. It decides nothing. Start reading at Accept.
package jobcall

import (
	"time"

	"google.golang.org/protobuf/proto"

	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/mesosv1/scheduler"
)

// refuseSeconds is for how long what did not fit is not offered again. Whoever becomes ready meanwhile revives.
const refuseSeconds = 5

func filters() *mesosv1.Filters { return &mesosv1.Filters{RefuseSeconds: proto.Float64(refuseSeconds)} }

// Accept launches tasks on an offer.
func Accept(offer *mesosv1.OfferID, tasks []*mesosv1.TaskInfo) *scheduler.Call {
	return &scheduler.Call{
		Type: scheduler.Call_ACCEPT.Enum(),
		Accept: &scheduler.Call_Accept{
			OfferIds: []*mesosv1.OfferID{offer},
			Operations: []*mesosv1.Offer_Operation{{
				Type:   mesosv1.Offer_Operation_LAUNCH.Enum(),
				Launch: &mesosv1.Offer_Operation_Launch{TaskInfos: tasks},
			}},
			Filters: filters(),
		},
	}
}

// Decline gives an offer back.
func Decline(offer *mesosv1.OfferID) *scheduler.Call {
	return &scheduler.Call{
		Type:    scheduler.Call_DECLINE.Enum(),
		Decline: &scheduler.Call_Decline{OfferIds: []*mesosv1.OfferID{offer}, Filters: filters()},
	}
}

// Kill asks for the end of a task; agent may be "".
func Kill(task, agent string) *scheduler.Call {
	kill := &scheduler.Call_Kill{TaskId: &mesosv1.TaskID{Value: new(task)}}
	if agent != "" {
		kill.AgentId = &mesosv1.AgentID{Value: new(agent)}
	}
	return &scheduler.Call{Type: scheduler.Call_KILL.Enum(), Kill: kill}
}

// Acknowledge confirms a status update.
func Acknowledge(task, agent string, uuid []byte) *scheduler.Call {
	return &scheduler.Call{
		Type: scheduler.Call_ACKNOWLEDGE.Enum(),
		Acknowledge: &scheduler.Call_Acknowledge{
			AgentId: &mesosv1.AgentID{Value: new(agent)}, TaskId: &mesosv1.TaskID{Value: new(task)}, Uuid: uuid,
		},
	}
}

// Question is a task of a Reconcile.
func Question(task, agent string) *scheduler.Call_Reconcile_Task {
	return &scheduler.Call_Reconcile_Task{
		TaskId: &mesosv1.TaskID{Value: new(task)}, AgentId: &mesosv1.AgentID{Value: new(agent)},
	}
}

// Reconcile asks for tasks, all of them if it names none.
func Reconcile(tasks ...*scheduler.Call_Reconcile_Task) *scheduler.Call {
	return &scheduler.Call{Type: scheduler.Call_RECONCILE.Enum(), Reconcile: &scheduler.Call_Reconcile{Tasks: tasks}}
}

// Suppress wants no offers in some roles.
func Suppress(roles []string) *scheduler.Call {
	return &scheduler.Call{Type: scheduler.Call_SUPPRESS.Enum(), Suppress: &scheduler.Call_Suppress{Roles: roles}}
}

// Revive wants offers in some roles again, whatever was declined.
func Revive(roles []string) *scheduler.Call {
	return &scheduler.Call{Type: scheduler.Call_REVIVE.Enum(), Revive: &scheduler.Call_Revive{Roles: roles}}
}

// Subscribe opens a framework's stream.
func Subscribe(info *mesosv1.FrameworkInfo, suppressed []string) *scheduler.Call {
	return &scheduler.Call{
		Type:      scheduler.Call_SUBSCRIBE.Enum(),
		Subscribe: &scheduler.Call_Subscribe{FrameworkInfo: info, SuppressedRoles: suppressed},
	}
}

// Change changes a framework that is subscribed.
func Change(info *mesosv1.FrameworkInfo, suppressed []string) *scheduler.Call {
	return &scheduler.Call{
		Type:            scheduler.Call_UPDATE_FRAMEWORK.Enum(),
		UpdateFramework: &scheduler.Call_UpdateFramework{FrameworkInfo: info, SuppressedRoles: suppressed},
	}
}

// failoverTimeout is how long the tasks may wait for another leader. Nothing but an operator gives jobs up.
const failoverTimeout = 365 * 24 * time.Hour

// FrameworkInfo describes the framework that runs jobs in some roles.
func FrameworkInfo(id, user, hostname string, roles []string) *mesosv1.FrameworkInfo {
	info := &mesosv1.FrameworkInfo{
		User:            new(user),
		Name:            new("reeve"),
		Id:              &mesosv1.FrameworkID{Value: new(id)},
		FailoverTimeout: new(failoverTimeout.Seconds()),
		Checkpoint:      new(true),
		Hostname:        new(hostname),
		Roles:           roles,
	}
	for _, c := range []mesosv1.FrameworkInfo_Capability_Type{
		mesosv1.FrameworkInfo_Capability_MULTI_ROLE,
		mesosv1.FrameworkInfo_Capability_PARTITION_AWARE,
		mesosv1.FrameworkInfo_Capability_RESERVATION_REFINEMENT,
		mesosv1.FrameworkInfo_Capability_TASK_KILLING_STATE,
		mesosv1.FrameworkInfo_Capability_GPU_RESOURCES,
	} {
		info.Capabilities = append(info.Capabilities, &mesosv1.FrameworkInfo_Capability{Type: c.Enum()})
	}
	return info
}
