// Package agentlink is the master's end of the link: one gRPC stream per agent. It turns messages into inputs of the
// term's loop and the loop's answers into messages, ends streams whose agent has fallen silent, and sends agents from a
// standby master to the leader. It decides nothing about agents: masterd/cluster does.
//
//	server.go   Server: listening, keep-alive, the sweep for silent agents
//	stream.go   one stream: a reader that only decodes and posts, a writer that empties an outbox
package agentlink

import (
	"context"
	"time"

	"codeberg.org/reeve/reeve/masterd/cluster"
	"codeberg.org/reeve/reeve/masterd/outbox"
	"codeberg.org/reeve/reeve/shared/agentlink"
	"codeberg.org/reeve/reeve/shared/ids"
)

// Term is the leadership that streams belong to; masterd/term has it.
type Term interface {
	// Number is raft's term; it goes into every message.
	Number() uint64
	// ConnectAgent opens a stream and returns what is to be sent on it. Hanging the box up tells the machine of the end.
	ConnectAgent(conn cluster.ConnID) *outbox.Box[*agentlink.FromMaster]
	// Post hands an input to the machine, and waits while its mailbox is full.
	Post(ctx context.Context, in cluster.Input) error
	// AgentGoodbye notes why a stream is about to end.
	AgentGoodbye(conn cluster.ConnID, goodbye *agentlink.Goodbye)
	// NoteUsage keeps what a heartbeat says of the agent's host.
	NoteUsage(agent ids.Agent, usage *agentlink.HostUsage, at time.Time)
	// NoteImages keeps which images the agent has; it waits as Post does.
	NoteImages(ctx context.Context, agent ids.Agent, names []string) error
}

// Node is this master as the link needs it.
type Node interface {
	// LinkTerm is the current leadership; ok is false while this master stands by.
	LinkTerm() (term Term, ok bool)
	// LeaderLink is the leader's link address, "" while it is not known.
	LeaderLink() string
}
