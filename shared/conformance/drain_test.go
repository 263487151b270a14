package conformance

import (
	"fmt"
	"net/http"
	"testing"

	"codeberg.org/reeve/reeve/shared/codec"
)

// agentOf is an agent as GET_AGENTS shows it.
func agentOf(t *testing.T, form codec.Codec, id string) tree {
	t.Helper()
	_, got := operatorCall(t, "master", form, `{"type":"GET_AGENTS"}`)
	for i := 0; ; i++ {
		one, ok := at(got, "get_agents", "agents", i).(map[string]any)
		if !ok {
			t.Fatalf("agent %s is not in %v", id, got)
		}
		if textAt(one, "agent_info", "id", "value") == id {
			return one
		}
	}
}

// TestDrain: DRAIN_AGENT as a framework with a custom executor and both operator APIs see it (spec 2.4, 3.6, 3.9).
func TestDrain(t *testing.T) {
	needRoot(t)
	for name, form := range forms {
		t.Run(name, func(t *testing.T) {
			f := subscribe(t, form, infoWith(`["*"]`, "MULTI_ROLE", "PARTITION_AWARE", "TASK_KILLING_STATE"))
			agent, _, _ := f.puppet("one", "")
			f.reaches("one", "TASK_RUNNING")
			answers := func(call string, status int) {
				t.Helper()
				if a, _ := operatorCall(t, "master", form, fmt.Sprintf(call, agent)); a.status != status {
					t.Errorf("%s: %d %s, want %d", call, a.status, a.body, status)
				}
			}
			const reactivate = `{"type":"REACTIVATE_AGENT","reactivate_agent":{"agent_id":{"value":%q}}}`
			answers(reactivate, http.StatusBadRequest)
			answers(`{"type":"DRAIN_AGENT","drain_agent":{"agent_id":{"value":%q},"max_grace_period":{"seconds":5}}}`, http.StatusOK)
			if h := f.hearsEvent("KILL"); textAt(h, "heard", "kill", "task_id", "value") != "one" || at(h, "heard", "kill", "kill_policy", "grace_period", "nanoseconds") != 5e9 {
				t.Errorf("KILL is %v, want the grace of the drain", h)
			}
			s := f.update("one")
			if textAt(s, "state") != "TASK_KILLED" || textAt(s, "reason") != "REASON_AGENT_DRAINING" || textAt(s, "source") != "SOURCE_EXECUTOR" {
				t.Errorf("the task's end is %v", s)
			}
			var shown tree
			await(t, "a drained agent", func() bool {
				shown = agentOf(t, form, agent)
				return textAt(shown, "drain_info", "state") == "DRAINED"
			})
			if at(shown, "deactivated") != true || at(shown, "drain_info", "config", "max_grace_period", "nanoseconds") != 5e9 ||
				at(shown, "estimated_drain_start_time", "nanoseconds") == nil {
				t.Errorf("GET_AGENTS shows %v", shown)
			}
			if _, got := operatorCall(t, "agent", form, `{"type":"GET_AGENT"}`); at(got, "get_agent", "drain_config", "max_grace_period", "nanoseconds") != 5e9 {
				t.Errorf("GET_AGENT shows %v", got)
			}
			answers(reactivate, http.StatusOK)
			if shown := agentOf(t, form, agent); at(shown, "drain_info") != nil || at(shown, "deactivated") == true {
				t.Errorf("reactivated, GET_AGENTS shows %v", shown)
			}
			f.leave()
		})
	}
}
