package cluster

import (
	"errors"
	"fmt"
	"slices"

	"codeberg.org/reeve/reeve/masterd/maintenance"
	"codeberg.org/reeve/reeve/masterd/message"
	"codeberg.org/reeve/reeve/masterd/registry"
	"codeberg.org/reeve/reeve/masterd/status"
	"codeberg.org/reeve/reeve/masterd/view"
	"codeberg.org/reeve/reeve/shared/agentlink"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/ids"
)

// What an operator says of an agent goes to the registry first and takes effect when it is there (steered): whichever
// master leads next goes on from it. A drain has three steps, each of which may be the next master's: the wish is written
// and the agent told, again whenever it registers; the last task leaves the agent; the end is written, and with it
// that the agent is gone, if that was asked for.

func (s *State) deactivateAgent(in DeactivateAgent) {
	a, err := s.steerable(in.Agent)
	switch {
	case err != nil:
		s.turn.Reply(in.Ticket, err)
	case a.Deactivated:
		s.turn.Reply(in.Ticket, nil)
	default:
		s.write(a, write{kind: writeDeactivate, agent: a.ID, ticket: in.Ticket, who: in.Who}, registry.DeactivateAgent{Agent: a.ID})
	}
}

func (s *State) drainAgent(in DrainAgent) {
	a, err := s.steerable(in.Agent)
	if err == nil && in.MaxGrace != nil && *in.MaxGrace < 0 {
		err = fault.New(fault.Invalid, "max_grace_period is %s, and can't be negative", *in.MaxGrace)
	}
	if err != nil {
		s.turn.Reply(in.Ticket, err)
		return
	}
	if s.book.Said(a.Machine()).Mode != maintenance.Up {
		s.turn.Reply(in.Ticket, fault.New(fault.Invalid, "agent %s can't be drained: its machine is in the maintenance schedule", a.ID))
		return
	}
	drain := &view.Drain{MaxGrace: in.MaxGrace, MarkGone: in.MarkGone, Since: s.turn.Now, Begun: len(a.Tasks)}
	s.write(a, write{kind: writeDrain, agent: a.ID, drain: drain, ticket: in.Ticket, who: in.Who},
		registry.DrainAgent{Agent: a.ID, MaxGrace: in.MaxGrace, MarkGone: in.MarkGone, At: s.turn.Now, Begun: drain.Begun})
}

func (s *State) reactivateAgent(in ReactivateAgent) {
	a, err := s.steerable(in.Agent)
	switch {
	case err != nil:
	case !a.Deactivated:
		err = fault.New(fault.Conflict, "Agent is not deactivated")
	case a.Drain != nil && !a.Drain.Drained:
		err = fault.New(fault.Conflict, "Agent is still in the DRAINING state; reactivate it when it is DRAINED")
	}
	if err != nil {
		s.turn.Reply(in.Ticket, err)
		return
	}
	s.write(a, write{kind: writeReactivate, agent: a.ID, ticket: in.Ticket, who: in.Who}, registry.ReactivateAgent{Agent: a.ID})
}

// ErrGoing is why nothing else can be said of an agent that is being marked as gone.
var ErrGoing = errors.New("it is being marked as gone")

// steerable is an agent of which an operator may say something now.
func (s *State) steerable(id ids.Agent) (*agent, error) {
	a := s.book.Agents[id]
	switch {
	case a == nil:
		return nil, fault.New(fault.NotFound, "agent %s is not known", id)
	case a.State == AgentGone:
		return nil, fault.New(fault.NotFound, "agent %s was marked as gone and can't come back", id)
	case a.Writing && s.goes(id):
		return nil, fault.Wrap(fault.Conflict, ErrGoing, "agent %s can't be changed", id)
	case a.Writing || s.isAdmitting(id):
		return nil, fault.New(fault.Unavailable, "agent %s is changing its state; try again", id)
	}
	return a, nil
}

// goes says that an agent is being marked as gone.
func (s *State) goes(id ids.Agent) bool {
	for _, w := range s.writes {
		if w.agent == id && w.kind == writeGone {
			return true
		}
	}
	return false
}

// steered lets what the registry knows of an operator's word take effect.
func (s *State) steered(a *agent, w write) {
	kind, text := "", ""
	switch w.kind {
	case writeDeactivate:
		a.Deactivated = true
		kind, text = "AGENT_DEACTIVATED", "nothing of it is offered; "+plural(len(a.Tasks))+" of it may go on"
	case writeReactivate:
		ended := a.Drain != nil
		a.Deactivated, a.Drain = false, nil
		s.stay(a)
		if ended {
			s.turn.ToAgent(a.Conn, message.Drain(&agentlink.Drain{Ended: true}))
		}
		kind, text = "AGENT_REACTIVATED", "it is offered again"
		if a.State != AgentActive {
			text += " once it is back"
		}
	case writeDrain:
		a.Deactivated, a.Drain = true, w.drain
		if s.moves(a) {
			s.move(a)
		} else {
			s.order(a.ID)
		}
		kind, text = "AGENT_DRAINING", a.Drain.Text(a.Present(), plural(len(a.Tasks)))
	case writeDrained:
		a.Drain = w.drain
		kind, text = "AGENT_DRAINED", "nothing is left on it"
	case writeAdmit, writeUnreachable, writeRemove, writeGone, writeSettings:
		panic("cluster: a loss of an agent is not steering it")
	}
	if a.Deactivated {
		s.desk.RescindAgent(a)
	}
	s.book.Alloc.SetAgentActive(a.ID, a.State == AgentActive && !a.Deactivated)
	s.book.TouchAgent(a)
	if a.Away() && !a.Overdue && s.timer.At(timer{timerAgentLost, string(a.ID)}).IsZero() {
		s.agentOverdue(a.ID) // its time to come back ran out while this was written
	}
	e := a.About(kind, text)
	e.Who = w.who
	s.turn.Happened(e)
	s.turn.Reply(w.ticket, nil)
}

func plural(tasks int) string {
	if tasks == 1 {
		return "1 task"
	}
	return fmt.Sprintf("%d tasks", tasks)
}

// settle writes the end of an agent's drain when nothing is left on it: no task, nor one that has ended and whose framework
// has not acknowledged that, and no operation whose end is not known to everybody.
func (s *State) settle(a *agent) {
	if s.takeDown(a) || a.Drain == nil || a.Writing || len(a.Tasks) > 0 || s.book.Operates(a.ID) || !a.Present() || s.isAdmitting(a.ID) {
		return
	}
	drained := *a.Drain
	drained.Drained = true
	w := write{kind: writeDrained, agent: a.ID, drain: &drained}
	switch {
	case a.Drain.MarkGone: // at once with the end: nobody is to see, nor to inherit, one without the other
		w.kind, w.loss = writeGone, status.Gone
		s.write(a, w, registry.AgentDrained{Agent: a.ID}, registry.MarkGone{Agent: a.ID, At: s.turn.Now})
	case !a.Drain.Drained:
		s.write(a, w, registry.AgentDrained{Agent: a.ID})
	}
}

// settleEmptied settles the agents whose last task has left them in this turn.
func (s *State) settleEmptied() {
	emptied := s.book.TakeEmptied()
	slices.Sort(emptied)
	for _, id := range slices.Compact(emptied) {
		if a := s.book.Agents[id]; a != nil {
			s.settle(a)
		}
	}
}
