package message

import (
	"codeberg.org/reeve/reeve/shared/agentlink"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
)

// Registered answers a registration. drain is the agent's, nil if it takes tasks.
func Registered(id ids.Agent, master *mesosv1.MasterInfo, heartbeatSeconds float64, drain *agentlink.Drain, history int) *agentlink.FromMaster {
	return &agentlink.FromMaster{Message: &agentlink.FromMaster_Registered{Registered: &agentlink.Registered{
		AgentId: AgentID(id), Master: master, HeartbeatSeconds: heartbeatSeconds, Drain: drain, History: uint32(history),
	}}}
}

// Drain tells an agent to end its tasks and take no others, or that it may take tasks again.
func Drain(drain *agentlink.Drain) *agentlink.FromMaster {
	return &agentlink.FromMaster{Message: &agentlink.FromMaster_Drain{Drain: drain}}
}

// Refused ends a stream; shutdown tells the agent to end its tasks and itself.
func Refused(reason string, shutdown bool) *agentlink.FromMaster {
	return &agentlink.FromMaster{Message: &agentlink.FromMaster_Refused{
		Refused: &agentlink.Refused{Reason: reason, Shutdown: shutdown},
	}}
}

// RunTasks launches tasks.
func RunTasks(run *agentlink.RunTasks) *agentlink.FromMaster {
	return &agentlink.FromMaster{Message: &agentlink.FromMaster_RunTasks{RunTasks: run}}
}

// KillTask asks for a task's end; reason is for people.
func KillTask(id ids.Task, policy *mesosv1.KillPolicy, reason string) *agentlink.FromMaster {
	return &agentlink.FromMaster{Message: &agentlink.FromMaster_KillTask{KillTask: &agentlink.KillTask{
		FrameworkId: FrameworkID(id.Framework), TaskId: TaskID(id.ID), KillPolicy: policy, Reason: reason,
	}}}
}

// Acknowledge carries a framework's acknowledgement.
func Acknowledge(id ids.Task, uuid []byte) *agentlink.FromMaster {
	return &agentlink.FromMaster{Message: &agentlink.FromMaster_Acknowledge{Acknowledge: &agentlink.Acknowledge{
		FrameworkId: FrameworkID(id.Framework), TaskId: TaskID(id.ID), Uuid: uuid,
	}}}
}

// ShutdownExecutor ends an executor and its tasks.
func ShutdownExecutor(framework ids.Framework, executor ids.Executor) *agentlink.FromMaster {
	return &agentlink.FromMaster{Message: &agentlink.FromMaster_ShutdownExecutor{ShutdownExecutor: &agentlink.ShutdownExecutor{
		FrameworkId: FrameworkID(framework), ExecutorId: ExecutorID(executor),
	}}}
}

// ExecutorMessage carries a framework's message to its executor.
func ExecutorMessage(framework ids.Framework, executor ids.Executor, data []byte) *agentlink.FromMaster {
	return &agentlink.FromMaster{Message: &agentlink.FromMaster_ExecutorMessage{ExecutorMessage: &agentlink.ExecutorMessage{
		FrameworkId: FrameworkID(framework), ExecutorId: ExecutorID(executor), Data: data,
	}}}
}

// ShutdownFramework ends everything that a framework runs on the agent.
func ShutdownFramework(id ids.Framework) *agentlink.FromMaster {
	return &agentlink.FromMaster{Message: &agentlink.FromMaster_ShutdownFramework{
		ShutdownFramework: &agentlink.ShutdownFramework{FrameworkId: FrameworkID(id)},
	}}
}

// FrameworkUpdated tells the agent what a framework says of itself now.
func FrameworkUpdated(info *mesosv1.FrameworkInfo) *agentlink.FromMaster {
	return &agentlink.FromMaster{Message: &agentlink.FromMaster_FrameworkUpdated{
		FrameworkUpdated: &agentlink.FrameworkUpdated{Framework: info},
	}}
}

// ApplyOperation converts resources of the agent; framework is "" for an operator's operation.
func ApplyOperation(framework ids.Framework, info *mesosv1.Offer_Operation, uuid []byte) *agentlink.FromMaster {
	apply := &agentlink.ApplyOperation{Info: info, Uuid: uuid}
	if framework != "" {
		apply.FrameworkId = FrameworkID(framework)
	}
	return &agentlink.FromMaster{Message: &agentlink.FromMaster_ApplyOperation{ApplyOperation: apply}}
}

// AcknowledgeOperation says that the status of an operation is known.
func AcknowledgeOperation(uuid, status []byte) *agentlink.FromMaster {
	return &agentlink.FromMaster{Message: &agentlink.FromMaster_AcknowledgeOperation{
		AcknowledgeOperation: &agentlink.AcknowledgeOperation{OperationUuid: uuid, StatusUuid: status},
	}}
}
