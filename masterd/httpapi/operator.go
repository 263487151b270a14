package httpapi

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"google.golang.org/protobuf/reflect/protoreflect"

	"codeberg.org/reeve/reeve/masterd/cluster"
	"codeberg.org/reeve/reeve/masterd/reading"
	"codeberg.org/reeve/reeve/masterd/upkeepapi"
	"codeberg.org/reeve/reeve/shared/codec"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesoshttp"
	"codeberg.org/reeve/reeve/shared/mesosjson"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/mesosv1/master"
)

// operatorPart is the sub-message that a type of call cannot do without.
var operatorPart = map[master.Call_Type]protoreflect.Name{
	master.Call_GET_METRICS: "get_metrics",
	master.Call_LIST_FILES:  "list_files",
	master.Call_READ_FILE:   "read_file",
	master.Call_TEARDOWN:    "teardown",

	master.Call_SET_LOGGING_LEVEL: "set_logging_level",
	master.Call_UPDATE_WEIGHTS:    "update_weights",
	master.Call_UPDATE_QUOTA:      "update_quota",
	master.Call_SET_QUOTA:         "set_quota",
	master.Call_REMOVE_QUOTA:      "remove_quota",

	master.Call_RESERVE_RESOURCES:   "reserve_resources",
	master.Call_UNRESERVE_RESOURCES: "unreserve_resources",
	master.Call_CREATE_VOLUMES:      "create_volumes",
	master.Call_DESTROY_VOLUMES:     "destroy_volumes",
	master.Call_GROW_VOLUME:         "grow_volume",
	master.Call_SHRINK_VOLUME:       "shrink_volume",

	master.Call_UPDATE_MAINTENANCE_SCHEDULE: "update_maintenance_schedule",
	master.Call_START_MAINTENANCE:           "start_maintenance",
	master.Call_STOP_MAINTENANCE:            "stop_maintenance",

	master.Call_DRAIN_AGENT:      "drain_agent",
	master.Call_DEACTIVATE_AGENT: "deactivate_agent",
	master.Call_REACTIVATE_AGENT: "reactivate_agent",
	master.Call_MARK_AGENT_GONE:  "mark_agent_gone",
}

// operator answers /api/v1.
func (a *api) operator(w http.ResponseWriter, r *http.Request, t Term) {
	call := &master.Call{}
	if _, ok := mesoshttp.ReadCall(w, r, call); !ok {
		return
	}
	if missing := missingPart(call); missing != "" {
		mesoshttp.WriteText(w, r, http.StatusBadRequest,
			fmt.Sprintf("Failed to validate master::Call: Expecting '%s' to be present", missing))
		return
	}
	c, ok := mesoshttp.Negotiate(w, r)
	if !ok {
		return
	}
	switch call.GetType() {
	case master.Call_SUBSCRIBE:
		a.subscribeOperator(w, r, t, c)
	case master.Call_TEARDOWN:
		a.tearDown(w, r, t, call.GetTeardown().GetFrameworkId().GetValue())
	case master.Call_DRAIN_AGENT, master.Call_DEACTIVATE_AGENT, master.Call_REACTIVATE_AGENT, master.Call_MARK_AGENT_GONE:
		a.steer(w, r, t, call)
	case master.Call_SET_LOGGING_LEVEL:
		set := call.GetSetLoggingLevel()
		if err := a.processes.SetLevel(set.GetLevel(), time.Duration(set.GetDuration().GetNanoseconds())); err != nil {
			mesoshttp.WriteError(w, r, err)
			return
		}
		mesoshttp.WriteEmpty(w, r, http.StatusOK)
	case master.Call_UPDATE_WEIGHTS:
		a.updateWeights(w, r, t, call.GetUpdateWeights().GetWeightInfos())
	case master.Call_UPDATE_QUOTA, master.Call_SET_QUOTA, master.Call_REMOVE_QUOTA:
		a.changeQuota(w, r, t, call)
	default:
		if agent, op := operation(call); op != nil {
			a.operate(w, r, t, agent.GetValue(), op)
			return
		}
		if change := upkeepapi.Call(call); change != nil {
			upkeepapi.Do(w, r, t, change, who(r))
			return
		}
		a.ask(w, r, t, c, call)
	}
}

func missingPart(call *master.Call) protoreflect.Name {
	if call.Type == nil {
		return "type"
	}
	name, needed := operatorPart[call.GetType()]
	if m := call.ProtoReflect(); needed && !m.Has(m.Descriptor().Fields().ByName(name)) {
		return name
	}
	return ""
}

