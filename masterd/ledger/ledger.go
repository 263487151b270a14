package ledger

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"codeberg.org/reeve/reeve/masterd/allocator"
	"codeberg.org/reeve/reeve/masterd/roles"
	"codeberg.org/reeve/reeve/masterd/view"
	"codeberg.org/reeve/reeve/shared/ids"
)

// Limits says how much of the past is kept.
type Limits struct {
	CompletedFrameworks int
	CompletedTasks      int // per framework
	UnreachableTasks    int // per framework
}

// Ledger is the books of a term. Make one with New.
type Ledger struct {
	Agents     map[ids.Agent]*Agent
	Frameworks map[ids.Framework]*Framework // live ones
	Offers     map[ids.Offer]*view.Offer
	Operations map[string]*view.Operation // by UUID
	Alloc      *allocator.Allocator
	Settings   roles.Settings // change it with SetSettings
	upkeep

	limits    Limits
	completed []*view.Framework      // by the time of their end, oldest first
	removed   map[ids.Framework]bool // ids of completed that can't come back
	ended     map[ids.Framework]bool // ids of completed that ended in this term
	counts    [view.AgentGone + 1]int
	views     views
	changed   bool // in this turn
	emptied   []ids.Agent
}

// New returns an empty ledger.
func New(limits Limits, alloc *allocator.Allocator) *Ledger {
	return &Ledger{
		Agents:     map[ids.Agent]*Agent{},
		Frameworks: map[ids.Framework]*Framework{},
		Offers:     map[ids.Offer]*view.Offer{},
		Operations: map[string]*view.Operation{},
		Alloc:      alloc,
		upkeep:     newUpkeep(),
		limits:     limits,
		removed:    map[ids.Framework]bool{},
		ended:      map[ids.Framework]bool{},
	}
}

// EndTurn gives the state a new version if the turn changed anything.
func (l *Ledger) EndTurn() {
	if l.changed {
		l.views.version++
		l.changed = false
	}
}

// SetSettings replaces what operators have said of roles. The allocator has to be told, too.
func (l *Ledger) SetSettings(s roles.Settings) {
	l.Settings = s
	l.changed = true
}

// Capacity is what quota may count on: what the agents that are here have.
func (l *Ledger) Capacity() roles.Amounts {
	sum := roles.Amounts{}
	for _, a := range l.Agents {
		if a.Present() {
			sum = sum.Plus(roles.AmountsOf(a.Total))
		}
	}
	return sum
}

// Consumed is what counts for the quota of a role and those below it: what is reserved to them, and what their tasks and
// executors have of the rest.
func (l *Ledger) Consumed(role string) roles.Amounts {
	sum := roles.Amounts{}
	for _, a := range l.Agents {
		if !a.Present() {
			continue
		}
		for _, owner := range a.Total.Reservations() {
			if roles.Below(owner, role) {
				sum = sum.Plus(roles.AmountsOf(a.Total.ReservedTo(owner)))
			}
		}
	}
	for _, f := range l.Frameworks {
		for _, uses := range f.Allocated {
			for _, user := range uses.AllocationRoles() {
				if roles.Below(user, role) {
					sum = sum.Plus(roles.AmountsOf(uses.AllocatedTo(user).Unreserved()))
				}
			}
		}
	}
	return sum
}

// Agents.

// AddAgent starts to know an agent.
func (l *Ledger) AddAgent(id ids.Agent, state view.AgentState, since time.Time) *Agent {
	a := &Agent{
		ID: id, State: state, Since: since,
		Executors: map[ids.Framework]map[ids.Executor]*Executor{},
		Tasks:     map[ids.Task]bool{},
		Offers:    map[ids.Offer]bool{},
	}
	l.Agents[id] = a
	l.counts[state]++
	l.views.agents = append(l.views.agents, id)
	l.changed = true
	return a
}

