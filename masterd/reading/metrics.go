package reading

import (
	"strings"
	"time"

	"codeberg.org/reeve/reeve/masterd/cluster"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/resources"
)

// scalars are the resources that have metrics of their own.
var scalars = [...]string{"cpus", "gpus", "mem", "disk"}

// counters are the metrics that only grow, by what follows "master/". All of them exist from the start: exporters index
// them blindly (spec 8, pitfall 28).
const counters = `
dropped_messages http_cache_hits
tasks_finished tasks_failed tasks_killed tasks_lost tasks_error tasks_dropped tasks_gone tasks_gone_by_operator
messages_register_framework messages_reregister_framework messages_unregister_framework messages_deactivate_framework
messages_launch_tasks messages_kill_task messages_decline_offers messages_revive_offers messages_suppress_offers
messages_resource_request messages_reconcile_tasks messages_reconcile_operations messages_status_update
messages_status_update_acknowledgement messages_operation_status_update
messages_operation_status_update_acknowledgement messages_framework_to_executor messages_executor_to_framework
messages_exited_executor messages_register_slave messages_reregister_slave messages_unregister_slave
messages_update_slave messages_authenticate
valid_framework_to_executor_messages valid_executor_to_framework_messages valid_status_updates
valid_status_update_acknowledgements valid_operation_status_updates valid_operation_status_update_acknowledgements
invalid_framework_to_executor_messages invalid_executor_to_framework_messages invalid_status_updates
invalid_status_update_acknowledgements invalid_operation_status_updates
invalid_operation_status_update_acknowledgements
slave_registrations slave_reregistrations slave_removals slave_removals/reason_unhealthy
slave_removals/reason_unregistered slave_removals/reason_registered
slave_shutdowns_scheduled slave_shutdowns_completed slave_shutdowns_canceled
slave_unreachable_scheduled slave_unreachable_completed slave_unreachable_canceled
recovery_slave_removals`

// operationStates and operationTypes span the metrics of offer operations, which this version refuses and never counts.
const (
	operationStates = "dropped error failed finished gone_by_operator pending recovering unreachable total"
	operationTypes  = "create create_disk destroy destroy_disk grow_volume reserve shrink_volume unreserve"
)

// Counters lists the counters of a master, zero until somebody counts.
func Counters() []string {
	var names []string
	for name := range strings.FieldsSeq(counters) {
		names = append(names, "master/"+name)
	}
	for state := range strings.FieldsSeq(operationStates) {
		names = append(names, "master/operations/"+state)
		for kind := range strings.FieldsSeq(operationTypes) {
			names = append(names, "master/operations/"+kind+"/"+state)
		}
	}
	return append(names, "allocator/mesos/allocation_runs")
}

// Standing is what gauges need and a view does not have.
type Standing struct {
	Leading     bool
	Uptime      time.Duration
	Subscribers int // of the operator stream

	cluster.Load
}

