package cluster

import (
	"fmt"
	"time"

	"codeberg.org/reeve/reeve/masterd/registry"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/mesosv1/master"
	"codeberg.org/reeve/reeve/shared/mesosv1/scheduler"
	"codeberg.org/reeve/reeve/shared/taskstate"
)

// An agent is lost in steps (study/cluster.md 6.2): its link breaks and its offers go (disconnect); nothing comes back in
// time (agentOverdue); the registry says so (write); only then frameworks hear of it (loseAgent).

func (s *State) agentClosed(in AgentClosed) {
	id, ok := s.conns[in.Conn]
	if !ok {
		return // replaced or refused before
	}
	delete(s.conns, in.Conn)
	a := s.agents[id]
	if a == nil || a.conn != in.Conn {
		if a != nil && a.waiting != nil && a.waiting.Conn == in.Conn {
			a.waiting = nil
		}
		return
	}
	why := "its link broke"
	if in.Goodbye != nil {
		why = "it was stopped"
	}
	s.disconnect(a, why)
	if in.Goodbye.GetTasksEnded() && !a.writing && !s.isAdmitting(id) {
		s.count("messages_unregister_slave")
		s.write(a, write{kind: writeRemove, agent: id, loss: lossUnregistered}, registry.RemoveAgent{Agent: id})
	}
}

// disconnect takes an agent's offers back and waits for it to return.
func (s *State) disconnect(a *agent, why string) {
	if a.conn != 0 {
		delete(s.conns, a.conn)
		a.conn = 0
	}
	if a.state != AgentActive {
		return
	}
	s.rescindAgent(a)
	s.alloc.SetAgentActive(a.id, false)
	s.setAgentState(a, AgentDisconnected)
	s.happened(s.aboutAgent(a, "AGENT_DISCONNECTED", fmt.Sprintf("%s; it has %d tasks", why, len(a.tasks))))
	wait := s.cfg.AgentTimeout
	if !a.suspected.IsZero() && s.now.Sub(a.suspected) < s.cfg.AgentTimeout {
		wait = s.cfg.SuspectTimeout
	}
	s.timer.Set(timer{timerAgentLost, string(a.id)}, s.now.Add(wait))
}

// agentSuspected shortens the wait for an agent whose link is down. Gossip alone never takes anything from an agent.
func (s *State) agentSuspected(id ids.Agent) {
	a := s.agents[id]
	if a == nil {
		return
	}
	a.suspected = s.now
	key := timer{timerAgentLost, string(id)}
	at := s.timer.At(key)
	if at.IsZero() { // connected, or overdue already
		return
	}
	if sooner := a.since.Add(s.cfg.SuspectTimeout); sooner.Before(at) {
		s.timer.Set(key, later(sooner, s.now))
	}
}

// away says that something has to end an agent's state, be it its return.
func (a *agent) away() bool { return a.state == AgentDisconnected || a.state == AgentRecovered }

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func (s *State) markGone(in MarkGone) {
	a := s.agents[in.Agent]
	switch {
	case a == nil:
		s.reply(in.Ticket, fault.New(fault.NotFound, "agent %s is not known", in.Agent))
	case a.state == AgentGone:
		s.reply(in.Ticket, nil)
	case a.writing || s.isAdmitting(a.id):
		s.reply(in.Ticket, fault.New(fault.Unavailable, "agent %s is changing its state; try again", in.Agent))
	default:
		s.write(a, write{kind: writeGone, agent: a.id, loss: lossGone, ticket: in.Ticket, who: in.Who},
			registry.MarkGone{Agent: a.id, At: s.now})
	}
}

func (s *State) isAdmitting(id ids.Agent) bool {
	_, ok := s.admitting[id]
	return ok
}

// loss is a way to lose an agent, an index of losses.
type loss int

const (
	lossUnreachable loss = iota
	lossUnregistered
	lossReplaced
	lossGone
)

