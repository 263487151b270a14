package e2e

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// past is what should be remembered: the state and end of every task, and which frameworks are over.
func (r *rig) past(ctx context.Context) (string, error) {
	tasks, err := r.client.Tasks(ctx)
	if err != nil {
		return "", err
	}
	frameworks, err := r.client.Frameworks(ctx)
	if err != nil {
		return "", err
	}
	var lines []string
	for _, t := range tasks {
		lines = append(lines, fmt.Sprintf("%s %s %s %q", t.ID, t.State, t.Agent, t.Message))
	}
	for _, f := range frameworks {
		lines = append(lines, fmt.Sprintf("%s %s %s", f.ID, f.Name, f.State))
	}
	slices.Sort(lines)
	return fmt.Sprint(lines), nil
}

// What has ended is known to the agents, so that it is there whoever leads, also when an agent was restarted before.
func TestHistoryOutlivesTheLeader(t *testing.T) {
	t.Parallel()
	r := start(t, 3, 2)
	r.submit(reeveapi.JobSpec{Name: "good", Command: "true"})
	r.submit(reeveapi.JobSpec{Name: "bad", Command: "exit 3"})
	if got := r.reeve("execute", "--name=once", "--command=true"); got.code != 0 {
		t.Fatalf("execute: %s", got.stderr)
	}
	r.await("three ended tasks", func(ts []reeveapi.Task) bool { return all(ts, 3, "TASK_FINISHED", "TASK_FAILED") })
	before, err := r.past(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := r.Agents[0].Kill(); err != nil {
		t.Fatal(err)
	}
	if err := r.Agents[0].Start(ctx); err != nil {
		t.Fatal(err)
	}
	state, err := r.State(ctx)
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
	if err := r.WaitReady(ctx, 2); err != nil {
		t.Fatal(err)
	}
	err = r.Poll(ctx, func(ctx context.Context) (bool, string) {
		after, err := r.past(ctx)
		return err == nil && after == before, fmt.Sprintf("the past; it was\n%s\nand is\n%s %v", before, after, err)
	})
	if err != nil {
		t.Error(err)
	}
}
