package workload

import (
	"time"

	"google.golang.org/protobuf/proto"

	"codeberg.org/reeve/reeve/agentd/launch"
	"codeberg.org/reeve/reeve/agentd/lifecycle"
	"codeberg.org/reeve/reeve/agentd/message"
	"codeberg.org/reeve/reeve/agentd/outcome"
	"codeberg.org/reeve/reeve/agentd/record"
	"codeberg.org/reeve/reeve/agentd/roster"
	"codeberg.org/reeve/reeve/shared/agentlink"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
)

// linkOpened says everything we know to a new master; until it answers, nothing else is said.
func (m *Machine) linkOpened(conn ConnID) {
	m.conn, m.registered = conn, false
	m.updates.Suspend()
	m.holdings.Suspend()
	m.emit(Send{Conn: conn, Message: &agentlink.FromAgent{Message: &agentlink.FromAgent_Register{Register: m.registration()}}})
}

func (m *Machine) linkClosed(conn ConnID) {
	if conn != m.conn {
		return // an older stream's end, heard late
	}
	if m.registered {
		m.emit(Happened{Noun: "agent", ID: string(m.agentID()), From: "registered", To: "disconnected"})
	}
	m.conn, m.registered = 0, false
	m.updates.Suspend()
	m.holdings.Suspend()
}

// toMaster sends on a registered stream; without one the message is lost, as everything is that is not an update.
func (m *Machine) toMaster(message *agentlink.FromAgent) {
	if m.registered {
		m.emit(Send{Conn: m.conn, Message: message})
	}
}

// beat answers that the loop turns.
func (m *Machine) beat(in Beat) {
	if in.Conn != m.conn || !m.registered {
		return
	}
	m.toMaster(&agentlink.FromAgent{Message: &agentlink.FromAgent_Heartbeat{Heartbeat: &agentlink.Heartbeat{Usage: in.Usage}}})
}

// fromMaster takes one message of the leading master.
func (m *Machine) fromMaster(now time.Time, in FromMaster) {
	if in.Conn != m.conn {
		return
	}
	switch msg := in.Message.GetMessage().(type) {
	case *agentlink.FromMaster_Registered:
		m.accepted(now, msg.Registered)
	case *agentlink.FromMaster_RunTasks:
		m.runTasks(now, msg.RunTasks)
	case *agentlink.FromMaster_KillTask:
		m.killTask(now, msg.KillTask)
	case *agentlink.FromMaster_Acknowledge:
		m.acknowledged(now, msg.Acknowledge)
	case *agentlink.FromMaster_ShutdownExecutor:
		m.shutdownExecutor(now, msg.ShutdownExecutor)
	case *agentlink.FromMaster_ShutdownFramework:
		m.shutdownFramework(now, frameworkID(msg.ShutdownFramework.GetFrameworkId()))
	case *agentlink.FromMaster_ExecutorMessage:
		m.executorMessage(msg.ExecutorMessage)
	case *agentlink.FromMaster_Drain:
		m.ordered(now, msg.Drain)
	case *agentlink.FromMaster_FrameworkUpdated:
		m.frameworkUpdated(msg.FrameworkUpdated.GetFramework())
	case *agentlink.FromMaster_ApplyOperation:
		m.applyOperation(now, msg.ApplyOperation)
	case *agentlink.FromMaster_AcknowledgeOperation:
		m.acknowledgeOperation(msg.AcknowledgeOperation)
	case *agentlink.FromMaster_Refused, *agentlink.FromMaster_HeartbeatAck:
		// the edge's
	default:
		m.emit(Count{Name: "slave/invalid_framework_messages"}) // of a newer master
	}
}

// accepted: the master has taken us on; it may have given us a new id.
func (m *Machine) accepted(now time.Time, msg *agentlink.Registered) {
	m.setID(msg.GetAgentId())
	m.save(record.NewAgent(m.agent))
	m.registered = true
	m.emit(Happened{Noun: "agent", ID: string(m.agentID()), To: "registered", Reason: msg.GetMaster().GetHostname()})
	m.send(m.updates.Resume(now))
	m.sendOperations(m.holdings.Resume(now))
	m.ordered(now, msg.GetDrain())
	m.tellHistory(int(msg.GetHistory()))
}

