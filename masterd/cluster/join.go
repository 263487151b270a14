package cluster

import (
	"time"

	"google.golang.org/protobuf/proto"

	"codeberg.org/reeve/reeve/shared/agentlink"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/mesosv1/master"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/shared/resources"
	"codeberg.org/reeve/reeve/shared/taskstate"
)

// join makes an agent Active: it answers Registered, and takes over what the agent says of its executors and tasks. The
// agent is right about what runs on it; the master is right about which frameworks have ended.
func (s *State) join(id ids.Agent, in AgentRegister) {
	a := s.agents[id]
	before := AgentRecovered
	first := a == nil // in the life of the agent
	if first {
		a = newAgent(id)
		s.agents[id] = a
		s.counts[AgentRecovered]++ // where setAgentState takes it from
		s.views.agents = append(s.views.agents, id)
		a.registered = s.now
	} else {
		before = a.state
		a.reregistered = s.now
		if a.registered.IsZero() {
			a.registered = s.now
		}
	}
	if a.conn != 0 && a.conn != in.Conn {
		s.closeConn(a.conn)
	}
	s.describe(a, in)
	s.conns[in.Conn] = id
	a.conn = in.Conn
	s.setAgentState(a, AgentActive)
	s.timer.Cancel(timer{timerAgentLost, string(id)})
	a.overdue, a.suspected = false, time.Time{}
	s.answer(a)
	if before == AgentActive || before == AgentDisconnected {
		s.rescindAgent(a)
		s.alloc.UpdateAgent(id, a.total)
		s.alloc.SetAgentActive(id, true)
	} else {
		s.alloc.AddAgent(id, a.total, nil)
		s.toOperators(&master.Event{
			Type:       master.Event_AGENT_ADDED.Enum(),
			AgentAdded: &master.Event_AgentAdded{Agent: s.agentProto(a)},
		})
	}
	s.announce(a, first)
	s.takeReport(a, in.Register, before == AgentUnreachable)
	if before == AgentUnreachable {
		s.missedTasks(a)
	}
	s.sendKills(a)
}

// describe copies what a registration says about the agent itself.
func (s *State) describe(a *agent, in AgentRegister) {
	reg := in.Register
	s.forgetPlace(a)
	a.info = reg.GetAgentInfo()
	if a.info.GetId().GetValue() == "" {
		a.info = proto.CloneOf(a.info)
		a.info.Id = agentID(a.id)
	}
	a.http = placeOf(in)
	a.gossip, a.version, a.bootID = reg.GetGossipName(), reg.GetVersion(), reg.GetBootId()
	a.total = total(a.info)
	s.places[a.http] = a.id
	s.touchAgent(a)
}

func (s *State) forgetPlace(a *agent) {
	if s.places[a.http] == a.id {
		delete(s.places, a.http)
	}
}

func (s *State) answer(a *agent) {
	s.toAgent(a, &agentlink.FromMaster{Message: &agentlink.FromMaster_Registered{Registered: &agentlink.Registered{
		AgentId:          agentID(a.id),
		Master:           s.cfg.MasterInfo,
		HeartbeatSeconds: s.cfg.Heartbeat.Seconds(),
	}}})
}

func (s *State) announce(a *agent, first bool) {
	kind, counter := "AGENT_REREGISTERED", "slave_reregistrations"
	if first {
		kind, counter = "AGENT_ADDED", "slave_registrations"
	}
	s.count(counter)
	s.happened(s.aboutAgent(a, kind, a.total.String()))
}

func (s *State) aboutAgent(a *agent, kind, text string) reeveapi.Event {
	return reeveapi.Event{
		Kind: kind, Subject: a.info.GetHostname(), ID: string(a.id), Agent: a.info.GetHostname(), Text: text,
	}
}

func (s *State) setAgentState(a *agent, to AgentState) {
	s.counts[a.state]--
	s.counts[to]++
	if a.state != to || to == AgentActive {
		a.since = s.now
	}
	a.state = to
	s.touchAgent(a)
}

