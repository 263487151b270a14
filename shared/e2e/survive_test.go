package e2e

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/shared/slowhost"
)

// counter is a task that shows by its output that it went on: a line every tenth of a second, and who wrote it.
const counter = "i=0; while true; do i=$((i+1)); echo $i; sleep 0.1; done"

// sameRun fails the test unless after shows the very run that before showed, further on.
func (r *rig) sameRun(before, after reeveapi.Task) {
	r.t.Helper()
	if before.Container != after.Container || before.Container == "" {
		r.t.Errorf("%s runs in container %q, before it was %q", after.ID, after.Container, before.Container)
	}
	was := strings.Count(r.stdout(before), "\n")
	ctx, cancel := context.WithTimeout(r.t.Context(), patience)
	defer cancel()
	err := r.Poll(ctx, func(context.Context) (bool, string) {
		return strings.Count(r.stdout(after), "\n") > was, "more output of " + after.ID
	})
	if err != nil {
		r.t.Error(err)
	}
	for i, line := range strings.Fields(r.stdout(after)) {
		if line != "" && i == 0 && line != "1" {
			r.t.Errorf("%s starts with line %s: its output was cut", after.ID, line)
		}
	}
}

func TestTasksOutliveTheirAgentd(t *testing.T) {
	t.Parallel()
	r := start(t, 1, 1)
	r.submit(reeveapi.JobSpec{Name: "counters", Command: counter, Instances: 3})
	before := r.await("three running tasks", func(ts []reeveapi.Task) bool { return all(ts, 3, "TASK_RUNNING") })
	if err := r.Agents[0].Kill(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := r.Agents[0].Start(ctx); err != nil {
		t.Fatal(err)
	}
	if err := r.WaitReady(ctx, 1); err != nil {
		t.Fatal(err)
	}
	after := r.await("three running tasks again", func(ts []reeveapi.Task) bool { return all(ts, 3, "TASK_RUNNING") })
	byID := map[string]reeveapi.Task{}
	for _, task := range before {
		byID[task.ID] = task
	}
	for _, task := range after {
		r.sameRun(byID[task.ID], task)
	}
	if err := r.client.StopJob(ctx, "counters"); err != nil {
		t.Fatal(err)
	}
	r.await("three killed tasks", func(ts []reeveapi.Task) bool { return all(ts, 3, "TASK_KILLED") })
}

func TestATaskThatEndsWhileItsAgentdIsDownIsReported(t *testing.T) {
	t.Parallel()
	r := start(t, 1, 1)
	r.submit(reeveapi.JobSpec{Name: "short", Command: "until [ -e go ]; do sleep 0.1; done; exit 7"})
	tasks := r.await("a running task", func(ts []reeveapi.Task) bool { return all(ts, 1, "TASK_RUNNING") })
	sandboxes, err := filepath.Glob(filepath.Join(r.Agents[0].Dir(), "slaves", "*", tasks[0].Sandbox))
	if err != nil || len(sandboxes) != 1 {
		t.Fatalf("sandboxes %v, %v, want one", sandboxes, err)
	}
	if err := errors.Join(r.Agents[0].Kill(), os.WriteFile(filepath.Join(sandboxes[0], "go"), nil, 0o644)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	err = r.Poll(ctx, func(context.Context) (bool, string) { // the shim leaves it when nobody else looks
		exits, err := filepath.Glob(filepath.Join(r.Agents[0].Dir(), "containers", "*", "exit.json"))
		return err == nil && len(exits) == 1, "the task's end"
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Agents[0].Start(ctx); err != nil {
		t.Fatal(err)
	}
	// The agent may say so before its update has its turn, which has the details.
	r.await("a failed task that says why", func(ts []reeveapi.Task) bool {
		return all(ts, 1, "TASK_FAILED") && ts[0].Message == "Command exited with status 7"
	})
}

func TestAgentsAndTasksComeBackToARestartedMaster(t *testing.T) {
	t.Parallel()
	r := start(t, 1, 1)
	r.submit(reeveapi.JobSpec{Name: "counters", Command: counter, Instances: 2})
	before := r.await("two running tasks", func(ts []reeveapi.Task) bool { return all(ts, 2, "TASK_RUNNING") })
	if err := r.Masters[0].Kill(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := r.Masters[0].Start(ctx); err != nil {
		t.Fatal(err)
	}
	if err := r.WaitReady(ctx, 1); err != nil {
		t.Fatal(err)
	}
	after := r.await("two running tasks again", func(ts []reeveapi.Task) bool { return all(ts, 2, "TASK_RUNNING") })
	byID := map[string]reeveapi.Task{}
	for _, task := range before {
		byID[task.ID] = task
	}
	for _, task := range after {
		r.sameRun(byID[task.ID], task)
	}
	job, err := r.client.Job(ctx, "counters")
	if err != nil || job.State != reeveapi.JobRunning {
		t.Errorf("got job %+v, %v, want it running", job, err)
	}
	if err := r.client.StopJob(ctx, "counters"); err != nil {
		t.Fatal(err)
	}
	r.await("two killed tasks", func(ts []reeveapi.Task) bool { return all(ts, 2, "TASK_KILLED") })
}

func TestAnotherMasterTakesOver(t *testing.T) {
	t.Parallel()
	r := start(t, 3, 1)
	r.submit(reeveapi.JobSpec{Name: "counter", Command: counter})
	before := r.await("a running task", func(ts []reeveapi.Task) bool { return all(ts, 1, "TASK_RUNNING") })
	state, err := r.State(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range r.Masters {
		if m.Name == state.Leader {
			if err := m.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := r.WaitReady(ctx, 1); err != nil {
		t.Fatal(err)
	}
	after := r.await("the same task", func(ts []reeveapi.Task) bool { return all(ts, 1, "TASK_RUNNING") })
	r.sameRun(before[0], after[0])
	r.submit(reeveapi.JobSpec{Name: "next", Command: "true"})
	r.await("a task under the new leader", func(ts []reeveapi.Task) bool {
		return len(ts) == 2 && (ts[0].State == "TASK_FINISHED" || ts[1].State == "TASK_FINISHED")
	})
}

// An agent that was told to end its tasks takes them and itself off the masters' lists: nobody waits for it.
func TestDrainOnStop(t *testing.T) {
	t.Parallel()
	r := start(t, 3, 1, "--drain-on-stop")
	r.submit(reeveapi.JobSpec{Name: "counters", Instances: 2, Command: counter})
	r.await("two running tasks", func(ts []reeveapi.Task) bool { return all(ts, 2, "TASK_RUNNING") })
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	began := time.Now()
	if err := r.Agents[0].Stop(ctx); err != nil {
		t.Fatal(err)
	}
	err := r.Poll(ctx, func(ctx context.Context) (bool, string) {
		agents, err := r.client.Agents(ctx)
		return err == nil && len(agents) == 0, fmt.Sprintf("no agent; agents are %+v, %v", agents, err)
	})
	if err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > slowhost.Scale(30*time.Second) { // a broken link alone is waited for longer
		t.Errorf("the agent was on the list for %v after it was told to end", took)
	}
	for _, task := range r.await("two killed tasks", func(ts []reeveapi.Task) bool { return all(ts, 2, "TASK_KILLED") }) {
		if task.Reason != "REASON_AGENT_DRAINING" {
			t.Errorf("task %s ended for %s (%s), want the drain", task.ID, task.Reason, task.Message)
		}
	}
}
