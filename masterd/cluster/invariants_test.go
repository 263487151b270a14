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
	for id, a := range s.book.Agents {
		counts[a.State]++
		held := resources.Resources{}
		for _, f := range s.book.Frameworks {
			held = held.Plus(f.Allocated[id])
		}
		if !held.Equal(a.Allocated) {
			fail("agent %s: allocated %s, but its frameworks hold %s", id, a.Allocated, held)
		}
		if (a.State == AgentActive) != (a.Conn != 0) {
			fail("agent %s: state %d with stream %d", id, a.State, a.Conn)
		}
		if a.Conn != 0 && s.conns[a.Conn] != id {
			fail("agent %s: stream %d belongs to %q", id, a.Conn, s.conns[a.Conn])
		}
		if a.Deactivated && len(a.Offers) > 0 {
			fail("agent %s: deactivated, and offered", id)
		}
		if a.Drain != nil && !a.Deactivated {
			fail("agent %s: drains, and is not deactivated", id)
		}
		if a.State != AgentActive && len(a.Offers) > 0 {
			fail("agent %s: not active, and offered", id)
		}
		present := a.State == AgentActive || a.State == AgentDisconnected
		if !present && len(a.Tasks)+len(a.Executors) > 0 {
			fail("agent %s: state %d with tasks or executors", id, a.State)
		}
		if waits := !s.timer.At(timer{timerAgentLost, string(id)}).IsZero(); waits && (a.State != AgentDisconnected && a.State != AgentRecovered) {
			fail("agent %s: waits to be lost in state %d", id, a.State)
		} else if !waits && !a.Overdue && !a.Writing && !s.isAdmitting(id) && a.Away() {
			fail("agent %s: nothing ends state %d", id, a.State)
		}
		for tid := range a.Tasks {
			if f := s.book.Frameworks[tid.Framework]; f == nil || f.Tasks[tid.ID] == nil || f.Tasks[tid.ID].Agent != id {
				fail("agent %s: task %s is not its framework's", id, tid)
			}
		}
		s.checkFits(a, fail)
	}
	for state, n := range counts {
		if kept := s.book.In(AgentState(state)); n != kept {
			fail("agents in state %d: counted %d, kept %d", state, n, kept)
		}
	}
}

// checkFits compares what is offered and allocated of an agent with what it has. An agent that reports more than it has
// is not our mistake, so only what was offered has to fit. A shared volume has to be there, however many have it.
func (s *State) checkFits(a *agent, fail failFunc) {
	free := a.Total.Minus(a.Allocated.Unallocate().Nonshared())
	for id := range a.Offers {
		o := s.book.Offers[id]
		if o == nil {
			fail("agent %s: offer %s does not exist", a.ID, id)
			continue
		}
		if !free.Contains(o.Resources.Unallocate()) {
			fail("agent %s: offer %s of %s does not fit into %s", a.ID, id, o.Resources, free)
		}
		free = free.Minus(o.Resources.Unallocate().Nonshared())
	}
}

func (s *State) checkFrameworks(fail failFunc) {
	for id, f := range s.book.Frameworks {
		if s.book.Completed(id) {
			fail("framework %s: live and removed", id)
		}
		if (f.State == FrameworkActive) != (f.Stream != "") {
			fail("framework %s: state %d with stream %q", id, f.State, f.Stream)
		}
		if f.Stream != "" && s.streams[f.Stream] != id {
			fail("framework %s: stream belongs to %q", id, s.streams[f.Stream])
		}
		if beats := !s.timer.At(timer{timerHeartbeat, string(id)}).IsZero(); beats != (f.Stream != "") {
			fail("framework %s: heartbeat armed %v with stream %q", id, beats, f.Stream)
		}
		if waits := !s.timer.At(timer{timerFailover, string(id)}).IsZero(); waits != (f.State == FrameworkInactive) {
			fail("framework %s: failover armed %v in state %d", id, waits, f.State)
		}
		if f.Since.Before(f.Registered) || f.Since.After(s.turn.Now) {
			fail("framework %s: in state %d since %v, registered %v", id, f.State, f.Since, f.Registered)
		}
		if f.State != FrameworkActive && len(f.Offers) > 0 {
			fail("framework %s: not active, and has offers", id)
		}
		s.checkTasks(f, fail)
	}
}

