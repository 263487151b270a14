package httpapi

import (
	"context"
	"strings"
	"time"

	"codeberg.org/reeve/reeve/agentd/lifecycle"
	"codeberg.org/reeve/reeve/agentd/workload"
	"codeberg.org/reeve/reeve/shared/mesosv1"
)

// counterNames are the metrics that only grow. All of them exist from the start: exporters index them blindly (spec 8,
// pitfall 28).
const counterNames = `
slave/executors_terminated slave/executors_preempted
slave/tasks_finished slave/tasks_failed slave/tasks_killed slave/tasks_lost slave/tasks_gone
slave/valid_status_updates slave/invalid_status_updates slave/valid_framework_messages slave/invalid_framework_messages
slave/container_launch_errors slave/recovery_errors
containerizer/mesos/container_destroy_errors containerizer/mesos/provisioner/remove_container_errors
containerizer/mesos/provisioner/bind/remove_rootfs_errors
containerizer/fetcher/task_fetches_succeeded containerizer/fetcher/task_fetches_failed
gc/path_removals_succeeded gc/path_removals_failed
resource_provider_manager/events/subscribe resource_provider_manager/events/disconnect`

// zeroGauges are gauges of what this version does not have, or that others overwrite.
const zeroGauges = `
slave/recovery_time_secs slave/executor_directory_max_allowed_age_secs
containerizer/fetcher/cache_size_total_bytes containerizer/fetcher/cache_size_used_bytes
gc/path_removals_pending resource_provider_manager/subscribed`

// scalars are the resources that have metrics of their own.
var scalars = [...]string{"cpus", "gpus", "mem", "disk"}

// current are the states of tasks that a gauge counts.
var current = map[mesosv1.TaskState]string{
	mesosv1.TaskState_TASK_STAGING:  "slave/tasks_staging",
	mesosv1.TaskState_TASK_STARTING: "slave/tasks_starting",
	mesosv1.TaskState_TASK_RUNNING:  "slave/tasks_running",
	mesosv1.TaskState_TASK_KILLING:  "slave/tasks_killing",
}

func counters() []string { return strings.Fields(counterNames) }

// gauges computes the gauges of /metrics/snapshot (spec 7.5).
func (a *api) gauges(ctx context.Context) map[string]float64 {
	g := map[string]float64{"slave/uptime_secs": time.Since(a.cfg.Started).Seconds()}
	for name := range strings.FieldsSeq(zeroGauges) {
		g[name] = 0
	}
	ctx, cancel := context.WithTimeout(ctx, viewPatience)
	defer cancel()
	v, err := a.cfg.View(ctx)
	if err != nil {
		v = &workload.View{} // the loop has ended: nothing runs
	}
	viewGauges(g, v)
	return g
}

func viewGauges(g map[string]float64, v *workload.View) {
	g["slave/registered"] = 0
	if v.Registered {
		g["slave/registered"] = 1
	}
	g["slave/frameworks_active"] = float64(len(v.Frameworks))
	total, used := totalOf(v), allocatedOf(v)
	for _, name := range scalars {
		for suffix, of := range map[string]bool{"": false, "_revocable": true} {
			t, u := total.Nonrevocable(), used.Nonrevocable()
			if of {
				t, u = total.Revocable(), used.Revocable()
			}
			have, taken := t.Scalar(name).Float(), u.Scalar(name).Float()
			prefix := "slave/" + name + suffix
			g[prefix+"_total"], g[prefix+"_used"], g[prefix+"_percent"] = have, taken, 0
			if have > 0 {
				g[prefix+"_percent"] = taken / have
			}
		}
	}
	for _, name := range current {
		g[name] = 0
	}
	for _, name := range []string{"registering", "running", "terminating"} {
		g["slave/executors_"+name] = 0
	}
	for _, f := range v.Frameworks {
		for _, e := range f.Executors {
			executorGauges(g, e)
		}
	}
}

func executorGauges(g map[string]float64, e workload.ExecutorView) {
	switch {
	case e.Phase < lifecycle.Running:
		g["slave/executors_registering"]++
	case e.Phase == lifecycle.Running:
		g["slave/executors_running"]++
	default:
		g["slave/executors_terminating"]++
	}
	for _, t := range e.Tasks {
		if name, ok := current[t.Task.GetState()]; ok {
			g[name]++
		}
	}
}
