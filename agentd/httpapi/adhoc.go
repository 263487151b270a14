package httpapi

import (
	"context"
	"net/http"

	"codeberg.org/reeve/reeve/agentd/adhoc"
	"codeberg.org/reeve/reeve/agentd/outcome"
	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/agentd/workload"
	"codeberg.org/reeve/reeve/shared/codec"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesoshttp"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/mesosv1/agent"
)

// containerCall is a call about one ad-hoc container, whichever of the messages it came in.
type containerCall struct {
	id     *mesosv1.ContainerID
	part   string // the message's name
	nested bool   // it is of the kind that cannot do without a parent
	answer func(ctx context.Context, a *api, id ids.Container) (status int, m *agent.Response, err error)
}

// containerCallOf returns what a call asks of a container, nil if it is about something else.
func containerCallOf(call *agent.Call) *containerCall {
	switch call.GetType() {
	case agent.Call_LAUNCH_NESTED_CONTAINER:
		m := call.GetLaunchNestedContainer()
		return &containerCall{m.GetContainerId(), "launch_nested_container", true, start(m.GetCommand(), m.GetContainer(), runtime.Limits{})}
	case agent.Call_LAUNCH_CONTAINER:
		m := call.GetLaunchContainer()
		return &containerCall{m.GetContainerId(), "launch_container", false, start(m.GetCommand(), m.GetContainer(), standaloneLimits(m))}
	case agent.Call_WAIT_NESTED_CONTAINER:
		return &containerCall{call.GetWaitNestedContainer().GetContainerId(), "wait_nested_container", true, await(true)}
	case agent.Call_WAIT_CONTAINER:
		return &containerCall{call.GetWaitContainer().GetContainerId(), "wait_container", false, await(false)}
	case agent.Call_KILL_NESTED_CONTAINER:
		m := call.GetKillNestedContainer()
		return &containerCall{m.GetContainerId(), "kill_nested_container", true, kill(m.Signal)}
	case agent.Call_KILL_CONTAINER:
		m := call.GetKillContainer()
		return &containerCall{m.GetContainerId(), "kill_container", false, kill(m.Signal)}
	case agent.Call_REMOVE_NESTED_CONTAINER:
		return &containerCall{call.GetRemoveNestedContainer().GetContainerId(), "remove_nested_container", true, remove}
	case agent.Call_REMOVE_CONTAINER:
		return &containerCall{call.GetRemoveContainer().GetContainerId(), "remove_container", false, remove}
	default:
		return nil
	}
}

// ofContainer answers a call about an ad-hoc container.
func (a *api) ofContainer(w http.ResponseWriter, r *http.Request, c codec.Codec, call *containerCall) {
	if call.nested && call.id.GetParent() == nil {
		mesoshttp.WriteText(w, r, http.StatusBadRequest,
			"Failed to validate agent::Call: Expecting '"+call.part+".container_id.parent' to be present")
		return
	}
	id, err := containerOf(call.part, call.id)
	if err == nil && a.cfg.Containers == nil {
		err = fault.New(fault.Unsupported, "this agent starts no containers beside those of tasks")
	}
	if err != nil {
		mesoshttp.WriteError(w, r, err)
		return
	}
	status, answer, err := call.answer(r.Context(), a, id)
	switch {
	case r.Context().Err() != nil: // the client has gone
	case err != nil:
		mesoshttp.WriteError(w, r, err)
	case answer != nil:
		mesoshttp.WriteMessage(w, r, c, answer)
	default:
		mesoshttp.WriteEmpty(w, r, status)
	}
}

// containerOf is the id of a container with all its parents.
func containerOf(part string, wire *mesosv1.ContainerID) (ids.Container, error) {
	if err := adhoc.CheckName(wire.GetValue()); err != nil {
		return "", fault.New(fault.Invalid, "Failed to validate agent::Call: '%s.container_id' is invalid: %v", part, err)
	}
	if wire.GetParent() == nil {
		return ids.Container(wire.GetValue()), nil
	}
	parent, err := containerOf(part, wire.GetParent())
	return parent.Nested(wire.GetValue()), err
}

func standaloneLimits(m *agent.Call_LaunchContainer) runtime.Limits {
	asks := parse(m.GetResources())
	limits := runtime.Limits{CPUs: asks.Scalar("cpus").Float(), MemBytes: int64(megabytes(asks.Scalar("mem").Float()))}
	if quota := m.GetLimits()["cpus"]; quota != nil {
		limits.CPUQuota = quota.GetValue()
	}
	if mem := m.GetLimits()["mem"]; mem != nil {
		limits.MemBytes = int64(megabytes(mem.GetValue()))
	}
	return limits
}