// Gauges computes the gauges of /metrics/snapshot. v is nil on a master that does not lead: its gauges are zero.
func Gauges(s Standing, v *cluster.View) map[string]float64 {
	g := map[string]float64{
		"master/uptime_secs":                       s.Uptime.Seconds(),
		"master/elected":                           truth(s.Leading),
		"master/operator_event_stream_subscribers": float64(s.Subscribers),
		"master/event_queue_messages":              0, // messages of agents wait among the dispatches
		"master/event_queue_dispatches":            float64(s.Inputs),
		"master/event_queue_http_requests":         float64(s.Calls),
		"registrar/queued_operations":              float64(s.Operations),
		"allocator/event_queue_dispatches":         0,
		"allocator/mesos/event_queue_dispatches":   0,
	}
	if v == nil {
		v = &cluster.View{}
	}
	g["master/outstanding_offers"] = float64(len(v.Offers))
	agentGauges(g, v)
	frameworkGauges(g, v)
	for _, f := range v.Frameworks {
		frameworkCounts(g, f, s.Frameworks[f.ID])
	}
	for _, f := range v.Completed {
		frameworkCounts(g, f, s.Frameworks[f.ID])
	}
	roleGauges(g, v, s.Filters)
	return g
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func agentGauges(g map[string]float64, v *cluster.View) {
	for _, name := range []string{"active", "inactive", "connected", "disconnected", "unreachable"} {
		g["master/slaves_"+name] = 0
	}
	sum := newAmounts()
	for _, a := range v.Agents {
		switch a.State {
		case cluster.AgentActive:
			g["master/slaves_connected"]++
			if a.Deactivated {
				g["master/slaves_inactive"]++
			} else {
				g["master/slaves_active"]++
			}
		case cluster.AgentDisconnected:
			g["master/slaves_inactive"]++
			g["master/slaves_disconnected"]++
		case cluster.AgentUnreachable:
			g["master/slaves_unreachable"]++
			continue
		case cluster.AgentRecovered, cluster.AgentGone:
			continue
		}
		sum.add(a)
	}
	sum.write(g)
}

// amounts sums the scalars of agents: plain ones, then revocable ones.
type amounts struct {
	total, used, offered [2]map[string]resources.Milli
}

func newAmounts() *amounts {
	s := &amounts{}
	for i := range 2 {
		s.total[i], s.used[i], s.offered[i] = map[string]resources.Milli{}, map[string]resources.Milli{}, map[string]resources.Milli{}
	}
	return s
}

func (s *amounts) add(a *cluster.Agent) {
	each := func(into *[2]map[string]resources.Milli, r resources.Resources) {
		parts := [2]resources.Resources{r.Nonrevocable(), r.Revocable()}
		for i, part := range parts {
			if part.Empty() {
				continue
			}
			for _, name := range scalars {
				into[i][name] += part.Scalar(name)
			}
		}
	}
	each(&s.total, a.Total)
	each(&s.used, a.Allocated)
	each(&s.offered, a.Offered)
}

func (s *amounts) write(g map[string]float64) {
	for _, name := range scalars {
		for i, kind := range [...]string{"", "_revocable"} {
			total, used := s.total[i][name], s.used[i][name]
			prefix := "master/" + name + kind
			g[prefix+"_total"] = total.Float()
			g[prefix+"_used"] = used.Float()
			g[prefix+"_percent"] = 0
			if total > 0 {
				g[prefix+"_percent"] = float64(used) / float64(total)
			}
		}
		if name != "gpus" {
			prefix := "allocator/mesos/resources/" + name
			g[prefix+"/total"] = s.total[0][name].Float()
			g[prefix+"/offered_or_allocated"] = (s.used[0][name] + s.offered[0][name]).Float()
		}
	}
}

// current are the states of tasks that a gauge counts; the others are counters.
var current = map[mesosv1.TaskState]string{
	mesosv1.TaskState_TASK_STAGING:     "staging",
	mesosv1.TaskState_TASK_STARTING:    "starting",
	mesosv1.TaskState_TASK_RUNNING:     "running",
	mesosv1.TaskState_TASK_KILLING:     "killing",
	mesosv1.TaskState_TASK_UNREACHABLE: "unreachable",
}

func frameworkGauges(g map[string]float64, v *cluster.View) {
	for _, name := range []string{"active", "inactive", "connected", "disconnected"} {
		g["master/frameworks_"+name] = 0
	}
	for _, name := range current {
		g["master/tasks_"+name] = 0
	}
	for _, f := range v.Frameworks {
		if f.State == cluster.FrameworkActive {
			g["master/frameworks_active"]++
			g["master/frameworks_connected"]++
		} else {
			g["master/frameworks_inactive"]++
			g["master/frameworks_disconnected"]++
		}
		perFramework(g, f)
	}
}

// perFramework counts a framework's tasks, in all and under its own name.
func perFramework(g map[string]float64, f *cluster.Framework) {
	prefix := frameworkPrefix(f)
	g[prefix+"subscribed"] = truth(f.State == cluster.FrameworkActive)
	for _, role := range f.Roles {
		g[prefix+"roles/"+role+"/suppressed"] = truth(f.Suppressed[role])
	}
	for _, name := range current {
		g[prefix+"tasks/active/task_"+name] = 0
	}
	for t := range allTasks(f) {
		name, ok := current[t.Latest]
		if !ok {
			continue
		}
		g["master/tasks_"+name]++
		g[prefix+"tasks/active/task_"+name]++
	}
}
