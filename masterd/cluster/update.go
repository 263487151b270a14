package cluster

import (
	"bytes"
	"fmt"

	"codeberg.org/reeve/reeve/shared/agentlink"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/mesosv1/scheduler"
	"codeberg.org/reeve/reeve/shared/taskstate"
)

// agentUpdate forwards a status update. One of a task that we don't know is forwarded all the same: the agent sends it
// until somebody acknowledges it, and only the framework can.
func (s *State) agentUpdate(in AgentUpdate) {
	s.count("messages_status_update")
	status := in.Update.GetStatus()
	a, f := s.speaker(in.Conn, in.Update.GetFrameworkId())
	if a == nil || f == nil || status == nil {
		s.count("invalid_status_updates")
		return
	}
	t := f.tasks[status.GetTaskId().GetValue()]
	if t == nil || t.Agent != a.id {
		s.count("invalid_status_updates")
		s.sendUpdate(f, status)
		return
	}
	s.count("valid_status_updates")
	latest := mesosv1.TaskState(in.Update.GetLatestState())
	s.applyStatus(f, a, t, status, latest)
	s.sendUpdate(f, status)
}

// acknowledge carries an acknowledgement to the agent. A terminal one that fits is the end of the task here.
func (s *State) acknowledge(f *framework, call *scheduler.Call_Acknowledge) {
	s.count("messages_status_update_acknowledgement")
	a := s.agents[ids.Agent(call.GetAgentId().GetValue())]
	if a == nil || a.conn == 0 { // the agent will send the update again
		s.count("invalid_status_update_acknowledgements")
		return
	}
	t := f.tasks[call.GetTaskId().GetValue()]
	if t != nil && t.Agent == a.id {
		if !bytes.Equal(t.UUID, call.GetUuid()) {
			s.count("invalid_status_update_acknowledgements")
			return
		}
		if taskstate.Terminal(t.State) {
			s.endTask(f, a, t)
		}
	}
	s.count("valid_status_update_acknowledgements")
	s.toAgent(a, &agentlink.FromMaster{Message: &agentlink.FromMaster_Acknowledge{Acknowledge: &agentlink.Acknowledge{
		FrameworkId: frameworkID(f.id), TaskId: call.GetTaskId(), Uuid: call.GetUuid(),
	}}})
}

// kill asks for a task's end on its framework's behalf.
func (s *State) kill(f *framework, call *scheduler.Call_Kill) {
	s.count("messages_kill_task")
	t := f.tasks[call.GetTaskId().GetValue()]
	if t == nil {
		s.reconcileTask(f, call.GetTaskId().GetValue(), ids.Agent(call.GetAgentId().GetValue()))
		return
	}
	if id := ids.Agent(call.GetAgentId().GetValue()); id != "" && id != t.Agent {
		s.count("dropped_messages")
		return
	}
	a := s.agents[t.Agent]
	if a.conn == 0 {
		if a.kills == nil {
			a.kills = map[ids.Task]*mesosv1.KillPolicy{}
		}
		a.kills[t.ID] = call.GetKillPolicy()
		return
	}
	s.toAgent(a, killTask(t.ID, call.GetKillPolicy(), "asked for by its framework"))
}

func (s *State) operatorKill(in OperatorKill) {
	f := s.frameworks[in.Task.Framework]
	if f == nil {
		s.reply(in.Ticket, fault.New(fault.NotFound, "framework %s is not known", in.Task.Framework))
		return
	}
	t := f.tasks[in.Task.ID]
	switch {
	case t == nil:
		s.reply(in.Ticket, s.notKillable(f, in.Task.ID))
	case taskstate.Terminal(t.Latest):
		s.reply(in.Ticket, fault.New(fault.Conflict, "task %s has ended already: %s", in.Task.ID, t.Latest))
	case s.agents[t.Agent].conn == 0:
		s.reply(in.Ticket, fault.New(fault.Conflict, "agent %s of task %s is not connected; try again when it is back",
			s.agents[t.Agent].info.GetHostname(), in.Task.ID))
	default:
		next := *t
		next.KilledBy = in.Who
		s.putTask(f, &next)
		s.reply(in.Ticket, nil)
		s.toAgent(s.agents[t.Agent], killTask(t.ID, in.Policy, fmt.Sprintf("asked for by operator %s", in.Who)))
	}
}

// notKillable tells a task that is past from one that never was.
func (s *State) notKillable(f *framework, id string) error {
	for _, past := range [][]*Task{f.unreachable, f.ended} {
		for _, t := range past {
			if t.ID.ID == id {
				return fault.New(fault.Conflict, "task %s can't be killed: it is %s", id, t.Latest)
			}
		}
	}
	return fault.New(fault.NotFound, "task %s of framework %s is not known", id, f.id)
}

func killTask(id ids.Task, policy *mesosv1.KillPolicy, reason string) *agentlink.FromMaster {
	return &agentlink.FromMaster{Message: &agentlink.FromMaster_KillTask{KillTask: &agentlink.KillTask{
		FrameworkId: frameworkID(id.Framework), TaskId: taskID(id.ID), KillPolicy: policy, Reason: reason,
	}}}
}
