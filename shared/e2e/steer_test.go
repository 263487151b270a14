package e2e

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"codeberg.org/reeve/reeve/shared/localcluster"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// stubborn is a task that does not end when it is asked to.
const stubborn = `trap "" TERM; ` + counter

// agent polls one agent until check is content with it, and returns it.
func (r *rig) agent(id, what string, check func(reeveapi.Agent) bool) reeveapi.Agent {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), patience)
	defer cancel()
	var found reeveapi.Agent
	err := r.Poll(ctx, func(ctx context.Context) (bool, string) {
		agents, err := r.client.Agents(ctx)
		if err != nil {
			return false, what + ": " + err.Error()
		}
		i := slices.IndexFunc(agents, func(a reeveapi.Agent) bool { return a.ID == id })
		if i < 0 {
			return false, what + ": the agent is not known"
		}
		found = agents[i]
		return check(found), fmt.Sprintf("%s; the agent is %+v", what, found)
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return found
}

func inState(state string) func(reeveapi.Agent) bool {
	return func(a reeveapi.Agent) bool { return a.State == state }
}

// processOf is the agentd of an agent.
func (r *rig) processOf(a reeveapi.Agent) *localcluster.Process {
	r.t.Helper()
	for _, p := range r.Agents {
		if p.Addresses.HTTP == a.HTTP {
			return p
		}
	}
	r.t.Fatalf("no agentd serves %s", a.HTTP)
	return nil
}

// killLeader kills the leading master as kill -9 does.
func (r *rig) killLeader() {
	r.t.Helper()
	state, err := r.State(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	for _, m := range r.Masters {
		if m.Name == state.Leader {
			if err := m.Kill(); err != nil {
				r.t.Fatal(err)
			}
			return
		}
	}
	r.t.Fatalf("no master is called %q", state.Leader)
}

// A drain goes on whoever dies half-way: the leader, the agentd, and both are replaced. Its tasks end with the grace that it
// was given, and run elsewhere; the agent stays drained through a restart, until it is reactivated.
func TestDrainSurvivesWhoeverDies(t *testing.T) {
	needRoot(t)
	r := start(t, 3, 2)
	r.submit(reeveapi.JobSpec{Name: "stubborn", Command: stubborn, Instances: 4, KillGraceSeconds: 60, Resources: reeveapi.Amounts{CPUs: 1, Mem: 32}})
	before := r.await("four running tasks", func(ts []reeveapi.Task) bool { return all(ts, 4, "TASK_RUNNING") })
	on := before[0].Agent
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	began := time.Now()
	const grace = 10 * time.Second
	if err := r.client.DrainAgent(ctx, on, grace, false); err != nil {
		t.Fatal(err)
	}
	drained := r.agent(on, "a draining agent", inState(reeveapi.AgentDraining))
	r.killLeader()
	process := r.processOf(drained)
	if err := process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := process.Start(ctx); err != nil {
		t.Fatal(err)
	}
	r.agent(on, "an agent that drains under the next leader", func(a reeveapi.Agent) bool {
		return a.State == reeveapi.AgentDraining || a.State == reeveapi.AgentDrained
	})
	drained = r.agent(on, "a drained agent", inState(reeveapi.AgentDrained))
	if took := time.Since(began); took < grace {
		t.Errorf("tasks that ignore TERM were gone after %v, before their grace of %v was over", took, grace)
	}
	if d := drained.Drain; d == nil || d.Left != 0 || !d.Drained || d.MaxGraceSeconds == nil || *d.MaxGraceSeconds != grace.Seconds() {
		t.Errorf("the drain is %+v, want the one that was asked for, with nothing left", d)
	}
	r.await("all instances elsewhere", func(ts []reeveapi.Task) bool {
		running := 0
		for _, task := range ts {
			if task.State == "TASK_RUNNING" && task.Agent != on {
				running++
			}
			if task.Agent == on && task.Ended.IsZero() {
				return false
			}
		}
		return running == 4
	})

	if err := process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := process.Start(ctx); err != nil {
		t.Fatal(err)
	}
	r.agent(on, "the drained agent, restarted", func(a reeveapi.Agent) bool {
		return a.State == reeveapi.AgentDrained && a.Reregistered.After(drained.Reregistered)
	})
	r.submit(reeveapi.JobSpec{Name: "homeless", Command: counter, Instances: 1, Resources: reeveapi.Amounts{CPUs: 3, Mem: 32}})
	if err := r.client.ReactivateAgent(ctx, on); err != nil {
		t.Fatal(err)
	}
	r.await("a task that only fits on the reactivated agent", func(ts []reeveapi.Task) bool {
		return slices.ContainsFunc(ts, func(task reeveapi.Task) bool {
			return task.Job == "homeless" && task.Agent == on && task.State == "TASK_RUNNING"
		})
	})
}