// ask answers a call that only reads.
func (a *api) ask(w http.ResponseWriter, r *http.Request, t Term, c codec.Codec, call *master.Call) {
	answer, err := a.local(r.Context(), call)
	if answer == nil && err == nil {
		answer, err = fromView(r.Context(), t, call.GetType())
	}
	if err != nil {
		mesoshttp.WriteError(w, r, err)
		return
	}
	mesoshttp.WriteListing(w, r, c, answer)
}

// local answers the calls that need no view, nil for others.
func (a *api) local(ctx context.Context, call *master.Call) (*master.Response, error) {
	switch call.GetType() {
	case master.Call_GET_HEALTH:
		return &master.Response{
			Type:      master.Response_GET_HEALTH.Enum(),
			GetHealth: &master.Response_GetHealth{Healthy: new(true)},
		}, nil
	case master.Call_GET_FLAGS:
		m := &master.Response_GetFlags{}
		for _, name := range slices.Sorted(maps.Keys(a.cfg.Flags)) {
			m.Flags = append(m.Flags, &mesosv1.Flag{
				Name: new(mesosjson.FlagName(name)), Value: new(a.cfg.Flags[name]),
			})
		}
		return &master.Response{Type: master.Response_GET_FLAGS.Enum(), GetFlags: m}, nil
	case master.Call_GET_VERSION:
		return &master.Response{
			Type:       master.Response_GET_VERSION.Enum(),
			GetVersion: &master.Response_GetVersion{VersionInfo: a.build},
		}, nil
	case master.Call_GET_METRICS:
		m := &master.Response_GetMetrics{}
		snapshot := mesoshttp.MetricsWithin(ctx, a.cfg.Metrics, call.GetGetMetrics().GetTimeout())
		for _, name := range slices.Sorted(maps.Keys(snapshot)) {
			m.Metrics = append(m.Metrics, &mesosv1.Metric{Name: new(name), Value: new(snapshot[name])})
		}
		return &master.Response{Type: master.Response_GET_METRICS.Enum(), GetMetrics: m}, nil
	case master.Call_GET_LOGGING_LEVEL:
		return &master.Response{
			Type:            master.Response_GET_LOGGING_LEVEL.Enum(),
			GetLoggingLevel: &master.Response_GetLoggingLevel{Level: new(a.cfg.Verbosity.Level())},
		}, nil
	case master.Call_GET_MASTER:
		return a.getMaster(), nil
	case master.Call_LIST_FILES:
		return a.listFiles(call.GetListFiles().GetPath())
	case master.Call_READ_FILE:
		return a.readFile(call.GetReadFile())
	default:
		return nil, nil
	}
}

// fromView answers the calls that look at the cluster; every other call is not supported.
func fromView(ctx context.Context, t Term, kind master.Call_Type) (*master.Response, error) {
	fill := map[master.Call_Type]func(*cluster.View) *master.Response{
		master.Call_GET_STATE: func(v *cluster.View) *master.Response {
			return &master.Response{Type: master.Response_GET_STATE.Enum(), GetState: reading.GetState(v)}
		},
		master.Call_GET_AGENTS: func(v *cluster.View) *master.Response {
			return &master.Response{Type: master.Response_GET_AGENTS.Enum(), GetAgents: reading.GetAgents(v)}
		},
		master.Call_GET_FRAMEWORKS: func(v *cluster.View) *master.Response {
			return &master.Response{Type: master.Response_GET_FRAMEWORKS.Enum(), GetFrameworks: reading.GetFrameworks(v)}
		},
		master.Call_GET_EXECUTORS: func(v *cluster.View) *master.Response {
			return &master.Response{Type: master.Response_GET_EXECUTORS.Enum(), GetExecutors: reading.GetExecutors(v)}
		},
		master.Call_GET_TASKS: func(v *cluster.View) *master.Response {
			return &master.Response{Type: master.Response_GET_TASKS.Enum(), GetTasks: reading.GetTasks(v)}
		},
		master.Call_GET_OPERATIONS: func(v *cluster.View) *master.Response {
			return &master.Response{Type: master.Response_GET_OPERATIONS.Enum(), GetOperations: reading.GetOperations(v)}
		},
		master.Call_GET_ROLES: func(v *cluster.View) *master.Response {
			return &master.Response{Type: master.Response_GET_ROLES.Enum(), GetRoles: reading.GetRoles(v)}
		},
		master.Call_GET_WEIGHTS: reading.GetWeights,

		master.Call_GET_MAINTENANCE_STATUS:   reading.GetMaintenanceStatus,
		master.Call_GET_MAINTENANCE_SCHEDULE: reading.GetMaintenanceSchedule,
		master.Call_GET_QUOTA: func(v *cluster.View) *master.Response {
			return &master.Response{
				Type: master.Response_GET_QUOTA.Enum(), GetQuota: &master.Response_GetQuota{Status: v.Settings.Status()},
			}
		},
	}[kind]
	if fill == nil {
		return nil, fault.New(fault.Unsupported, "calls of type %s are not supported by this version of Reeve", kind)
	}
	v, err := t.View(ctx)
	if err != nil {
		return nil, err
	}
	return fill(v), nil
}

