package cluster

import (
	"time"

	"google.golang.org/protobuf/proto"

	"codeberg.org/reeve/reeve/masterd/ledger"
	"codeberg.org/reeve/reeve/masterd/message"
	"codeberg.org/reeve/reeve/shared/agentlink"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/taskstate"
)

// join makes an agent Active: it answers Registered, and takes over what the agent says of its executors and tasks. The
// agent is right about what runs on it; the master is right about which frameworks have ended.
func (s *State) join(id ids.Agent, in AgentRegister) {
	a := s.book.Agents[id]
	before := AgentRecovered
	first := a == nil // in the life of the agent
	if first {
		a = s.book.AddAgent(id, AgentRecovered, s.turn.Now)
		a.Registered = s.turn.Now
	} else {
		before = a.State
		a.Reregistered = s.turn.Now
		if a.Registered.IsZero() {
			a.Registered = s.turn.Now
		}
	}
	if a.Conn != 0 && a.Conn != in.Conn {
		s.closeConn(a.Conn)
	}
	s.describe(a, in)
	s.conns[in.Conn] = id
	a.Conn = in.Conn
	s.book.SetAgentState(a, AgentActive, s.turn.Now)
	s.timer.Cancel(timer{timerAgentLost, string(id)})
	a.Overdue, a.Suspected = false, time.Time{}
	drain := a.Drain.Order()
	if s.moves(a) {
		drain = nil // it is told in a moment, see moving.go
	}
	s.turn.ToAgent(a.Conn, message.Registered(id, s.cfg.MasterInfo, s.cfg.AgentHeartbeat.Seconds(), drain, s.historyWanted()))
	if before == AgentActive || before == AgentDisconnected {
		s.desk.RescindAgent(a)
		s.book.Alloc.UpdateAgent(id, a.Total)
	} else {
		s.book.Alloc.AddAgent(id, a.Total, nil)
		s.turn.ToOperators(message.AgentAdded(s.book.ViewAgent(a).Proto()))
	}
	s.inverse.Schedule(a)
	s.book.Alloc.SetAgentInfo(id, a.Info, s.foreign(a.Info))
	s.book.Alloc.SetAgentActive(id, !a.Deactivated)
	s.announce(a, first)
	s.takeReport(a, in.Register, before == AgentUnreachable)
	if before == AgentUnreachable {
		s.tasks.Missed(a)
	}
	s.tasks.SendKills(a)
	s.settle(a)
	s.move(a)
}

// describe copies what a registration says about the agent itself.
func (s *State) describe(a *agent, in AgentRegister) {
	reg := in.Register
	s.forgetPlace(a)
	a.Info = reg.GetAgentInfo()
	if a.Info.GetId().GetValue() == "" {
		a.Info = proto.CloneOf(a.Info)
		a.Info.Id = message.AgentID(a.ID)
	}
	a.HTTP = placeOf(in)
	a.Gossip, a.Version, a.BootID = reg.GetGossipName(), reg.GetVersion(), reg.GetBootId()
	a.Total = ledger.Total(reg)
	s.places[a.HTTP] = a.ID
	s.book.TouchAgent(a)
}

// foreign says that an agent is of another region than this master; where one of both has no domain, nothing is foreign.
func (s *State) foreign(info *mesosv1.AgentInfo) bool {
	ours, theirs := s.cfg.MasterInfo.GetDomain().GetFaultDomain(), info.GetDomain().GetFaultDomain()
	return ours != nil && theirs != nil && ours.GetRegion().GetName() != theirs.GetRegion().GetName()
}

func (s *State) forgetPlace(a *agent) {
	if s.places[a.HTTP] == a.ID {
		delete(s.places, a.HTTP)
	}
}

func (s *State) announce(a *agent, first bool) {
	kind, counter := "AGENT_REREGISTERED", "slave_reregistrations"
	if first {
		kind, counter = "AGENT_ADDED", "slave_registrations"
	}
	s.turn.Count(counter)
	s.turn.Happened(a.About(kind, a.Total.String()))
}

