package workload

import (
	"time"

	"codeberg.org/reeve/reeve/agentd/lifecycle"
	"codeberg.org/reeve/reeve/agentd/memory"
	"codeberg.org/reeve/reeve/agentd/outcome"
	"codeberg.org/reeve/reeve/agentd/record"
	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/taskstate"
)

// recover rebuilds the state from what was saved, and holds it against the containers that there are.
func (m *Machine) recover(now time.Time, in Recovered) {
	for _, e := range in.Entries {
		m.replay(e)
	}
	m.forgetDoneMembers()
	m.effs = append(m.effs, m.holdings.Remains(in.Entries)...)
	found := map[ids.Container]runtime.Recovered{}
	for _, r := range in.Containers {
		found[r.ID] = r
		if m.containers[r.ID] == nil {
			m.emit(Reap{Container: r.ID})
		}
	}
	for _, fw := range sorted(m.frameworks) {
		m.touch(fw)
		for _, c := range fw.all() {
			fw.removed = fw.removed || c.cause == record.Cause_FRAMEWORK_REMOVED
		}
		if fw.removed {
			m.updates.Drop(fw.id)
			m.finishEnded(fw)
		}
		for _, c := range fw.all() {
			if r, ok := found[c.id]; ok {
				m.adopt(now, c, r)
			} else if c.members != nil {
				c.phase = lifecycle.Running // of a pod only the members are ever gone
			} else {
				m.missing(now, c)
			}
		}
	}
	if m.order != nil {
		m.killAll(now) // what custom executors were asked for is not written down
	}
}

// adopt takes a container on as it is.
func (m *Machine) adopt(now time.Time, c *container, r runtime.Recovered) {
	c.phase, c.pid, c.started, c.joined = lifecycle.Running, r.Started.PID, r.Started.At, r.Started.Joined
	if c.cause != record.Cause_NONE {
		c.phase = lifecycle.Stopping
		c.killAt = c.killFrom(now)
	}
	m.emit(Adopt{Container: c.id})
	m.emit(Happened{Noun: "executor", ID: c.name(), To: c.phase.String(), Reason: "recovered"})
	if c.phase == lifecycle.Stopping && c.command {
		m.emit(Signal{Container: c.id, Signal: sigTerm}) // the first may not have been sent
	}
	m.resize(c) // a resize may have been lost with the earlier agentd
	switch {
	case c.command:
		m.commandRecovered(now, c)
	case c.phase == lifecycle.Running && c.subscribed:
		c.waitUntil = now.Add(m.cfg.ReregistrationTimeout)
	case c.phase == lifecycle.Running:
		c.waitUntil = now.Add(m.cfg.RegistrationTimeout)
	}
}

// killFrom is when the grace of a container is over that was being ended before a restart. If the clock was set back
// meanwhile, it gets its grace once more, and not all the time by which that was.
func (c *container) killFrom(now time.Time) time.Time {
	left := min(c.killAt.Sub(now), c.grace)
	if c.grace == 0 { // an earlier version did not write it down
		left = c.killAt.Sub(now)
	}
	return now.Add(max(left, 0))
}

// commandRecovered reports what an earlier agentd did not get to, and arms max_completion_time.
func (m *Machine) commandRecovered(now time.Time, c *container) {
	for _, t := range c.tasks {
		if t.state == mesosv1.TaskState_TASK_STAGING || t.state == mesosv1.TaskState_TASK_STARTING {
			m.commandRuns(now, c, c.startedBefore(now))
		} else if !t.ended() {
			t.arm(now, c, c.startedBefore(now))
		}
	}
}

// startedBefore is when a container was started, on the clock that now is of. Of a clock that was set back that is no later than now.
func (c *container) startedBefore(now time.Time) time.Time {
	return now.Add(-max(now.Sub(c.started), 0))
}

// neverLaunched says whether a container that the runtime does not know can only be one whose launch was not begun: the
// runtime remembers every other one until we delete it, and the host has not been rebooted since.
func (m *Machine) neverLaunched(c *container) bool {
	if c.cause != record.Cause_NONE || c.subscribed || c.hostBoot == "" || c.hostBoot != m.cfg.Register.GetHostBootId() || len(c.tasks) == 0 {
		return false
	}
	for _, t := range c.tasks {
		if t.state != mesosv1.TaskState_TASK_STAGING && t.state != mesosv1.TaskState_TASK_STARTING {
			return false
		}
	}
	return true
}

