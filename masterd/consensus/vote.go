package consensus

import (
	"context"
	"time"

	"github.com/hashicorp/raft"
)

// Raft asks for votes by address, and a master with an empty log votes for anybody. At the address of a master whose disk was
// lost, with its replacement's empty one, that would be a vote of somebody who promised to know what was agreed on: a leader could
// be elected that lacks some of it. So a master has no vote until it has heard from a leader, but for the very first election,
// before which there was nothing to know.

// firstEntry is the index of the entry with which founders begin their log.
const firstEntry = 1

// filter hands raft what others ask of it, but for votes that it must not give. It ends with ctx.
func (c *Consensus) filter(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case rpc := <-c.net.NetworkTransport.Consumer():
			c.elections.note(rpc, time.Now())
			if c.refuse(rpc) {
				continue
			}
			select {
			case c.net.asked <- rpc:
			case <-ctx.Done():
				return nil
			}
		}
	}
}

// refuse answers a candidate that this master must not vote for, and says whether it has.
func (c *Consensus) refuse(rpc raft.RPC) bool {
	if c.HasLog() {
		return false
	}
	switch ask := rpc.Command.(type) {
	case *raft.RequestVoteRequest:
		if ask.LastLogIndex > firstEntry {
			rpc.Respond(&raft.RequestVoteResponse{RPCHeader: c.header(), Term: ask.Term}, nil)
			return true
		}
	case *raft.RequestPreVoteRequest:
		if ask.LastLogIndex > firstEntry {
			rpc.Respond(&raft.RequestPreVoteResponse{RPCHeader: c.header(), Term: ask.Term}, nil)
			return true
		}
	}
	return false
}

func (c *Consensus) header() raft.RPCHeader {
	return raft.RPCHeader{ProtocolVersion: raft.ProtocolVersionMax, ID: []byte(c.cfg.Identity.Node), Addr: []byte(c.cfg.Advertise)}
}
