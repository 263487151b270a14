package cluster

import (
	"time"

	"google.golang.org/protobuf/proto"

	"codeberg.org/reeve/reeve/shared/agentlink"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/mesosv1/master"
	"codeberg.org/reeve/reeve/shared/mesosv1/scheduler"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// sliceAgents bounds how many agents one turn looks at for offers: about a millisecond's worth.
const sliceAgents = 256

// Step takes one input and returns what must happen because of it. The caller owns the slice.
func (s *State) Step(now time.Time, in Input) []Effect {
	if now.After(s.now) { // a clock that goes back must not make timers fire twice
		s.now = now
	}
	s.effects, s.changed = nil, false
	switch in := in.(type) {
	case Tick:
		s.tick()
	case AgentRegister:
		s.agentRegister(in)
	case AgentClosed:
		s.agentClosed(in)
	case AgentUpdate:
		s.agentUpdate(in)
	case ExecutorExited:
		s.executorExited(in)
	case ExecutorToFramework:
		s.executorToFramework(in)
	case AgentSuspected:
		s.agentSuspected(in.Agent)
	case Subscribe:
		s.subscribe(in)
	case FrameworkClosed:
		s.frameworkClosed(in.Stream)
	case Call:
		s.call(in)
	case Teardown:
		s.teardown(in)
	case OperatorKill:
		s.operatorKill(in)
	case MarkGone:
		s.markGone(in)
	case Persisted:
		s.persisted(in)
	}
	if s.changed {
		s.views.version++
	}
	return s.effects
}

// Deadline says when Step wants a Tick: at once while somebody may be offered something, else when the first timer or
// filter runs out.
func (s *State) Deadline() time.Time {
	if s.alloc.Pending() {
		return s.now
	}
	first, filter := s.timer.Next(), s.alloc.Deadline()
	if first.IsZero() || !filter.IsZero() && filter.Before(first) {
		return filter
	}
	return first
}

func (s *State) tick() {
	for {
		t, ok := s.timer.Pop(s.now)
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
		case timerOfferExpiry:
			s.offerExpired(ids.Offer(t.id))
		}
	}
	s.allocate()
}

func (s *State) emit(e Effect) { s.effects = append(s.effects, e) }

func (s *State) count(name string) { s.emit(Count{Name: "master/" + name, N: 1}) }

func (s *State) reply(ticket Ticket, err error) {
	if ticket != 0 {
		s.emit(Reply{Ticket: ticket, Err: err})
	}
}

func (s *State) happened(e reeveapi.Event) {
	e.At = s.now
	s.emit(Happened{e})
}

func (s *State) toAgent(a *agent, m *agentlink.FromMaster) {
	if a.conn != 0 {
		s.emit(ToAgent{a.conn, m})
	}
}

// toFramework sends an event if the framework listens.
func (s *State) toFramework(f *framework, e *scheduler.Event) {
	if f.stream != "" {
		s.emit(ToFramework{f.stream, e})
	}
}

// toOperators sends an event of the operator API.
func (s *State) toOperators(e *master.Event) { s.emit(ToOperators{e}) }

// seconds is how Mesos writes a time in a status.
func seconds(t time.Time) *float64 { return proto.Float64(float64(t.UnixMicro()) / 1e6) }

func nanoseconds(t time.Time) *mesosv1.TimeInfo {
	return &mesosv1.TimeInfo{Nanoseconds: proto.Int64(t.UnixNano())}
}

func agentID(id ids.Agent) *mesosv1.AgentID { return &mesosv1.AgentID{Value: proto.String(string(id))} }

func frameworkID(id ids.Framework) *mesosv1.FrameworkID {
	return &mesosv1.FrameworkID{Value: proto.String(string(id))}
}

func taskID(id string) *mesosv1.TaskID { return &mesosv1.TaskID{Value: proto.String(id)} }

func executorID(id ids.Executor) *mesosv1.ExecutorID {
	return &mesosv1.ExecutorID{Value: proto.String(string(id))}
}

func offerID(id ids.Offer) *mesosv1.OfferID { return &mesosv1.OfferID{Value: proto.String(string(id))} }
