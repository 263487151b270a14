package reading

import (
	"maps"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	"codeberg.org/reeve/reeve/masterd/cluster"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/mesosv1/master"
	"codeberg.org/reeve/reeve/shared/version"
)

// GetState answers GET_STATE, and is the first event of the operator stream.
func GetState(v *cluster.View) *master.Response_GetState {
	x := newIndex(v)
	return &master.Response_GetState{
		GetTasks:      x.getTasks(),
		GetExecutors:  x.getExecutors(),
		GetFrameworks: x.getFrameworks(),
		GetAgents:     x.getAgents(),
	}
}

// GetAgents answers GET_AGENTS.
func GetAgents(v *cluster.View) *master.Response_GetAgents { return newIndex(v).getAgents() }

// GetFrameworks answers GET_FRAMEWORKS.
func GetFrameworks(v *cluster.View) *master.Response_GetFrameworks {
	return newIndex(v).getFrameworks()
}

// GetExecutors answers GET_EXECUTORS.
func GetExecutors(v *cluster.View) *master.Response_GetExecutors { return newIndex(v).getExecutors() }

// GetTasks answers GET_TASKS.
func GetTasks(v *cluster.View) *master.Response_GetTasks { return newIndex(v).getTasks() }

// GetOperations answers GET_OPERATIONS: those that are under way, and those whose framework has not acknowledged them.
func GetOperations(v *cluster.View) *master.Response_GetOperations {
	m := &master.Response_GetOperations{}
	for _, uuid := range slices.Sorted(maps.Keys(v.Operations)) {
		m.Operations = append(m.Operations, v.Operations[uuid].Proto())
	}
	return m
}

func (x *index) getAgents() *master.Response_GetAgents {
	m := &master.Response_GetAgents{}
	for _, a := range x.registered {
		m.Agents = append(m.Agents, agentMessage(a))
	}
	for _, a := range x.recovered {
		m.RecoveredAgents = append(m.RecoveredAgents, a.Info)
	}
	return m
}

func agentMessage(a *cluster.Agent) *master.Response_GetAgents_Agent {
	m := a.Proto()
	m.Version = proto.String(version.Mesos)
	return m
}

// timeInfo returns nil for the zero time.
func timeInfo(t time.Time) *mesosv1.TimeInfo {
	if t.IsZero() {
		return nil
	}
	return &mesosv1.TimeInfo{Nanoseconds: new(t.UnixNano())}
}

func (x *index) getFrameworks() *master.Response_GetFrameworks {
	m := &master.Response_GetFrameworks{}
	for _, f := range x.live {
		m.Frameworks = append(m.Frameworks, x.frameworkMessage(f))
	}
	for _, f := range x.view.Completed {
		m.CompletedFrameworks = append(m.CompletedFrameworks, x.frameworkMessage(f))
	}
	return m
}

func (x *index) frameworkMessage(f *cluster.Framework) *master.Response_GetFrameworks_Framework {
	reregistered := f.Reregistered
	if reregistered.IsZero() {
		reregistered = f.Registered // Mesos sets both at the first registration
	}
	m := &master.Response_GetFrameworks_Framework{
		FrameworkInfo:      f.Info,
		Active:             new(f.State == cluster.FrameworkActive),
		Connected:          new(f.State == cluster.FrameworkActive),
		Recovered:          new(f.State == cluster.FrameworkRecovered),
		RegisteredTime:     timeInfo(f.Registered),
		ReregisteredTime:   timeInfo(reregistered),
		UnregisteredTime:   timeInfo(f.Unregistered),
		AllocatedResources: f.Allocated.ProtoEndpoint(),
		OfferedResources:   f.Offered.ProtoEndpoint(),
		OfferConstraints:   f.Constraints.Proto(),
	}
	for _, o := range x.offers[f.ID] {
		m.Offers = append(m.Offers, x.offerMessage(o))
	}
	m.InverseOffers = x.inverseOffers(f)
	return m
}

func (x *index) offerMessage(o *cluster.Offer) *mesosv1.Offer {
	m := &mesosv1.Offer{
		Id:             &mesosv1.OfferID{Value: new(string(o.ID))},
		FrameworkId:    &mesosv1.FrameworkID{Value: new(string(o.Framework))},
		AgentId:        &mesosv1.AgentID{Value: new(string(o.Agent))},
		Hostname:       new(""),
		Resources:      o.Resources.ProtoEndpoint(),
		AllocationInfo: &mesosv1.Resource_AllocationInfo{Role: new(o.Role)},
	}
	if a := x.view.Agents[o.Agent]; a != nil {
		m.Hostname = new(a.Info.GetHostname())
		m.Attributes = a.Info.GetAttributes()
	}
	return m
}

func (x *index) getExecutors() *master.Response_GetExecutors {
	m := &master.Response_GetExecutors{}
	for _, f := range x.live {
		for _, e := range x.executors[f.ID] {
			m.Executors = append(m.Executors, &master.Response_GetExecutors_Executor{
				ExecutorInfo: e.info,
				AgentId:      &mesosv1.AgentID{Value: new(string(e.agent))},
			})
		}
	}
	return m
}

// getTasks has the tasks of ended frameworks in both forms, JSON and protobuf; Mesos leaves them out of one.
func (x *index) getTasks() *master.Response_GetTasks {
	m := &master.Response_GetTasks{}
	add := func(f *cluster.Framework) {
		for _, t := range tasksOf(f) {
			m.Tasks = append(m.Tasks, shape(t).Proto())
		}
		for _, t := range f.Unreachable {
			m.UnreachableTasks = append(m.UnreachableTasks, shape(t).Proto())
		}
		for _, t := range f.Ended {
			m.CompletedTasks = append(m.CompletedTasks, shape(t).Proto())
		}
	}
	for _, f := range x.live {
		add(f)
	}
	for _, f := range x.view.Completed {
		add(f)
	}
	return m
}