// losses says what each loss means for the agent and its tasks (spec 3.6 and 3.9).
var losses = [...]struct {
	agent    AgentState // it is in afterwards, if it stays known at all
	forget   bool
	aware    mesosv1.TaskState // for partition-aware frameworks
	others   mesosv1.TaskState
	reason   mesosv1.TaskStatus_Reason
	text     string
	kind     string // of the event for people
	counters []string
}{
	lossUnreachable: {
		agent: AgentUnreachable, aware: mesosv1.TaskState_TASK_UNREACHABLE, others: mesosv1.TaskState_TASK_LOST,
		reason: mesosv1.TaskStatus_REASON_AGENT_REMOVED, text: "is unreachable", kind: "AGENT_UNREACHABLE",
		counters: []string{"slave_unreachable_completed", "slave_removals", "slave_removals/reason_unhealthy"},
	},
	lossUnregistered: {
		forget: true, aware: mesosv1.TaskState_TASK_LOST, others: mesosv1.TaskState_TASK_LOST,
		reason: mesosv1.TaskStatus_REASON_AGENT_REMOVED, text: "has shut down", kind: "AGENT_REMOVED",
		counters: []string{"slave_removals", "slave_removals/reason_unregistered"},
	},
	lossReplaced: {
		forget: true, aware: mesosv1.TaskState_TASK_LOST, others: mesosv1.TaskState_TASK_LOST,
		reason: mesosv1.TaskStatus_REASON_AGENT_REMOVED, text: "was replaced by a new agent at the same address",
		kind: "AGENT_REMOVED", counters: []string{"slave_removals", "slave_removals/reason_registered"},
	},
	lossGone: {
		agent: AgentGone, aware: mesosv1.TaskState_TASK_GONE_BY_OPERATOR, others: mesosv1.TaskState_TASK_LOST,
		reason: mesosv1.TaskStatus_REASON_AGENT_REMOVED_BY_OPERATOR, text: "was marked as gone by an operator",
		kind: "AGENT_GONE", counters: []string{"slave_removals"},
	},
}

// loseAgent tells everybody that an agent is lost. The registry knows it already.
func (s *State) loseAgent(a *agent, w write) {
	how := losses[w.loss]
	if w.loss == lossUnreachable && a.state == AgentRecovered {
		s.count("recovery_slave_removals")
	}
	for _, name := range how.counters {
		s.count(name)
	}
	if w.loss == lossGone && a.conn != 0 {
		s.refuse(a.conn, fmt.Sprintf("agent %s was marked as gone", a.id), true)
		a.conn = 0
	}
	s.rescindAgent(a)
	for _, id := range sortedTasks(a.tasks) {
		s.loseTask(s.frameworks[id.Framework], a, id.ID, w.loss)
	}
	for _, fw := range sortedKeys(a.executors) {
		for _, id := range sortedKeys(a.executors[fw]) {
			s.dropExecutor(a, s.frameworks[fw], id)
		}
	}
	s.alloc.RemoveAgent(a.id)
	s.timer.Cancel(timer{timerAgentLost, string(a.id)})
	a.overdue, a.kills = false, nil
	s.forgetPlace(a)
	s.leave(a, w)
	for _, fw := range sortedKeys(s.frameworks) {
		s.toFramework(s.frameworks[fw], &scheduler.Event{
			Type: scheduler.Event_FAILURE.Enum(), Failure: &scheduler.Event_Failure{AgentId: agentID(a.id)},
		})
		delete(s.frameworks[fw].agents, a.id)
	}
	e := s.aboutAgent(a, how.kind, "it "+how.text)
	e.Who = w.who
	s.happened(e)
	s.reply(w.ticket, nil)
}

// leave moves the agent itself to where the loss puts it.
func (s *State) leave(a *agent, w write) {
	if !losses[w.loss].forget {
		s.setAgentState(a, losses[w.loss].agent)
		return
	}
	s.counts[a.state]--
	delete(s.agents, a.id)
	s.views.agents = append(s.views.agents, a.id)
	s.changed = true
	s.toOperators(&master.Event{
		Type: master.Event_AGENT_REMOVED.Enum(), AgentRemoved: &master.Event_AgentRemoved{AgentId: agentID(a.id)},
	})
}

// loseTask ends, or makes unreachable, a task of a lost agent.
func (s *State) loseTask(f *framework, a *agent, id string, l loss) {
	how, t := losses[l], f.tasks[id]
	state := how.others
	if f.caps.partitionAware {
		state = how.aware
	}
	status := s.masterStatus(t.ID, state, how.reason, fmt.Sprintf("Agent %s %s", a.info.GetHostname(), how.text))
	status.AgentId = agentID(a.id)
	if l == lossUnreachable {
		status.UnreachableTime = nanoseconds(s.now)
	}
	if taskstate.Terminal(t.Latest) { // it had ended; only its last update can't be acknowledged any more
		s.endTask(f, a, t)
		return
	}
	t = s.applyStatus(f, a, t, status, state)
	if l == lossUnreachable {
		s.moveToUnreachable(f, a, t)
	} else {
		s.endTask(f, a, t)
	}
	s.sendUpdate(f, status)
}
