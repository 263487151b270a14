package consensus

import (
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/raft"
)

// Election is a change of leaders as this master saw it.
type Election struct {
	Term   uint64
	Leader string // raft id
	At     time.Time
	Before string        // raft id of who led before, "" if this master has not seen that
	Gap    time.Duration // how long nobody was heard to lead; 0 if Before is ""
	Handed bool          // who led before gave leadership away
}

// keptElections is how many are remembered; a cluster that has more of them has other troubles.
const keptElections = 16

// elections is what this master has seen of leaders since it started. Raft knows only the present one.
type elections struct {
	mu     sync.Mutex // guards the fields below
	all    []Election
	heard  time.Time // when a leader was last heard of, or this master last led
	handed time.Time // when this master was told to take over
}

// handedFor is how long being told to take over explains that one leads.
const handedFor = 5 * time.Second

// note takes what others ask of raft: a leader makes itself known by every entry, and between them some times a second.
func (e *elections) note(rpc raft.RPC, now time.Time) {
	switch ask := rpc.Command.(type) {
	case *raft.AppendEntriesRequest:
		e.leads(ask.Term, string(ask.ID), now)
	case *raft.TimeoutNowRequest:
		e.mu.Lock()
		e.handed = now
		e.mu.Unlock()
	}
}

// leads notes that a master leads in a term.
func (e *elections) leads(term uint64, id string, now time.Time) Election {
	e.mu.Lock()
	defer e.mu.Unlock()
	last := Election{}
	if n := len(e.all); n > 0 {
		last = e.all[n-1]
	}
	heard := e.heard
	if term >= last.Term {
		e.heard = now
	}
	if term <= last.Term || id == "" {
		return last
	}
	next := Election{Term: term, Leader: id, At: now, Before: last.Leader, Handed: now.Sub(e.handed) < handedFor}
	if last.Leader != "" {
		next.Gap = now.Sub(heard)
	}
	e.all = append(e.all[max(len(e.all)-keptElections+1, 0):], next)
	return next
}

// led notes that this master has led until now.
func (e *elections) led(now time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.heard = now
}

// Elections lists the changes of leaders that this master has seen since it started, the oldest first.
func (c *Consensus) Elections() []Election {
	c.elections.mu.Lock()
	defer c.elections.mu.Unlock()
	return slices.Clone(c.elections.all)
}