// missing starts a container that an earlier agentd did not get to start, and ends any other that the runtime does not
// know: it has been deleted, or the host has forgotten it.
func (m *Machine) missing(now time.Time, c *container) {
	if m.neverLaunched(c) {
		m.advance(now, c, lifecycle.Launch)
		return
	}
	c.phase, c.killAt = lifecycle.Reaped, time.Time{}
	for _, t := range sorted(c.tasks) {
		if t.ended() {
			continue
		}
		status := outcome.Lost("it was not there when the agent came back")
		switch {
		case c.command && (c.cause == record.Cause_KILL || c.cause == record.Cause_GROUP):
			status = outcome.KilledDuringLaunch()
		case t.state == mesosv1.TaskState_TASK_STAGING || t.state == mesosv1.TaskState_TASK_STARTING:
			status = outcome.ByAgent(c.framework.lostAs(mesosv1.TaskState_TASK_DROPPED), mesosv1.TaskStatus_REASON_AGENT_RESTARTED, "The agent restarted before the task was started")
		}
		m.report(now, c, t, status)
	}
	if c.pod == nil {
		m.emit(SandboxEnded{Path: m.sandbox(c)})
	}
}

// replay applies one saved entry. Entries of things that are gone are of no interest.
func (m *Machine) replay(saved *record.Entry) {
	switch e := saved.GetEntry().(type) {
	case *record.Entry_Agent:
		m.setID(e.Agent.GetInfo().GetId())
	case *record.Entry_Drain:
		m.order = e.Drain
		if e.Drain.GetEnded() {
			m.order = nil
		}
	case *record.Entry_Framework:
		m.replayFramework(e.Framework.GetInfo())
	case *record.Entry_FrameworkRemoved:
		m.replayFrameworkRemoved(e.FrameworkRemoved)
	case *record.Entry_Executor:
		m.replayExecutor(e.Executor)
	case *record.Entry_ExecutorRemoved:
		if c := m.saved(e.ExecutorRemoved.GetFrameworkId(), e.ExecutorRemoved.GetExecutorId()); c != nil {
			m.replayExecutorRemoved(c)
		}
	case *record.Entry_Stopping:
		c := m.saved(e.Stopping.GetFrameworkId(), e.Stopping.GetExecutorId())
		if c != nil && e.Stopping.GetTaskId() != "" {
			c = c.members[e.Stopping.GetTaskId()]
		}
		if c != nil {
			c.cause, c.killAt, c.grace = e.Stopping.GetCause(), time.Unix(0, e.Stopping.GetKillAtNs()), time.Duration(e.Stopping.GetGraceNs())
		}
	case *record.Entry_Subscribed:
		if c := m.saved(e.Subscribed.GetFrameworkId(), e.Subscribed.GetExecutorId()); c != nil {
			c.subscribed = true
			for _, t := range c.tasks {
				t.delivered = true // as far as anybody can know
			}
		}
	case *record.Entry_Task:
		m.replayTask(e.Task)
	case *record.Entry_Update:
		m.replayUpdate(e.Update)
	case *record.Entry_Acknowledged:
		m.replayAcknowledged(e.Acknowledged)
	default:
		m.holdings.Replay(saved)
	}
}

func (m *Machine) replayFramework(info *mesosv1.FrameworkInfo) {
	id := frameworkID(info.GetId())
	if fw := m.frameworks[id]; fw != nil {
		fw.info = info
		return
	}
	m.addFramework(info)
}

// saved finds an executor that an entry names.
func (m *Machine) saved(fw, ex string) *container {
	f := m.frameworks[ids.Framework(fw)]
	if f == nil {
		return nil
	}
	return f.executors[ids.Executor(ex)]
}

func (m *Machine) replayExecutor(e *record.Executor) {
	if fw := m.frameworks[ids.Framework(e.GetFrameworkId())]; fw != nil {
		m.addContainer(fw, e)
	}
}

