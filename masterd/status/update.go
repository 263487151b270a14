package status

import (
	"bytes"
	"fmt"

	"codeberg.org/reeve/reeve/masterd/ledger"
	"codeberg.org/reeve/reeve/masterd/message"
	"codeberg.org/reeve/reeve/masterd/turn"
	"codeberg.org/reeve/reeve/masterd/view"
	"codeberg.org/reeve/reeve/shared/agentlink"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/mesosv1/scheduler"
	"codeberg.org/reeve/reeve/shared/taskstate"
)

// Update forwards a status update of an agent to its framework; either may be nil if it is not known. One of a task that we don't know is forwarded all the same: the agent sends it
// until somebody acknowledges it, and only the framework can.
func (r *Reporter) Update(f *ledger.Framework, a *ledger.Agent, update *agentlink.StatusUpdate) {
	r.Turn.Count("messages_status_update")
	status := update.GetStatus()
	if a == nil || f == nil || status == nil {
		r.Turn.Count("invalid_status_updates")
		return
	}
	t := f.Tasks[status.GetTaskId().GetValue()]
	if t == nil || t.Agent != a.ID {
		r.Turn.Count("invalid_status_updates")
		r.Turn.Update(f.Stream, status)
		return
	}
	r.Turn.Count("valid_status_updates")
	r.Apply(f, a, t, status, mesosv1.TaskState(update.GetLatestState()))
	r.Turn.Update(f.Stream, status)
}

// Acknowledge carries an acknowledgement to the agent. A terminal one that fits is the end of the task here.
func (r *Reporter) Acknowledge(f *ledger.Framework, call *scheduler.Call_Acknowledge) {
	r.Turn.Count("messages_status_update_acknowledgement")
	a := r.Book.Agents[ids.Agent(call.GetAgentId().GetValue())]
	if a == nil || a.Conn == 0 { // the agent will send the update again
		r.Turn.Count("invalid_status_update_acknowledgements")
		return
	}
	t := f.Tasks[call.GetTaskId().GetValue()]
	if t != nil && t.Agent == a.ID {
		if !bytes.Equal(t.UUID, call.GetUuid()) {
			r.Turn.Count("invalid_status_update_acknowledgements")
			return
		}
		if taskstate.Terminal(t.State) {
			r.Book.EndTask(f, a, t)
		}
	}
	r.Turn.Count("valid_status_update_acknowledgements")
	id := ids.Task{Framework: f.ID, ID: call.GetTaskId().GetValue()}
	r.Turn.ToAgent(a.Conn, message.Acknowledge(id, call.GetUuid()))
}

// Kill asks for a task's end on its framework's behalf.
func (r *Reporter) Kill(f *ledger.Framework, call *scheduler.Call_Kill) {
	r.Turn.Count("messages_kill_task")
	t := f.Tasks[call.GetTaskId().GetValue()]
	if t == nil {
		r.reconcileTask(f, call.GetTaskId().GetValue(), ids.Agent(call.GetAgentId().GetValue()))
		return
	}
	if id := ids.Agent(call.GetAgentId().GetValue()); id != "" && id != t.Agent {
		r.Turn.Count("dropped_messages")
		return
	}
	a := r.Book.Agents[t.Agent]
	if a.Conn == 0 {
		if a.Kills == nil {
			a.Kills = map[ids.Task]*mesosv1.KillPolicy{}
		}
		a.Kills[t.ID] = call.GetKillPolicy()
		return
	}
	r.Turn.ToAgent(a.Conn, message.KillTask(t.ID, call.GetKillPolicy(), "asked for by its framework"))
}

// OperatorKill asks for a task's end on an operator's behalf, and answers.
func (r *Reporter) OperatorKill(ticket turn.Ticket, id ids.Task, policy *mesosv1.KillPolicy, who string) {
	f := r.Book.Frameworks[id.Framework]
	if f == nil {
		r.Turn.Reply(ticket, fault.New(fault.NotFound, "framework %s is not known%s", id.Framework, view.Away(r.away())))
		return
	}
	t := f.Tasks[id.ID]
	switch {
	case t == nil:
		r.Turn.Reply(ticket, r.notKillable(f, id.ID))
	case taskstate.Terminal(t.Latest):
		r.Turn.Reply(ticket, fault.New(fault.Conflict, "task %s has ended already: %s", id.ID, t.Latest))
	case r.Book.Agents[t.Agent].Conn == 0:
		r.Turn.Reply(ticket, fault.New(fault.Conflict, "agent %s of task %s is not connected; try again when it is back",
			r.Book.Agents[t.Agent].Info.GetHostname(), id.ID))
	default:
		next := *t
		next.KilledBy = who
		r.Book.PutTask(f, &next)
		r.Turn.Reply(ticket, nil)
		r.Turn.ToAgent(r.Book.Agents[t.Agent].Conn, message.KillTask(t.ID, policy, fmt.Sprintf("asked for by operator %s", who)))
	}
}

// notKillable tells a task that is past from one that never was.
func (r *Reporter) notKillable(f *ledger.Framework, id string) error {
	for _, past := range [][]*view.Task{f.Unreachable, f.Ended} {
		for _, t := range past {
			if t.ID.ID == id {
				return fault.New(fault.Conflict, "task %s can't be killed: it is %s", id, t.Latest)
			}
		}
	}
	return fault.New(fault.NotFound, "task %s of framework %s is not known%s", id, f.ID, view.Away(r.away()))
}

// away counts the agents that have not come to this leader yet.
func (r *Reporter) away() (n int) {
	for _, a := range r.Book.Agents {
		if a.State == view.AgentRecovered {
			n++
		}
	}
	return n
}

// SendKills sends what frameworks asked for while an agent was away.
func (r *Reporter) SendKills(a *ledger.Agent) {
	for _, id := range ledger.SortedTasks(a.Kills) {
		if a.Tasks[id] {
			r.Turn.ToAgent(a.Conn, message.KillTask(id, a.Kills[id], "asked for while the agent was disconnected"))
		}
	}
	a.Kills = nil
}
