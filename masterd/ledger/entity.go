package ledger

import (
	"slices"
	"time"

	"codeberg.org/reeve/reeve/masterd/allocator"
	"codeberg.org/reeve/reeve/masterd/constraint"
	"codeberg.org/reeve/reeve/masterd/view"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/shared/resources"
	"codeberg.org/reeve/reeve/shared/taskstate"
)

// Agent is an agent as the master knows it. Touch it after a change.
type Agent struct {
	ID           ids.Agent
	Info         *mesosv1.AgentInfo
	HTTP         string // ip:port
	Gossip       string
	Version      string
	BootID       string
	State        view.AgentState
	Since        time.Time
	Registered   time.Time
	Reregistered time.Time
	Conn         view.ConnID // 0 unless Active
	Total        resources.Resources
	Allocated    resources.Resources // what all frameworks hold here
	Executors    map[ids.Framework]map[ids.Executor]*Executor
	Tasks        map[ids.Task]bool // in their framework's Tasks
	Offers       map[ids.Offer]bool
	Kills        map[ids.Task]*mesosv1.KillPolicy // asked for while it was disconnected
	Writing      bool                             // its standing is being changed in the registry
	Suspected    time.Time                        // when gossip last gave it up
	Overdue      bool                             // waits to be marked unreachable
	Unavailable  *mesosv1.Unavailability          // its machine is to be taken down then; nil if not
	Down         bool                             // its machine is down: it must not be here
	Deactivated  bool                             // nothing of it is offered, on an operator's word
	Drain        *view.Drain                      // nil unless it drains or is drained
	shown        *view.Agent                      // in the newest view, nil if changed since
}

// Away says that something has to end an agent's state, be it its return.
func (a *Agent) Away() bool {
	return a.State == view.AgentDisconnected || a.State == view.AgentRecovered
}

// Present says that the master knows what runs on the agent: it has registered in this term and was not lost since.
func (a *Agent) Present() bool {
	return a.State == view.AgentActive || a.State == view.AgentDisconnected
}

// About begins an event for people that has the agent for its subject.
func (a *Agent) About(kind, text string) reeveapi.Event {
	host := a.Info.GetHostname()
	return reeveapi.Event{Kind: kind, Subject: host, ID: string(a.ID), Agent: host, Text: text}
}

// Executor is a custom executor on one agent.
type Executor struct {
	Info *mesosv1.ExecutorInfo
	Uses resources.Resources // allocated form
}

// Framework is a live framework as the master knows it. Touch it after a change.
type Framework struct {
	ID           ids.Framework
	Info         *mesosv1.FrameworkInfo
	State        view.FrameworkState
	Stream       view.StreamID
	Roles        []string
	Suppressed   map[string]bool // replaced, never changed
	Caps         Capabilities
	Constraints  *constraint.Set // which agents it wants; nil for all
	Since        time.Time       // when State was entered
	Registered   time.Time
	Reregistered time.Time
	Tasks        map[string]*view.Task
	Unreachable  []*view.Task
	LostIDs      map[string]bool // of Unreachable
	Ended        []*view.Task
	Allocated    map[ids.Agent]resources.Resources // of tasks and executors; no empty entries
	Offers       map[ids.Offer]bool
	Agents       map[ids.Agent]bool // that may know the framework
	shown        *view.Framework
}

// AddFramework starts to know a framework. Its state is the caller's to set.
func (l *Ledger) AddFramework(id ids.Framework, info *mesosv1.FrameworkInfo) *Framework {
	f := &Framework{
		ID: id, Tasks: map[string]*view.Task{}, LostIDs: map[string]bool{}, Allocated: map[ids.Agent]resources.Resources{},
		Offers: map[ids.Offer]bool{}, Agents: map[ids.Agent]bool{},
	}
	l.Describe(f, info)
	l.recall(f)
	l.Frameworks[id] = f
	l.views.frameworks = append(l.views.frameworks, id)
	return f
}

// Describe takes what a framework says of itself.
func (l *Ledger) Describe(f *Framework, info *mesosv1.FrameworkInfo) {
	f.Info, f.Caps, f.Roles = info, CapabilitiesOf(info), rolesOf(info)
	l.TouchFramework(f)
}

func rolesOf(info *mesosv1.FrameworkInfo) []string {
	if CapabilitiesOf(info).MultiRole {
		return slices.Sorted(slices.Values(info.GetRoles()))
	}
	return []string{info.GetRole()}
}

// Aware is the state for partition-aware frameworks; the others know only TASK_LOST.
func (f *Framework) Aware(state mesosv1.TaskState) mesosv1.TaskState {
	return taskstate.ForFramework(state, f.Caps.PartitionAware)
}

// HasRoles reports whether the framework is subscribed to each of the roles.
func (f *Framework) HasRoles(roles ...string) bool {
	return !slices.ContainsFunc(roles, func(role string) bool { return !slices.Contains(f.Roles, role) })
}

// Shape writes resources as the framework understands them (spec 3.3).
func (f *Framework) Shape(r resources.Resources) []*mesosv1.Resource {
	if !f.Caps.MultiRole {
		r = r.Unallocate()
	}
	if f.Caps.Refinement {
		return r.Proto()
	}
	return r.ProtoOld()
}

// About begins an event for people that has the framework for its subject.
func (f *Framework) About(kind, text string) reeveapi.Event {
	return reeveapi.Event{Kind: kind, Subject: f.Info.GetName(), ID: string(f.ID), Text: text}
}

// Capabilities are a framework's, as this master uses them (spec 3.3).
type Capabilities struct {
	MultiRole, Refinement, PartitionAware bool
	GPUs, Revocable, Shared, RegionAware  bool
}

// CapabilitiesOf reads them.
func CapabilitiesOf(info *mesosv1.FrameworkInfo) Capabilities {
	var c Capabilities
	for _, one := range info.GetCapabilities() {
		switch one.GetType() {
		case mesosv1.FrameworkInfo_Capability_MULTI_ROLE:
			c.MultiRole = true
		case mesosv1.FrameworkInfo_Capability_RESERVATION_REFINEMENT:
			c.Refinement = true
		case mesosv1.FrameworkInfo_Capability_PARTITION_AWARE:
			c.PartitionAware = true
		case mesosv1.FrameworkInfo_Capability_GPU_RESOURCES:
			c.GPUs = true
		case mesosv1.FrameworkInfo_Capability_REVOCABLE_RESOURCES:
			c.Revocable = true
		case mesosv1.FrameworkInfo_Capability_SHARED_RESOURCES:
			c.Shared = true
		case mesosv1.FrameworkInfo_Capability_REGION_AWARE:
			c.RegionAware = true
		case mesosv1.FrameworkInfo_Capability_UNKNOWN, mesosv1.FrameworkInfo_Capability_TASK_KILLING_STATE:
		}
	}
	return c
}

// ForAllocator is the part that decides what may be offered.
func (c Capabilities) ForAllocator() allocator.Capabilities {
	return allocator.Capabilities{
		GPU: c.GPUs, Revocable: c.Revocable, Shared: c.Shared, RegionAware: c.RegionAware, ReservationRefinement: c.Refinement,
	}
}