func (m *Machine) replayTask(e *record.Task) {
	c := m.saved(e.GetFrameworkId(), e.GetExecutorId())
	if c == nil {
		return
	}
	t := &task{info: e.GetInfo(), group: e.GetGroup(), state: mesosv1.TaskState_TASK_STAGING, delivered: c.command || c.subscribed}
	c.tasks[t.id()] = t
	if c.members != nil {
		m.addMember(c, t, ids.Container(e.GetContainerId()))
	}
	m.group = max(m.group, t.group)
}

func (m *Machine) replayUpdate(e *record.Update) {
	fw := m.frameworks[ids.Framework(e.GetFrameworkId())]
	if fw == nil {
		return
	}
	status := e.GetStatus()
	id := status.GetTaskId().GetValue()
	if _, t := fw.task(id); t != nil {
		t.state = status.GetState()
		t.delivered = true
		t.statuses = outcome.Remember(t.statuses, status)
	}
	m.updates.Add(time.Time{}, ids.Task{Framework: fw.id, ID: id}, status) // nothing is sent before there is a master
}

func (m *Machine) replayAcknowledged(e *record.Acknowledged) {
	fw := m.frameworks[ids.Framework(e.GetFrameworkId())]
	if fw == nil {
		return
	}
	id := ids.Task{Framework: fw.id, ID: e.GetTaskId()}
	if status, _ := m.updates.Acknowledge(time.Time{}, id, e.GetUuid()); status != nil {
		m.told(fw, id.ID, status)
	}
}

// Snapshot is everything that must survive, as the shortest list of entries that Recovered turns into it again, and the
// newest of what has ended. Updates that have been acknowledged are kept while their task is there: its state is in them.
func (m *Machine) Snapshot() []*record.Entry {
	entries := append([]*record.Entry{record.NewAgent(m.agent)}, m.holdings.Snapshot()...)
	if m.order != nil {
		entries = append(entries, record.NewDrain(m.order))
	}
	kept := memory.Entries(m.memories(memory.Most))
	for _, fw := range m.completed {
		if past := fw.pastExecutors(kept); len(past) > 0 {
			entries = append(append(entries, record.NewFramework(fw.info)), past...)
			entries = append(entries, record.NewFrameworkRemoved(string(fw.id), fw.removed))
		}
	}
	for _, fw := range sorted(m.frameworks) {
		entries = append(append(entries, record.NewFramework(fw.info)), fw.pastExecutors(kept)...)
		for _, c := range sorted(fw.executors) {
			entries = append(append(entries, c.entry()), kept[string(c.id)]...)
			entries = append(entries, c.stateEntries()...)
		}
		entries = append(entries, m.snapshotUpdates(fw)...)
	}
	return entries
}

// stateEntries are the entries of what an executor does and has to do.
func (c *container) stateEntries() []*record.Entry {
	var entries []*record.Entry
	if c.cause != record.Cause_NONE {
		entries = append(entries, c.stoppingEntry(c.killAt))
	}
	for _, t := range sorted(c.tasks) {
		entries = append(entries, t.entry(c))
	}
	for _, member := range sorted(c.members) {
		if member.cause != record.Cause_NONE {
			entries = append(entries, member.stoppingEntry(member.killAt))
		}
	}
	if c.subscribed {
		entries = append(entries, record.NewSubscribed(string(c.framework.id), string(c.executor)))
	}
	return entries
}

// snapshotUpdates lists a framework's updates, and acknowledges again those that have been.
func (m *Machine) snapshotUpdates(fw *framework) []*record.Entry {
	var entries []*record.Entry
	for _, c := range sorted(fw.executors) {
		for _, t := range sorted(c.tasks) {
			for _, status := range t.statuses {
				if !taskstate.Terminal(status.GetState()) && !m.updates.Has(ids.Task{Framework: fw.id, ID: t.id()}, status.GetUuid()) {
					entries = append(entries, record.NewUpdate(string(fw.id), status),
						record.NewAcknowledged(string(fw.id), t.id(), status.GetUuid()))
				}
			}
		}
	}
	for _, status := range m.updates.All(fw.id) {
		entries = append(entries, record.NewUpdate(string(fw.id), status))
	}
	return entries
}
