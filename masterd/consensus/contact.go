package consensus

import (
	"fmt"
	"sync"
	"time"

	"github.com/hashicorp/raft"
)

// Standing is one master as raft has it. What the leader alone can know is zero on standbys, but of themselves.
type Standing struct {
	ID    string
	Voter bool
	Term  uint64    // that it last said it is in
	Index uint64    // of the newest entry in its log
	Heard time.Time // when it was last heard of; zero if that is not known
}

// contacts is what followers last said: every heartbeat is answered with the end of the follower's log. Raft itself uses
// that and does not show it.
type contacts struct {
	*raft.NetworkTransport
	asked chan raft.RPC // what others ask, but for votes that must not be given

	mu    sync.Mutex // guards the fields below
	since time.Time  // when this master began to lead, and so to listen
	heard map[raft.ServerID]Standing
}

// AppendEntries sends entries or a heartbeat, and notes the answer.
func (c *contacts) AppendEntries(id raft.ServerID, target raft.ServerAddress, args *raft.AppendEntriesRequest, resp *raft.AppendEntriesResponse) error {
	if err := c.NetworkTransport.AppendEntries(id, target, args, resp); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.heard == nil {
		c.heard = make(map[raft.ServerID]Standing)
	}
	c.heard[id] = Standing{ID: string(id), Term: resp.Term, Index: resp.LastLog, Heard: time.Now()}
	return nil
}

// Consumer is where raft hears what others ask of it.
func (c *contacts) Consumer() <-chan raft.RPC { return c.asked }

// begin forgets what was heard in an earlier leadership.
func (c *contacts) begin() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.since, c.heard = time.Now(), nil
}

// of returns what a follower last said, and how long it has been silent in this leadership.
func (c *contacts) of(id raft.ServerID, now time.Time) (s Standing, silent time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s = c.heard[id]
	last := s.Heard
	if last.Before(c.since) {
		last = c.since
	}
	return s, now.Sub(last)
}

// Standings is every master of raft's configuration; one that leads knows how far each is.
func (c *Consensus) Standings() ([]Standing, error) {
	f := c.raft.GetConfiguration()
	if err := f.Error(); err != nil {
		return nil, fmt.Errorf("ask raft for the masters: %w", err)
	}
	leads, now := c.raft.State() == raft.Leader, time.Now()
	var all []Standing
	for _, server := range f.Configuration().Servers {
		s := Standing{}
		switch {
		case string(server.ID) == c.cfg.Identity.Node:
			s = Standing{Term: c.raft.CurrentTerm(), Index: c.raft.LastIndex(), Heard: now}
		case leads:
			s, _ = c.net.of(server.ID, now)
		}
		s.ID, s.Voter = string(server.ID), server.Suffrage == raft.Voter
		all = append(all, s)
	}
	return all, nil
}

// Index is the newest entry in this master's log.
func (c *Consensus) Index() uint64 { return c.raft.LastIndex() }
