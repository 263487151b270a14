package httpapi

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"google.golang.org/protobuf/reflect/protoreflect"

	"codeberg.org/reeve/reeve/agentd/workload"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/mesoshttp"
	"codeberg.org/reeve/reeve/shared/mesosjson"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/mesosv1/agent"
	"codeberg.org/reeve/reeve/shared/secrets"
)

// part is the sub-message that a type of call cannot do without.
var part = map[agent.Call_Type]protoreflect.Name{
	agent.Call_GET_METRICS: "get_metrics",
	agent.Call_LIST_FILES:  "list_files",
	agent.Call_READ_FILE:   "read_file",

	agent.Call_SET_LOGGING_LEVEL: "set_logging_level",

	agent.Call_LAUNCH_NESTED_CONTAINER:         "launch_nested_container",
	agent.Call_LAUNCH_NESTED_CONTAINER_SESSION: "launch_nested_container_session",
	agent.Call_WAIT_NESTED_CONTAINER:           "wait_nested_container",
	agent.Call_KILL_NESTED_CONTAINER:           "kill_nested_container",
	agent.Call_REMOVE_NESTED_CONTAINER:         "remove_nested_container",
	agent.Call_ATTACH_CONTAINER_OUTPUT:         "attach_container_output",
	agent.Call_LAUNCH_CONTAINER:                "launch_container",
	agent.Call_WAIT_CONTAINER:                  "wait_container",
	agent.Call_KILL_CONTAINER:                  "kill_container",
	agent.Call_REMOVE_CONTAINER:                "remove_container",
}

// operator answers /api/v1.
func (a *api) operator(w http.ResponseWriter, r *http.Request) {
	if !a.recovered() {
		mesoshttp.WriteText(w, r, http.StatusServiceUnavailable, "Agent has not finished recovery")
		return
	}
	if mesoshttp.IsRecordIO(r.Header.Get("Content-Type")) {
		a.attachInput(w, r)
		return
	}
	call := &agent.Call{}
	if _, ok := mesoshttp.ReadCall(w, r, call); !ok {
		return
	}
	if missing := missingPart(call); missing != "" {
		mesoshttp.WriteText(w, r, http.StatusBadRequest,
			fmt.Sprintf("Failed to validate agent::Call: Expecting '%s' to be present", missing))
		return
	}
	form, ok := negotiateStream(w, r, call.GetType())
	if !ok {
		return
	}
	if streams(call.GetType()) {
		a.stream(w, r, form, call)
		return
	}
	c := form.codec
	if set := call.GetSetLoggingLevel(); call.GetType() == agent.Call_SET_LOGGING_LEVEL {
		if err := a.processes.SetLevel(set.GetLevel(), time.Duration(set.GetDuration().GetNanoseconds())); err != nil {
			mesoshttp.WriteError(w, r, err)
			return
		}
		mesoshttp.WriteEmpty(w, r, http.StatusOK)
		return
	}
	if call.GetType() == agent.Call_PRUNE_IMAGES {
		a.pruneImages(w, r, call.GetPruneImages())
		return
	}
	if about := containerCallOf(call); about != nil {
		a.ofContainer(w, r, c, about)
		return
	}
	answer, err := a.local(r.Context(), call)
	if answer == nil && err == nil {
		answer, err = a.fromView(r.Context(), call)
	}
	if err != nil {
		mesoshttp.WriteError(w, r, err)
		return
	}
	mesoshttp.WriteListing(w, r, c, answer)
}

func missingPart(call *agent.Call) protoreflect.Name {
	if call.Type == nil {
		return "type"
	}
	name, needed := part[call.GetType()]
	if m := call.ProtoReflect(); needed && !m.Has(m.Descriptor().Fields().ByName(name)) {
		return name
	}
	return ""
}

