package httpapi_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"codeberg.org/reeve/reeve/masterd/registry"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
)

// step is one request and what its answer must be.
type step struct {
	name, method, target, body string
	status                     int
	want                       string // what the answer contains
}

func (s step) check(t *testing.T, m *testMaster) {
	t.Helper()
	w := m.ask(t, s.method, s.target, s.body)
	// What a call sets off, such as the end of a drain, is seen when the registry has it.
	reads := s.method == "GET" || strings.Contains(s.body, `"type":"GET_`)
	for deadline := time.Now().Add(time.Minute); reads && !strings.Contains(w.Body.String(), s.want) && time.Now().Before(deadline); {
		time.Sleep(5 * time.Millisecond)
		w = m.ask(t, s.method, s.target, s.body)
	}
	if w.Code != s.status || !strings.Contains(w.Body.String(), s.want) {
		t.Errorf("%s: got %d %s, want %d with %s", s.name, w.Code, w.Body, s.status, s.want)
	}
}

// steerMaster leads an agent m-S0 that is there, and knows two that are not.
func steerMaster(t *testing.T) *testMaster {
	t.Helper()
	entry := func(id string, standing registry.Standing) registry.Agent {
		return registry.Agent{
			Info:     &mesosv1.AgentInfo{Id: &mesosv1.AgentID{Value: new(id)}, Hostname: new("far")},
			Standing: standing, Since: time.Now(),
		}
	}
	m := newMasterOf(context.Background(), t, &registry.State{Agents: map[ids.Agent]registry.Agent{
		"old-S1": entry("old-S1", registry.Admitted), "old-S2": entry("old-S2", registry.Unreachable),
		"old-S3": entry("old-S3", registry.Gone),
	}})
	m.agent(t)
	return m
}

// The statuses are those of spec 3.9.
func TestSteerAgents(t *testing.T) {
	m := steerMaster(t)
	call := func(kind, id, more string) string {
		return `{"type":"` + strings.ToUpper(kind) + `","` + kind + `":{"agent_id":{"value":"` + id + `"}` + more + `}}`
	}
	grace := `,"max_grace_period":{"seconds":90,"nanos":500000000}`
	for _, s := range []step{
		{"no part", "POST", "/api/v1", `{"type":"DRAIN_AGENT"}`, 400, "Expecting 'drain_agent' to be present"},
		{"no agent", "POST", "/api/v1", `{"type":"DEACTIVATE_AGENT","deactivate_agent":{}}`, 400, "agent_id"},
		{"drain nobody", "POST", "/api/v1", call("drain_agent", "x", ""), 400, "Unknown agent"},
		{"deactivate nobody", "POST", "/api/v1", call("deactivate_agent", "x", ""), 400, "Unknown agent"},
		{"reactivate nobody", "POST", "/api/v1", call("reactivate_agent", "x", ""), 400, "Unknown agent"},
		{"nobody is gone", "POST", "/api/v1", call("mark_agent_gone", "x", ""), 404, "not known"},
		{"drain a gone one", "POST", "/api/v1", call("drain_agent", "old-S3", ""), 400, "Unknown agent"},
		{"drain oddly", "POST", "/api/v1", call("drain_agent", "m-S0", `,"max_grace_period":{"seconds":-1}`), 400, "negative"},
		{"drain for ever", "POST", "/api/v1", call("drain_agent", "m-S0", `,"max_grace_period":{"seconds":1,"nanos":-5}`), 400, "not a duration"},
		{"reactivate an active one", "POST", "/api/v1", call("reactivate_agent", "m-S0", ""), 400, "Agent is not deactivated"},

		{"deactivate", "POST", "/api/v1", call("deactivate_agent", "m-S0", ""), 200, ""},
		{"again", "POST", "/api/v1", call("deactivate_agent", "m-S0", ""), 200, ""},
		{"it is told", "GET", "/slaves", "", 200, `"active":false,"deactivated":true,`},
		{"it is inactive", "GET", "/state", "", 200, `"activated_slaves":0.0,"deactivated_slaves":1.0,`},
		{"it is counted", "GET", "/metrics/snapshot", "", 200, `"master/slaves_inactive":1.0`},
		{"it is connected", "GET", "/metrics/snapshot", "", 200, `"master/slaves_connected":1.0`},
		{"reactivate", "POST", "/api/v1", call("reactivate_agent", "m-S0", ""), 200, ""},
		{"it is active", "GET", "/slaves", "", 200, `"active":true,"deactivated":false,`},

		{"drain", "POST", "/api/v1", call("drain_agent", "m-S0", grace), 200, ""},
		{
			"the drain", "POST", "/api/v1", `{"type":"GET_AGENTS"}`, 200,
			`"drain_info":{"state":"DRAINED","config":{"max_grace_period":{"nanoseconds":90500000000},"mark_gone":false}},"estimated_drain_start_time":{"nanoseconds":`,
		},
		{
			"the same in old form", "GET", "/slaves", "", 200,
			`"drain_info":{"state":"DRAINED","config":{"max_grace_period":{"nanoseconds":90500000000},"mark_gone":false}},"estimated_drain_start_time_seconds":`,
		},
		{"in the registry", "GET", "/registrar(1)/registry", "", 200, `"drain_info":{"state":"DRAINED"`},

		{"drain one that is away", "POST", "/api/v1", call("drain_agent", "old-S1", ""), 200, ""},
		{"reactivate one that drains", "POST", "/api/v1", call("reactivate_agent", "old-S1", ""), 400, "still in the DRAINING state"},
		{"deactivate an unreachable one", "POST", "/api/v1", call("deactivate_agent", "old-S2", ""), 200, ""},
		{"reactivate it", "POST", "/api/v1", call("reactivate_agent", "old-S2", ""), 409, "not registered"},
		{"which was done", "POST", "/api/v1", call("reactivate_agent", "old-S2", ""), 400, "Agent is not deactivated"},

		{"gone", "POST", "/api/v1", call("mark_agent_gone", "m-S0", ""), 200, ""},
		{"gone already", "POST", "/api/v1", call("mark_agent_gone", "m-S0", ""), 200, ""},
		{"gone for ever", "POST", "/api/v1", call("reactivate_agent", "m-S0", ""), 400, "Unknown agent"},
	} {
		s.check(t, m)
	}
}

