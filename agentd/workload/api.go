package workload

import (
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	"codeberg.org/reeve/reeve/agentd/lifecycle"
	"codeberg.org/reeve/reeve/agentd/message"
	"codeberg.org/reeve/reeve/agentd/outcome"
	"codeberg.org/reeve/reeve/agentd/record"
	"codeberg.org/reeve/reeve/agentd/roster"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/mesosv1/executor"
)

// caller finds the executor that a call is from.
func (m *Machine) caller(call *executor.Call) (*roster.Container, error) {
	fw := m.frameworks[frameworkID(call.GetFrameworkId())]
	if fw == nil {
		return nil, fault.New(fault.Invalid, "Framework cannot be found")
	}
	c := fw.Executors[executorID(call.GetExecutorId())]
	if c == nil || c.Command || c.Members != nil || !c.Phase.Alive() {
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
	if c.Stream != 0 {
		m.emit(CloseExecutor{Stream: c.Stream})
	}
	c.Stream, c.WaitUntil = in.Stream, time.Time{}
	if c.Phase > lifecycle.Running || c.Phase == lifecycle.Cancelling {
		m.sendShutdown(c)
		m.emit(CloseExecutor{Stream: c.Stream})
		c.Stream = 0
		return
	}
	again := c.Subscribed
	if !again {
		c.Subscribed = true
		m.save(record.NewSubscribed(string(c.Framework.ID), string(c.Executor)))
	}
	m.tell(c, message.Subscribed(c.Info, c.Framework.Info, m.agent, c.ID))
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
func (m *Machine) dropUndelivered(now time.Time, c *roster.Container, known []*mesosv1.TaskInfo) {
	for _, t := range roster.Sorted(c.Tasks) {
		listed := slices.ContainsFunc(known, func(info *mesosv1.TaskInfo) bool { return info.GetTaskId().GetValue() == t.ID() })
		if t.Delivered && !listed && t.State == mesosv1.TaskState_TASK_STAGING {
			m.report(now, c, t, outcome.ByAgent(c.Framework.LostAs(mesosv1.TaskState_TASK_DROPPED), mesosv1.TaskStatus_REASON_AGENT_RESTARTED,
				"The task was launched, and its delivery to the executor was lost"))
		}
	}
}

// streamClosed: the executor may live on, and its tasks with it (spec 3.10).
func (m *Machine) streamClosed(id StreamID) {
	for _, c := range m.containers {
		if c.Stream == id {
			c.Stream = 0
		}
	}
}

// call takes an executor's UPDATE or MESSAGE.
func (m *Machine) call(now time.Time, in Call) {
	c, err := m.caller(in.Call)
	if err == nil && !c.Subscribed {
		err = fault.New(fault.Forbidden, "Executor is not subscribed")
	}
	if err != nil {
		m.emit(Reply{Ticket: in.Ticket, Err: err})
		return
	}
	if in.Call.GetType() == executor.Call_MESSAGE {
		m.toMaster(message.ToFramework(c.Framework.Info.GetId(), c.Info.GetExecutorId(), in.Call.GetMessage().GetData()))
		m.emit(Reply{Ticket: in.Ticket})
		return
	}
	m.executorUpdate(now, c, in.Call.GetUpdate().GetStatus())
	m.emit(Reply{Ticket: in.Ticket})
}

// executorUpdate takes an executor's status: it is acknowledged to the executor as soon as it is stored (pitfall 21).
func (m *Machine) executorUpdate(now time.Time, c *roster.Container, status *mesosv1.TaskStatus) {
	fw := c.Framework
	if fw.Removed {
		return
	}
	status = proto.CloneOf(status)
	id := status.GetTaskId().GetValue()
	owner, t := fw.Task(id)
	switch {
	case m.seen(fw, id, status): // sent twice
	case t != nil:
		t.Delivered = true // it can only know it from us
		m.report(now, owner, t, status)
	case !fw.Knew(id): // stored and forwarded anyway
		m.order.Amend(status, fw.Can(mesosv1.FrameworkInfo_Capability_PARTITION_AWARE))
		m.fill(now, c, status)
		m.enqueue(now, fw, id, status)
	}
	ack := &executor.Event_Acknowledged{TaskId: status.GetTaskId(), Uuid: status.GetUuid()}
	m.tell(c, &executor.Event{Type: executor.Event_ACKNOWLEDGED.Enum(), Acknowledged: ack})
}

// seen says whether a status with this uuid has been stored before.
func (m *Machine) seen(fw *roster.Framework, id string, status *mesosv1.TaskStatus) bool {
	if m.updates.Has(ids.Task{Framework: fw.ID, ID: id}, status.GetUuid()) {
		return true
	}
	_, t := fw.Task(id)
	return t != nil && slices.ContainsFunc(t.Statuses, func(s *mesosv1.TaskStatus) bool { return string(s.GetUuid()) == string(status.GetUuid()) })
}