// local answers the calls that need no view, nil for others.
func (a *api) local(ctx context.Context, call *agent.Call) (*agent.Response, error) {
	switch call.GetType() {
	case agent.Call_GET_HEALTH:
		return &agent.Response{
			Type:      agent.Response_GET_HEALTH.Enum(),
			GetHealth: &agent.Response_GetHealth{Healthy: new(true)},
		}, nil
	case agent.Call_GET_FLAGS:
		m := &agent.Response_GetFlags{}
		for _, name := range slices.Sorted(maps.Keys(a.cfg.Flags)) {
			m.Flags = append(m.Flags, &mesosv1.Flag{
				Name: new(mesosjson.FlagName(name)), Value: new(a.cfg.Flags[name]),
			})
		}
		return &agent.Response{Type: agent.Response_GET_FLAGS.Enum(), GetFlags: m}, nil
	case agent.Call_GET_VERSION:
		return &agent.Response{
			Type:       agent.Response_GET_VERSION.Enum(),
			GetVersion: &agent.Response_GetVersion{VersionInfo: a.build},
		}, nil
	case agent.Call_GET_METRICS:
		m := &agent.Response_GetMetrics{}
		snapshot := mesoshttp.MetricsWithin(ctx, a.cfg.Metrics, call.GetGetMetrics().GetTimeout())
		for _, name := range slices.Sorted(maps.Keys(snapshot)) {
			m.Metrics = append(m.Metrics, &mesosv1.Metric{Name: new(name), Value: new(snapshot[name])})
		}
		return &agent.Response{Type: agent.Response_GET_METRICS.Enum(), GetMetrics: m}, nil
	case agent.Call_GET_LOGGING_LEVEL:
		return &agent.Response{
			Type:            agent.Response_GET_LOGGING_LEVEL.Enum(),
			GetLoggingLevel: &agent.Response_GetLoggingLevel{Level: new(a.cfg.Verbosity.Level())},
		}, nil
	case agent.Call_GET_RESOURCE_PROVIDERS:
		return &agent.Response{
			Type:                 agent.Response_GET_RESOURCE_PROVIDERS.Enum(),
			GetResourceProviders: &agent.Response_GetResourceProviders{},
		}, nil
	case agent.Call_LIST_FILES:
		return a.listFiles(call.GetListFiles().GetPath())
	case agent.Call_READ_FILE:
		return a.readFile(call.GetReadFile())
	default:
		return nil, nil // the caller asks the view next
	}
}

// fromView answers the calls that look at the workload; every other call is not supported.
func (a *api) fromView(ctx context.Context, call *agent.Call) (*agent.Response, error) {
	fill := map[agent.Call_Type]func(*workload.View) *agent.Response{
		agent.Call_GET_OPERATIONS: func(v *workload.View) *agent.Response {
			return &agent.Response{
				Type: agent.Response_GET_OPERATIONS.Enum(), GetOperations: &agent.Response_GetOperations{Operations: v.Operations},
			}
		},
		agent.Call_GET_STATE: func(v *workload.View) *agent.Response {
			return &agent.Response{Type: agent.Response_GET_STATE.Enum(), GetState: &agent.Response_GetState{
				GetTasks: getTasks(v), GetExecutors: getExecutors(v), GetFrameworks: getFrameworks(v),
			}}
		},
		agent.Call_GET_TASKS: func(v *workload.View) *agent.Response {
			return &agent.Response{Type: agent.Response_GET_TASKS.Enum(), GetTasks: getTasks(v)}
		},
		agent.Call_GET_EXECUTORS: func(v *workload.View) *agent.Response {
			return &agent.Response{Type: agent.Response_GET_EXECUTORS.Enum(), GetExecutors: getExecutors(v)}
		},
		agent.Call_GET_FRAMEWORKS: func(v *workload.View) *agent.Response {
			return &agent.Response{Type: agent.Response_GET_FRAMEWORKS.Enum(), GetFrameworks: getFrameworks(v)}
		},
		agent.Call_GET_CONTAINERS: func(v *workload.View) *agent.Response {
			m := &agent.Response{Type: agent.Response_GET_CONTAINERS.Enum()}
			list := append(a.containersOf(ctx, v, call.GetGetContainers().GetShowNested()), a.adhocOf(ctx, v, call.GetGetContainers())...)
			if len(list) > 0 { // an empty answer has no sub-message
				m.GetContainers = &agent.Response_GetContainers{Containers: list}
			}
			return m
		},
		agent.Call_GET_AGENT: func(v *workload.View) *agent.Response {
			m := &agent.Response_GetAgent{AgentInfo: v.Agent, DrainConfig: v.Drain}
			if v.Drain != nil {
				m.EstimatedDrainStartTime = &mesosv1.TimeInfo{Nanoseconds: new(v.DrainSince.UnixNano())}
			}
			return &agent.Response{Type: agent.Response_GET_AGENT.Enum(), GetAgent: m}
		},
	}[call.GetType()]
	if fill == nil {
		return nil, fault.New(fault.Unsupported, "calls of type %s are not supported by this version of Reeve", call.GetType())
	}
	v, err := a.cfg.View(ctx)
	if err != nil {
		return nil, err
	}
	return fill(v), nil
}