func (a *api) getMaster() *master.Response {
	m := &master.Response_GetMaster{
		MasterInfo: a.cfg.Info(),
		StartTime:  new(mesosjson.Seconds(a.cfg.Started)),
	}
	if t := a.cfg.Term(); t != nil {
		m.ElectedTime = new(mesosjson.Seconds(t.Elected()))
	}
	return &master.Response{Type: master.Response_GET_MASTER.Enum(), GetMaster: m}
}

func (a *api) listFiles(path string) (*master.Response, error) {
	entries, err := a.files.List(path)
	if err != nil {
		return nil, err
	}
	m := &master.Response_ListFiles{}
	for _, e := range entries {
		m.FileInfos = append(m.FileInfos, e.Proto())
	}
	return &master.Response{Type: master.Response_LIST_FILES.Enum(), ListFiles: m}, nil
}

func (a *api) readFile(q *master.Call_ReadFile) (*master.Response, error) {
	data, size, err := a.files.ReadSlice(q.GetPath(), q.GetOffset(), q.Length)
	if err != nil {
		return nil, err
	}
	return &master.Response{
		Type:     master.Response_READ_FILE.Enum(),
		ReadFile: &master.Response_ReadFile{Size: new(size), Data: data},
	}, nil
}

// tearDown ends a framework on an operator's word.
func (a *api) tearDown(w http.ResponseWriter, r *http.Request, t Term, framework string) {
	ctx := context.WithoutCancel(r.Context()) // once asked, it is done
	err := t.Do(ctx, func(ticket cluster.Ticket) cluster.Input {
		return cluster.Teardown{Ticket: ticket, Framework: ids.Framework(framework), Who: who(r)}
	})
	switch {
	case fault.KindOf(err) == fault.NotFound && err != nil:
		mesoshttp.WriteText(w, r, http.StatusBadRequest, "No framework found with specified ID")
	case err != nil:
		mesoshttp.WriteError(w, r, err)
	default:
		mesoshttp.WriteEmpty(w, r, http.StatusOK)
	}
}

// operatorBeat is the time between heartbeats of operator streams (spec 1.7).
const operatorBeat = 15 * time.Second

// subscribeOperator streams what happens, beginning with everything there is.
func (a *api) subscribeOperator(w http.ResponseWriter, r *http.Request, t Term, c codec.Codec) {
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	v, box, err := t.SubscribeOperators(ctx)
	if err != nil {
		mesoshttp.WriteError(w, r, err)
		return
	}
	defer box.Hangup()
	defer a.operators.enter(cancel)()
	stream, err := mesoshttp.StartStream(w, c)
	if err != nil {
		return // the client has left before the first byte
	}
	send := func(e *master.Event) error {
		data, err := mesoshttp.MarshalListing(c, e)
		if err != nil {
			return err
		}
		return stream.SendRecord(data)
	}
	beat := &heartbeat{ticker: time.NewTicker(operatorBeat), send: func() error {
		return send(&master.Event{Type: master.Event_HEARTBEAT.Enum()})
	}}
	defer beat.ticker.Stop()
	subscribed := &master.Event{
		Type: master.Event_SUBSCRIBED.Enum(),
		Subscribed: &master.Event_Subscribed{
			GetState: reading.GetState(v), HeartbeatIntervalSeconds: new(operatorBeat.Seconds()),
		},
	}
	if send(subscribed) != nil || beat.send() != nil {
		return // the client has left
	}
	a.streamEnded(r, pump(ctx, t.Done(), box, send, beat))
}
