package view

import (
	"time"

	"codeberg.org/reeve/reeve/masterd/constraint"
	"codeberg.org/reeve/reeve/masterd/maintenance"
	"codeberg.org/reeve/reeve/masterd/roles"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/resources"
)

// ConnID names one link stream of an agent. The edge counts them from 1 within a process; a newer one is larger.
type ConnID uint64

// StreamID names one subscription of a framework: the Mesos-Stream-Id, a UUID in text (spec 1.7).
type StreamID string

// View is the state of one moment, for readers outside the loop. Everything it points to is never changed again: an
// entity that changes is replaced, so two Views share all that stayed the same, and comparing pointers finds what did not.
type View struct {
	Version    uint64 // grows with every turn that changed something
	Agents     map[ids.Agent]*Agent
	Frameworks map[ids.Framework]*Framework // live ones: active, inactive, recovered
	Completed  []*Framework                 // oldest first, 50 kept (spec 4.1)
	Offers     map[ids.Offer]*Offer
	Settings   roles.Settings        // what operators have said of roles
	Operations map[string]*Operation // by UUID

	Maintenance   maintenance.State
	InverseOffers map[ids.Offer]*InverseOffer // not answered
	Answers       map[AnswerKey]Answer        // the latest
}

// AgentState is what the master believes of an agent.
type AgentState int

// The states of an agent.
const (
	// AgentRecovered is entered when a term starts, for every agent of the registry; left by registration, or to
	// Unreachable when it does not come in time.
	AgentRecovered AgentState = iota
	// AgentActive is entered by registration; left when the link breaks.
	AgentActive
	// AgentDisconnected is entered when the link breaks: offers are rescinded, tasks wait. Left by registration, or to
	// Unreachable after the ping time-out.
	AgentDisconnected
	// AgentUnreachable is entered once the registry says so; left by registration.
	AgentUnreachable
	// AgentGone is entered on an operator's word and never left.
	AgentGone
)

// Agent is one agent at one moment. Immutable.
type Agent struct {
	ID           ids.Agent
	Info         *mesosv1.AgentInfo
	HTTP         string // ip:port of its API
	GossipName   string
	Version      string
	BootID       string
	State        AgentState
	Since        time.Time // when State was entered
	Registered   time.Time
	Reregistered time.Time // zero until the first re-registration
	Conn         ConnID    // 0 unless Active
	Total        resources.Resources
	Allocated    resources.Resources // of tasks and executors, with allocation roles
	Offered      resources.Resources
	Executors    map[ids.Framework]map[ids.Executor]*mesosv1.ExecutorInfo // without command executors
	Tasks        int                                                      // on it, not ended or not acknowledged
	Unavailable  *mesosv1.Unavailability                                  // its machine is to be taken down then; nil if not
	Deactivated  bool                                                     // nothing of it is offered, on an operator's word
	Drain        *Drain                                                   // nil unless it drains or is drained; it is deactivated then
}

// Usable reports whether frameworks may get offers of the agent: it is there, and no operator has taken it out.
func (a *Agent) Usable() bool { return a.State == AgentActive && !a.Deactivated }

// Drain is an operator's wish that everything on an agent ends. Immutable.
type Drain struct {
	MaxGrace *time.Duration // bounds each task's own kill grace, and is the grace of a task that has none; nil leaves them
	MarkGone bool           // once drained, the agent is gone for ever
	Since    time.Time
	Drained  bool // nothing is left on it
	Begun    int  // tasks on it when it began, 0 if that is not known
}

// PID is the agent's address in Mesos's old form, "slave(1)@ip:port" (spec 8, pitfall 7).
func (a *Agent) PID() string { return "slave(1)@" + a.HTTP }

// FrameworkState is what the master believes of a framework.
type FrameworkState int

// The states of a framework.
const (
	// FrameworkActive is entered by SUBSCRIBE; left when the stream ends.
	FrameworkActive FrameworkState = iota
	// FrameworkInactive is entered when the stream ends; left by SUBSCRIBE, or by removal when failover_timeout has passed.
	FrameworkInactive
	// FrameworkRecovered is entered when an agent reports tasks of a framework that has not subscribed in this term; left
	// by SUBSCRIBE or by an operator's teardown, never by time (spec 3.7).
	FrameworkRecovered
	// FrameworkCompleted is final.
	FrameworkCompleted
)

// Framework is one framework at one moment. Immutable.
type Framework struct {
	ID           ids.Framework
	Info         *mesosv1.FrameworkInfo // id is set
	State        FrameworkState
	Stream       StreamID // "" unless Active
	Roles        []string // sorted; the single role of a framework without MULTI_ROLE
	Suppressed   map[string]bool
	Constraints  *constraint.Set // which agents it wants; nil for all
	Since        time.Time       // when State was entered
	Registered   time.Time
	Reregistered time.Time        // zero until it subscribed again
	Unregistered time.Time        // zero while live
	Tasks        map[string]*Task // not ended, or ended and not acknowledged
	Unreachable  []*Task          // newest last, 1000 kept
	Ended        []*Task          // newest last, 1000 kept
	Allocated    resources.Resources
	Offered      resources.Resources
}

// Task is one task at one moment. Immutable.
type Task struct {
	ID        ids.Task
	Agent     ids.Agent
	Executor  ids.Executor          // "" for a command task, as Mesos's records have it (spec 8, pitfall 23)
	Info      *mesosv1.TaskInfo     // as launched, allocation_info filled in
	Role      string                // it is allocated to
	State     mesosv1.TaskState     // of the last forwarded update
	Latest    mesosv1.TaskState     // what the agent last said, which may be later
	Statuses  []*mesosv1.TaskStatus // one per run of equal states, newest last, without data (spec 3.6)
	Resources resources.Resources
	User      string
	UUID      []byte // of the last forwarded update that the framework has to acknowledge; nil until there is one
	Launched  time.Time
	Ended     time.Time // when a terminal state was first seen; zero while running
	KilledBy  string    // the operator who asked for its end
	Fetched   string    // URI that is fetched for it, before it begins; "" while that is its image
	Pulled    int64     // bytes of it that have come
	PullTotal int64     // of what was missing of the image, or of the URI; 0 if nothing is known to be
}

// Offer is one outstanding offer. Immutable.
type Offer struct {
	ID        ids.Offer
	Framework ids.Framework
	Agent     ids.Agent
	Role      string
	Resources resources.Resources // allocation_info set
	Made      time.Time
	Until     time.Time // when it is taken back unless it is answered; zero if it never is
}

// Operation is an operation on an agent's resources, from when the agent is told until everybody knows how it went. Immutable.
type Operation struct {
	UUID      string        // 16 bytes
	Framework ids.Framework // "" for an operator's
	Agent     ids.Agent
	Info      *mesosv1.Offer_Operation
	Status    *mesosv1.OperationStatus // the latest
}
