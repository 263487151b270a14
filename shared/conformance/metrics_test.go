package conformance

import (
	"net/http"
	"strings"
	"testing"

	"codeberg.org/reeve/reeve/shared/codec"
)

func metricsOf(t *testing.T, base string) map[string]any {
	t.Helper()
	m, _ := getTree(t, base+"/metrics/snapshot").(map[string]any)
	return m
}

// TestMetricNames: every name that a real Mesos showed is there, since exporters index them blindly (spec 8, pitfall 28).
func TestMetricNames(t *testing.T) {
	needRoot(t)
	f, _ := running(t)
	const recordedFramework = "c9934b01-e3ec-448d-b21c-1bc2ea83b03d-0000"
	for base, name := range map[string]string{masterURL(): "master-metrics_snapshot", agentURL(): "agent-metrics_snapshot"} {
		got := metricsOf(t, base)
		want, _ := recorded(t, name).(map[string]any)
		for metric := range want {
			if strings.HasPrefix(metric, "allocator/mesos/quota/") {
				continue // for roles that have one
			}
			if strings.HasPrefix(metric, "registrar/state_store_ms/") {
				continue // once there were two
			}
			metric = strings.ReplaceAll(metric, recordedFramework, f.id)
			if _, ok := got[metric].(float64); !ok {
				t.Errorf("%s is %v, want a number", metric, got[metric])
			}
		}
	}
}

// TestMetricValues: what happens is counted (spec 7.5).
func TestMetricValues(t *testing.T) {
	before, agentBefore := metricsOf(t, masterURL()), metricsOf(t, agentURL())
	f := subscribe(t, codec.JSON, plainInfo)
	f.do(`{"type":"DECLINE","decline":{"offer_ids":[{"value":"` + textAt(f.offer(), "id", "value") + `"}],"filters":{"refuse_seconds":3600}}}`)
	if got := metricsOf(t, masterURL())["allocator/mesos/offer_filters/roles/*/active"]; got != 1.0 {
		t.Errorf("filters in force for *: %v, want 1", got)
	}
	f.do(`{"type":"REVIVE"}`)
	f.launch("counted", "exit 1")
	f.reaches("counted", "TASK_FAILED")
	f.do(`{"type":"KILL","kill":{"task_id":{"value":"nobody's"}}}`)
	f.do(`{"type":"SUPPRESS"}`)
	f.do(accept([]string{"bogus"}, taskInfo("bad", "S", small, command("true"))))
	f.update("bad")
	f.do(`{"type":"RECONCILE","reconcile":{}}`)
	after, agentAfter := metricsOf(t, masterURL()), metricsOf(t, agentURL())
	grew := func(was, is map[string]any, name string, least float64) {
		t.Helper()
		a, _ := was[name].(float64)
		b, _ := is[name].(float64)
		if b-a < least {
			t.Errorf("%s went from %v to %v, want %v more", name, was[name], is[name], least)
		}
	}
	for name, least := range map[string]float64{
		"master/tasks_failed": 1, "master/tasks_lost": 1, "master/messages_register_framework": 1, "master/messages_decline_offers": 1,
		"master/messages_revive_offers": 1, "master/messages_suppress_offers": 1, "master/messages_launch_tasks": 2,
		"master/messages_kill_task": 1, "master/messages_reconcile_tasks": 1, "master/messages_status_update": 3,
		"master/valid_status_updates": 3, "master/messages_status_update_acknowledgement": 3,
		"master/valid_status_update_acknowledgements": 3, "allocator/mesos/allocation_runs": 1,
		"master/task_lost/source_master/reason_invalid_offers": 1,
	} {
		grew(before, after, name, least)
	}
	grew(agentBefore, agentAfter, "slave/tasks_failed", 1)
	grew(agentBefore, agentAfter, "slave/valid_status_updates", 3)
	prefix := "master/frameworks/conformance/" + f.id + "/"
	for name, want := range map[string]float64{
		"subscribed": 1, "calls/subscribe": 1, "calls/accept": 2, "calls/decline": 1, "calls/revive": 1, "calls/kill": 1, "calls/acknowledge": 3,
		"events/subscribed": 1, "events/update": 5, "offers/accepted": 2, "offers/declined": 1,
		"operations": 2, "operations/launch": 2, "tasks/terminal/task_failed": 1, "tasks/active/task_running": 0, "roles/*/suppressed": 1,
	} {
		if got := after[prefix+name]; got != want {
			t.Errorf("%s is %v, want %v", prefix+name, got, want)
		}
	}
	for _, name := range []string{
		"allocator/mesos/allocation_run_ms", "registrar/state_store_ms", "registrar/state_fetch_ms", "registrar/registry_size_bytes",
		"registrar/log/recovered", "registrar/log/ensemble_size", "master/uptime_secs", "master/cpus_total", "system/mem_total_bytes",
	} {
		if got, _ := after[name].(float64); got <= 0 {
			t.Errorf("%s is %v, want more than 0", name, after[name])
		}
	}
}

// TestPrometheus: the same numbers in the form of Prometheus.
func TestPrometheus(t *testing.T) {
	for base, name := range map[string]string{masterURL(): "reeve_master_elected 1", agentURL(): "reeve_slave_registered 1"} {
		a := ask(t, http.MethodGet, base+"/metrics", nil)
		if a.status != http.StatusOK || !strings.Contains(string(a.body), "\n"+name+"\n") {
			t.Errorf("%s/metrics: %d without %s", base, a.status, name)
		}
	}
}