func (s *State) checkTasks(f *framework, fail failFunc) {
	held := map[ids.Agent]resources.Resources{}
	for id, t := range f.Tasks {
		a := s.book.Agents[t.Agent]
		if a == nil || !a.Tasks[t.ID] || !f.Agents[t.Agent] || t.ID.ID != id {
			fail("task %s: agent %s does not have it", t.ID, t.Agent)
		}
		if !taskstate.Terminal(t.Latest) {
			held[t.Agent] = held[t.Agent].Plus(t.Resources)
		}
		if taskstate.Terminal(t.Latest) == t.Ended.IsZero() {
			fail("task %s: %s with end %v", t.ID, t.Latest, t.Ended)
		}
	}
	for aid := range f.Agents {
		if s.book.Agents[aid] == nil {
			fail("framework %s: agent %s is not known", f.ID, aid)
			continue
		}
		for _, e := range s.book.Agents[aid].Executors[f.ID] {
			held[aid] = held[aid].Plus(e.Uses)
		}
	}
	maps.DeleteFunc(held, func(_ ids.Agent, r resources.Resources) bool { return r.Empty() })
	if !maps.EqualFunc(held, f.Allocated, resources.Resources.Equal) {
		fail("framework %s: tasks and executors hold %v, kept %v", f.ID, held, f.Allocated)
	}
	if len(f.LostIDs) != len(f.Unreachable) {
		fail("framework %s: %d unreachable tasks, %d ids", f.ID, len(f.Unreachable), len(f.LostIDs))
	}
	for _, t := range f.Unreachable {
		if !f.LostIDs[t.ID.ID] || f.Tasks[t.ID.ID] != nil {
			fail("task %s: unreachable, indexed %v, active %v", t.ID, f.LostIDs[t.ID.ID], f.Tasks[t.ID.ID] != nil)
		}
	}
}

func (s *State) checkOffers(fail failFunc) {
	for id, o := range s.book.Offers {
		f, a := s.book.Frameworks[o.Framework], s.book.Agents[o.Agent]
		if f == nil || !f.Offers[id] || a == nil || !a.Offers[id] {
			fail("offer %s: its framework or agent does not have it", id)
		}
		if roles := o.Resources.AllocationRoles(); len(roles) != 1 || roles[0] != o.Role {
			fail("offer %s: for role %q, allocated to %v", id, o.Role, roles)
		}
	}
	for _, f := range s.book.Frameworks {
		for id := range f.Offers {
			if s.book.Offers[id] == nil {
				fail("framework %s: offer %s does not exist", f.ID, id)
			}
		}
	}
}

func (s *State) checkIndexes(fail failFunc) {
	for conn, id := range s.conns {
		a := s.book.Agents[id]
		switch {
		case a != nil && a.Conn == conn:
		case a != nil && a.Writing && s.waiting[id].Conn == conn:
		case s.isAdmitting(id) && s.admitting[id].Conn == conn:
		default:
			fail("stream %d: agent %s does not speak on it", conn, id)
		}
	}
	for stream, id := range s.streams {
		if f := s.book.Frameworks[id]; f == nil || f.Stream != stream {
			fail("stream %s: framework %s does not listen on it", stream, id)
		}
	}
	for place, id := range s.places {
		if s.book.Agents[id] == nil && !s.isAdmitting(id) {
			fail("place %s: agent %s is not known", place, id)
		}
	}
}

// checkView compares the shared, patched View with the state.
func (s *State) checkView(fail failFunc) {
	v := s.View()
	if len(v.Agents) != len(s.book.Agents) || len(v.Frameworks) != len(s.book.Frameworks) || len(v.Offers) != len(s.book.Offers) {
		fail("view: %d agents, %d frameworks, %d offers; state: %d, %d, %d",
			len(v.Agents), len(v.Frameworks), len(v.Offers), len(s.book.Agents), len(s.book.Frameworks), len(s.book.Offers))
	}
	for id, a := range s.book.Agents {
		if shown := v.Agents[id]; shown == nil || shown.State != a.State || shown.Conn != a.Conn ||
			!shown.Allocated.Equal(a.Allocated) || shown.Tasks != len(a.Tasks) {
			fail("view: agent %s is stale", id)
		}
	}
	for id, f := range s.book.Frameworks {
		if shown := v.Frameworks[id]; shown == nil || shown.State != f.State || shown.Stream != f.Stream ||
			!maps.Equal(shown.Tasks, f.Tasks) || len(shown.Ended) != len(f.Ended) || len(shown.Unreachable) != len(f.Unreachable) {
			fail("view: framework %s is stale", id)
		}
	}
	for i, f := range v.Completed {
		if remembered := !f.Unregistered.After(longAgo); !s.book.Completed(f.ID) && !remembered {
			fail("view: framework %s was completed, and its id may come back", f.ID)
		}
		if s.book.Frameworks[f.ID] != nil {
			fail("view: framework %s is completed, and lives", f.ID)
		}
		if i > 0 && f.Unregistered.Before(v.Completed[i-1].Unregistered) {
			fail("view: framework %s ended before %s, and is listed behind it", f.ID, v.Completed[i-1].ID)
		}
	}
}
