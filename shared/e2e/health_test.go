package e2e

import (
	"context"
	"errors"
	"fmt"
	"net"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// checked is a task with a check of its health every tenth of a second, which kills at the second failure, and a check that
// says how many files it has.
func checked(command, health string) string {
	return fmt.Sprintf(`{"name":"t","task_id":{"value":"t"},"agent_id":{"value":""},"command":{"value":%q},
		"resources":[{"name":"cpus","type":"SCALAR","scalar":{"value":0.1}},{"name":"mem","type":"SCALAR","scalar":{"value":64}}],
		"health_check":{"type":"COMMAND","command":{"value":%q},"delay_seconds":0,"interval_seconds":0.1,"grace_period_seconds":0,"consecutive_failures":2}}`,
		command, health)
}

// digits are what a shell's exit status and a count are told with.
var digits = regexp.MustCompile(`\d+ times`)

// A task that is healthy at the first look, however late that comes, and sick at all others.
func TestASickTaskIsKilled(t *testing.T) {
	t.Parallel()
	r := start(t, 1, 1)
	got := r.reeve("execute", "--task="+checked("exec sleep 1000", "test ! -e seen && touch seen"))
	want := strings.Join([]string{
		"Received status update TASK_STARTING for task 't'",
		"  source: SOURCE_EXECUTOR",
		"Received status update TASK_RUNNING for task 't'",
		"  source: SOURCE_EXECUTOR",
		"Received status update TASK_RUNNING for task 't'",
		"  source: SOURCE_EXECUTOR",
		"  reason: REASON_TASK_HEALTH_CHECK_STATUS_UPDATED",
		"  healthy?: 1",
		"Received status update TASK_RUNNING for task 't'",
		"  message: 'health check failed: its command exited with status 1'",
		"  source: SOURCE_EXECUTOR",
		"  reason: REASON_TASK_HEALTH_CHECK_STATUS_UPDATED",
		"  healthy?: 0",
		"Received status update TASK_RUNNING for task 't'",
		"  message: 'health check failed: its command exited with status 1 (n times in a row)'",
		"  source: SOURCE_EXECUTOR",
		"  reason: REASON_TASK_HEALTH_CHECK_STATUS_UPDATED",
		"  healthy?: 0",
		"Received status update TASK_KILLING for task 't'",
		"  source: SOURCE_EXECUTOR",
		"Received status update TASK_KILLED for task 't'",
		"  message: 'Command terminated with signal Terminated: its health check had failed too often'",
		"  source: SOURCE_EXECUTOR",
		"  healthy?: 0",
		"",
	}, "\n")
	if diff := cmp.Diff(digits.ReplaceAllString(about("t", got.stdout), "n times"), want); diff != "" {
		t.Errorf("%s\nstderr: %s", diff, got.stderr)
	}
}

// A task goes on being checked by the agentd that comes after one that was killed.
func TestChecksOutliveTheirAgentd(t *testing.T) {
	t.Parallel()
	needRoot(t)
	r := start(t, 1, 1)
	done := make(chan result, 1)
	go func() { done <- r.reeve("execute", "--task="+checked("exec sleep 1000", "test ! -e sick")) }()
	healthy := func(ts []reeveapi.Task) bool {
		return all(ts, 1, "TASK_RUNNING") && ts[0].Healthy != nil && *ts[0].Healthy
	}
	r.await("a healthy task", healthy)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := errors.Join(r.Agents[0].Kill(), r.Agents[0].Start(ctx), r.WaitReady(ctx, 1)); err != nil {
		t.Fatal(err)
	}
	r.await("a healthy task again", healthy)
	if got := r.reeve("exec", "t", "--", "touch", "sick"); got.code != 0 {
		t.Fatalf("make it sick: %+v", got)
	}
	got := <-done
	if strings.Count(onceEach(got.stdout), "healthy?: 1") != 1 || !strings.Contains(got.stdout, "its health check had failed too often") {
		t.Errorf("got %s%s, want it healthy once, and killed for its health", got.stdout, got.stderr)
	}
}

// HTTP and TCP go to the task's network, which is the host's: the agent's own API answers there.
func TestHealthByNetwork(t *testing.T) {
	t.Parallel()
	r := start(t, 1, 1)
	_, port, err := net.SplitHostPort(r.Agents[0].Addresses.HTTP)
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		check, want string
		healthy     bool
	}{
		"http": {`"type":"HTTP","http":{"port":` + port + `,"path":"/health"}`, "healthy?: 1", true},
		"404":  {`"type":"HTTP","http":{"port":` + port + `,"path":"/no/such/page"}`, "health check failed: HTTP status 404 Not Found", false},
		"tcp":  {`"type":"TCP","tcp":{"port":` + port + `}`, "healthy?: 1", true},
		"shut": {`"type":"TCP","tcp":{"port":1}`, "health check failed: connect to 127.0.0.1:1: connection refused", false},
	} {
		task := strings.Replace(checked("exec sleep 1000", "true"), `"type":"COMMAND","command":{"value":"true"}`, tc.check, 1)
		done := make(chan result, 1)
		go func() { done <- r.reeve("execute", "--task="+task) }()
		if tc.healthy { // the others are killed for it
			r.await("a healthy task", func(ts []reeveapi.Task) bool {
				return slices.ContainsFunc(ts, func(t reeveapi.Task) bool {
					return t.State == "TASK_RUNNING" && t.Healthy != nil && *t.Healthy
				})
			})
			r.must("kill", "t", "--yes")
		}
		if got := <-done; !strings.Contains(got.stdout, tc.want) {
			t.Errorf("%s: got %s%s, want %q in it", name, got.stdout, got.stderr, tc.want)
		}
	}
}

func TestASickTaskIsShown(t *testing.T) {
	t.Parallel()
	r := start(t, 1, 1)
	task := strings.Replace(checked("exec sleep 1000", "exit 1"), `"consecutive_failures":2`, `"consecutive_failures":1000000`, 1)
	done := make(chan result, 1)
	go func() { done <- r.reeve("execute", "--task="+task) }()
	r.await("a running task that is sick", func(ts []reeveapi.Task) bool {
		return all(ts, 1, "TASK_RUNNING") && ts[0].Healthy != nil && !*ts[0].Healthy
	})
	if got := r.reeve("tasks"); !strings.Contains(got.stdout, "unhealthy") {
		t.Errorf("reeve tasks shows\n%s%s, want unhealthy in it", got.stdout, got.stderr)
	}
	if got := r.reeve("kill", "t", "--yes"); got.code != 0 {
		t.Fatalf("kill it: %+v", got)
	}
	if got := <-done; !strings.Contains(got.stdout, "TASK_KILLED") {
		t.Errorf("got %s%s, want it killed", got.stdout, got.stderr)
	}
}