func start(command *mesosv1.CommandInfo, container *mesosv1.ContainerInfo, limits runtime.Limits) func(context.Context, *api, ids.Container) (int, *agent.Response, error) {
	return func(ctx context.Context, a *api, id ids.Container) (int, *agent.Response, error) {
		started, err := a.cfg.Containers.Launch(ctx, adhoc.Launch{ID: id, Command: command, Container: container, Limits: limits})
		switch {
		case fault.KindOf(err) == fault.NotFound || err == nil:
		case fault.KindOf(err) == fault.Unavailable || fault.KindOf(err) == fault.Internal:
		default:
			err = fault.Wrap(fault.Invalid, err, "Failed to launch container") // spec 3.13: whatever is wrong, 400
		}
		if !started {
			return http.StatusAccepted, nil, err
		}
		return http.StatusOK, nil, err
	}
}

func await(nested bool) func(context.Context, *api, ids.Container) (int, *agent.Response, error) {
	return func(ctx context.Context, a *api, id ids.Container) (int, *agent.Response, error) {
		exit, err := a.cfg.Containers.Wait(ctx, id)
		if err != nil {
			return 0, nil, err
		}
		return http.StatusOK, waited(nested, exit), nil
	}
}

// waited says how a container ended.
func waited(nested bool, exit runtime.Exit) *agent.Response {
	var status *int32
	var state *mesosv1.TaskState
	var reason *mesosv1.TaskStatus_Reason
	var message *string
	if exit.Message != "" {
		message = &exit.Message
	}
	if !exit.Lost {
		status = new(int32(exit.WaitStatus))
	}
	if exit.OOMKilled {
		state = mesosv1.TaskState_TASK_FAILED.Enum()
		reason = mesosv1.TaskStatus_REASON_CONTAINER_LIMITATION_MEMORY.Enum()
	}
	if nested {
		return &agent.Response{
			Type: agent.Response_WAIT_NESTED_CONTAINER.Enum(), WaitNestedContainer: &agent.Response_WaitNestedContainer{
				ExitStatus: status, State: state, Reason: reason, Message: message,
			},
		}
	}
	return &agent.Response{
		Type:          agent.Response_WAIT_CONTAINER.Enum(),
		WaitContainer: &agent.Response_WaitContainer{ExitStatus: status, State: state, Reason: reason, Message: message},
	}
}

// defaultSignal is SIGKILL (spec 3.13); the kernel knows 64 signals.
const (
	defaultSignal = 9
	lastSignal    = 64
)

func kill(signal *int32) func(context.Context, *api, ids.Container) (int, *agent.Response, error) {
	return func(ctx context.Context, a *api, id ids.Container) (int, *agent.Response, error) {
		n := defaultSignal
		if signal != nil {
			n = int(*signal)
		}
		if n < 1 || n > lastSignal {
			return 0, nil, fault.New(fault.Invalid, "signal %d does not exist; it must be 1 to %d", n, lastSignal)
		}
		return http.StatusOK, nil, a.cfg.Containers.Kill(ctx, id, n)
	}
}

func remove(ctx context.Context, a *api, id ids.Container) (int, *agent.Response, error) {
	return http.StatusOK, nil, a.cfg.Containers.Remove(ctx, id)
}

// adhocOf lists the ad-hoc containers that were asked for. Nested ones belong to the executor that they are in.
func (a *api) adhocOf(ctx context.Context, v *workload.View, ask *agent.Call_GetContainers) []*agent.Response_GetContainers_Container {
	if a.cfg.Containers == nil {
		return nil
	}
	nested, alone := a.cfg.Containers.List()
	var list []*agent.Response_GetContainers_Container
	if ask.GetShowNested() {
		owners := ownersOf(v)
		for _, view := range nested {
			c := adhocContainer(view)
			if owner := owners[view.ID.Root()]; owner != nil {
				c.FrameworkId, c.ExecutorId, c.ExecutorName = owner.FrameworkId, owner.ExecutorId, owner.ExecutorName
			}
			list = append(list, c)
		}
	}
	if ask.GetShowStandalone() {
		for _, view := range alone {
			c := adhocContainer(view)
			c.ResourceStatistics = a.counters(ctx, view.ID, view.Limits)
			list = append(list, c)
		}
	}
	return list
}

func adhocContainer(v adhoc.View) *agent.Response_GetContainers_Container {
	id := outcome.ContainerID(v.ID)
	return &agent.Response_GetContainers_Container{
		ContainerId:     id,
		ContainerStatus: &mesosv1.ContainerStatus{ContainerId: id, ExecutorPid: new(uint32(v.PID))},
	}
}

// ownersOf are framework and executor of each container of the workload.
func ownersOf(v *workload.View) map[ids.Container]*agent.Response_GetContainers_Container {
	owners := map[ids.Container]*agent.Response_GetContainers_Container{}
	for _, f := range v.Frameworks {
		for _, e := range f.Executors {
			owners[e.Container] = &agent.Response_GetContainers_Container{
				FrameworkId: &mesosv1.FrameworkID{Value: new(string(f.ID))}, ExecutorId: &mesosv1.ExecutorID{Value: new(string(e.ID))},
				ExecutorName: new(e.Info.GetName()),
			}
		}
	}
	return owners
}
