package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// TestStreamsGoOn kills the leader and then the agentd while somebody follows a log, and somebody the events: both go on where they were.
func TestStreamsGoOn(t *testing.T) {
	t.Parallel()
	needRoot(t)
	r := start(t, 3, 1)
	r.submit(reeveapi.JobSpec{Name: "count", Command: "i=0; until [ -e enough ]; do i=$((i+1)); echo line $i; sleep 0.05; done"})
	task := r.await("a running task", func(ts []reeveapi.Task) bool { return all(ts, 1, "TASK_RUNNING") })[0]
	ctx, cancel := context.WithTimeout(t.Context(), 4*patience)
	defer cancel()
	follow := func(args ...string) (*kept, *kept, *exec.Cmd) {
		cmd := exec.CommandContext(ctx, filepath.Join(r.bin, "reeve"), append([]string{"--master=" + r.MasterList()}, args...)...)
		out, notes := &kept{}, &kept{}
		cmd.Stdout, cmd.Stderr = out, notes
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		return out, notes, cmd
	}
	log, logNotes, logs := follow("logs", "-f", "count")
	happened, eventNotes, events := follow("events", "-f", "-o", "json")
	until := func(what string, seen func() bool) {
		t.Helper()
		if err := r.Poll(ctx, func(context.Context) (bool, string) {
			return seen(), what + "; the last of the log is " + log.String()[max(0, len(log.String())-100):] + logNotes.String() + eventNotes.String()
		}); err != nil {
			t.Fatal(err)
		}
	}
	more := func(what string) {
		t.Helper()
		have := strings.Count(log.String(), "\n")
		until("more of the log after "+what, func() bool { return strings.Count(log.String(), "\n") > have+5 })
	}
	more("its beginning")
	until("the first election", func() bool { return strings.Contains(happened.String(), "MASTER_ELECTED") })
	elections := strings.Count(happened.String(), "MASTER_ELECTED")
	r.killLeader()
	until("another election", func() bool { return strings.Count(happened.String(), "MASTER_ELECTED") > elections })
	more("the leader was killed")
	if err := r.Agents[0].Kill(); err != nil {
		t.Fatal(err)
	}
	if err := r.Agents[0].Start(ctx); err != nil {
		t.Fatal(err)
	}
	more("the agentd was killed")

	sandboxes, err := filepath.Glob(filepath.Join(r.Agents[0].Dir(), "slaves", "*", task.Sandbox))
	if err != nil || len(sandboxes) != 1 {
		t.Fatalf("sandboxes %v, %v, want one", sandboxes, err)
	}
	if err := os.WriteFile(filepath.Join(sandboxes[0], "enough"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := logs.Wait(); err != nil {
		t.Errorf("reeve logs -f: %v: %s", err, logNotes)
	}
	for i, line := range strings.Split(strings.TrimSpace(log.String()), "\n") {
		if want := fmt.Sprintf("line %d", i+1); line != want {
			t.Fatalf("line %d of what was followed is %q", i+1, line)
		}
	}
	if whole := r.reeve("logs", "count").stdout; whole != log.String() {
		t.Errorf("%d bytes were followed of %d", len(log.String()), len(whole))
	}
	until("the task's end", func() bool { return strings.Contains(happened.String(), "TASK_FINISHED") })
	if err := events.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := events.Wait(); events.ProcessState.ExitCode() != 130 {
		t.Errorf("interrupted, reeve events -f ended with %v", err)
	}
	seen := map[string]bool{}
	for line := range strings.Lines(happened.String()) {
		var e reeveapi.Event
		if err := json.Unmarshal([]byte(line), &e); err != nil || seen[line] {
			t.Errorf("%v, or it comes twice: %s", err, line)
		}
		seen[line] = true
	}
}
