package cluster

import (
	"google.golang.org/protobuf/proto"

	"codeberg.org/reeve/reeve/shared/agentlink"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/mesosv1/scheduler"
	"codeberg.org/reeve/reeve/shared/resources"
)

// addExecutor starts to track a custom executor. Its resources count once, however many tasks share it.
func (s *State) addExecutor(f *framework, a *agent, info *mesosv1.ExecutorInfo, uses resources.Resources) {
	if a.executors[f.id] == nil {
		a.executors[f.id] = map[ids.Executor]*executor{}
	}
	a.executors[f.id][ids.Executor(info.GetExecutorId().GetValue())] = &executor{info: info, uses: uses}
	f.agents[a.id] = true
	s.touchAgent(a)
	s.charge(f, a, uses)
}

// dropExecutor forgets one that ended.
func (s *State) dropExecutor(a *agent, f *framework, id ids.Executor) {
	e := a.executors[f.id][id]
	if e == nil {
		return
	}
	s.release(f, a, e.uses)
	delete(a.executors[f.id], id)
	if len(a.executors[f.id]) == 0 {
		delete(a.executors, f.id)
	}
	s.touchAgent(a)
}

func (s *State) executorExited(in ExecutorExited) {
	s.count("messages_exited_executor")
	a, f := s.speaker(in.Conn, in.Exited.GetFrameworkId())
	if a == nil || f == nil || in.Exited.GetCommand() {
		return
	}
	id := ids.Executor(in.Exited.GetExecutorId().GetValue())
	s.dropExecutor(a, f, id)
	s.toFramework(f, &scheduler.Event{Type: scheduler.Event_FAILURE.Enum(), Failure: &scheduler.Event_Failure{
		AgentId: agentID(a.id), ExecutorId: executorID(id), Status: proto.Int32(in.Exited.GetWaitStatus()),
	}})
}

func (s *State) executorToFramework(in ExecutorToFramework) {
	s.count("messages_executor_to_framework")
	a, f := s.speaker(in.Conn, in.Message.GetFrameworkId())
	if a == nil || f == nil || f.stream == "" {
		s.count("invalid_executor_to_framework_messages")
		return
	}
	s.count("valid_executor_to_framework_messages")
	s.toFramework(f, &scheduler.Event{Type: scheduler.Event_MESSAGE.Enum(), Message: &scheduler.Event_Message{
		AgentId: agentID(a.id), ExecutorId: in.Message.GetExecutorId(), Data: in.Message.GetData(),
	}})
}

// speaker is the agent of a stream and the framework it speaks of. A framework that has ended is nil, and the agent is
// told once more.
func (s *State) speaker(conn ConnID, id *mesosv1.FrameworkID) (*agent, *framework) {
	a := s.agents[s.conns[conn]]
	if a == nil || a.conn != conn {
		return nil, nil
	}
	fw := ids.Framework(id.GetValue())
	if s.removed[fw] {
		s.toAgent(a, shutdownFramework(fw))
	}
	return a, s.frameworks[fw]
}

// shutdown asks an agent to end an executor.
func (s *State) shutdown(f *framework, call *scheduler.Call_Shutdown) {
	a := s.agents[ids.Agent(call.GetAgentId().GetValue())]
	if a == nil || a.conn == 0 {
		s.count("dropped_messages")
		return
	}
	s.toAgent(a, &agentlink.FromMaster{Message: &agentlink.FromMaster_ShutdownExecutor{
		ShutdownExecutor: &agentlink.ShutdownExecutor{FrameworkId: frameworkID(f.id), ExecutorId: call.GetExecutorId()},
	}})
}

// message carries a framework's message to its executor, if it is there.
func (s *State) message(f *framework, call *scheduler.Call_Message) {
	s.count("messages_framework_to_executor")
	a := s.agents[ids.Agent(call.GetAgentId().GetValue())]
	id := call.GetExecutorId().GetValue()
	if a == nil || a.conn == 0 || a.executors[f.id][ids.Executor(id)] == nil && !a.tasks[ids.Task{Framework: f.id, ID: id}] {
		s.count("invalid_framework_to_executor_messages")
		return
	}
	s.count("valid_framework_to_executor_messages")
	s.toAgent(a, &agentlink.FromMaster{Message: &agentlink.FromMaster_ExecutorMessage{
		ExecutorMessage: &agentlink.ExecutorMessage{
			FrameworkId: frameworkID(f.id), ExecutorId: call.GetExecutorId(), Data: call.GetData(),
		},
	}})
}
