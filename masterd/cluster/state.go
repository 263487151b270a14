package cluster

import (
	"math/rand/v2"
	"time"

	"codeberg.org/reeve/reeve/masterd/allocator"
	"codeberg.org/reeve/reeve/masterd/deadlines"
	"codeberg.org/reeve/reeve/masterd/inverse"
	"codeberg.org/reeve/reeve/masterd/ledger"
	"codeberg.org/reeve/reeve/masterd/offering"
	"codeberg.org/reeve/reeve/masterd/operating"
	"codeberg.org/reeve/reeve/masterd/registry"
	"codeberg.org/reeve/reeve/masterd/status"
	"codeberg.org/reeve/reeve/masterd/turn"
	"codeberg.org/reeve/reeve/masterd/view"
	"codeberg.org/reeve/reeve/shared/ids"
)

type (
	agent     = ledger.Agent
	framework = ledger.Framework
)

// State is the machine. Make one with New; its methods are for one goroutine, the loop's.
type State struct {
	cfg     Config
	book    *ledger.Ledger
	turn    *turn.Turn
	tasks   *status.Reporter
	clerk   *operating.Clerk
	desk    *offering.Desk
	inverse *inverse.Desk
	timer   deadlines.Heap[timer]

	// Indexes.
	conns   map[ConnID]ids.Agent // link streams that may speak, of agents admitted or being admitted
	places  map[string]ids.Agent // "ip:port" of agents admitted or being admitted
	streams map[StreamID]ids.Framework

	// Writes to the registry that are under way.
	writes    map[uint64]write
	admitting map[ids.Agent]AgentRegister // answered when the registry has the agent
	waiting   map[ids.Agent]AgentRegister // looked at when the write about their agent is done
	lastToken uint64

	overdue  overdue // agents that ought to be unreachable
	settings settings
	expected int // agents that the registry had when the term began; while offers are held

	nextAgent, nextFramework uint64
}

// timer is a key of State.timer. id is an agent's or a framework's.
type timer struct {
	kind timerKind
	id   string
}

type timerKind int

const (
	timerAgentLost timerKind = iota // a broken link was not replaced in time
	timerOverdue                    // the queue of overdue agents may go on
	timerHeartbeat                  // of a framework's stream
	timerFailover                   // an inactive framework's time is up
	timerHold                       // offers are held no longer
	timerMove                       // a draining agent is told whatever has not moved
)

// New builds the state of a new term. Agents of the registry are Recovered until they register again.
func New(cfg Config, reg *registry.State, now time.Time) *State {
	cfg = cfg.withDefaults()
	alloc := allocator.New(allocator.Config{}, rand.New(rand.NewPCG(cfg.Seed, cfg.Seed)))
	s := &State{
		cfg: cfg,
		book: ledger.New(ledger.Limits{
			CompletedFrameworks: cfg.CompletedFrameworks, CompletedTasks: cfg.CompletedTasks, UnreachableTasks: cfg.UnreachableTasks,
		}, alloc),
		turn:      &turn.Turn{Now: now},
		conns:     map[ConnID]ids.Agent{},
		places:    map[string]ids.Agent{},
		streams:   map[StreamID]ids.Framework{},
		writes:    map[uint64]write{},
		admitting: map[ids.Agent]AgentRegister{},
		waiting:   map[ids.Agent]AgentRegister{},
	}
	s.tasks = &status.Reporter{Book: s.book, Turn: s.turn}
	s.clerk = &operating.Clerk{Book: s.book, Turn: s.turn, MasterID: cfg.MasterID, Began: now}
	s.desk = &offering.Desk{
		Book: s.book, Turn: s.turn, Tasks: s.tasks, Operations: s.clerk, MasterID: cfg.MasterID, Timeout: cfg.OfferTimeout,
	}
	s.overdue.init(now)
	s.inverse = &inverse.Desk{Book: s.book, Turn: s.turn, Offers: s.desk, MasterID: cfg.MasterID}
	s.book.SetMaintenance(reg.Maintenance)
	s.recoverSettings(reg.Roles)
	for _, id := range ledger.SortedKeys(reg.Agents) {
		s.recoverAgent(id, reg.Agents[id])
	}
	s.holdOffers()
	s.book.EndTurn()
	return s
}

// recoverAgent takes an agent over from the registry.
func (s *State) recoverAgent(id ids.Agent, entry registry.Agent) {
	state, since := view.AgentUnreachable, entry.Since
	switch entry.Standing {
	case registry.Admitted:
		state, since = view.AgentRecovered, s.turn.Now
		s.timer.Set(timer{timerAgentLost, string(id)}, s.turn.Now.Add(s.cfg.ReregisterTimeout))
	case registry.Unreachable:
	case registry.Gone:
		state = view.AgentGone
	}
	a := s.book.AddAgent(id, state, since)
	a.Info, a.Deactivated, a.Drain = entry.Info, entry.Deactivated, (*view.Drain)(entry.Drain)
}
