package workload

import "codeberg.org/reeve/reeve/agentd/turn"

// The effects, and what names them, as the daemon knows them; agentd/turn says what each is.
type (
	// Effect is what must happen after a turn.
	Effect = turn.Effect
	// Save writes an entry down.
	Save = turn.Save
	// Send appends to the outbox of a stream to a master.
	Send = turn.Send
	// ToExecutor appends to the outbox of an executor's stream.
	ToExecutor = turn.ToExecutor
	// CloseExecutor ends an executor's stream.
	CloseExecutor = turn.CloseExecutor
	// Reply answers an input.
	Reply = turn.Reply
	// Start has a container prepared and launched.
	Start = turn.Start
	// Adopt has a container of an earlier agentd waited for.
	Adopt = turn.Adopt
	// Cancel gives a start up.
	Cancel = turn.Cancel
	// Signal sends a signal to a container.
	Signal = turn.Signal
	// Resize changes a container's limits.
	Resize = turn.Resize
	// Equip has a container have so many GPUs.
	Equip = turn.Equip
	// Delete frees what an ended container holds.
	Delete = turn.Delete
	// Reap kills and frees a container that nobody knows.
	Reap = turn.Reap
	// Probe has a container looked at.
	Probe = turn.Probe
	// SandboxEnded says that a sandbox may be collected.
	SandboxEnded = turn.SandboxEnded
	// LogsEnded says that logs have all that will ever be in them.
	LogsEnded = turn.LogsEnded
	// Happened is for the log.
	Happened = turn.Happened
	// Count adds to a counter.
	Count = turn.Count
	// Drained says that nothing is left.
	Drained = turn.Drained
	// PodSandbox is the sandbox of a pod.
	PodSandbox = turn.PodSandbox
	// ConnID names one stream to a master.
	ConnID = turn.ConnID
	// StreamID names one subscription of an executor.
	StreamID = turn.StreamID
	// Ticket ties an input to its Reply.
	Ticket = turn.Ticket
)