// SetAgentState moves an agent; entering Active counts as a change even from Active.
func (l *Ledger) SetAgentState(a *Agent, to view.AgentState, now time.Time) {
	l.counts[a.State]--
	l.counts[to]++
	if a.State != to || to == view.AgentActive {
		a.Since = now
	}
	a.State = to
	l.TouchAgent(a)
}

// ForgetAgent removes an agent without a trace. It holds nothing any more.
func (l *Ledger) ForgetAgent(a *Agent) {
	l.counts[a.State]--
	delete(l.Agents, a.ID)
	delete(l.Scheduled, a.ID)
	l.views.agents = append(l.views.agents, a.ID)
	l.changed = true
}

// TakeEmptied returns the agents whose last task has left them, or an operation of which is over, since it was asked before.
func (l *Ledger) TakeEmptied() []ids.Agent {
	emptied := l.emptied
	l.emptied = nil
	return emptied
}

// In is how many agents are in a state.
func (l *Ledger) In(state view.AgentState) int { return l.counts[state] }

// Away is how many agents ought to be connected and are not; Members is how many ought to be.
func (l *Ledger) Away() int { return l.counts[view.AgentDisconnected] + l.counts[view.AgentRecovered] }

// Members is how many agents ought to be connected.
func (l *Ledger) Members() int { return l.counts[view.AgentActive] + l.Away() }

// Frameworks.

// Complete moves a framework to the records, and forgets the oldest. It holds nothing any more.
func (l *Ledger) Complete(f *Framework, now time.Time) {
	delete(l.Frameworks, f.ID)
	l.views.frameworks = append(l.views.frameworks, f.ID)
	f.State, f.Since, f.Stream = view.FrameworkCompleted, now, ""
	last := l.viewFramework(f)
	last.Unregistered = now
	l.removed[f.ID], l.ended[f.ID] = true, true
	l.complete(last)
}

// Completed says that a framework of that id has ended and is remembered: the id can't come back.
func (l *Ledger) Completed(id ids.Framework) bool { return l.removed[id] }

// Offers.

// AddOffer makes an offer of what the allocator gave, which times out then, the zero time for never.
func (l *Ledger) AddOffer(id ids.Offer, given allocator.Allocation, now, until time.Time) *view.Offer {
	o := &view.Offer{
		ID: id, Framework: given.Framework, Agent: given.Agent, Role: given.Role, Resources: given.Resources, Made: now, Until: until,
	}
	l.Offers[id] = o
	f, a := l.Frameworks[o.Framework], l.Agents[o.Agent]
	f.Offers[id], a.Offers[id] = true, true
	l.touchOffer(f, a)
	return o
}

// TakeOffer forgets an offer. Its resources are the caller's now, who has to give the allocator what it does not use.
func (l *Ledger) TakeOffer(o *view.Offer) {
	delete(l.Offers, o.ID)
	f, a := l.Frameworks[o.Framework], l.Agents[o.Agent]
	delete(f.Offers, o.ID)
	delete(a.Offers, o.ID)
	l.touchOffer(f, a)
}

// ReturnOffer forgets an offer and gives all of it back.
func (l *Ledger) ReturnOffer(o *view.Offer, filter *allocator.Filter) {
	l.TakeOffer(o)
	l.Alloc.Recover(o.Framework, o.Agent, o.Resources, filter)
}

func (l *Ledger) touchOffer(f *Framework, a *Agent) {
	l.views.offers = true
	l.TouchFramework(f)
	l.TouchAgent(a)
}

// SortedKeys fixes the order in which maps are walked where it can be seen from outside: equal inputs, equal effects.
func SortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }

// SortedTasks is SortedKeys for tasks.
func SortedTasks[V any](m map[ids.Task]V) []ids.Task {
	return slices.SortedFunc(maps.Keys(m), func(a, b ids.Task) int {
		return cmp.Or(cmp.Compare(a.Framework, b.Framework), cmp.Compare(a.ID, b.ID))
	})
}
