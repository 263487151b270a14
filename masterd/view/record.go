package view

import (
	"slices"
	"strconv"
	"strings"

	"google.golang.org/protobuf/proto"

	"codeberg.org/reeve/reeve/masterd/message"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/mesosv1/master"
	"codeberg.org/reeve/reeve/shared/resources"
	"codeberg.org/reeve/reeve/shared/secrets"
)

// The records of the operator API, as its events and its read calls show them.

// Proto is the task as Mesos records it: without its command, with allocated resources. The result shares memory with the
// task and is not to be changed.
func (t *Task) Proto() *mesosv1.Task {
	rec := &mesosv1.Task{
		Name: t.Info.Name, TaskId: t.Info.TaskId, FrameworkId: message.FrameworkID(t.ID.Framework), AgentId: message.AgentID(t.Agent),
		State: t.Latest.Enum(), Resources: t.Resources.Proto(), Statuses: t.Statuses,
		Labels: t.Info.Labels, Discovery: t.Info.Discovery, Container: secrets.Hidden(t.Info.Container), HealthCheck: t.Info.HealthCheck,
		KillPolicy: t.Info.KillPolicy, Limits: t.Info.Limits,
	}
	if t.Executor != "" {
		rec.ExecutorId = message.ExecutorID(t.Executor)
	}
	if len(t.UUID) > 0 {
		rec.StatusUpdateState, rec.StatusUpdateUuid = t.State.Enum(), t.UUID
	}
	if user := t.Info.GetCommand().GetUser(); user != "" {
		rec.User = new(user)
	} else if user := t.Info.GetExecutor().GetCommand().GetUser(); user != "" {
		rec.User = new(user)
	}
	return rec
}

// AppendStatus adds to the history of a task: it keeps one status for each run of equal states, without data (spec 3.6).
func AppendStatus(history []*mesosv1.TaskStatus, status *mesosv1.TaskStatus) []*mesosv1.TaskStatus {
	if status.Data != nil {
		status = proto.CloneOf(status)
		status.Data = nil
	}
	if n := len(history); n > 0 && history[n-1].GetState() == status.GetState() {
		history = history[:n-1]
	}
	return append(slices.Clip(history), status)
}

// InfoOf makes do with a record for a task whose agent does not have its TaskInfo any more.
func InfoOf(rec *mesosv1.Task) *mesosv1.TaskInfo {
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
		FrameworkInfo: f.Info, Active: new(active), Connected: new(active),
		Recovered:      new(f.State == FrameworkRecovered),
		RegisteredTime: message.Time(f.Registered), ReregisteredTime: message.Time(f.Reregistered), UnregisteredTime: message.Time(f.Unregistered),
		AllocatedResources: endpointProto(f.Allocated), OfferedResources: endpointProto(f.Offered), OfferConstraints: f.Constraints.Proto(),
	}
}

// Proto is the agent as GET_AGENTS and events show it.
func (a *Agent) Proto() *master.Response_GetAgents_Agent {
	m := &master.Response_GetAgents_Agent{
		AgentInfo: a.Info, Active: new(a.Usable()), Deactivated: new(a.Deactivated),
		Version: new(a.Version), Pid: new(a.PID()),
		RegisteredTime: message.Time(a.Registered), ReregisteredTime: message.Time(a.Reregistered),
		TotalResources: endpointProto(a.Total), AllocatedResources: endpointProto(a.Allocated),
		OfferedResources: endpointProto(a.Offered), DrainInfo: a.Drain.Proto(),
	}
	if a.Drain != nil {
		m.EstimatedDrainStartTime = message.Time(a.Drain.Since)
	}
	for _, one := range AgentCapabilities {
		m.Capabilities = append(m.Capabilities, &mesosv1.AgentInfo_Capability{Type: one.Enum()})
	}
	return m
}

// AgentCapabilities is what every agentd can do that a framework or an operator may rely on.
var AgentCapabilities = []mesosv1.AgentInfo_Capability_Type{
	mesosv1.AgentInfo_Capability_MULTI_ROLE,
	mesosv1.AgentInfo_Capability_HIERARCHICAL_ROLE,
	mesosv1.AgentInfo_Capability_RESERVATION_REFINEMENT,
	mesosv1.AgentInfo_Capability_RESIZE_VOLUME,
	mesosv1.AgentInfo_Capability_AGENT_OPERATION_FEEDBACK,
	mesosv1.AgentInfo_Capability_AGENT_DRAINING,
	mesosv1.AgentInfo_Capability_TASK_RESOURCE_LIMITS,
}

// Proto is the drain as Mesos tells it, nil for none.
func (d *Drain) Proto() *mesosv1.DrainInfo {
	if d == nil {
		return nil
	}
	state := mesosv1.DrainState_DRAINING
	if d.Drained {
		state = mesosv1.DrainState_DRAINED
	}
	config := &mesosv1.DrainConfig{MarkGone: new(d.MarkGone)}
	if d.MaxGrace != nil {
		config.MaxGracePeriod = &mesosv1.DurationInfo{Nanoseconds: new(d.MaxGrace.Nanoseconds())}
	}
	return &mesosv1.DrainInfo{State: state.Enum(), Config: config}
}

func endpointProto(r resources.Resources) []*mesosv1.Resource {
	if r.Empty() {
		return nil
	}
	return r.ProtoEndpoint()
}

// Proto is the offer as a framework gets it, without what depends on the framework: list is Resources in its form, info and
// place are of the agent.
func (o *Offer) Proto(info *mesosv1.AgentInfo, place string, list []*mesosv1.Resource) *mesosv1.Offer {
	return &mesosv1.Offer{
		Id: message.OfferID(o.ID), FrameworkId: message.FrameworkID(o.Framework), AgentId: message.AgentID(o.Agent),
		Hostname: info.Hostname, Domain: info.GetDomain(), Attributes: info.GetAttributes(), Resources: list,
		Url: agentURL(info, place),
	}
}

func agentURL(info *mesosv1.AgentInfo, place string) *mesosv1.URL {
	host, port := SplitPlace(place)
	return &mesosv1.URL{
		Scheme: new("http"), Path: new("/slave(1)"),
		Address: &mesosv1.Address{Hostname: info.Hostname, Ip: new(host), Port: new(port)},
	}
}

// Proto is the operation as GET_OPERATIONS shows it.
func (o *Operation) Proto() *mesosv1.Operation {
	rec := &mesosv1.Operation{
		AgentId: message.AgentID(o.Agent), Info: o.Info, LatestStatus: o.Status, Statuses: []*mesosv1.OperationStatus{o.Status},
		Uuid: &mesosv1.UUID{Value: []byte(o.UUID)},
	}
	if o.Framework != "" {
		rec.FrameworkId = message.FrameworkID(o.Framework)
	}
	return rec
}

// SplitPlace takes "ip:port" apart; the port is 0 if there is none.
func SplitPlace(place string) (host string, port int32) {
	i := max(0, strings.LastIndexByte(place, ':'))
	n, err := strconv.ParseInt(strings.TrimPrefix(place[i:], ":"), 10, 32)
	if err != nil {
		n = 0
	}
	return strings.Trim(place[:i], "[]"), int32(n)
}