// takeReport brings executors and tasks to what the agent says it has.
func (s *State) takeReport(a *agent, reg *agentlink.Register, wasUnreachable bool) {
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
		if t := f.tasks[id.ID]; t != nil {
			if t.Agent == a.id {
				s.refreshTask(f, a, t, rt.GetTask())
			}
			continue
		}
		s.takeTask(f, a, rt, wasUnreachable)
	}
	for _, id := range sortedTasks(a.tasks) {
		if !reported[id] {
			s.missingTask(s.frameworks[id.Framework], a, id.ID)
		}
	}
	for _, fw := range sortedKeys(a.executors) {
		for _, id := range sortedKeys(a.executors[fw]) {
			if !executors[fw][id] {
				s.dropExecutor(a, s.frameworks[fw], id)
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
		if s.removed[id] {
			s.toAgent(a, shutdownFramework(id))
			continue
		}
		f := s.frameworks[id]
		switch {
		case id == "":
			continue
		case f == nil:
			f = s.recoverFramework(id, info)
		case f.state != FrameworkRecovered && !proto.Equal(f.info, info):
			s.toAgent(a, frameworkUpdated(f))
		}
		f.agents[a.id] = true
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
		if a.executors[fw][id] != nil {
			continue
		}
		uses := s.reportedResources(f, a, e.GetInfo().GetResources())
		s.addExecutor(f, a, e.GetInfo(), uses)
		s.alloc.Allocated(fw, a.id, uses)
	}
	return seen
}

// reportedResources is what a task or executor that an agent reports adds to what is held there. It belongs to one role,
// as it did when it was launched. Should the agent say that two of them have the same port, the first one has it: what is
// given back is never more than what was taken.
func (s *State) reportedResources(f *framework, a *agent, from []*mesosv1.Resource) resources.Resources {
	r, err := resources.FromProto(from)
	if err != nil {
		return resources.Resources{} // it was checked when it was launched
	}
	role := "*"
	if roles := r.AllocationRoles(); len(roles) > 0 {
		role = roles[0]
	} else if len(f.roles) > 0 {
		role = f.roles[0]
	}
	held := a.allocated.Unallocate()
	return held.Plus(r.Unallocate()).Minus(held).Allocate(role)
}

// takeTask starts to track a task that an agent reports.
func (s *State) takeTask(f *framework, a *agent, rt *agentlink.Task, wasUnreachable bool) {
	rec := rt.GetTask()
	uses := s.reportedResources(f, a, rec.GetResources())
	t := &Task{
		ID: ids.Task{Framework: f.id, ID: rec.GetTaskId().GetValue()}, Agent: a.id,
		Executor: ids.Executor(rec.GetExecutorId().GetValue()), Info: rt.GetInfo(),
		State: rec.GetState(), Latest: rec.GetState(), Statuses: rec.GetStatuses(),
		Resources: uses, User: rec.GetUser(), Launched: launchedAt(rec, s.now), UUID: rec.GetStatusUpdateUuid(),
	}
	if rec.StatusUpdateState != nil {
		t.State = rec.GetStatusUpdateState()
	}
	if roles := uses.AllocationRoles(); len(roles) > 0 {
		t.Role = roles[0]
	}
	if t.Info == nil {
		t.Info = infoOf(rec)
	}
	if taskstate.Terminal(t.Latest) {
		t.Ended = s.now
	}
	returned := s.forgetUnreachable(f, t)
	s.addTask(f, a, t)
	if !taskstate.Terminal(t.Latest) {
		s.alloc.Allocated(f.id, a.id, uses)
	}
	s.taskAdded(t)
	if returned || wasUnreachable {
		s.tellReregistered(f, t)
	}
}

// missedTasks ends the unreachable tasks that their agent came back without.
func (s *State) missedTasks(a *agent) {
	for _, fw := range sortedKeys(s.frameworks) {
		f := s.frameworks[fw]
		for _, t := range f.unreachable {
			if t.Agent != a.id {
				continue
			}
			s.forgetUnreachable(f, t)
			if taskstate.Terminal(t.Latest) { // its framework was told TASK_LOST
				s.record(f, t)
				continue
			}
			status := s.masterStatus(t.ID, f.aware(mesosv1.TaskState_TASK_GONE), mesosv1.TaskStatus_REASON_RECONCILIATION,
				"Agent came back without the task")
			status.AgentId = agentID(a.id)
			gone := *t // not by applyStatus: it holds nothing any more
			gone.State, gone.Latest, gone.Ended = status.GetState(), status.GetState(), s.now
			gone.Statuses = appendStatus(t.Statuses, status)
			s.count(stateCounter(gone.State))
			s.taskUpdated(&gone, status)
			s.happened(s.aboutTask(&gone, status.GetMessage()))
			s.record(f, &gone)
			s.sendUpdate(f, status)
		}
	}
}

// refreshTask brings a task that we know to what its agent says: updates may have been lost with the link.
func (s *State) refreshTask(f *framework, a *agent, t *Task, rec *mesosv1.Task) {
	if t.Latest == rec.GetState() {
		return
	}
	s.setLatest(f, a, t, rec.GetState())
}

// sendKills sends what frameworks asked for while the agent was away.
func (s *State) sendKills(a *agent) {
	for _, id := range sortedTasks(a.kills) {
		if a.tasks[id] {
			s.toAgent(a, killTask(id, a.kills[id], "asked for while the agent was disconnected"))
		}
	}
	a.kills = nil
}
