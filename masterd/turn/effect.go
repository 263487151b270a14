package turn

import (
	"codeberg.org/reeve/reeve/masterd/registry"
	"codeberg.org/reeve/reeve/masterd/view"
	"codeberg.org/reeve/reeve/shared/agentlink"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1/master"
	"codeberg.org/reeve/reeve/shared/mesosv1/scheduler"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// Ticket ties an input to the Reply that answers it. The edge chooses it; 0 means that nobody waits for an answer.
type Ticket uint64

// Effect is what must happen after a turn. The term carries effects out in order and without waiting: each goes to an
// outbox, the registrar, or whoever waits for a Reply.
type Effect interface{ effect() }

// The effects.
type (
	// ToAgent appends to the outbox of a link stream. The term number is filled in by the term.
	ToAgent struct {
		Conn    view.ConnID
		Message *agentlink.FromMaster
	}

	// CloseAgent ends a link stream after what is in its outbox.
	CloseAgent struct{ Conn view.ConnID }

	// ToFramework appends to the outbox of a framework's stream.
	ToFramework struct {
		Stream view.StreamID
		Event  *scheduler.Event
	}

	// CloseFramework ends a framework's stream after what is in its outbox.
	CloseFramework struct{ Stream view.StreamID }

	// ToOperators tells every subscriber of the operator API (spec 2.4.3).
	ToOperators struct{ Event *master.Event }

	// Happened is for people: the event stream of /reeve/v1, the log (one line) and the counters. Seq is filled in by the
	// term, At by the machine.
	Happened struct{ Event reeveapi.Event }

	// Count adds to a counter of /metrics/snapshot, named as Mesos names it (spec 7.5): "master/tasks_finished".
	Count struct {
		Name string
		N    float64
	}

	// Persist hands ops to the registrar; Persisted with the same token answers it.
	Persist struct {
		Token uint64
		Ops   []registry.Op
	}

	// Move asks the jobs to move what they move from an agent that drains; cluster.Moved answers it. On is false when the
	// agent may be used again.
	Move struct {
		Agent ids.Agent
		On    bool
	}

	// Reply answers the input with this ticket. Err is nil or has a fault kind.
	Reply struct {
		Ticket Ticket
		Err    error
	}
)

func (ToAgent) effect()        {}
func (CloseAgent) effect()     {}
func (ToFramework) effect()    {}
func (CloseFramework) effect() {}
func (ToOperators) effect()    {}
func (Happened) effect()       {}
func (Count) effect()          {}
func (Persist) effect()        {}
func (Move) effect()           {}
func (Reply) effect()          {}