// takeReport brings executors and tasks to what the agent says it has.
func (s *State) takeReport(a *agent, reg *agentlink.Register, wasUnreachable bool) {
	s.clerk.TakeReport(a, reg.GetOperations())
	known := s.takeFrameworks(a, reg.GetFrameworks())
	executors := s.takeExecutors(a, reg.GetExecutors(), known)
	reported := make(map[ids.Task]bool, len(reg.GetTasks()))
	for _, rt := range reg.GetTasks() {
		id := ids.Task{Framework: ids.Framework(rt.GetTask().GetFrameworkId().GetValue()), ID: rt.GetTask().GetTaskId().GetValue()}
		f := known[id.Framework]
		if f == nil || reported[id] {
			continue
		}
		reported[id] = true
		if t := f.Tasks[id.ID]; t != nil {
			if t.Agent == a.ID {
				s.tasks.SetLatest(f, a, t, rt.GetTask().GetState()) // updates may have been lost with the link
			}
			continue
		}
		s.takeTask(f, a, rt, wasUnreachable)
	}
	for _, id := range ledger.SortedTasks(a.Tasks) {
		if !reported[id] {
			f := s.book.Frameworks[id.Framework]
			s.tasks.Missing(f, a, f.Tasks[id.ID])
		}
	}
	for _, fw := range ledger.SortedKeys(a.Executors) {
		for _, id := range ledger.SortedKeys(a.Executors[fw]) {
			if !executors[fw][id] {
				s.book.DropExecutor(s.book.Frameworks[fw], a, id)
			}
		}
	}
}

// takeFrameworks returns the live ones among the frameworks an agent runs something of, making those that have not
// subscribed in this term. Completed ones the agent is told to shut down.
func (s *State) takeFrameworks(a *agent, infos []*mesosv1.FrameworkInfo) map[ids.Framework]*framework {
	known := make(map[ids.Framework]*framework, len(infos))
	for _, info := range infos {
		id := ids.Framework(info.GetId().GetValue())
		if s.book.Completed(id) {
			s.turn.ToAgent(a.Conn, message.ShutdownFramework(id))
			continue
		}
		f := s.book.Frameworks[id]
		switch {
		case id == "":
			continue
		case f == nil:
			f = s.recoverFramework(id, info)
		case f.State != FrameworkRecovered && !proto.Equal(f.Info, info):
			s.turn.ToAgent(a.Conn, message.FrameworkUpdated(f.Info))
		}
		f.Agents[a.ID] = true
		known[id] = f
	}
	return known
}

func (s *State) takeExecutors(a *agent, reported []*agentlink.Executor, known map[ids.Framework]*framework) map[ids.Framework]map[ids.Executor]bool {
	seen := map[ids.Framework]map[ids.Executor]bool{}
	for _, e := range reported {
		fw, id := ids.Framework(e.GetFrameworkId().GetValue()), ids.Executor(e.GetInfo().GetExecutorId().GetValue())
		f := known[fw]
		if f == nil || e.GetCommand() {
			continue
		}
		if seen[fw] == nil {
			seen[fw] = map[ids.Executor]bool{}
		}
		seen[fw][id] = true
		if a.Executors[fw][id] != nil {
			continue
		}
		uses := ledger.Reported(f, a, e.GetInfo().GetResources())
		s.book.AddExecutor(f, a, e.GetInfo(), uses)
		s.book.Alloc.Allocated(fw, a.ID, uses)
	}
	return seen
}

// takeTask starts to track a task that an agent reports.
func (s *State) takeTask(f *framework, a *agent, rt *agentlink.Task, wasUnreachable bool) {
	rec := rt.GetTask()
	uses := ledger.Reported(f, a, rec.GetResources())
	t := newTask(f.ID, a, rt)
	t.Resources, t.Launched = uses, launchedAt(rec, s.turn.Now)
	if roles := uses.AllocationRoles(); len(roles) > 0 {
		t.Role = roles[0]
	}
	if taskstate.Terminal(t.Latest) {
		t.Ended = s.turn.Now
	}
	old := s.book.ForgetUnreachable(f, t.ID)
	if old != nil { // what only we know
		t.Launched, t.KilledBy = old.Launched, old.KilledBy
	}
	s.book.AddTask(f, a, t)
	if !taskstate.Terminal(t.Latest) {
		s.book.Alloc.Allocated(f.ID, a.ID, uses)
	}
	s.turn.ToOperators(message.TaskAdded(t.Proto()))
	if old != nil || wasUnreachable {
		s.tasks.Returned(f, t)
	}
}

// launchedAt is the time of a task's first status, the nearest thing an agent knows.
func launchedAt(rec *mesosv1.Task, now time.Time) time.Time {
	if len(rec.GetStatuses()) == 0 {
		return now
	}
	return statusTime(rec.GetStatuses()[0]).In(now.Location())
}
