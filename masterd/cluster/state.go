package cluster

import (
	"cmp"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"codeberg.org/reeve/reeve/masterd/allocator"
	"codeberg.org/reeve/reeve/masterd/deadlines"
	"codeberg.org/reeve/reeve/masterd/registry"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/resources"
)

// State is the machine. Make one with New; its methods are for one goroutine, the loop's.
type State struct {
	cfg   Config
	alloc *allocator.Allocator
	timer deadlines.Heap[timer]

	agents     map[ids.Agent]*agent
	frameworks map[ids.Framework]*framework // live ones
	completed  []*Framework                 // oldest first
	removed    map[ids.Framework]bool       // ids of completed
	offers     map[ids.Offer]*Offer

	// Indexes.
	conns   map[ConnID]ids.Agent // link streams that may speak, of agents admitted or being admitted
	places  map[string]ids.Agent // "ip:port" of agents admitted or being admitted
	streams map[StreamID]ids.Framework
	counts  [AgentGone + 1]int // agents by state

	// Writes to the registry that are under way.
	writes    map[uint64]write
	admitting map[ids.Agent]AgentRegister // answered when the registry has the agent
	lastToken uint64

	overdue overdue // agents that ought to be unreachable

	nextAgent, nextFramework, nextOffer uint64

	// Of this turn.
	now     time.Time
	effects []Effect
	changed bool

	views views
}

// agent is an agent as the machine knows it. Change it only through the methods of State, and touch it.
type agent struct {
	id           ids.Agent
	info         *mesosv1.AgentInfo
	http         string
	gossip       string
	version      string
	bootID       string
	state        AgentState
	since        time.Time
	registered   time.Time
	reregistered time.Time
	conn         ConnID // 0 unless Active
	total        resources.Resources
	allocated    resources.Resources
	executors    map[ids.Framework]map[ids.Executor]*executor
	tasks        map[ids.Task]bool // in their framework's tasks
	offers       map[ids.Offer]bool
	kills        map[ids.Task]*mesosv1.KillPolicy // asked for while it was disconnected
	writing      bool                             // its standing is being changed in the registry
	waiting      *AgentRegister                   // to be looked at when that is done
	suspected    time.Time                        // when gossip last gave it up
	overdue      bool                             // waits in State.overdue
	shown        *Agent                           // in the newest view, nil if changed since
}

// executor is a custom executor on one agent.
type executor struct {
	info *mesosv1.ExecutorInfo
	uses resources.Resources // allocated form
}

// framework is a live framework as the machine knows it.
type framework struct {
	id           ids.Framework
	info         *mesosv1.FrameworkInfo
	state        FrameworkState
	stream       StreamID
	roles        []string
	suppressed   map[string]bool // replaced, never changed
	caps         capabilities
	registered   time.Time
	reregistered time.Time
	tasks        map[string]*Task
	unreachable  []*Task
	lostIDs      map[string]bool // of unreachable
	ended        []*Task
	allocated    map[ids.Agent]resources.Resources // of tasks and executors; no empty entries
	offers       map[ids.Offer]bool
	agents       map[ids.Agent]bool // that may know the framework
	shown        *Framework
}

// timer is a key of State.timer. id is an agent's, a framework's or an offer's.
type timer struct {
	kind timerKind
	id   string
}

type timerKind int

const (
	timerAgentLost   timerKind = iota // a broken link was not replaced in time
	timerOverdue                      // the queue of overdue agents may go on
	timerHeartbeat                    // of a framework's stream
	timerFailover                     // an inactive framework's time is up
	timerOfferExpiry                  // --offer-timeout
)

// New builds the state of a new term. Agents of the registry are Recovered until they register again.
func New(cfg Config, reg *registry.State, now time.Time) *State {
	cfg = cfg.withDefaults()
	s := &State{
		cfg:        cfg,
		alloc:      allocator.New(allocator.Config{}, rand.New(rand.NewPCG(cfg.Seed, cfg.Seed))),
		agents:     map[ids.Agent]*agent{},
		frameworks: map[ids.Framework]*framework{},
		removed:    map[ids.Framework]bool{},
		offers:     map[ids.Offer]*Offer{},
		conns:      map[ConnID]ids.Agent{},
		places:     map[string]ids.Agent{},
		streams:    map[StreamID]ids.Framework{},
		writes:     map[uint64]write{},
		admitting:  map[ids.Agent]AgentRegister{},
		now:        now,
	}
	s.overdue.init(now)
	for _, id := range sortedKeys(reg.Agents) {
		s.recoverAgent(id, reg.Agents[id])
	}
	return s
}

// recoverAgent takes an agent over from the registry.
func (s *State) recoverAgent(id ids.Agent, entry registry.Agent) {
	a := newAgent(id)
	a.info = entry.Info
	a.since = entry.Since
	switch entry.Standing {
	case registry.Admitted:
		a.state, a.since = AgentRecovered, s.now
		s.timer.Set(timer{timerAgentLost, string(id)}, s.now.Add(s.cfg.ReregisterTimeout))
	case registry.Unreachable:
		a.state = AgentUnreachable
	case registry.Gone:
		a.state = AgentGone
	}
	s.agents[id] = a
	s.counts[a.state]++
	s.views.agents = append(s.views.agents, id)
}

func newAgent(id ids.Agent) *agent {
	return &agent{
		id:        id,
		executors: map[ids.Framework]map[ids.Executor]*executor{},
		tasks:     map[ids.Task]bool{},
		offers:    map[ids.Offer]bool{},
	}
}

// members is how many agents ought to be connected.
func (s *State) members() int {
	return s.counts[AgentActive] + s.counts[AgentDisconnected] + s.counts[AgentRecovered]
}

// sortedKeys fixes the order in which maps are walked where it can be seen from outside: equal inputs, equal effects.
func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }

func sortedTasks[V any](m map[ids.Task]V) []ids.Task {
	return slices.SortedFunc(maps.Keys(m), func(a, b ids.Task) int {
		return cmp.Or(cmp.Compare(a.Framework, b.Framework), cmp.Compare(a.ID, b.ID))
	})
}
