package workload

import (
	"slices"
	"time"

	"codeberg.org/reeve/reeve/agentd/check"
	"codeberg.org/reeve/reeve/agentd/memory"
	"codeberg.org/reeve/reeve/agentd/message"
	"codeberg.org/reeve/reeve/agentd/outcome"
	"codeberg.org/reeve/reeve/agentd/record"
	"codeberg.org/reeve/reeve/agentd/updates"
	"codeberg.org/reeve/reeve/shared/agentlink"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/taskstate"
)

// report takes a new status of a task: it fills in what the agent knows, saves it, and sends it when its turn comes. A
// task has one terminal status: whatever follows it is dropped. c may be nil when no container is known.
func (m *Machine) report(now time.Time, c *container, t *task, status *mesosv1.TaskStatus) {
	if t.ended() {
		return
	}
	status.TaskId = t.info.GetTaskId()
	if c.command && t.info.GetCheck() != nil && status.CheckStatus == nil {
		status.CheckStatus = check.Blank(t.info.GetCheck())
	}
	m.order.Amend(status, c.framework.can(mesosv1.FrameworkInfo_Capability_PARTITION_AWARE))
	m.fill(now, c, status)
	from := t.state
	t.state = status.GetState()
	t.statuses = outcome.Remember(t.statuses, status)
	m.emit(Happened{Noun: "task", ID: string(c.framework.id) + "/" + t.id(), From: from.String(), To: t.state.String(), Reason: outcome.Text(status)})
	if t.ended() {
		t.doneBy, t.checks = time.Time{}, nil
		m.emit(Count{Name: outcome.Counter(t.state)})
		m.resize(c)
		m.touch(c.framework)
	}
	if c.framework.removed { // nobody is told, but it is remembered
		fw := string(c.framework.id)
		m.saveLazily(record.NewUpdate(fw, status))
		m.saveLazily(record.NewAcknowledged(fw, t.id(), status.GetUuid()))
		m.finish(c, t)
		return
	}
	m.enqueue(now, c.framework, t.id(), status)
}

// fill sets what the agent sets on every status.
func (m *Machine) fill(now time.Time, c *container, status *mesosv1.TaskStatus) {
	facts := outcome.Facts{Now: now, NewUUID: m.cfg.NewUUID, Agent: m.agent.GetId(), IP: m.cfg.IP}
	if c != nil {
		facts.Executor, facts.Container, facts.PID, facts.Joined = c.info.GetExecutorId(), c.id, c.pid, c.joined
		if c.pod != nil && taskstate.Terminal(status.GetState()) {
			facts.PID = 0
		}
	}
	facts.Fill(status)
}

func (t *task) id() string { return t.info.GetTaskId().GetValue() }

// enqueue saves a status and sends it when its turn comes.
func (m *Machine) enqueue(now time.Time, fw *framework, taskID string, status *mesosv1.TaskStatus) {
	m.emit(Count{Name: "slave/valid_status_updates"})
	m.save(record.NewUpdate(string(fw.id), status))
	m.send(m.updates.Add(now, ids.Task{Framework: fw.id, ID: taskID}, status))
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
	id := ids.Task{Framework: fw.id, ID: ack.GetTaskId().GetValue()}
	status, next := m.updates.Acknowledge(now, id, ack.GetUuid())
	if status == nil {
		return
	}
	m.saveLazily(record.NewAcknowledged(string(fw.id), id.ID, ack.GetUuid()))
	m.told(fw, id.ID, status)
	m.send(next)
}

// told is what an acknowledgement changes: after that of the terminal status the task is done with.
func (m *Machine) told(fw *framework, taskID string, status *mesosv1.TaskStatus) {
	if taskstate.Terminal(status.GetState()) {
		if c, t := fw.task(taskID); t != nil {
			m.finish(c, t)
		}
	}
	m.touch(fw)
}

// finish moves a task from its executor's tasks to the completed ones.
func (m *Machine) finish(c *container, t *task) {
	if c.pod != nil {
		c = c.pod
	}
	delete(c.tasks, t.id())
	c.completed = memory.Append(c.completed, t, memory.MaxTasks)
	m.touch(c.framework)
}

// finishEnded is done with tasks of a framework that nobody is told of any more.
func (m *Machine) finishEnded(fw *framework) {
	for _, c := range sorted(fw.executors) {
		for _, t := range sorted(c.tasks) {
			if t.ended() {
				m.finish(c, t)
			}
		}
	}
}

// task finds a task of the framework and the container that has it.
func (fw *framework) task(id string) (*container, *task) {
	if c := fw.executors[executorOf(id)]; c != nil && c.command { // a command task's executor is named after it
		if t := c.tasks[id]; t != nil {
			return c, t
		}
	}
	for _, c := range fw.executors {
		if t := c.tasks[id]; t != nil {
			if member := c.members[id]; member != nil {
				return member, t
			}
			return c, t
		}
	}
	return nil, nil
}

// knew says whether a task has ended here and been told of, so that a late update of it is no news.
func (fw *framework) knew(id string) bool {
	had := func(c *container) bool {
		return slices.ContainsFunc(c.completed, func(t *task) bool { return t.id() == id })
	}
	for _, c := range fw.executors {
		if had(c) {
			return true
		}
	}
	return slices.ContainsFunc(fw.completed, had)
}
