package workload

import (
	"time"

	"google.golang.org/protobuf/proto"

	"codeberg.org/reeve/reeve/agentd/lifecycle"
	"codeberg.org/reeve/reeve/agentd/record"
	"codeberg.org/reeve/reeve/agentd/roster"
	"codeberg.org/reeve/reeve/shared/agentlink"
	"codeberg.org/reeve/reeve/shared/mesosv1"
)

// There are two drains. agentd's own (drain) ends every container because agentd itself ends, and is not written down.
// A master's (ordered) kills every task as a KILL would, and lasts until the master says that it is over: masters and agentd
// may be replaced meanwhile. Executors that have no task any more stay, as in Mesos.

// drain ends every task; what is launched from now on is refused.
func (m *Machine) drain(now time.Time, in Drain) {
	m.draining, m.untold = true, in.Untold
	for _, fw := range roster.Sorted(m.frameworks) {
		for _, c := range roster.Sorted(fw.Executors) {
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
	for _, fw := range roster.Sorted(m.frameworks) {
		if fw.Removed {
			continue // its end is being seen to
		}
		for _, c := range roster.Sorted(fw.Executors) {
			for _, t := range roster.Sorted(c.Tasks) {
				if !t.Ended() {
					m.killOrdered(now, c, t)
				}
			}
		}
	}
}

// killOrdered kills a task of an executor. A task that is being ended already may have its grace shortened.
func (m *Machine) killOrdered(now time.Time, c *roster.Container, t *roster.Task) {
	policy := m.order.Policy(t.Info)
	member := c.Members[t.ID()]
	switch {
	case member != nil:
		m.killCommand(now, member, t, policy, record.Cause_KILL)
	case c.Command:
		m.killCommand(now, c, t, policy, record.Cause_KILL)
	case !t.Delivered:
		m.killQueued(now, c, t)
	case c.Phase <= lifecycle.Running:
		t.Kill = policy
		if t.Kill == nil {
			t.Kill = &mesosv1.KillPolicy{}
		}
		m.deliverKills(c)
	}
}
