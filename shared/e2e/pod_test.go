package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// group is a task group as mesos-execute takes it: pairs of id and command.
func group(tasks ...string) string {
	var list []string
	for i := 0; i+1 < len(tasks); i += 2 {
		list = append(list, fmt.Sprintf(`{"name":%q,"task_id":{"value":%q},"agent_id":{"value":""},"resources":[`+
			`{"name":"cpus","type":"SCALAR","scalar":{"value":0.1}},{"name":"mem","type":"SCALAR","scalar":{"value":32}}],`+
			`"command":{"value":%q}}`, tasks[i], tasks[i], tasks[i+1]))
	}
	return `{"tasks":[` + strings.Join(list, ",") + `]}`
}

// about returns what was printed of one task.
func about(task, stdout string) string {
	var out strings.Builder
	mine := false
	for line := range strings.Lines(stdout) {
		if !strings.HasPrefix(line, " ") {
			mine = strings.HasSuffix(line, "for task '"+task+"'\n")
		}
		if mine {
			out.WriteString(line)
		}
	}
	return out.String()
}

// story is what mesos-execute prints of a task, pairs of state and message ("" for none).
func story(task string, states ...string) string {
	var out strings.Builder
	for i := 0; i+1 < len(states); i += 2 {
		fmt.Fprintf(&out, "Received status update %s for task '%s'\n", states[i], task)
		if states[i+1] != "" {
			fmt.Fprintf(&out, "  message: '%s'\n", states[i+1])
		}
		out.WriteString("  source: SOURCE_EXECUTOR\n")
	}
	return out.String()
}

func TestTaskGroupPrintsWhatMesosExecutePrints(t *testing.T) {
	t.Parallel()
	r := start(t, 1, 1)
	for _, form := range []string{"protobuf", "json"} {
		got := r.reeve("execute", "--task_group="+group("g1", "echo one; sleep 1", "g2", "echo two; sleep 2"), "--content_type="+form)
		head := strings.Join(strings.SplitAfterN(ids.ReplaceAllString(got.stdout, "<id>"), "\n", 3)[:2], "")
		if want := "Subscribed with ID <id>\nSubmitted task group with tasks [ g1, g2 ] to agent '<id>'\n"; head != want {
			t.Errorf("%s: begins with %q, want %q", form, head, want)
		}
		for _, task := range []string{"g1", "g2"} {
			want := story(task, "TASK_STARTING", "", "TASK_RUNNING", "", "TASK_FINISHED", "Command exited with status 0")
			if diff := cmp.Diff(about(task, got.stdout), want); diff != "" {
				t.Errorf("%s: %s\nstderr: %s", form, diff, got.stderr)
			}
		}
		if got.code != 0 || strings.Count(got.stdout, "\n") != 16 {
			t.Errorf("%s: exit status %d, printed %s", form, got.code, got.stdout)
		}
	}
	runs, err := filepath.Glob(filepath.Join(r.Agents[0].Dir(), "slaves", "*", "frameworks", "*", "executors", "default-executor", "runs", "latest"))
	if err != nil || len(runs) != 2 {
		t.Fatalf("sandboxes of the executors: %v, %v, want two", runs, err)
	}
	for _, run := range runs {
		for task, want := range map[string]string{"g1": "one\n", "g2": "two\n"} {
			if out, err := os.ReadFile(filepath.Join(run, "tasks", task, "stdout")); err != nil || string(out) != want {
				t.Errorf("output of %s: %q, %v, want %q", task, out, err, want)
			}
		}
	}
	r.await("nothing that runs", func(ts []reeveapi.Task) bool {
		return !slices.ContainsFunc(ts, func(t reeveapi.Task) bool { return t.State == "TASK_RUNNING" })
	})
}

