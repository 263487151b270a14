package message

import (
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/mesosv1/master"
)

// TaskAdded says that a task is tracked from now on.
func TaskAdded(task *mesosv1.Task) *master.Event {
	return &master.Event{Type: master.Event_TASK_ADDED.Enum(), TaskAdded: &master.Event_TaskAdded{Task: task}}
}

// TaskUpdated tells of an update and of the latest state, which may be a later one.
func TaskUpdated(framework ids.Framework, status *mesosv1.TaskStatus, latest mesosv1.TaskState) *master.Event {
	return &master.Event{Type: master.Event_TASK_UPDATED.Enum(), TaskUpdated: &master.Event_TaskUpdated{
		FrameworkId: FrameworkID(framework), Status: status, State: latest.Enum(),
	}}
}

// AgentAdded says that an agent registered, or came back after it was lost.
func AgentAdded(agent *master.Response_GetAgents_Agent) *master.Event {
	return &master.Event{Type: master.Event_AGENT_ADDED.Enum(), AgentAdded: &master.Event_AgentAdded{Agent: agent}}
}

// AgentRemoved says that an agent shut down. Unreachable ones are not removed.
func AgentRemoved(id ids.Agent) *master.Event {
	return &master.Event{Type: master.Event_AGENT_REMOVED.Enum(), AgentRemoved: &master.Event_AgentRemoved{AgentId: AgentID(id)}}
}

// FrameworkAdded says that a framework is known from now on.
func FrameworkAdded(f *master.Response_GetFrameworks_Framework) *master.Event {
	return &master.Event{Type: master.Event_FRAMEWORK_ADDED.Enum(), FrameworkAdded: &master.Event_FrameworkAdded{Framework: f}}
}

// FrameworkChanged says that a framework subscribed again or changed.
func FrameworkChanged(f *master.Response_GetFrameworks_Framework) *master.Event {
	return &master.Event{Type: master.Event_FRAMEWORK_UPDATED.Enum(), FrameworkUpdated: &master.Event_FrameworkUpdated{Framework: f}}
}

// FrameworkRemoved says that a framework has ended.
func FrameworkRemoved(info *mesosv1.FrameworkInfo) *master.Event {
	return &master.Event{
		Type: master.Event_FRAMEWORK_REMOVED.Enum(), FrameworkRemoved: &master.Event_FrameworkRemoved{FrameworkInfo: info},
	}
}
