package workload

import (
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	"codeberg.org/reeve/reeve/agentd/lifecycle"
	"codeberg.org/reeve/reeve/agentd/message"
	"codeberg.org/reeve/reeve/agentd/outcome"
	"codeberg.org/reeve/reeve/agentd/record"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/mesosv1/executor"
)

// caller finds the executor that a call is from.
func (m *Machine) caller(call *executor.Call) (*container, error) {
	fw := m.frameworks[frameworkID(call.GetFrameworkId())]
	if fw == nil {
		return nil, fault.New(fault.Invalid, "Framework cannot be found")
	}
	c := fw.executors[executorID(call.GetExecutorId())]
	if c == nil || c.command || c.members != nil || !c.phase.Alive() {
		return nil, fault.New(fault.Invalid, "Executor cannot be found")
	}
	return c, nil
}

// subscribe gives an executor its stream; a second one replaces the first (spec 3.10).
func (m *Machine) subscribe(now time.Time, in Subscribe) {
	c, err := m.caller(in.Call)
	m.emit(Reply{Ticket: in.Ticket, Err: err})
	if err != nil {
		return
	}
	if c.stream != 0 {
		m.emit(CloseExecutor{Stream: c.stream})
	}
	c.stream, c.waitUntil = in.Stream, time.Time{}
	if c.phase > lifecycle.Running || c.phase == lifecycle.Cancelling {
		m.sendShutdown(c)
		m.emit(CloseExecutor{Stream: c.stream})
		c.stream = 0
		return
	}
	again := c.subscribed
	if !again {
		c.subscribed = true
		m.save(record.NewSubscribed(string(c.framework.id), string(c.executor)))
	}
	m.tell(c, message.Subscribed(c.info, c.framework.info, m.agent, c.id))
	for _, update := range in.Call.GetSubscribe().GetUnacknowledgedUpdates() {
		m.executorUpdate(now, c, update.GetStatus())
	}
	if again {
		m.dropUndelivered(now, c, in.Call.GetSubscribe().GetUnacknowledgedTasks())
	}
	m.deliver(c)
	m.deliverKills(c)
}

// dropUndelivered ends tasks that were handed to the executor and that it does not know: their delivery was lost.
func (m *Machine) dropUndelivered(now time.Time, c *container, known []*mesosv1.TaskInfo) {
	for _, t := range sorted(c.tasks) {
		listed := slices.ContainsFunc(known, func(info *mesosv1.TaskInfo) bool { return info.GetTaskId().GetValue() == t.id() })
		if t.delivered && !listed && t.state == mesosv1.TaskState_TASK_STAGING {
			m.report(now, c, t, outcome.ByAgent(c.framework.lostAs(mesosv1.TaskState_TASK_DROPPED), mesosv1.TaskStatus_REASON_AGENT_RESTARTED,
				"The task was launched, and its delivery to the executor was lost"))
		}
	}
}

// streamClosed: the executor may live on, and its tasks with it (spec 3.10).
func (m *Machine) streamClosed(id StreamID) {
	for _, c := range m.containers {
		if c.stream == id {
			c.stream = 0
		}
	}
}

// call takes an executor's UPDATE or MESSAGE.
func (m *Machine) call(now time.Time, in Call) {
	c, err := m.caller(in.Call)
	if err == nil && !c.subscribed {
		err = fault.New(fault.Forbidden, "Executor is not subscribed")
	}
	if err != nil {
		m.emit(Reply{Ticket: in.Ticket, Err: err})
		return
	}
	if in.Call.GetType() == executor.Call_MESSAGE {
		m.toMaster(message.ToFramework(c.framework.info.GetId(), c.info.GetExecutorId(), in.Call.GetMessage().GetData()))
		m.emit(Reply{Ticket: in.Ticket})
		return
	}
	m.executorUpdate(now, c, in.Call.GetUpdate().GetStatus())
	m.emit(Reply{Ticket: in.Ticket})
}

// executorUpdate takes an executor's status: it is acknowledged to the executor as soon as it is stored (pitfall 21).
func (m *Machine) executorUpdate(now time.Time, c *container, status *mesosv1.TaskStatus) {
	fw := c.framework
	if fw.removed {
		return
	}
	status = proto.CloneOf(status)
	id := status.GetTaskId().GetValue()
	owner, t := fw.task(id)
	switch {
	case m.seen(fw, id, status): // sent twice
	case t != nil:
		t.delivered = true // it can only know it from us
		m.report(now, owner, t, status)
	case !fw.knew(id): // stored and forwarded anyway
		m.order.Amend(status, fw.can(mesosv1.FrameworkInfo_Capability_PARTITION_AWARE))
		m.fill(now, c, status)
		m.enqueue(now, fw, id, status)
	}
	ack := &executor.Event_Acknowledged{TaskId: status.GetTaskId(), Uuid: status.GetUuid()}
	m.tell(c, &executor.Event{Type: executor.Event_ACKNOWLEDGED.Enum(), Acknowledged: ack})
}

// seen says whether a status with this uuid has been stored before.
func (m *Machine) seen(fw *framework, id string, status *mesosv1.TaskStatus) bool {
	if m.updates.Has(ids.Task{Framework: fw.id, ID: id}, status.GetUuid()) {
		return true
	}
	_, t := fw.task(id)
	return t != nil && slices.ContainsFunc(t.statuses, func(s *mesosv1.TaskStatus) bool { return string(s.GetUuid()) == string(status.GetUuid()) })
}
