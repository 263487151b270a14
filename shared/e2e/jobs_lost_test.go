package e2e

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"codeberg.org/reeve/reeve/shared/localcluster"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// running counts the processes with a command line, its words separated by spaces, on this host.
func running(t *testing.T, line string) int {
	t.Helper()
	want := []byte(strings.ReplaceAll(line, " ", "\x00") + "\x00")
	paths, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, path := range paths {
		if data, err := os.ReadFile(path); err == nil && bytes.Equal(data, want) { // one that has just ended cannot be read
			n++
		}
	}
	return n
}

// startAgain starts every daemon of a list that does not run.
func (r *rig) startAgain(all ...*localcluster.Process) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), patience)
	defer cancel()
	for _, p := range all {
		if !p.Ended() {
			continue
		}
		if err := p.Start(ctx); err != nil {
			r.t.Fatal(err)
		}
	}
}

// agentd is the process of an agent, by its id.
func (r *rig) agentd(id string) *localcluster.Process {
	r.t.Helper()
	agents, err := r.client.Agents(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	i := slices.IndexFunc(agents, func(a reeveapi.Agent) bool { return a.ID == id })
	if i < 0 {
		r.t.Fatalf("there is no agent %s", id)
	}
	return r.processOf(agents[i])
}

// An agent goes away with its tasks, which run on where nobody sees them. After the time that the job sets others are started
// in their place, whoever leads by then; one that is to run once waits. When the agent is back, the surplus is ended.
func TestInstancesOfAnUnreachableAgentAreReplaced(t *testing.T) {
	t.Parallel()
	needRoot(t)
	r := startWith(t, localcluster.Options{
		Bin: bin(t), Masters: 3, Agents: 2, MasterArgs: []string{"--agent-ping-timeout=2s", "--max-agent-ping-timeouts=2"},
	})
	service, single := fmt.Sprintf("sleep 1%d1", os.Getpid()), fmt.Sprintf("sleep 1%d2", os.Getpid()) // nobody else's
	after := 1.0
	r.submit(reeveapi.JobSpec{
		Name: "web", Kind: reeveapi.Service, Command: "exec " + service, Instances: 2, ReplaceUnreachableSeconds: &after,
	})
	before := r.awaitJob("web", "two healthy instances", healthy(2))
	lost := before.Instances[0].Agent
	if before.Instances[1].Agent == lost {
		t.Fatalf("%s: want them spread over two agents", describe(before))
	}
	r.submit(reeveapi.JobSpec{
		Name: "once", Command: "exec " + single, Constraints: []reeveapi.Constraint{{Attribute: "agent", Operator: reeveapi.MustEqual, Value: lost}},
	})
	once := r.awaitJob("once", "to run", func(j *reeveapi.Job) bool { return j.Instances[0].State == "TASK_RUNNING" })

	process := r.agentd(lost)
	if err := process.Kill(); err != nil {
		t.Fatal(err)
	}
	r.awaitJob("web", "the loss to be noticed", func(j *reeveapi.Job) bool { return j.Instances[0].Task != before.Instances[0].Task })
	r.killLeader()
	replaced := r.awaitJob("web", "the lost one replaced", func(j *reeveapi.Job) bool {
		return j.Healthy == 2 && j.Instances[0].Agent != lost && len(j.Leaving) == 1
	})
	if l := replaced.Leaving[0]; l.Task != before.Instances[0].Task || l.State != "TASK_UNREACHABLE" || replaced.Instances[1].Task != before.Instances[1].Task {
		t.Errorf("%s: want %s alone to leave, unreachable", describe(replaced), before.Instances[0].Task)
	}
	if n := running(t, service); n != 3 {
		t.Errorf("%d processes of the service run, want its two and the one that nobody can reach", n)
	}
	r.awaitJob("once", "to wait for the agent", func(j *reeveapi.Job) bool {
		return j.Instances[0].Task == once.Instances[0].Task && strings.Contains(j.Instances[0].Waiting, "agent "+lost)
	})

	r.startAgain(r.Masters...)
	if err := r.WaitReady(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	r.killLeader() // what is to be ended outlives that, too
	r.startAgain(process)
	r.awaitJob("web", "the surplus ended", func(j *reeveapi.Job) bool { return healthy(2)(j) && running(t, service) == 2 })
	back := r.awaitJob("once", "to run as before", func(j *reeveapi.Job) bool { return j.Instances[0].State == "TASK_RUNNING" })
	if back.Instances[0].Task != once.Instances[0].Task || running(t, single) != 1 {
		t.Errorf("%s: want the task that there was, once", describe(back))
	}
	last := r.awaitJob("web", "two healthy instances", healthy(2))
	for i := range last.Instances {
		if last.Instances[i].Task != replaced.Instances[i].Task {
			t.Errorf("%s: want the tasks of before the agent was back: %s", describe(last), describe(replaced))
		}
	}
	r.startAgain(r.Masters...) // for the end of the cluster, which asks all of them
}