// shutdownExecutor ends an executor with its grace.
func (m *Machine) shutdownExecutor(now time.Time, msg *agentlink.ShutdownExecutor) {
	fw := m.frameworks[frameworkID(msg.GetFrameworkId())]
	if fw == nil {
		return
	}
	if c := fw.Executors[executorID(msg.GetExecutorId())]; c != nil {
		m.stop(now, c, record.Cause_SHUTDOWN, m.shutdownGrace(c))
	}
}

// shutdownFramework ends everything of a framework. Nothing of it is reported any more: there is nobody to tell.
func (m *Machine) shutdownFramework(now time.Time, id ids.Framework) {
	fw := m.frameworks[id]
	if fw == nil {
		m.frameworkOver(id)
		return
	}
	if fw.Removed {
		return
	}
	fw.Removed = true
	m.updates.Drop(id)
	m.finishEnded(fw)
	for _, c := range roster.Sorted(fw.Executors) {
		m.stop(now, c, record.Cause_FRAMEWORK_REMOVED, m.shutdownGrace(c))
	}
	m.touch(fw)
}

func (m *Machine) executorMessage(msg *agentlink.ExecutorMessage) {
	fw := m.frameworks[frameworkID(msg.GetFrameworkId())]
	if fw == nil || fw.Executors[executorID(msg.GetExecutorId())] == nil {
		m.emit(Count{Name: "slave/invalid_framework_messages"})
		return
	}
	m.emit(Count{Name: "slave/valid_framework_messages"})
	m.tell(fw.Executors[executorID(msg.GetExecutorId())], message.FromFramework(msg.GetData()))
}

func (m *Machine) frameworkUpdated(info *mesosv1.FrameworkInfo) {
	fw := m.frameworks[frameworkID(info.GetId())]
	if fw == nil || proto.Equal(fw.Info, info) {
		return
	}
	fw.Info = info
	m.save(record.NewFramework(info))
}

// registration is everything that a master needs to know of us.
func (m *Machine) registration() *agentlink.Register {
	reg := proto.CloneOf(m.cfg.Register)
	reg.AgentInfo = m.agent
	reg.Total, reg.Operations = m.holdings.Total().Proto(), m.holdings.Pending()
	for _, fw := range roster.Sorted(m.frameworks) {
		if fw.Removed {
			continue
		}
		reg.Frameworks = append(reg.Frameworks, fw.Info)
		for _, c := range roster.Sorted(fw.Executors) {
			if c.Phase < lifecycle.Exited {
				reg.Executors = append(reg.Executors, &agentlink.Executor{FrameworkId: fw.Info.GetId(), Info: c.Info, Command: c.Command})
			}
			for _, t := range roster.Sorted(c.Tasks) {
				reg.Tasks = append(reg.Tasks, &agentlink.Task{Task: m.taskProto(c, t), Info: t.Info})
			}
		}
	}
	return reg
}

// taskProto is a task in Mesos's form: state is the latest, status_update_state that of the oldest update which the
// framework has not acknowledged. The executor of a command task is not named (spec 8, pitfall 23).
func (m *Machine) taskProto(c *roster.Container, t *roster.Task) *mesosv1.Task {
	p := outcome.Record(c.Framework.Info.GetId(), t.Info, t.State, t.Statuses)
	p.User = new(m.cfg.Launch.User(launch.Run{Framework: c.Framework.Info, Executor: launch.Member(c.Info, t.Info)}))
	if !c.Command {
		p.ExecutorId = c.Info.GetExecutorId()
	}
	if s := m.updates.InFlight(ids.Task{Framework: c.Framework.ID, ID: t.ID()}); s != nil {
		p.StatusUpdateState, p.StatusUpdateUuid = s.State, s.GetUuid()
	}
	return p
}
