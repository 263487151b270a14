package cluster

import (
	"fmt"
	"time"

	"codeberg.org/reeve/reeve/masterd/ledger"
	"codeberg.org/reeve/reeve/masterd/message"
	"codeberg.org/reeve/reeve/masterd/registry"
	"codeberg.org/reeve/reeve/masterd/status"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/ids"
)

// An agent is lost in steps: its link breaks and its offers go (disconnect); nothing comes back in
// time (agentOverdue); the registry says so (write); only then frameworks hear of it (loseAgent).

func (s *State) agentClosed(in AgentClosed) {
	id, ok := s.conns[in.Conn]
	if !ok {
		return // replaced or refused before
	}
	delete(s.conns, in.Conn)
	a := s.book.Agents[id]
	if a == nil || a.Conn != in.Conn {
		if s.waiting[id].Conn == in.Conn {
			delete(s.waiting, id)
		}
		return
	}
	why := "its link broke"
	if in.Goodbye != nil {
		why = "it was stopped"
	}
	s.disconnect(a, why)
	if in.Goodbye.GetTasksEnded() && !a.Writing && !s.isAdmitting(id) {
		s.turn.Count("messages_unregister_slave")
		s.write(a, write{kind: writeRemove, agent: id, loss: status.Unregistered}, registry.RemoveAgent{Agent: id})
	}
}

// disconnect takes an agent's offers back and waits for it to return.
func (s *State) disconnect(a *agent, why string) {
	if a.Conn != 0 {
		delete(s.conns, a.Conn)
		a.Conn = 0
	}
	if a.State != AgentActive {
		return
	}
	s.desk.RescindAgent(a)
	s.inverse.Schedule(a)
	s.book.Alloc.SetAgentActive(a.ID, false)
	s.book.SetAgentState(a, AgentDisconnected, s.turn.Now)
	s.turn.Happened(a.About("AGENT_DISCONNECTED", fmt.Sprintf("%s; it has %d tasks", why, len(a.Tasks))))
	wait := s.cfg.AgentTimeout
	if !a.Suspected.IsZero() && s.turn.Now.Sub(a.Suspected) < s.cfg.AgentTimeout {
		wait = s.cfg.SuspectTimeout
	}
	s.timer.Set(timer{timerAgentLost, string(a.ID)}, s.turn.Now.Add(wait))
}

// agentSuspected shortens the wait for an agent whose link is down. Gossip alone never takes anything from an agent.
func (s *State) agentSuspected(id ids.Agent) {
	a := s.book.Agents[id]
	if a == nil {
		return
	}
	a.Suspected = s.turn.Now
	key := timer{timerAgentLost, string(id)}
	at := s.timer.At(key)
	if at.IsZero() { // connected, or overdue already
		return
	}
	if sooner := a.Since.Add(s.cfg.SuspectTimeout); sooner.Before(at) {
		s.timer.Set(key, later(sooner, s.turn.Now))
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func (s *State) markGone(in MarkGone) {
	a := s.book.Agents[in.Agent]
	switch {
	case a == nil:
		s.turn.Reply(in.Ticket, fault.New(fault.NotFound, "agent %s is not known", in.Agent))
	case a.State == AgentGone:
		s.turn.Reply(in.Ticket, nil)
	case a.Writing || s.isAdmitting(a.ID):
		s.turn.Reply(in.Ticket, fault.New(fault.Unavailable, "agent %s is changing its state; try again", in.Agent))
	default:
		s.write(a, write{kind: writeGone, agent: a.ID, loss: status.Gone, ticket: in.Ticket, who: in.Who},
			registry.MarkGone{Agent: a.ID, At: s.turn.Now})
	}
}

func (s *State) isAdmitting(id ids.Agent) bool {
	_, ok := s.admitting[id]
	return ok
}

// loseAgent tells everybody that an agent is lost. The registry knows it already.
func (s *State) loseAgent(a *agent, w write) {
	how := w.loss.Means()
	if w.loss == status.Unreachable && a.State == AgentRecovered {
		s.turn.Count("recovery_slave_removals")
	}
	for _, name := range how.Counters {
		s.turn.Count(name)
	}
	if w.loss == status.Gone && a.Conn != 0 {
		s.refuse(a.Conn, fmt.Sprintf("agent %s was marked as gone", a.ID), true)
		a.Conn = 0
	}
	if w.loss == status.TakenDown && a.Conn != 0 {
		s.refuse(a.Conn, "this machine is down for maintenance", true)
		a.Conn = 0
	}
	s.desk.RescindAgent(a)
	s.inverse.Schedule(a)
	for _, id := range ledger.SortedTasks(a.Tasks) {
		f := s.book.Frameworks[id.Framework]
		s.tasks.LoseTask(f, a, f.Tasks[id.ID], w.loss)
	}
	s.clerk.Lose(a, w.loss)
	for _, fw := range ledger.SortedKeys(a.Executors) {
		for _, id := range ledger.SortedKeys(a.Executors[fw]) {
			s.book.DropExecutor(s.book.Frameworks[fw], a, id)
		}
	}
	s.book.Alloc.RemoveAgent(a.ID)
	s.timer.Cancel(timer{timerAgentLost, string(a.ID)})
	a.Overdue, a.Kills = false, nil
	s.forgetPlace(a)
	if how.Forget {
		s.book.ForgetAgent(a)
		s.turn.ToOperators(message.AgentRemoved(a.ID))
	} else {
		s.book.SetAgentState(a, how.State, s.turn.Now)
	}
	for _, fw := range ledger.SortedKeys(s.book.Frameworks) {
		f := s.book.Frameworks[fw]
		s.turn.ToFramework(f.Stream, message.AgentFailure(a.ID))
		delete(f.Agents, a.ID)
	}
	if w.drain != nil {
		a.Drain = w.drain
		s.turn.Happened(a.About("AGENT_DRAINED", "nothing is left on it; it is marked as gone, as was asked for"))
	}
	e := a.About(how.Kind, "it "+how.Text)
	e.Who = w.who
	s.turn.Happened(e)
	s.turn.Reply(w.ticket, nil)
}
