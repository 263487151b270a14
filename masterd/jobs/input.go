package jobs

import (
	"codeberg.org/reeve/reeve/masterd/registry"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1/scheduler"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// Ticket ties an input to the Reply that answers it. The edge chooses it.
type Ticket uint64

// Input is what enters the machine.
type Input interface{ input() }

// The inputs.
type (
	// Event is one event of the framework's stream.
	Event struct{ *scheduler.Event }

	// Submit stores a job and starts it. Reply: the job, once it is stored; Invalid, Unsupported or Conflict.
	Submit struct {
		Ticket Ticket
		Spec   reeveapi.JobSpec
		By     string
	}

	// Stop ends a job's tasks. Reply: the job, once it is stored that it is to end; NotFound, or Conflict if it has ended.
	Stop struct {
		Ticket Ticket
		Name   ids.Job
		By     string
	}

	// Remove forgets a job. Reply: the job as it was; NotFound, or Conflict if it has not ended.
	Remove struct {
		Ticket Ticket
		Name   ids.Job
	}

	// Persisted answers a Persist effect.
	Persisted struct {
		Token uint64
		Err   error
	}

	// Tick says that the deadline has come.
	Tick struct{}
)

func (Event) input()     {}
func (Submit) input()    {}
func (Stop) input()      {}
func (Remove) input()    {}
func (Persisted) input() {}
func (Tick) input()      {}

// Effect is what must happen after a turn, in order.
type Effect interface{ effect() }

// The effects.
type (
	// Call is made on the framework's stream; SUBSCRIBE opens a new one.
	Call struct{ *scheduler.Call }

	// Persist hands ops to the registrar; Persisted with the same token answers it.
	Persist struct {
		Token uint64
		Ops   []registry.Op
	}

	// Reply answers the input with this ticket. Err is nil or has a fault kind; Job is nil if it is not.
	Reply struct {
		Ticket Ticket
		Job    *reeveapi.Job
		Err    error
	}

	// Happened is for people.
	Happened struct{ Event reeveapi.Event }
)

func (Call) effect()     {}
func (Persist) effect()  {}
func (Reply) effect()    {}
func (Happened) effect() {}