func TestOneTaskOfAGroupFails(t *testing.T) {
	t.Parallel()
	r := start(t, 1, 1)
	ended := make(chan result, 1)
	go func() {
		ended <- r.reeve("execute", "--task_group="+group("bad", "until [ -e go ]; do sleep 0.1; done; exit 3", "good", "sleep 1000", "done", "true"))
	}()
	r.await("two running tasks, and one that has finished", func(ts []reeveapi.Task) bool {
		return len(ts) == 3 && find(ts, "bad").State == "TASK_RUNNING" && find(ts, "good").State == "TASK_RUNNING" && find(ts, "done").State == "TASK_FINISHED"
	})
	sandbox, err := filepath.Glob(filepath.Join(r.Agents[0].Dir(), "slaves", "*", "frameworks", "*", "executors", "*", "runs", "latest", "tasks", "bad"))
	if err != nil || len(sandbox) != 1 {
		t.Fatalf("sandboxes of the bad one: %v, %v", sandbox, err)
	}
	if err := os.WriteFile(filepath.Join(sandbox[0], "go"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	got := <-ended
	for task, want := range map[string]string{
		"bad": story("bad", "TASK_STARTING", "", "TASK_RUNNING", "", "TASK_FAILED", "Command exited with status 3"),
		"good": story("good", "TASK_STARTING", "", "TASK_RUNNING", "", "TASK_KILLING", "",
			"TASK_KILLED", "Command terminated with signal Terminated"),
		"done": story("done", "TASK_STARTING", "", "TASK_RUNNING", "", "TASK_FINISHED", "Command exited with status 0"),
	} {
		if diff := cmp.Diff(about(task, got.stdout), want); diff != "" {
			t.Errorf("%s: %s\nstderr: %s", task, diff, got.stderr)
		}
	}
}

func TestPodsOutliveTheirAgentd(t *testing.T) {
	t.Parallel()
	r := start(t, 1, 1)
	done := make(chan result, 1)
	wait := "until [ -e go ]; do sleep 0.1; done; "
	go func() {
		done <- r.reeve("execute", "--task_group="+group("a", wait+"echo a", "b", wait+"echo b; exit 5"))
	}()
	tasks := r.await("two running tasks", func(ts []reeveapi.Task) bool { return all(ts, 2, "TASK_RUNNING") })
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
	for _, task := range tasks {
		sandbox, err := filepath.Glob(filepath.Join(r.Agents[0].Dir(), "slaves", "*", "frameworks", "*", "executors", "*", "runs", "latest", "tasks", task.ID))
		if err != nil || len(sandbox) != 1 {
			t.Fatalf("sandboxes of %s: %v, %v, want one", task.ID, sandbox, err)
		}
		if task.ID == "a" {
			continue // b fails, and takes a along
		}
		if err := os.WriteFile(filepath.Join(sandbox[0], "go"), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got := <-done
	for task, want := range map[string]string{
		"a": story("a", "TASK_STARTING", "", "TASK_RUNNING", "", "TASK_KILLING", "", "TASK_KILLED", "Command terminated with signal Terminated"),
		"b": story("b", "TASK_STARTING", "", "TASK_RUNNING", "", "TASK_FAILED", "Command exited with status 5"),
	} {
		if diff := cmp.Diff(onceEach(about(task, got.stdout)), want); diff != "" {
			t.Errorf("%s: %s\nstderr: %s", task, diff, got.stderr)
		}
	}
}

// onceEach drops updates that came again: one whose acknowledgement died with its agentd does.
func onceEach(stdout string) string {
	updates := strings.SplitAfter(strings.ReplaceAll(stdout, "\nReceived", "\n\x00Received"), "\x00")
	for i := range updates {
		updates[i] = strings.TrimSuffix(updates[i], "\x00")
	}
	return strings.Join(slices.Compact(updates), "")
}

// agentd dies while it launches the containers of a group, when the first of them is there, some, or all: every task runs to
// its end all the same, once.
func TestAgentdDiesWhileItLaunchesAPod(t *testing.T) {
	t.Parallel()
	needRoot(t)
	r := start(t, 1, 1)
	ctx, cancel := context.WithTimeout(t.Context(), 3*patience)
	defer cancel()
	for round, there := range []int{1, 4, 6} {
		var tasks []string
		for i := range 6 {
			tasks = append(tasks, fmt.Sprintf("t%d-%d", round, i), "echo once; sleep 1")
		}
		done := make(chan result, 1)
		go func() { done <- r.reeve("execute", "--task_group="+group(tasks...)) }()
		seen := make(map[string]bool) // on a slow machine the first have ended when the last are there
		err := r.Poll(ctx, func(context.Context) (bool, string) {
			records, err := filepath.Glob(filepath.Join(r.Agents[0].Dir(), "containers", "*.*", "record.json"))
			for _, record := range records {
				seen[record] = true
			}
			return err == nil && len(seen) >= there, "containers of the group"
		})
		if err := errors.Join(err, r.Agents[0].Kill(), r.Agents[0].Start(ctx), r.WaitReady(ctx, 1)); err != nil {
			t.Fatal(err)
		}
		got := <-done
		for i := range 6 {
			task := tasks[2*i]
			want := story(task, "TASK_STARTING", "", "TASK_RUNNING", "", "TASK_FINISHED", "Command exited with status 0")
			if diff := cmp.Diff(onceEach(about(task, got.stdout)), want); diff != "" {
				t.Errorf("killed at %d containers: %s: %s\nstderr: %s", there, task, diff, got.stderr)
			}
			out, err := filepath.Glob(filepath.Join(r.Agents[0].Dir(), "slaves", "*", "frameworks", "*", "executors", "*", "runs", "*", "tasks", task, "stdout"))
			if err != nil || len(out) < 1 {
				t.Errorf("outputs of %s: %v, %v", task, out, err)
				continue
			}
			if text, err := os.ReadFile(out[0]); err != nil || string(text) != "once\n" {
				t.Errorf("killed at %d containers: %s wrote %q, %v", there, task, text, err)
			}
		}
	}
}

// A task of a pod is looked into as any other.
func TestLookingIntoAPod(t *testing.T) {
	t.Parallel()
	needRoot(t)
	r := start(t, 1, 1)
	done := make(chan result, 1)
	go func() {
		wait := "until [ -e go ]; do sleep 0.1; done"
		done <- r.reeve("execute", "--task_group="+group("a", "echo from a; "+wait, "b", wait))
	}()
	tasks := r.await("two running tasks", func(ts []reeveapi.Task) bool { return all(ts, 2, "TASK_RUNNING") })
	for want, command := range map[string][]string{
		"from a": {"exec", "a", "--", "cat", "stdout"}, "from a\n": {"logs", "a"}, "stderr": {"files", "a"},
	} {
		if got := r.reeve(command...); got.code != 0 || !strings.Contains(got.stdout, want) {
			t.Errorf("%v: %d %q %s", command, got.code, got.stdout, got.stderr)
		}
	}
	if got := r.reeve("exec", "b", "--", "sh", "-c", "ls /proc | grep -c '^[0-9]'; env"); got.code != 0 || strings.Contains(got.stdout, "MESOS_EXECUTOR_ID") ||
		!strings.Contains(got.stdout, "MESOS_CONTAINER_IP=127.0.0.1") {
		t.Errorf("environment of b: %d %q %s", got.code, got.stdout, got.stderr)
	}
	nested := r.containers(tasks[0].AgentHTTP, `{"type":"GET_CONTAINERS","get_containers":{"show_nested":true}}`)
	if len(nested) != 3 || nested[0].ID.Parent != nil || nested[1].ID.Parent == nil || nested[1].ID.Parent.Value != nested[0].ID.Value || nested[1].Stats.Processes == 0 {
		t.Errorf("containers: %+v, want the pod and two nested in it", nested)
	}
	if plain := r.containers(tasks[0].AgentHTTP, `{"type":"GET_CONTAINERS"}`); len(plain) != 1 || plain[0].Stats.Limit != (32+32+32)<<20 {
		t.Errorf("containers: %+v, want the pod with its limit", plain)
	}
	for _, task := range []string{"a", "b"} {
		if got := r.reeve("exec", task, "--", "touch", "go"); got.code != 0 {
			t.Fatalf("end %s: %+v", task, got)
		}
	}
	if got := <-done; strings.Count(got.stdout, "TASK_FINISHED") != 2 {
		t.Errorf("got %s%s, want two finished tasks", got.stdout, got.stderr)
	}
}

// Tasks of a pod share a directory of its sandbox, and see nothing else of one another.
func TestAPodSharesADirectory(t *testing.T) {
	t.Parallel()
	needRoot(t)
	r := start(t, 1, 1)
	volume := `"container":{"type":"MESOS","volumes":[{"mode":"RW","container_path":"both","source":{"type":"SANDBOX_PATH","sandbox_path":{"type":"PARENT","path":"shared"}}}]},"command":`
	tasks := strings.ReplaceAll(group("w", "echo hello > both/tmp; mv both/tmp both/file",
		"r", "until [ -e both/file ]; do sleep 0.1; done; cat both/file; ls ../../tasks 2>/dev/null || echo alone"), `"command":`, volume)
	got := r.reeve("execute", "--task_group="+tasks)
	if strings.Count(got.stdout, "TASK_FINISHED") != 2 {
		t.Errorf("got %s%s, want two finished tasks", got.stdout, got.stderr)
	}
	out, err := filepath.Glob(filepath.Join(r.Agents[0].Dir(), "slaves", "*", "frameworks", "*", "executors", "*", "runs", "latest", "tasks", "r", "stdout"))
	if err != nil || len(out) != 1 {
		t.Fatalf("outputs of r: %v, %v", out, err)
	}
	if text, err := os.ReadFile(out[0]); err != nil || string(text) != "hello\nalone\n" {
		t.Errorf("r found %q, %v", text, err)
	}
}

// container is what is read of GET_CONTAINERS.
type container struct {
	ID struct {
		Value  string `json:"value"`
		Parent *struct {
			Value string `json:"value"`
		} `json:"parent"`
	} `json:"container_id"`
	Stats struct {
		Processes int   `json:"processes"`
		Limit     int64 `json:"mem_limit_bytes"`
	} `json:"resource_statistics"`
}

func (r *rig) containers(agent, call string) []container {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+agent+"/api/v1", strings.NewReader(call))
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	var answer struct {
		Get struct {
			Containers []container `json:"containers"`
		} `json:"get_containers"`
	}
	if err := errors.Join(json.NewDecoder(resp.Body).Decode(&answer), resp.Body.Close()); err != nil {
		r.t.Fatal(err)
	}
	return answer.Get.Containers
}
