// Package turn is what a turn of the agent's machine begins with and leads to: the inputs and the effects there are. It owns
// their shape and says what answers each; the rules that produce them are in agentd/workload, and the daemon's pump, the supervisors, the prober and the
// edges carry them out. Start reading at Effect.
package turn

import (
	"codeberg.org/reeve/reeve/agentd/check"
	"codeberg.org/reeve/reeve/agentd/launch"
	"codeberg.org/reeve/reeve/agentd/record"
	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/shared/agentlink"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/mesosv1/executor"
)

// ConnID names one stream to a master. The edge counts them from 1.
type ConnID uint64

// StreamID names one subscription of an executor. The edge counts them from 1.
type StreamID uint64

// Ticket ties an input to the Reply that answers it; 0 means that nobody waits.
type Ticket uint64

// Effect is what must happen after a turn. Effects are carried out in order; those after a durable Save only once it is
// on disk.
type Effect interface{ effect() }

// The effects.
type (
	// Save writes an entry down. Durable ones must be on disk before any later effect happens; the others may be lost with
	// the host's power, because losing them only repeats something that may be repeated.
	Save struct {
		Entry   *record.Entry
		Durable bool
	}

	// Send appends to the outbox of a stream to a master.
	Send struct {
		Conn    ConnID
		Message *agentlink.FromAgent
	}

	// ToExecutor appends to the outbox of an executor's stream.
	ToExecutor struct {
		Stream StreamID
		Event  *executor.Event
	}

	// CloseExecutor ends an executor's stream after what is in its outbox.
	CloseExecutor struct{ Stream StreamID }

	// Reply answers the input with this ticket. Err is nil or has a fault kind.
	Reply struct {
		Ticket Ticket
		Err    error
	}

	// Start has the supervisor make the sandbox, fetch and launch. Prepared and Launched answer, or LaunchFailed; then,
	// once, Exited.
	Start struct {
		Spec  runtime.Spec
		Owner string // whom the sandbox belongs to: a user of the host, "" for the agent's own
		URIs  []*mesosv1.CommandInfo_URI
		Image *launch.Inside // that it runs in; nil for the host's file system
		Pod   *PodSandbox    // that the container's sandbox lies in; nil for one that is in no pod

		Volumes []Volume             // persistent ones that it uses
		Images  []launch.VolumeImage // that it has as volumes
	}

	// Adopt has the supervisor wait for a container of an earlier agentd. Exited answers.
	Adopt struct{ Container ids.Container }

	// Cancel gives a start up. Whatever came of it is reported as usual.
	Cancel struct{ Container ids.Container }

	// Signal sends a signal to every process of a container.
	Signal struct {
		Container ids.Container
		Signal    int
	}

	// Resize changes a container's limits.
	Resize struct {
		Container ids.Container
		Limits    runtime.Limits
	}

	// Equip has a container have so many GPUs. Equipped answers. What fails is tried again until something else is asked for, and the
	// second Equipped says that it has worked.
	Equip struct {
		Container ids.Container
		GPUs      int
	}

	// Delete frees what an ended container holds. Deleted answers.
	Delete struct{ Container ids.Container }

	// Reap kills and frees a container that nobody knows. Nothing answers.
	Reap struct{ Container ids.Container }

	// Probe has a running container looked at, for a check of its task. Probed answers.
	Probe struct {
		Container ids.Container
		PID       int // of its first process, whose network is the container's
		Probe     check.Probe
	}

	// MakeVolume makes the empty directory of a new persistent volume, whatever was there before. Path is relative to the work dir.
	MakeVolume struct{ Path string }

	// RemoveVolume takes a persistent volume away with everything in it; Path is as of MakeVolume.
	RemoveVolume struct{ Path string }

	// SandboxEnded says that nothing will write to a sandbox any more; it may be collected as garbage some day.
	SandboxEnded struct{ Path string }

	// LogsEnded says that nothing will write to a container's logs any more. They are brought into bounds a last time, also
	// when they were written while no agentd was there.
	LogsEnded struct {
		Sandbox        string
		Stdout, Stderr int64 // bytes that are to be kept of them; 0 where nothing was asked
	}

	// Happened is a transition of a noun, for the log.
	Happened struct {
		Noun   string // "task", "executor", "framework", "agent"
		ID     string
		From   string
		To     string
		Reason string

		Container ids.Container // of an executor
	}

	// Count adds one to a counter of /metrics/snapshot, named as Mesos names it (spec 7.5): "slave/tasks_finished".
	Count struct{ Name string }

	// Drained follows Drain: no container is left, and every update has been acknowledged.
	Drained struct{}
)

// Volume is a persistent volume that a container uses. Path is relative to the work dir.
type Volume struct {
	Path   string
	Shared bool
}

// PodSandbox is the sandbox that the containers of a pod share, and the name under which this one's is found in it.
type PodSandbox struct {
	Path  string
	Owner string // as of Start
	Task  string
}

func (Save) effect()          {}
func (Send) effect()          {}
func (ToExecutor) effect()    {}
func (CloseExecutor) effect() {}
func (Reply) effect()         {}
func (Start) effect()         {}
func (Adopt) effect()         {}
func (Cancel) effect()        {}
func (Signal) effect()        {}
func (Resize) effect()        {}
func (Equip) effect()         {}
func (Delete) effect()        {}
func (Reap) effect()          {}
func (Probe) effect()         {}
func (MakeVolume) effect()    {}
func (RemoveVolume) effect()  {}
func (SandboxEnded) effect()  {}
func (LogsEnded) effect()     {}
func (Happened) effect()      {}
func (Count) effect()         {}
func (Drained) effect()       {}
