// Package lifecycle is the table of an executor's life on its host: (phase, event) → (phase, action). It owns the order
// of things and nothing else: no time, no tasks, no Mesos states. agentd/workload asks Next and carries out the action;
// no other place changes a phase. Start reading at table.
package lifecycle

import "fmt"

// Phase is how far an executor's container is. Phases are ordered: a container never goes back.
type Phase int

// The phases.
const (
	// Pending: accepted, nothing done yet.
	Pending Phase = iota
	// Preparing is entered when the supervisor is told to start: it makes the sandbox and fetches URIs.
	Preparing
	// Starting is entered when everything is prepared and the runtime has been called.
	Starting
	// Cancelling is entered when the end is wanted before the start is through. It is left by whichever outcome the start
	// has: a container that came up all the same is killed.
	Cancelling
	// Running is entered when the process has been exec'ed.
	Running
	// Stopping is entered when the process was asked to end; its grace period runs.
	Stopping
	// Killing is entered when it was killed; the kernel needs a moment.
	Killing
	// Exited is entered when everything in the container is gone, or when it never came up. What it held is being freed.
	Exited
	// Reaped is entered when the runtime has forgotten it, and is never left.
	Reaped
)

var phaseNames = [...]string{"pending", "preparing", "starting", "cancelling", "running", "stopping", "killing", "exited", "reaped"}

// String names the phase.
func (p Phase) String() string {
	if p < 0 || int(p) >= len(phaseNames) {
		return fmt.Sprintf("phase(%d)", int(p))
	}
	return phaseNames[p]
}

// Alive says whether processes may exist, or come to exist, in this phase.
func (p Phase) Alive() bool { return p < Exited }

// Event is what happened to a container.
type Event int

// The events.
const (
	Launch    Event = iota // it is to be started
	Prepared               // the sandbox is ready
	Started                // the process was exec'ed
	Failed                 // it could not be started, and nothing of it is left
	Stop                   // its end is wanted, politely
	Kill                   // its end is wanted at once
	GraceOver              // it was asked to end and has not
	Gone                   // everything in it has ended
	Deleted                // the runtime has forgotten it
)

var eventNames = [...]string{"launch", "prepared", "started", "failed", "stop", "kill", "grace_over", "gone", "deleted"}

// String names the event.
func (e Event) String() string {
	if e < 0 || int(e) >= len(eventNames) {
		return fmt.Sprintf("event(%d)", int(e))
	}
	return eventNames[e]
}

// Action is what has to be done on entering a phase.
type Action int

// The actions.
const (
	Nothing   Action = iota
	Start            // have the supervisor prepare and launch
	Cancel           // have the supervisor give the start up
	Terminate        // ask the process to end, and arm the grace period
	Destroy          // kill everything in the container
	Delete           // free what the ended container holds
)

var actionNames = [...]string{"nothing", "start", "cancel", "terminate", "destroy", "delete"}

// String names the action.
func (a Action) String() string {
	if a < 0 || int(a) >= len(actionNames) {
		return fmt.Sprintf("action(%d)", int(a))
	}
	return actionNames[a]
}

// Step is a cell of the table.
type Step struct {
	To     Phase
	Action Action
}

// table has a cell for every event that means something in a phase. A missing cell is an event that came too late (an
// exit after a kill, a second kill) and changes nothing.
var table = map[Phase]map[Event]Step{
	Pending: {
		Launch:  {Preparing, Start},
		Started: {Running, Nothing}, // the agent plays the executor: there is nothing to start
		Stop:    {Reaped, Nothing},
		Kill:    {Reaped, Nothing},
	},
	Preparing: {
		Prepared: {Starting, Nothing},
		Started:  {Running, Nothing},
		Failed:   {Exited, Delete},
		Stop:     {Cancelling, Cancel},
		Kill:     {Cancelling, Cancel},
		Gone:     {Exited, Delete},
	},
	Starting: {
		Started: {Running, Nothing},
		Failed:  {Exited, Delete},
		Stop:    {Cancelling, Cancel},
		Kill:    {Cancelling, Cancel},
		Gone:    {Exited, Delete},
	},
	Cancelling: {
		Started: {Killing, Destroy},
		Failed:  {Exited, Delete},
		Gone:    {Exited, Delete},
	},
	Running: {
		Stop: {Stopping, Terminate},
		Kill: {Killing, Destroy},
		Gone: {Exited, Delete},
	},
	Stopping: {
		Kill:      {Killing, Destroy},
		GraceOver: {Killing, Destroy},
		Gone:      {Exited, Delete},
	},
	Killing: {
		Gone: {Exited, Delete},
	},
	Exited: {
		Deleted: {Reaped, Nothing},
	},
	Reaped: {},
}

// Next looks an event up. ok is false for an event without meaning in the phase: nothing changes then.
func Next(phase Phase, event Event) (step Step, ok bool) {
	step, ok = table[phase][event]
	return step, ok
}
