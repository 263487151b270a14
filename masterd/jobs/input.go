package jobs

import (
	"codeberg.org/reeve/reeve/masterd/registry"
	"codeberg.org/reeve/reeve/masterd/vault"
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

	// Update replaces a job's spec. Reply: the job, once that is stored; NotFound, Invalid or Conflict.
	Update struct {
		Change
		Spec reeveapi.JobSpec
	}

	// Scale changes how many instances a job has. Reply: as for Update.
	Scale struct {
		Change
		Instances int
	}

	// Restart replaces the tasks of a service as an update does. Reply: as for Update.
	Restart struct{ Change }

	// Rollback makes an earlier version the newest one; To is 0 for the one before. Reply: as for Update.
	Rollback struct {
		Change
		To int
	}

	// Trigger runs a periodic job now. Reply: as for Update.
	Trigger struct{ Change }

	// Stop ends a job's tasks. Reply: the job, once it is stored that it is to end; NotFound, or Conflict if it has ended.
	Stop struct{ Change }

	// Remove forgets a job. Reply: the job as it was; NotFound, or Conflict if it has not ended.
	Remove struct{ Change }

	// SetSecret stores a secret, or a new version of it. Reply: nil once it is stored; Invalid or Exhausted.
	SetSecret struct {
		Ticket Ticket
		Name   string
		Size   int // of the value, in bytes
		Sealed vault.Sealed
		By     string
	}

	// RemoveSecret forgets a secret. Reply: nil once that is stored; NotFound, or Conflict if a job needs it.
	RemoveSecret struct {
		Ticket Ticket
		Name   string
		By     string
	}

	// Draining says whether the tasks of an agent are to end. Services' instances move before they are stopped; Left says
	// that they have.
	Draining struct {
		Agent ids.Agent
		On    bool
	}

	// Images says which images an agent has now, by the names under which they were asked for; none when it is away.
	Images struct {
		Agent ids.Agent
		Names []string
	}

	// Persisted answers a Persist effect.
	Persisted struct {
		Token uint64
		Err   error
	}

	// Tick says that the deadline has come.
	Tick struct{}
)

// Change is what all changes of a job have. Expect is the version that the operator has seen, 0 for whatever it is.
type Change struct {
	Ticket Ticket
	Name   ids.Job
	Expect int
	By     string
}

func (Event) input()        {}
func (Submit) input()       {}
func (Update) input()       {}
func (Scale) input()        {}
func (Restart) input()      {}
func (Rollback) input()     {}
func (Trigger) input()      {}
func (Stop) input()         {}
func (Remove) input()       {}
func (SetSecret) input()    {}
func (RemoveSecret) input() {}
func (Draining) input()     {}
func (Images) input()       {}
func (Persisted) input()    {}
func (Tick) input()         {}

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

	// Left answers Draining: nothing that moves is on the agent any more.
	Left struct{ Agent ids.Agent }

	// Happened is for people.
	Happened struct{ Event reeveapi.Event }
)

func (Call) effect()     {}
func (Persist) effect()  {}
func (Reply) effect()    {}
func (Left) effect()     {}
func (Happened) effect() {}
