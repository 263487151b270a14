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

// background is a command that runs beside the test.
type background struct {
	t    *testing.T
	done chan struct{}
	got  result
}

// inBackground runs the command line as a person does in another terminal.
func (r *rig) inBackground(args ...string) *background {
	b := &background{t: r.t, done: make(chan struct{})}
	go func() {
		defer close(b.done)
		b.got = r.reeve(args...)
	}()
	r.t.Cleanup(func() { <-b.done })
	return b
}

// expect waits for the command's end, which is to be a success, and checks what it said last.
func (b *background) expect(stdout string) {
	b.t.Helper()
	<-b.done
	if b.got.code != 0 || b.got.stdout != stdout {
		b.t.Errorf("the command ended with %+v, want %q", b.got, stdout)
	}
}

// A drain goes on whoever dies half-way: the leader, the agentd, and both are replaced. Its tasks end with the grace that it
// was given, and run elsewhere; the agent stays drained through a restart, until it is reactivated.
func TestDrainSurvivesWhoeverDies(t *testing.T) {
	t.Parallel()
	needRoot(t)
	r := start(t, 3, 2)
	r.submit(reeveapi.JobSpec{Name: "stubborn", Command: stubborn, Instances: 4, KillGraceSeconds: 60, Resources: reeveapi.Amounts{CPUs: 1, Mem: 32}})
	before := r.await("four running tasks", func(ts []reeveapi.Task) bool { return all(ts, 4, "TASK_RUNNING") })
	on := before[0].Agent
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	began := time.Now()
	const grace = 8 * time.Second
	drain := r.inBackground("drain", "--yes", "--wait", "--max-grace", grace.String(), before[0].AgentName)
	drained := r.agent(on, "a draining agent", inState(reeveapi.AgentDraining))
	begun := drained.Drain.Begun
	if begun == 0 || begun > 4 {
		t.Errorf("the drain began with %d tasks, want those that it runs", begun)
	}
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
	drain.expect(fmt.Sprintf("%s is drained; \"reeve reactivate %s\" uses it again\n", drained.Name, drained.Name))
	if took := time.Since(began); took < grace {
		t.Errorf("tasks that ignore TERM were gone after %v, before their grace of %v was over", took, grace)
	}
	if d := drained.Drain; d == nil || d.Left != 0 || d.Begun != begun || !d.Drained || d.MaxGraceSeconds == nil || *d.MaxGraceSeconds != grace.Seconds() {
		t.Errorf("the drain is %+v, want the one that was asked for, with nothing left of %d tasks", d, begun)
	}
	r.await("all instances elsewhere", func(ts []reeveapi.Task) bool {
		running := 0
		for _, task := range ts {
			if task.State == "TASK_RUNNING" && task.Agent != on {
				running++
			}
			if task.Agent == on && (task.State != "TASK_KILLED" || task.Reason != "REASON_AGENT_DRAINING") {
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
	if got := r.reeve("reactivate", drained.Name); got.code != 0 || got.stdout != drained.Name+" is used again\n" {
		t.Fatalf("reactivate: %+v", got)
	}
	r.await("a task that only fits on the reactivated agent", func(ts []reeveapi.Task) bool {
		return slices.ContainsFunc(ts, func(task reeveapi.Task) bool {
			return task.Job == "homeless" && task.Agent == on && task.State == "TASK_RUNNING"
		})
	})
}

// endWith awaits that every task which was on an agent has ended so, and that as many run elsewhere.
func (r *rig) endWith(agent string, count int, state, reason string) {
	r.t.Helper()
	r.await(fmt.Sprintf("%d tasks that are %s", count, state), func(ts []reeveapi.Task) bool {
		ended, elsewhere := 0, 0
		for _, task := range ts {
			switch {
			case task.Agent == agent && task.State == state && task.Reason == reason:
				ended++
			case task.Agent != agent && task.State == "TASK_RUNNING":
				elsewhere++
			}
		}
		return ended == count && elsewhere >= count
	})
}

// tasksOf counts the running tasks on an agent.
func tasksOf(ts []reeveapi.Task, agent string) int {
	n := 0
	for _, task := range ts {
		if task.Agent == agent && task.State == "TASK_RUNNING" {
			n++
		}
	}
	return n
}

// An agent that an operator gives up, at once or after a drain: its tasks are gone by the operator, and run elsewhere; its
// agentd ends, its containers with it, and is not let in again.
func TestGoneAgents(t *testing.T) {
	t.Parallel()
	needRoot(t)
	r := start(t, 1, 3)
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	r.submit(reeveapi.JobSpec{Name: "counters", Command: counter, Instances: 4, Retries: 8, Resources: reeveapi.Amounts{CPUs: 0.5, Mem: 32}})
	tasks := r.await("four running tasks", func(ts []reeveapi.Task) bool { return all(ts, 4, "TASK_RUNNING") })
	agents, err := r.client.Agents(ctx)
	if err != nil {
		t.Fatal(err)
	}
	agentOf := func(id string) reeveapi.Agent {
		return agents[slices.IndexFunc(agents, func(a reeveapi.Agent) bool { return a.ID == id })]
	}

	first := agentOf(tasks[0].Agent)
	process := r.processOf(first)
	if got := r.reeve("gone", "--yes", first.Name); got.code != 0 || got.stdout != first.Name+" is gone\n" {
		t.Fatalf("gone: %+v", got)
	}
	if err := process.AwaitEnd(ctx); err != nil {
		t.Fatal(err)
	}
	r.endWith(first.ID, tasksOf(tasks, first.ID), "TASK_GONE_BY_OPERATOR", "REASON_AGENT_REMOVED_BY_OPERATOR")
	r.agent(first.ID, "a gone agent", inState(reeveapi.AgentGone))
	if err := process.Start(ctx); err == nil {
		t.Log("it serves for a moment, until the master answers")
	}
	if err := process.AwaitEnd(ctx); err != nil {
		t.Errorf("a gone agent that is started again: %v", err)
	}
	r.agent(first.ID, "an agent that is still gone", inState(reeveapi.AgentGone))

	tasks = r.await("four running tasks", func(ts []reeveapi.Task) bool {
		return slices.IndexFunc(ts, func(x reeveapi.Task) bool { return x.Ended.IsZero() && x.State != "TASK_RUNNING" }) < 0
	})
	second := agentOf(tasks[slices.IndexFunc(tasks, func(x reeveapi.Task) bool { return x.State == "TASK_RUNNING" })].Agent)
	process = r.processOf(second)
	drain := r.inBackground("drain", "--yes", "--wait", "--mark-gone", second.Name)
	if err := process.AwaitEnd(ctx); err != nil {
		t.Fatal(err)
	}
	drain.expect(second.Name + " is drained and gone\n")
	r.endWith(second.ID, tasksOf(tasks, second.ID), "TASK_GONE_BY_OPERATOR", "REASON_AGENT_DRAINING")
	r.agent(second.ID, "a drained and gone agent", inState(reeveapi.AgentGone))
}
