// Package message builds what an agent tells masters and executors, out of what its machine knows. It owns the shape of the
// messages and no rule; agentd/workload says when each is sent. Start reading at Subscribed.
package message

import (
	"codeberg.org/reeve/reeve/agentd/updates"
	"codeberg.org/reeve/reeve/shared/agentlink"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/mesosv1/executor"
)

// Subscribed is the first event of an executor's stream.
func Subscribed(info *mesosv1.ExecutorInfo, framework *mesosv1.FrameworkInfo, agent *mesosv1.AgentInfo, container ids.Container) *executor.Event {
	return &executor.Event{
		Type: executor.Event_SUBSCRIBED.Enum(),
		Subscribed: &executor.Event_Subscribed{
			ExecutorInfo: info, FrameworkInfo: framework, AgentInfo: agent, ContainerId: &mesosv1.ContainerID{Value: new(string(container))},
		},
	}
}

// Launch hands an executor a task.
func Launch(task *mesosv1.TaskInfo) *executor.Event {
	return &executor.Event{Type: executor.Event_LAUNCH.Enum(), Launch: &executor.Event_Launch{Task: task}}
}

// LaunchGroup hands an executor tasks that belong together.
func LaunchGroup(tasks []*mesosv1.TaskInfo) *executor.Event {
	return &executor.Event{
		Type: executor.Event_LAUNCH_GROUP.Enum(), LaunchGroup: &executor.Event_LaunchGroup{TaskGroup: &mesosv1.TaskGroupInfo{Tasks: tasks}},
	}
}

// Kill has an executor end a task. A policy without a grace period leaves the grace to the task.
func Kill(task *mesosv1.TaskID, policy *mesosv1.KillPolicy) *executor.Event {
	if policy.GetGracePeriod() == nil {
		policy = nil
	}
	return &executor.Event{Type: executor.Event_KILL.Enum(), Kill: &executor.Event_Kill{TaskId: task, KillPolicy: policy}}
}

// FromFramework is what a framework says to its executor.
func FromFramework(data []byte) *executor.Event {
	return &executor.Event{Type: executor.Event_MESSAGE.Enum(), Message: &executor.Event_Message{Data: append([]byte{}, data...)}}
}

// ToFramework is what an executor says to its framework.
func ToFramework(framework *mesosv1.FrameworkID, from *mesosv1.ExecutorID, data []byte) *agentlink.FromAgent {
	return &agentlink.FromAgent{Message: &agentlink.FromAgent_FrameworkMessage{FrameworkMessage: &agentlink.FrameworkMessage{
		FrameworkId: framework, ExecutorId: from, Data: data,
	}}}
}

// Pulling tells a master how far the image of a task is, in bytes of what was missing, or one of its URIs.
func Pulling(framework *mesosv1.FrameworkID, task *mesosv1.TaskID, uri string, done, total int64) *agentlink.FromAgent {
	return &agentlink.FromAgent{Message: &agentlink.FromAgent_Pulling{Pulling: &agentlink.Pulling{
		FrameworkId: framework, TaskId: task, Uri: uri, Done: done, Total: total,
	}}}
}

// ExecutorExited tells a master that an executor's container ended; status is as of wait(2).
func ExecutorExited(framework *mesosv1.FrameworkID, exited *mesosv1.ExecutorID, status int, command bool) *agentlink.FromAgent {
	return &agentlink.FromAgent{Message: &agentlink.FromAgent_ExecutorExited{ExecutorExited: &agentlink.ExecutorExited{
		FrameworkId: framework, ExecutorId: exited, WaitStatus: int32(status), Command: command,
	}}}
}

// Update tells a master of a task's status.
func Update(s updates.Sending) *agentlink.FromAgent {
	return &agentlink.FromAgent{Message: &agentlink.FromAgent_Update{Update: &agentlink.StatusUpdate{
		FrameworkId: &mesosv1.FrameworkID{Value: new(string(s.Framework))}, Status: s.Status, LatestState: int32(s.Latest),
	}}}
}

// OperationUpdate tells a master how an operation went.
func OperationUpdate(op *mesosv1.Operation) *agentlink.FromAgent {
	return &agentlink.FromAgent{Message: &agentlink.FromAgent_OperationUpdate{OperationUpdate: &agentlink.OperationUpdate{
		FrameworkId: op.GetFrameworkId(), OperationUuid: op.GetUuid().GetValue(), Status: op.GetLatestStatus(),
	}}}
}
