package workload

import (
	"time"

	"google.golang.org/protobuf/proto"

	"codeberg.org/reeve/reeve/agentd/lifecycle"
	"codeberg.org/reeve/reeve/agentd/record"
	"codeberg.org/reeve/reeve/shared/agentlink"
	"codeberg.org/reeve/reeve/shared/mesosv1"
)

// There are two drains. agentd's own (drain) ends every container because agentd itself ends, and is not written down.
// A master's (ordered) kills every task as a KILL would, and lasts until the master says that it is over: masters and agentd
// may be replaced meanwhile. Executors that have no task any more stay, as in Mesos.

// drain ends every task; what is launched from now on is refused.
func (m *Machine) drain(now time.Time, in Drain) {
	m.draining, m.untold = true, in.Untold
	for _, fw := range sorted(m.frameworks) {
		for _, c := range sorted(fw.executors) {
			m.stop(now, c, record.Cause_DRAIN, m.shutdownGrace(c))
		}
	}
}

// takesNone says whether launches are refused.
func (m *Machine) takesNone() bool { return m.draining || m.order != nil }

// ordered takes the master's word on a drain; nil is that there is none. An order that is repeated kills again: an earlier
// KILL may not have reached its executor.
func (m *Machine) ordered(now time.Time, msg *agentlink.Drain) {
	if msg == nil || msg.GetEnded() {
		if m.order != nil {
			m.order = nil
			m.saveLazily(record.NewDrain(&record.Drain{Ended: true})) // if it is lost, the master says it again
			m.emit(Happened{Noun: "agent", ID: string(m.agentID()), From: "draining", To: "registered"})
		}
		return
	}
	order := &record.Drain{MaxGraceNs: msg.MaxGraceNs, MarkGone: msg.GetMarkGone(), SinceNs: m.order.GetSinceNs()}
	if !proto.Equal(order, m.order) {
		order.SinceNs = now.UnixNano()
		m.order = order
		m.save(record.NewDrain(order))
		m.emit(Happened{Noun: "agent", ID: string(m.agentID()), From: "registered", To: "draining", Reason: "the master's order"})
	}
	m.killAll(now)
}

// killAll kills every task that has not ended.
func (m *Machine) killAll(now time.Time) {
	for _, fw := range sorted(m.frameworks) {
		if fw.removed {
			continue // its end is being seen to
		}
		for _, c := range sorted(fw.executors) {
			for _, t := range sorted(c.tasks) {
				if !t.ended() {
					m.killOrdered(now, c, t)
				}
			}
		}
	}
}

// killOrdered kills a task of an executor. A task that is being ended already may have its grace shortened.
func (m *Machine) killOrdered(now time.Time, c *container, t *task) {
	policy := m.order.Policy(t.info)
	member := c.members[t.id()]
	switch {
	case member != nil:
		m.killCommand(now, member, t, policy, record.Cause_KILL)
	case c.command:
		m.killCommand(now, c, t, policy, record.Cause_KILL)
	case !t.delivered:
		m.killQueued(now, c, t)
	case c.phase <= lifecycle.Running:
		t.kill = policy
		if t.kill == nil {
			t.kill = &mesosv1.KillPolicy{}
		}
		m.deliverKills(c)
	}
}
