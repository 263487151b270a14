package e2e

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// ids are what differs from run to run in mesos-execute's output.
var ids = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}-(S\d+|\d{4})`)

func TestExecutePrintsWhatMesosExecutePrints(t *testing.T) {
	t.Parallel()
	r := start(t, 1, 1)
	for _, form := range []string{"protobuf", "json"} {
		got := r.reeve("execute", "--name=my-first-task", "--command=echo hello world && sleep 1", "--resources=cpus:1;mem:128", "--content_type="+form)
		want := strings.Join([]string{
			"Subscribed with ID <id>",
			"Submitted task 'my-first-task' to agent '<id>'",
			"Received status update TASK_STARTING for task 'my-first-task'",
			"  source: SOURCE_EXECUTOR",
			"Received status update TASK_RUNNING for task 'my-first-task'",
			"  source: SOURCE_EXECUTOR",
			"Received status update TASK_FINISHED for task 'my-first-task'",
			"  message: 'Command exited with status 0'",
			"  source: SOURCE_EXECUTOR",
			"",
		}, "\n")
		if diff := cmp.Diff(ids.ReplaceAllString(got.stdout, "<id>"), want); diff != "" {
			t.Errorf("%s: %s\nstderr: %s", form, diff, got.stderr)
		}
		if got.code != 0 {
			t.Errorf("%s: exit status %d, want 0", form, got.code)
		}
	}
}

func TestExecuteTellsHowATaskFailed(t *testing.T) {
	t.Parallel()
	r := start(t, 1, 1)
	for name, tc := range map[string]struct{ command, want string }{
		"exit":    {"exit 3", "message: 'Command exited with status 3'"},
		"missing": {"/no/such/program", "message: 'Command exited with status 127'"},
		"signal":  {"kill -KILL $$", "message: 'Command terminated with signal Killed'"},
	} {
		got := r.reeve("execute", "--name="+name, "--command="+tc.command)
		if !strings.Contains(got.stdout, "TASK_FAILED") || !strings.Contains(got.stdout, tc.want) {
			t.Errorf("%s: got %s%s, want TASK_FAILED and %s", name, got.stdout, got.stderr, tc.want)
		}
		if got.code != 0 {
			t.Errorf("%s: exit status %d; mesos-execute exits 0 whatever the task's end", name, got.code)
		}
	}
	logs, err := filepath.Glob(filepath.Join(r.Agents[0].Dir(), "slaves", "*", "frameworks", "*", "executors", "missing", "runs", "latest", "stderr"))
	if err != nil || len(logs) != 1 {
		t.Errorf("sandboxes of the task: %v, %v, want one", logs, err)
	}
}

func TestKillAfter(t *testing.T) {
	t.Parallel()
	r := start(t, 1, 1)
	got := r.reeve("execute", "--name=long", "--command=sleep 1000", "--kill_after=1secs")
	for _, want := range []string{"Asked to kill task 'long' on agent", "TASK_KILLING", "TASK_KILLED", "Command terminated with signal Terminated"} {
		if !strings.Contains(got.stdout, want) {
			t.Errorf("got %s%s, want %q in it", got.stdout, got.stderr, want)
		}
	}
}