func (a *api) listFiles(path string) (*agent.Response, error) {
	entries, err := a.files.List(path)
	if err != nil {
		return nil, err
	}
	m := &agent.Response_ListFiles{}
	for _, e := range entries {
		m.FileInfos = append(m.FileInfos, e.Proto())
	}
	return &agent.Response{Type: agent.Response_LIST_FILES.Enum(), ListFiles: m}, nil
}

func (a *api) readFile(q *agent.Call_ReadFile) (*agent.Response, error) {
	data, size, err := a.files.ReadSlice(q.GetPath(), q.GetOffset(), q.Length)
	if err != nil {
		return nil, err
	}
	return &agent.Response{
		Type:     agent.Response_READ_FILE.Enum(),
		ReadFile: &agent.Response_ReadFile{Size: new(size), Data: data},
	}, nil
}

func getFrameworks(v *workload.View) *agent.Response_GetFrameworks {
	m := &agent.Response_GetFrameworks{}
	for _, f := range v.Frameworks {
		m.Frameworks = append(m.Frameworks, &agent.Response_GetFrameworks_Framework{FrameworkInfo: f.Info})
	}
	for _, f := range v.Completed {
		m.CompletedFrameworks = append(m.CompletedFrameworks, &agent.Response_GetFrameworks_Framework{FrameworkInfo: f.Info})
	}
	return m
}

func getExecutors(v *workload.View) *agent.Response_GetExecutors {
	m := &agent.Response_GetExecutors{}
	for _, f := range v.Frameworks {
		for _, e := range f.Executors {
			m.Executors = append(m.Executors, &agent.Response_GetExecutors_Executor{ExecutorInfo: secrets.HiddenExecutor(e.Info)})
		}
	}
	for _, frameworks := range [][]workload.FrameworkView{v.Frameworks, v.Completed} {
		for _, f := range frameworks {
			for _, e := range f.Completed {
				m.CompletedExecutors = append(m.CompletedExecutors, &agent.Response_GetExecutors_Executor{ExecutorInfo: secrets.HiddenExecutor(e.Info)})
			}
		}
	}
	return m
}

func getTasks(v *workload.View) *agent.Response_GetTasks {
	m := &agent.Response_GetTasks{}
	add := func(to *[]*mesosv1.Task, tasks []workload.TaskView) {
		for _, t := range tasks {
			*to = append(*to, t.Task)
		}
	}
	for _, frameworks := range [][]workload.FrameworkView{v.Frameworks, v.Completed} {
		for _, f := range frameworks {
			for _, e := range append(slices.Clone(f.Executors), f.Completed...) {
				s := sortTasks(e)
				add(&m.QueuedTasks, s.queued)
				add(&m.LaunchedTasks, s.launched)
				add(&m.TerminatedTasks, s.terminated)
				add(&m.CompletedTasks, e.Completed)
			}
		}
	}
	return m
}
