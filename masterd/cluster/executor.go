package cluster

import (
	"codeberg.org/reeve/reeve/masterd/message"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/mesosv1/scheduler"
)

func (s *State) executorExited(in ExecutorExited) {
	s.turn.Count("messages_exited_executor")
	a, f := s.speaker(in.Conn, in.Exited.GetFrameworkId())
	if a == nil || f == nil || in.Exited.GetCommand() {
		return
	}
	id := ids.Executor(in.Exited.GetExecutorId().GetValue())
	s.book.DropExecutor(f, a, id)
	s.turn.ToFramework(f.Stream, message.ExecutorFailure(a.ID, id, in.Exited.GetWaitStatus()))
}

// taskPulling notes how far a task's image is, or what is fetched for it, for people: nobody else is told, and it is forgotten with the state.
func (s *State) taskPulling(in TaskPulling) {
	a, f := s.speaker(in.Conn, in.Pulling.GetFrameworkId())
	if a == nil || f == nil {
		return
	}
	t := f.Tasks[in.Pulling.GetTaskId().GetValue()]
	if t == nil || t.Agent != a.ID || t.Latest != mesosv1.TaskState_TASK_STAGING && (in.Pulling.GetUri() == "" || t.Latest != mesosv1.TaskState_TASK_STARTING) {
		return
	}
	next := *t
	next.Pulled, next.PullTotal, next.Fetched = in.Pulling.GetDone(), in.Pulling.GetTotal(), in.Pulling.GetUri()
	s.book.PutTask(f, &next)
}

func (s *State) executorToFramework(in ExecutorToFramework) {
	s.turn.Count("messages_executor_to_framework")
	a, f := s.speaker(in.Conn, in.Message.GetFrameworkId())
	if a == nil || f == nil || f.Stream == "" {
		s.turn.Count("invalid_executor_to_framework_messages")
		return
	}
	s.turn.Count("valid_executor_to_framework_messages")
	id := ids.Executor(in.Message.GetExecutorId().GetValue())
	s.turn.ToFramework(f.Stream, message.FromExecutor(a.ID, id, in.Message.GetData()))
}

// speaker is the agent of a stream and the framework it speaks of. A framework that has ended is nil, and the agent is
// told once more.
func (s *State) speaker(conn ConnID, id *mesosv1.FrameworkID) (*agent, *framework) {
	a := s.book.Agents[s.conns[conn]]
	if a == nil || a.Conn != conn {
		return nil, nil
	}
	fw := ids.Framework(id.GetValue())
	if s.book.Completed(fw) {
		s.turn.ToAgent(a.Conn, message.ShutdownFramework(fw))
	}
	return a, s.book.Frameworks[fw]
}

// shutdown asks an agent to end an executor.
func (s *State) shutdown(f *framework, call *scheduler.Call_Shutdown) {
	a := s.book.Agents[ids.Agent(call.GetAgentId().GetValue())]
	if a == nil || a.Conn == 0 {
		s.turn.Count("dropped_messages")
		return
	}
	s.turn.ToAgent(a.Conn, message.ShutdownExecutor(f.ID, ids.Executor(call.GetExecutorId().GetValue())))
}

// message carries a framework's message to its executor, if it is there.
func (s *State) message(f *framework, call *scheduler.Call_Message) {
	s.turn.Count("messages_framework_to_executor")
	a := s.book.Agents[ids.Agent(call.GetAgentId().GetValue())]
	id := call.GetExecutorId().GetValue()
	if a == nil || a.Conn == 0 || a.Executors[f.ID][ids.Executor(id)] == nil && !a.Tasks[ids.Task{Framework: f.ID, ID: id}] {
		s.turn.Count("invalid_framework_to_executor_messages")
		return
	}
	s.turn.Count("valid_framework_to_executor_messages")
	s.turn.ToAgent(a.Conn, message.ExecutorMessage(f.ID, ids.Executor(id), call.GetData()))
}
