// Package turn is one turn of the cluster machine: the inputs there are, the effects, and the list of them that the turn
// collects. It owns their shape and order; the rules that lead from one to the other are in masterd/cluster and
// masterd/offering, and masterd/term carries the effects out. Start reading at Input, then Effect and Turn.
package turn

import (
	"time"

	"codeberg.org/reeve/reeve/masterd/message"
	"codeberg.org/reeve/reeve/masterd/view"
	"codeberg.org/reeve/reeve/shared/agentlink"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/mesosv1/master"
	"codeberg.org/reeve/reeve/shared/mesosv1/scheduler"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// Turn collects the effects of one step. Now is the time of the step.
type Turn struct {
	Now     time.Time
	effects []Effect
}

// Begin starts a turn. A clock that goes back must not make timers fire twice, so Now never does.
func (t *Turn) Begin(now time.Time) {
	if now.After(t.Now) {
		t.Now = now
	}
	t.effects = nil
}

// End returns the effects of the turn; they are the caller's.
func (t *Turn) End() []Effect { return t.effects }

// Emit adds an effect.
func (t *Turn) Emit(e Effect) { t.effects = append(t.effects, e) }

// Count adds 1 to a counter of the master, named without "master/".
func (t *Turn) Count(name string) { t.Emit(Count{Name: "master/" + name, N: 1}) }

// Reply answers whoever waits with that ticket.
func (t *Turn) Reply(ticket Ticket, err error) {
	if ticket != 0 {
		t.Emit(Reply{Ticket: ticket, Err: err})
	}
}

// Happened tells people.
func (t *Turn) Happened(e reeveapi.Event) {
	e.At = t.Now
	t.Emit(Happened{e})
}

// ToAgent sends to an agent if it is connected.
func (t *Turn) ToAgent(conn view.ConnID, m *agentlink.FromMaster) {
	if conn != 0 {
		t.Emit(ToAgent{conn, m})
	}
}

// ToFramework sends to a framework if it listens.
func (t *Turn) ToFramework(stream view.StreamID, e *scheduler.Event) {
	if stream != "" {
		t.Emit(ToFramework{stream, e})
	}
}

// Update tells a framework of a task's state, if it listens.
func (t *Turn) Update(stream view.StreamID, status *mesosv1.TaskStatus) {
	if stream != "" {
		t.Emit(ToFramework{stream, message.Update(status)})
	}
}

// ToOperators sends to the subscribers of the operator API.
func (t *Turn) ToOperators(e *master.Event) { t.Emit(ToOperators{e}) }
