package workload

import "codeberg.org/reeve/reeve/agentd/turn"

// The inputs, as the daemon knows them; agentd/turn says what each is.
type (
	// Input is what enters the machine.
	Input = turn.Input
	// Tick says that the deadline has come.
	Tick = turn.Tick
	// Recovered comes first and once.
	Recovered = turn.Recovered
	// LinkOpened says that a stream to a master stands.
	LinkOpened = turn.LinkOpened
	// LinkClosed says that it is gone.
	LinkClosed = turn.LinkClosed
	// Beat is due on a registered stream.
	Beat = turn.Beat
	// FromMaster is a message of a stream.
	FromMaster = turn.FromMaster
	// Subscribe opens an executor's stream.
	Subscribe = turn.Subscribe
	// StreamClosed says that an executor's stream is gone.
	StreamClosed = turn.StreamClosed
	// Call is an executor's UPDATE or MESSAGE.
	Call = turn.Call
	// Prepared says that a sandbox is ready.
	Prepared = turn.Prepared
	// Pulling says how far an image or a URI is.
	Pulling = turn.Pulling
	// Launched says that a process has been exec'ed.
	Launched = turn.Launched
	// LaunchFailed says that nothing was started.
	LaunchFailed = turn.LaunchFailed
	// Exited says that everything in a container has ended.
	Exited = turn.Exited
	// Deleted says that the runtime has forgotten a container.
	Deleted = turn.Deleted
	// Equipped says whether a container has its GPUs.
	Equipped = turn.Equipped
	// Probed is what a Probe found.
	Probed = turn.Probed
	// DiskExceeded says that files take more than they may.
	DiskExceeded = turn.DiskExceeded
	// Drain ends every task.
	Drain = turn.Drain
)

// Kind names an input for logs and metrics: its type's name.
func Kind(in Input) string { return turn.Kind(in) }