func TestSteerAgentsOfReeve(t *testing.T) {
	m := steerMaster(t)
	for _, s := range []step{
		{"drain nobody", "POST", "/reeve/v1/agents/x/drain", "", 404, "agent x is not known"},
		{"drain oddly", "POST", "/reeve/v1/agents/m-S0/drain", `{"max_grace_seconds":-1}`, 400, "between 0 and"},
		{"a misspelling", "POST", "/reeve/v1/agents/m-S0/drain", `{"grace":1}`, 400, "grace"},
		{"reactivate an active one", "POST", "/reeve/v1/agents/m-S0/reactivate", "", 409, "not deactivated"},
		{"deactivate", "POST", "/reeve/v1/agents/m-S0/deactivate", "", 200, ""},
		{"it is told", "GET", "/reeve/v1/agents", "", 200, `"state":"deactivated"`},
		{"and counted", "GET", "/reeve/v1/cluster", "", 200, `"deactivated":1`},
		{"who did it", "GET", "/reeve/v1/events", "", 200, `"kind":"AGENT_DEACTIVATED"`},
		{"drain", "POST", "/reeve/v1/agents/m-S0/drain", `{"max_grace_seconds":1.5}`, 202, ""},
		{"drained", "GET", "/reeve/v1/agents", "", 200, `"state":"drained","reason":"drained"`},
		{"the drain", "GET", "/reeve/v1/agents", "", 200, `"max_grace_seconds":1.5,"drained":true,"left":0}`},
		{"reactivate", "POST", "/reeve/v1/agents/m-S0/reactivate", "", 200, ""},
		{"it is active", "GET", "/reeve/v1/agents", "", 200, `"state":"active"`},
		{"drain one that is away", "POST", "/reeve/v1/agents/old-S2/drain", `{"mark_gone":true}`, 202, ""},
		{"it waits", "GET", "/reeve/v1/agents", "", 200, `"reason":"drains when it is back"`},
		{"gone", "POST", "/reeve/v1/agents/old-S2/gone", "", 200, ""},
		{"nobody is gone", "POST", "/reeve/v1/agents/x/gone", "", 404, "not known"},
		{"rescind nothing", "POST", "/reeve/v1/offers/x/rescind", "", 404, "there is no offer x"},
	} {
		s.check(t, m)
	}
}
