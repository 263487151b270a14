package workload

import (
	"time"

	"codeberg.org/reeve/reeve/agentd/check"
	"codeberg.org/reeve/reeve/agentd/memory"
	"codeberg.org/reeve/reeve/agentd/message"
	"codeberg.org/reeve/reeve/agentd/outcome"
	"codeberg.org/reeve/reeve/agentd/record"
	"codeberg.org/reeve/reeve/agentd/roster"
	"codeberg.org/reeve/reeve/agentd/updates"
	"codeberg.org/reeve/reeve/shared/agentlink"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/taskstate"
)

// report takes a new status of a task: it fills in what the agent knows, saves it, and sends it when its turn comes. A
// task has one terminal status: whatever follows it is dropped. c may be nil when no container is known.
func (m *Machine) report(now time.Time, c *roster.Container, t *roster.Task, status *mesosv1.TaskStatus) {
	if t.Ended() {
		return
	}
	status.TaskId = t.Info.GetTaskId()
	if c.Command && t.Info.GetCheck() != nil && status.CheckStatus == nil {
		status.CheckStatus = check.Blank(t.Info.GetCheck())
	}
	m.order.Amend(status, c.Framework.Can(mesosv1.FrameworkInfo_Capability_PARTITION_AWARE))
	m.fill(now, c, status)
	from := t.State
	t.State = status.GetState()
	t.Statuses = outcome.Remember(t.Statuses, status)
	m.emit(Happened{Noun: "task", ID: string(c.Framework.ID) + "/" + t.ID(), From: from.String(), To: t.State.String(), Reason: outcome.Text(status)})
	if t.Ended() {
		t.DoneBy, t.Checks = time.Time{}, nil
		m.emit(Count{Name: outcome.Counter(t.State)})
		m.resize(c)
		m.touch(c.Framework)
	}
	if c.Framework.Removed { // nobody is told, but it is remembered
		fw := string(c.Framework.ID)
		m.saveLazily(record.NewUpdate(fw, status))
		m.saveLazily(record.NewAcknowledged(fw, t.ID(), status.GetUuid()))
		m.finish(c, t)
		return
	}
	m.enqueue(now, c.Framework, t.ID(), status)
}

// fill sets what the agent sets on every status.
func (m *Machine) fill(now time.Time, c *roster.Container, status *mesosv1.TaskStatus) {
	facts := outcome.Facts{Now: now, NewUUID: m.cfg.NewUUID, Agent: m.agent.GetId(), IP: m.cfg.IP}
	if c != nil {
		facts.Executor, facts.Container, facts.PID, facts.Joined = c.Info.GetExecutorId(), c.ID, c.PID, c.Joined
		if c.Pod != nil && taskstate.Terminal(status.GetState()) {
			facts.PID = 0
		}
	}
	facts.Fill(status)
}

// enqueue saves a status and sends it when its turn comes.
func (m *Machine) enqueue(now time.Time, fw *roster.Framework, taskID string, status *mesosv1.TaskStatus) {
	m.emit(Count{Name: "slave/valid_status_updates"})
	m.save(record.NewUpdate(string(fw.ID), status))
	m.send(m.updates.Add(now, ids.Task{Framework: fw.ID, ID: taskID}, status))
}

// send puts updates on the stream to the master.
func (m *Machine) send(sendings []updates.Sending) {
	for _, s := range sendings {
		m.toMaster(message.Update(s))
	}
}

// acknowledged moves a task's updates on.
func (m *Machine) acknowledged(now time.Time, ack *agentlink.Acknowledge) {
	fw := m.frameworks[frameworkID(ack.GetFrameworkId())]
	if fw == nil {
		return
	}
	id := ids.Task{Framework: fw.ID, ID: ack.GetTaskId().GetValue()}
	status, next := m.updates.Acknowledge(now, id, ack.GetUuid())
	if status == nil {
		return
	}
	m.saveLazily(record.NewAcknowledged(string(fw.ID), id.ID, ack.GetUuid()))
	m.told(fw, id.ID, status)
	m.send(next)
}

// told is what an acknowledgement changes: after that of the terminal status the task is done with.
func (m *Machine) told(fw *roster.Framework, taskID string, status *mesosv1.TaskStatus) {
	if taskstate.Terminal(status.GetState()) {
		if c, t := fw.Task(taskID); t != nil {
			m.finish(c, t)
		}
	}
	m.touch(fw)
}

// finish moves a task from its executor's tasks to the completed ones.
func (m *Machine) finish(c *roster.Container, t *roster.Task) {
	if c.Pod != nil {
		c = c.Pod
	}
	delete(c.Tasks, t.ID())
	c.Completed = memory.Append(c.Completed, t, memory.MaxTasks)
	m.touch(c.Framework)
}

// finishEnded is done with tasks of a framework that nobody is told of any more.
func (m *Machine) finishEnded(fw *roster.Framework) {
	for _, c := range roster.Sorted(fw.Executors) {
		for _, t := range roster.Sorted(c.Tasks) {
			if t.Ended() {
				m.finish(c, t)
			}
		}
	}
}
