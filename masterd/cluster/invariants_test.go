package cluster

import (
	"errors"
	"fmt"
	"maps"

	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/resources"
	"codeberg.org/reeve/reeve/shared/taskstate"
)

// checkInvariants says what in the state contradicts itself. Tests ask after every step; it looks at everything.
func (s *State) checkInvariants() error {
	var broken []error
	fail := func(format string, args ...any) { broken = append(broken, fmt.Errorf(format, args...)) }
	s.checkAgents(fail)
	s.checkFrameworks(fail)
	s.checkOffers(fail)
	s.checkIndexes(fail)
	s.checkView(fail)
	return errors.Join(broken...)
}

type failFunc func(format string, args ...any)

func (s *State) checkAgents(fail failFunc) {
	var counts [AgentGone + 1]int
	for id, a := range s.agents {
		counts[a.state]++
		held := resources.Resources{}
		for _, f := range s.frameworks {
			held = held.Plus(f.allocated[id])
		}
		if !held.Equal(a.allocated) {
			fail("agent %s: allocated %s, but its frameworks hold %s", id, a.allocated, held)
		}
		if (a.state == AgentActive) != (a.conn != 0) {
			fail("agent %s: state %d with stream %d", id, a.state, a.conn)
		}
		if a.conn != 0 && s.conns[a.conn] != id {
			fail("agent %s: stream %d belongs to %q", id, a.conn, s.conns[a.conn])
		}
		if a.state != AgentActive && len(a.offers) > 0 {
			fail("agent %s: not active, and offered", id)
		}
		present := a.state == AgentActive || a.state == AgentDisconnected
		if !present && len(a.tasks)+len(a.executors) > 0 {
			fail("agent %s: state %d with tasks or executors", id, a.state)
		}
		if waits := !s.timer.At(timer{timerAgentLost, string(id)}).IsZero(); waits && (a.state != AgentDisconnected && a.state != AgentRecovered) {
			fail("agent %s: waits to be lost in state %d", id, a.state)
		} else if !waits && !a.overdue && !a.writing && !s.isAdmitting(id) && a.away() {
			fail("agent %s: nothing ends state %d", id, a.state)
		}
		for tid := range a.tasks {
			if f := s.frameworks[tid.Framework]; f == nil || f.tasks[tid.ID] == nil || f.tasks[tid.ID].Agent != id {
				fail("agent %s: task %s is not its framework's", id, tid)
			}
		}
		s.checkFits(a, fail)
	}
	if counts != s.counts {
		fail("agents by state: counted %v, kept %v", counts, s.counts)
	}
}

// checkFits compares what is offered and allocated of an agent with what it has. An agent that reports more than it has
// is not our mistake, so only what was offered has to fit.
func (s *State) checkFits(a *agent, fail failFunc) {
	free := a.total.Minus(a.allocated.Unallocate())
	for id := range a.offers {
		o := s.offers[id]
		if o == nil {
			fail("agent %s: offer %s does not exist", a.id, id)
			continue
		}
		if !free.Contains(o.Resources.Unallocate()) {
			fail("agent %s: offer %s of %s does not fit into %s", a.id, id, o.Resources, free)
		}
		free = free.Minus(o.Resources.Unallocate())
	}
}

func (s *State) checkFrameworks(fail failFunc) {
	for id, f := range s.frameworks {
		if s.removed[id] {
			fail("framework %s: live and removed", id)
		}
		if (f.state == FrameworkActive) != (f.stream != "") {
			fail("framework %s: state %d with stream %q", id, f.state, f.stream)
		}
		if f.stream != "" && s.streams[f.stream] != id {
			fail("framework %s: stream belongs to %q", id, s.streams[f.stream])
		}
		if beats := !s.timer.At(timer{timerHeartbeat, string(id)}).IsZero(); beats != (f.stream != "") {
			fail("framework %s: heartbeat armed %v with stream %q", id, beats, f.stream)
		}
		if waits := !s.timer.At(timer{timerFailover, string(id)}).IsZero(); waits != (f.state == FrameworkInactive) {
			fail("framework %s: failover armed %v in state %d", id, waits, f.state)
		}
		if f.state != FrameworkActive && len(f.offers) > 0 {
			fail("framework %s: not active, and has offers", id)
		}
		s.checkTasks(f, fail)
	}
}

