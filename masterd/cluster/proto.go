package cluster

import (
	"time"

	"google.golang.org/protobuf/proto"

	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/mesosv1/master"
	"codeberg.org/reeve/reeve/shared/resources"
)

// The records of the operator API, as its events and its read calls show them.

// Proto is the task as Mesos records it: without its command, with allocated resources. The result shares memory with the
// task and is not to be changed.
func (t *Task) Proto() *mesosv1.Task {
	rec := &mesosv1.Task{
		Name: t.Info.Name, TaskId: t.Info.TaskId, FrameworkId: frameworkID(t.ID.Framework), AgentId: agentID(t.Agent),
		State: t.Latest.Enum(), Resources: t.Resources.Proto(), Statuses: t.Statuses,
		Labels: t.Info.Labels, Discovery: t.Info.Discovery, Container: t.Info.Container, HealthCheck: t.Info.HealthCheck,
		KillPolicy: t.Info.KillPolicy, Limits: t.Info.Limits,
	}
	if t.Executor != "" {
		rec.ExecutorId = executorID(t.Executor)
	}
	if len(t.UUID) > 0 {
		rec.StatusUpdateState, rec.StatusUpdateUuid = t.State.Enum(), t.UUID
	}
	if user := t.Info.GetCommand().GetUser(); user != "" {
		rec.User = proto.String(user)
	} else if user := t.Info.GetExecutor().GetCommand().GetUser(); user != "" {
		rec.User = proto.String(user)
	}
	return rec
}

// infoOf makes do with a record for a task whose agent does not have its TaskInfo any more.
func infoOf(rec *mesosv1.Task) *mesosv1.TaskInfo {
	return &mesosv1.TaskInfo{
		Name: rec.Name, TaskId: rec.TaskId, AgentId: rec.AgentId, Resources: rec.Resources, Labels: rec.Labels,
		Discovery: rec.Discovery, Container: rec.Container, HealthCheck: rec.HealthCheck, KillPolicy: rec.KillPolicy,
		Limits: rec.Limits,
	}
}

// Proto is the framework as GET_FRAMEWORKS and events show it, without its offers.
func (f *Framework) Proto() *master.Response_GetFrameworks_Framework {
	active := f.State == FrameworkActive
	return &master.Response_GetFrameworks_Framework{
		FrameworkInfo: f.Info, Active: proto.Bool(active), Connected: proto.Bool(active),
		Recovered:      proto.Bool(f.State == FrameworkRecovered),
		RegisteredTime: stamp(f.Registered), ReregisteredTime: stamp(f.Reregistered), UnregisteredTime: stamp(f.Unregistered),
		AllocatedResources: endpointProto(f.Allocated), OfferedResources: endpointProto(f.Offered),
	}
}

// Proto is the agent as GET_AGENTS and events show it.
func (a *Agent) Proto() *master.Response_GetAgents_Agent {
	return &master.Response_GetAgents_Agent{
		AgentInfo: a.Info, Active: proto.Bool(a.State == AgentActive), Deactivated: proto.Bool(false),
		Version: proto.String(a.Version), Pid: proto.String(a.PID()),
		RegisteredTime: stamp(a.Registered), ReregisteredTime: stamp(a.Reregistered),
		TotalResources: endpointProto(a.Total), AllocatedResources: endpointProto(a.Allocated),
		OfferedResources: endpointProto(a.Offered), Capabilities: agentCapabilities(),
	}
}

// agentCapabilities is what every agentd can do that a framework may rely on.
func agentCapabilities() []*mesosv1.AgentInfo_Capability {
	var list []*mesosv1.AgentInfo_Capability
	for _, one := range []mesosv1.AgentInfo_Capability_Type{
		mesosv1.AgentInfo_Capability_MULTI_ROLE, mesosv1.AgentInfo_Capability_HIERARCHICAL_ROLE,
		mesosv1.AgentInfo_Capability_RESERVATION_REFINEMENT, mesosv1.AgentInfo_Capability_TASK_RESOURCE_LIMITS,
	} {
		list = append(list, &mesosv1.AgentInfo_Capability{Type: one.Enum()})
	}
	return list
}

func stamp(t time.Time) *mesosv1.TimeInfo {
	if t.IsZero() {
		return nil
	}
	return nanoseconds(t)
}

func endpointProto(r resources.Resources) []*mesosv1.Resource {
	if r.Empty() {
		return nil
	}
	return r.ProtoEndpoint()
}

func (s *State) frameworkProto(f *framework) *master.Response_GetFrameworks_Framework {
	return s.viewFrameworkFigures(f).Proto()
}

func (s *State) agentProto(a *agent) *master.Response_GetAgents_Agent { return s.viewAgent(a).Proto() }
