package workload

import (
	"fmt"
	"time"

	"codeberg.org/reeve/reeve/agentd/lifecycle"
	"codeberg.org/reeve/reeve/agentd/memory"
	"codeberg.org/reeve/reeve/agentd/outcome"
	"codeberg.org/reeve/reeve/agentd/record"
	"codeberg.org/reeve/reeve/agentd/roster"
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
	for _, fw := range roster.Sorted(m.frameworks) {
		m.touch(fw)
		for _, c := range fw.All() {
			fw.Removed = fw.Removed || c.Cause == record.Cause_FRAMEWORK_REMOVED
		}
		if fw.Removed {
			m.updates.Drop(fw.ID)
			m.finishEnded(fw)
		}
		for _, c := range fw.All() {
			if r, ok := found[c.ID]; ok {
				m.adopt(now, c, r)
			} else if c.Members != nil {
				c.Phase = lifecycle.Running // of a pod only the members are ever gone
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
func (m *Machine) adopt(now time.Time, c *roster.Container, r runtime.Recovered) {
	c.Phase, c.PID, c.Started, c.Joined = lifecycle.Running, r.Started.PID, r.Started.At, r.Started.Joined
	if c.Cause != record.Cause_NONE {
		c.Phase = lifecycle.Stopping
		c.KillAt = c.KillFrom(now)
	}
	m.timed[c] = true
	m.emit(Adopt{Container: c.ID})
	m.emit(Happened{Noun: "executor", ID: c.Name(), Container: c.ID, To: c.Phase.String(), Reason: fmt.Sprintf("recovered: process %d", c.PID)})
	if c.Phase == lifecycle.Stopping && c.Command {
		m.emit(Signal{Container: c.ID, Signal: sigTerm}) // the first may not have been sent
	}
	c.GPUsAsked = -1
	m.resize(c) // a resize may have been lost with the earlier agentd
	switch {
	case c.Command:
		m.commandRecovered(now, c)
	case c.Phase == lifecycle.Running && c.Subscribed:
		c.WaitUntil = now.Add(m.cfg.ReregistrationTimeout)
	case c.Phase == lifecycle.Running:
		c.WaitUntil = now.Add(m.cfg.RegistrationTimeout)
	}
}

// commandRecovered reports what an earlier agentd did not get to, and arms max_completion_time.
func (m *Machine) commandRecovered(now time.Time, c *roster.Container) {
	for _, t := range c.Tasks {
		if t.State == mesosv1.TaskState_TASK_STAGING || t.State == mesosv1.TaskState_TASK_STARTING {
			m.commandRuns(now, c, c.StartedBefore(now))
		} else if !t.Ended() {
			t.Arm(now, c, c.StartedBefore(now))
		}
	}
}

// neverLaunched says whether a container that the runtime does not know can only be one whose launch was not begun: the
// runtime remembers every other one until we delete it, and the host has not been rebooted since.
func (m *Machine) neverLaunched(c *roster.Container) bool {
	if c.Cause != record.Cause_NONE || c.Subscribed || c.HostBoot == "" || c.HostBoot != m.cfg.Register.GetHostBootId() || len(c.Tasks) == 0 {
		return false
	}
	for _, t := range c.Tasks {
		if t.State != mesosv1.TaskState_TASK_STAGING && t.State != mesosv1.TaskState_TASK_STARTING {
			return false
		}
	}
	return true
}

// missing starts a container that an earlier agentd did not get to start, and ends any other that the runtime does not
// know: it has been deleted, or the host has forgotten it.
func (m *Machine) missing(now time.Time, c *roster.Container) {
	if m.neverLaunched(c) {
		m.advance(now, c, lifecycle.Launch)
		return
	}
	c.Phase, c.KillAt = lifecycle.Reaped, time.Time{}
	for _, t := range roster.Sorted(c.Tasks) {
		if t.Ended() {
			continue
		}
		status := outcome.Lost("it was not there when the agent came back")
		switch {
		case c.Command && (c.Cause == record.Cause_KILL || c.Cause == record.Cause_GROUP):
			status = outcome.KilledDuringLaunch()
		case t.State == mesosv1.TaskState_TASK_STAGING || t.State == mesosv1.TaskState_TASK_STARTING:
			status = outcome.ByAgent(c.Framework.LostAs(mesosv1.TaskState_TASK_DROPPED), mesosv1.TaskStatus_REASON_AGENT_RESTARTED, "The agent restarted before the task was started")
		}
		m.report(now, c, t, status)
	}
	if c.Pod == nil {
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
			c = c.Members[e.Stopping.GetTaskId()]
		}
		if c != nil {
			c.Cause, c.KillAt, c.Grace = e.Stopping.GetCause(), time.Unix(0, e.Stopping.GetKillAtNs()), time.Duration(e.Stopping.GetGraceNs())
		}
	case *record.Entry_Subscribed:
		if c := m.saved(e.Subscribed.GetFrameworkId(), e.Subscribed.GetExecutorId()); c != nil {
			c.Subscribed = true
			for _, t := range c.Tasks {
				t.Delivered = true // as far as anybody can know
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
		fw.Info = info
		return
	}
	m.addFramework(info)
}

// saved finds an executor that an entry names.
func (m *Machine) saved(fw, ex string) *roster.Container {
	f := m.frameworks[ids.Framework(fw)]
	if f == nil {
		return nil
	}
	return f.Executors[ids.Executor(ex)]
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
	t := &roster.Task{Info: e.GetInfo(), Secrets: e.GetSecrets(), Group: e.GetGroup(), State: mesosv1.TaskState_TASK_STAGING, Delivered: c.Command || c.Subscribed}
	c.Tasks[t.ID()] = t
	if c.Members != nil {
		m.addMember(c, t, ids.Container(e.GetContainerId()))
	}
	m.group = max(m.group, t.Group)
}

func (m *Machine) replayUpdate(e *record.Update) {
	fw := m.frameworks[ids.Framework(e.GetFrameworkId())]
	if fw == nil {
		return
	}
	status := e.GetStatus()
	id := status.GetTaskId().GetValue()
	if _, t := fw.Task(id); t != nil {
		t.State = status.GetState()
		t.Delivered = true
		t.Statuses = outcome.Remember(t.Statuses, status)
	}
	m.updates.Add(time.Time{}, ids.Task{Framework: fw.ID, ID: id}, status) // nothing is sent before there is a master
}

func (m *Machine) replayAcknowledged(e *record.Acknowledged) {
	fw := m.frameworks[ids.Framework(e.GetFrameworkId())]
	if fw == nil {
		return
	}
	id := ids.Task{Framework: fw.ID, ID: e.GetTaskId()}
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
		if past := fw.PastExecutors(kept); len(past) > 0 {
			entries = append(append(entries, record.NewFramework(fw.Info)), past...)
			entries = append(entries, record.NewFrameworkRemoved(string(fw.ID), fw.Removed))
		}
	}
	for _, fw := range roster.Sorted(m.frameworks) {
		entries = append(append(entries, record.NewFramework(fw.Info)), fw.PastExecutors(kept)...)
		for _, c := range roster.Sorted(fw.Executors) {
			entries = append(append(entries, c.Entry()), kept[string(c.ID)]...)
			entries = append(entries, c.StateEntries()...)
		}
		entries = append(entries, m.snapshotUpdates(fw)...)
	}
	return entries
}

// snapshotUpdates lists a framework's updates, and acknowledges again those that have been.
func (m *Machine) snapshotUpdates(fw *roster.Framework) []*record.Entry {
	var entries []*record.Entry
	for _, c := range roster.Sorted(fw.Executors) {
		for _, t := range roster.Sorted(c.Tasks) {
			for _, status := range t.Statuses {
				if !taskstate.Terminal(status.GetState()) && !m.updates.Has(ids.Task{Framework: fw.ID, ID: t.ID()}, status.GetUuid()) {
					entries = append(entries, record.NewUpdate(string(fw.ID), status),
						record.NewAcknowledged(string(fw.ID), t.ID(), status.GetUuid()))
				}
			}
		}
	}
	for _, status := range m.updates.All(fw.ID) {
		entries = append(entries, record.NewUpdate(string(fw.ID), status))
	}
	return entries
}