func (s *State) checkTasks(f *framework, fail failFunc) {
	held := map[ids.Agent]resources.Resources{}
	for id, t := range f.tasks {
		a := s.agents[t.Agent]
		if a == nil || !a.tasks[t.ID] || !f.agents[t.Agent] || t.ID.ID != id {
			fail("task %s: agent %s does not have it", t.ID, t.Agent)
		}
		if !taskstate.Terminal(t.Latest) {
			held[t.Agent] = held[t.Agent].Plus(t.Resources)
		}
		if taskstate.Terminal(t.Latest) == t.Ended.IsZero() {
			fail("task %s: %s with end %v", t.ID, t.Latest, t.Ended)
		}
	}
	for aid := range f.agents {
		if s.agents[aid] == nil {
			fail("framework %s: agent %s is not known", f.id, aid)
			continue
		}
		for _, e := range s.agents[aid].executors[f.id] {
			held[aid] = held[aid].Plus(e.uses)
		}
	}
	maps.DeleteFunc(held, func(_ ids.Agent, r resources.Resources) bool { return r.Empty() })
	if !maps.EqualFunc(held, f.allocated, resources.Resources.Equal) {
		fail("framework %s: tasks and executors hold %v, kept %v", f.id, held, f.allocated)
	}
	if len(f.lostIDs) != len(f.unreachable) {
		fail("framework %s: %d unreachable tasks, %d ids", f.id, len(f.unreachable), len(f.lostIDs))
	}
	for _, t := range f.unreachable {
		if !f.lostIDs[t.ID.ID] || f.tasks[t.ID.ID] != nil {
			fail("task %s: unreachable, indexed %v, active %v", t.ID, f.lostIDs[t.ID.ID], f.tasks[t.ID.ID] != nil)
		}
	}
}

func (s *State) checkOffers(fail failFunc) {
	for id, o := range s.offers {
		f, a := s.frameworks[o.Framework], s.agents[o.Agent]
		if f == nil || !f.offers[id] || a == nil || !a.offers[id] {
			fail("offer %s: its framework or agent does not have it", id)
		}
		if roles := o.Resources.AllocationRoles(); len(roles) != 1 || roles[0] != o.Role {
			fail("offer %s: for role %q, allocated to %v", id, o.Role, roles)
		}
	}
	for _, f := range s.frameworks {
		for id := range f.offers {
			if s.offers[id] == nil {
				fail("framework %s: offer %s does not exist", f.id, id)
			}
		}
	}
}

func (s *State) checkIndexes(fail failFunc) {
	for conn, id := range s.conns {
		a := s.agents[id]
		switch {
		case a != nil && a.conn == conn:
		case a != nil && a.waiting != nil && a.waiting.Conn == conn:
		case s.isAdmitting(id) && s.admitting[id].Conn == conn:
		default:
			fail("stream %d: agent %s does not speak on it", conn, id)
		}
	}
	for stream, id := range s.streams {
		if f := s.frameworks[id]; f == nil || f.stream != stream {
			fail("stream %s: framework %s does not listen on it", stream, id)
		}
	}
	for place, id := range s.places {
		if s.agents[id] == nil && !s.isAdmitting(id) {
			fail("place %s: agent %s is not known", place, id)
		}
	}
	if len(s.completed) != len(s.removed) {
		fail("%d completed frameworks, %d ids", len(s.completed), len(s.removed))
	}
}

// checkView compares the shared, patched View with the state.
func (s *State) checkView(fail failFunc) {
	v := s.View()
	if len(v.Agents) != len(s.agents) || len(v.Frameworks) != len(s.frameworks) || len(v.Offers) != len(s.offers) {
		fail("view: %d agents, %d frameworks, %d offers; state: %d, %d, %d",
			len(v.Agents), len(v.Frameworks), len(v.Offers), len(s.agents), len(s.frameworks), len(s.offers))
	}
	for id, a := range s.agents {
		if shown := v.Agents[id]; shown == nil || shown.State != a.state || shown.Conn != a.conn ||
			!shown.Allocated.Equal(a.allocated) || shown.Tasks != len(a.tasks) {
			fail("view: agent %s is stale", id)
		}
	}
	for id, f := range s.frameworks {
		if shown := v.Frameworks[id]; shown == nil || shown.State != f.state || shown.Stream != f.stream ||
			!maps.Equal(shown.Tasks, f.tasks) || len(shown.Ended) != len(f.ended) || len(shown.Unreachable) != len(f.unreachable) {
			fail("view: framework %s is stale", id)
		}
	}
	if len(v.Completed) != len(s.completed) {
		fail("view: %d completed frameworks, state: %d", len(v.Completed), len(s.completed))
	}
}
