package cluster

import (
	"time"

	"codeberg.org/reeve/reeve/masterd/allocator"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/resources"
)

// Step takes one input and returns what must happen because of it. The caller owns the slice.
func (s *State) Step(now time.Time, in Input) []Effect {
	s.turn.Begin(now)
	switch in := in.(type) {
	case Tick:
		s.tick()
	case AgentRegister:
		s.agentRegister(in)
	case AgentClosed:
		s.agentClosed(in)
	case AgentUpdate:
		a, f := s.speaker(in.Conn, in.Update.GetFrameworkId())
		s.tasks.Update(f, a, in.Update)
	case AgentHistory:
		s.agentHistory(in)
	case OperationUpdate:
		s.operationUpdate(in)
	case TaskPulling:
		s.taskPulling(in)
	case ExecutorExited:
		s.executorExited(in)
	case ExecutorToFramework:
		s.executorToFramework(in)
	case AgentSuspected:
		s.agentSuspected(in.Agent)
	case Subscribe:
		s.subscribe(in)
	case FrameworkClosed:
		s.frameworkClosed(in)
	case Call:
		s.call(in)
	case Teardown:
		s.teardown(in)
	case OperatorKill:
		s.tasks.OperatorKill(in.Ticket, in.Task, in.Policy, in.Who)
	case MarkGone:
		s.markGone(in)
	case SetWeights, SetQuotas, Maintain:
		s.changeSettings(in)
	case Operate:
		s.operate(in)
	case DeactivateAgent:
		s.deactivateAgent(in)
	case DrainAgent:
		s.drainAgent(in)
	case ReactivateAgent:
		s.reactivateAgent(in)
	case RescindOffer:
		s.rescindOffer(in)
	case Moved:
		s.moved(in.Agent)
	case Persisted:
		s.persisted(in)
	}
	s.settleEmptied()
	s.releaseOffers()
	s.book.EndTurn()
	return s.turn.End()
}

// Deadline says when Step wants a Tick: at once while somebody may be offered something, else when the first timer or
// filter runs out.
func (s *State) Deadline() time.Time {
	first := s.timer.Next()
	for _, other := range []time.Time{s.desk.Deadline(), s.inverse.Deadline()} {
		if first.IsZero() || !other.IsZero() && other.Before(first) {
			first = other
		}
	}
	return first
}

// Allocates says whether the next Tick will look for offers to make, because somebody may be offered something.
func (s *State) Allocates() bool { return !s.desk.Held && s.book.Alloc.Pending() }

// Filters counts the decline filters in force, by role.
func (s *State) Filters() map[string]int { return s.book.Alloc.Filters() }

// Explain says of up to most agents, from a place on, why each is not offered to a framework; see allocator.Explain. held
// says that nothing is offered to anybody yet.
func (s *State) Explain(id ids.Framework, from, most int) (list []allocator.Verdict, next int, held bool) {
	list, next = s.book.Alloc.Explain(id, from, most)
	return list, next, s.desk.Held
}

// Barriers says which quotas keep ask from a role; see allocator.Barriers.
func (s *State) Barriers(role string, ask resources.Vector) []allocator.Barrier {
	return s.book.Alloc.Barriers(role, ask)
}

// Census counts the agents that could be offered by what they have left, but those that but says; see allocator.Census.
func (s *State) Census(ask resources.Vector, but func(ids.Agent) bool) allocator.Census {
	return s.book.Alloc.Census(ask, but)
}

// Absent lists the agents of which nothing can be offered to anybody now, in no order. Gone ones are none any more.
func (s *State) Absent() []*Agent {
	var all []*Agent
	for _, a := range s.book.Agents {
		if a.State != AgentGone && (a.State != AgentActive || a.Deactivated) {
			all = append(all, s.book.ViewAgent(a))
		}
	}
	return all
}

func (s *State) tick() {
	for {
		t, ok := s.timer.Pop(s.turn.Now)
		if !ok {
			break
		}
		switch t.kind {
		case timerAgentLost:
			s.agentOverdue(ids.Agent(t.id))
		case timerOverdue:
			s.markOverdue()
		case timerHeartbeat:
			s.heartbeat(ids.Framework(t.id))
		case timerFailover:
			s.failoverExpired(ids.Framework(t.id))
		case timerHold:
			s.desk.Held = false
		case timerMove:
			s.order(ids.Agent(t.id))
		}
	}
	s.desk.Expire()
	s.desk.Allocate()
	s.inverse.Make()
}
