package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"codeberg.org/reeve/reeve/shared/localcluster"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// What becomes of a machine: it is rebooted, comes back as another agent, is upgraded while it works.

// programs is a folder with the programs for tests that change them: links, and copies of those that are named.
func programs(t *testing.T, copied ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"masterd", "agentd", "agentd-shim", "reeve"} {
		if slices.Contains(copied, name) {
			install(t, dir, name)
		} else if err := os.Symlink(filepath.Join(bin(t), name), filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// install puts a copy of a program into a folder, as packages do: the old file goes on in those that run it.
func install(t *testing.T, dir, name string) {
	t.Helper()
	from, err := os.Open(filepath.Join(bin(t), name))
	if err != nil {
		t.Fatal(err)
	}
	to, err := os.OpenFile(filepath.Join(dir, name+".new"), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.Copy(to, from)
	if err := errors.Join(err, to.Close(), from.Close(), os.Rename(to.Name(), filepath.Join(dir, name))); err != nil {
		t.Fatal(err)
	}
}

// runtimeDir asks an agent where its shims are.
func (r *rig) runtimeDir(agent *localcluster.Process) string {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), http.MethodGet, "http://"+agent.Addresses.HTTP+"/flags", http.NoBody)
	if err != nil {
		r.t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var answer struct{ Flags map[string]string }
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		r.t.Fatal(err)
	}
	dir := answer.Flags["runtime_dir"]
	if dir == "" {
		r.t.Fatalf("the agent does not say where its runtime dir is: %v", answer.Flags)
	}
	return dir
}

// shims are the processes that hold an agent's containers.
func shims(t *testing.T, runtimeDir string) []int {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(runtimeDir, "shims", "*", "pid"))
	if err != nil {
		t.Fatal(err)
	}
	var pids []int
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		pid, err := strconv.Atoi(strings.TrimSpace(string(data)))
		if err != nil || pid < 2 {
			t.Fatalf("%s says %q, %v", name, data, err)
		}
		pids = append(pids, pid)
	}
	return pids
}

// reportsOf counts what a job's tasks became.
func reportsOf(ts []reeveapi.Task) (running int, ended []reeveapi.Task) {
	for _, task := range ts {
		switch {
		case !task.Ended.IsZero():
			ended = append(ended, task)
		case task.State == "TASK_RUNNING":
			running++
		}
	}
	return running, ended
}

// The host loses its power: nobody saw how its containers ended. The agent comes back as who it was, says that its tasks
// have failed and why, and their job starts them again. It is not parallel: its agentd would keep mounts of other tests.
func TestTheHostIsRebooted(t *testing.T) {
	needRoot(t)
	dir := programs(t)
	boot := filepath.Join(dir, "boot_id")
	if err := os.WriteFile(boot, []byte("11111111-1111-4111-8111-111111111111\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	// agentd sees a boot id of its own, in a mount namespace of its own.
	wrapper := fmt.Sprintf(`#!/bin/sh
exec unshare --mount sh -c 'mount --bind %q /proc/sys/kernel/random/boot_id && exec %q "$@"' agentd "$@"
`, boot, filepath.Join(bin(t), "agentd"))
	if err := errors.Join(os.Remove(filepath.Join(dir, "agentd")), os.WriteFile(filepath.Join(dir, "agentd"), []byte(wrapper), 0o755)); err != nil {
		t.Fatal(err)
	}
	r := startFrom(t, dir, 1, 1)
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	r.submit(reeveapi.JobSpec{Name: "counters", Command: counter, Instances: 3, Retries: 3})
	before := r.await("three running tasks", func(ts []reeveapi.Task) bool { return all(ts, 3, "TASK_RUNNING") })
	runtimeDir := r.runtimeDir(r.Agents[0])

	if err := r.Agents[0].Kill(); err != nil {
		t.Fatal(err)
	}
	for _, pid := range shims(t, runtimeDir) {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(os.RemoveAll(runtimeDir), os.WriteFile(boot, []byte("22222222-2222-4222-8222-222222222222\n"), 0o644)); err != nil {
		t.Fatal(err)
	}
	if err := r.Agents[0].Start(ctx); err != nil {
		t.Fatal(err)
	}
	after := r.await("the three tasks, failed and started again", func(ts []reeveapi.Task) bool {
		running, ended := reportsOf(ts)
		return running == 3 && len(ended) == 3
	})
	_, ended := reportsOf(after)
	for _, task := range ended {
		if task.State != "TASK_FAILED" || task.Reason != "REASON_EXECUTOR_TERMINATED" || !strings.Contains(task.Message, "the host was restarted") {
			t.Errorf("%s is %s for %s, %q; want it failed because the host was restarted", task.ID, task.State, task.Reason, task.Message)
		}
	}
	for _, task := range after {
		if task.Agent != before[0].Agent {
			t.Errorf("%s is on agent %s, the agent was %s before", task.ID, task.Agent, before[0].Agent)
		}
	}
}

// An agent whose memory is gone comes back as another one. What the former left running is ended before the new one is
// offered, and its tasks are lost at once: nothing waits for an agent that can't come back.
func TestAnAgentComesBackAsAnother(t *testing.T) {
	t.Parallel()
	needRoot(t)
	r := start(t, 1, 1)
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	r.submit(reeveapi.JobSpec{Name: "counters", Command: counter, Instances: 3, Retries: 3})
	before := r.await("three running tasks", func(ts []reeveapi.Task) bool { return all(ts, 3, "TASK_RUNNING") })
	sandboxes, err := filepath.Glob(filepath.Join(r.Agents[0].Dir(), "slaves", "*", "frameworks", "*", "executors", "*", "runs", "latest", "stdout"))
	if err != nil || len(sandboxes) != 3 {
		t.Fatalf("found the logs %v, %v, want three", sandboxes, err)
	}
	if err := errors.Join(r.Agents[0].Kill(), os.RemoveAll(filepath.Join(r.Agents[0].Dir(), "meta"))); err != nil {
		t.Fatal(err)
	}
	if err := r.Agents[0].Start(ctx); err != nil {
		t.Fatal(err)
	}
	after := r.await("the three tasks, lost and started again", func(ts []reeveapi.Task) bool {
		running, ended := reportsOf(ts)
		return running == 3 && len(ended) == 3
	})
	_, ended := reportsOf(after)
	for _, task := range ended {
		if task.Agent != before[0].Agent || task.State != "TASK_LOST" || task.Reason != "REASON_AGENT_REMOVED" || !strings.Contains(task.Message, "replaced") {
			t.Errorf("%s on %s is %s for %s, %q; want it lost with the agent that was replaced", task.ID, task.Agent, task.State, task.Reason, task.Message)
		}
	}
	agents, err := r.client.Agents(ctx)
	if err != nil || len(agents) != 1 || agents[0].ID == before[0].Agent {
		t.Errorf("the agents are %+v, %v, want one that is new", agents, err)
	}
	r.quiet(ctx, sandboxes)
}

// quiet waits until nobody writes to some logs any more.
func (r *rig) quiet(ctx context.Context, logs []string) {
	r.t.Helper()
	sizes := func() (all []int64) {
		for _, name := range logs {
			info, err := os.Stat(name)
			if err != nil {
				r.t.Fatal(err)
			}
			all = append(all, info.Size())
		}
		return all
	}
	var last []int64
	same := 0
	err := r.Poll(ctx, func(context.Context) (bool, string) {
		now := sizes()
		if same++; !slices.Equal(now, last) {
			last, same = now, 0
		}
		return same > 50, "silence of the former agent's tasks" // a second; they write ten lines in it
	})
	if err != nil {
		r.t.Error(err)
	}
}

// Both programs of an agent are replaced while tasks run: the new agentd takes over from older shims, starts new tasks with
// the new one, and the older ones end when their last task has.
func TestAnAgentIsUpgraded(t *testing.T) {
	t.Parallel()
	dir := programs(t, "agentd", "agentd-shim")
	r := startFrom(t, dir, 1, 1)
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	r.submit(reeveapi.JobSpec{Name: "old", Command: counter, Instances: 3})
	before := r.await("three running tasks", func(ts []reeveapi.Task) bool { return all(ts, 3, "TASK_RUNNING") })
	runtimeDir := r.runtimeDir(r.Agents[0])
	older := shims(t, runtimeDir)

	if err := r.Agents[0].Kill(); err != nil {
		t.Fatal(err)
	}
	install(t, dir, "agentd")
	install(t, dir, "agentd-shim")
	if err := r.Agents[0].Start(ctx); err != nil {
		t.Fatal(err)
	}
	r.submit(reeveapi.JobSpec{Name: "new", Command: counter, Instances: 1})
	after := r.await("all tasks running", func(ts []reeveapi.Task) bool { return all(ts, 4, "TASK_RUNNING") })
	for _, was := range before {
		r.sameRun(was, after[slices.IndexFunc(after, func(task reeveapi.Task) bool { return task.ID == was.ID })])
	}
	newer := slices.DeleteFunc(shims(t, runtimeDir), func(pid int) bool { return slices.Contains(older, pid) })
	if len(newer) == 0 {
		t.Fatalf("the shims are those from before, %v", older)
	}
	exe := func(pid int) string {
		path, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid))
		if err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, pid := range newer {
		if got := exe(pid); strings.HasSuffix(got, "(deleted)") {
			t.Errorf("a shim that was started after the upgrade runs %s", got)
		}
	}
	if err := r.client.StopJob(ctx, "old"); err != nil {
		t.Fatal(err)
	}
	err := r.Poll(ctx, func(context.Context) (bool, string) {
		now := shims(t, runtimeDir)
		for _, pid := range older {
			if slices.Contains(now, pid) {
				return false, fmt.Sprintf("the end of the older shim %d", pid)
			}
		}
		return true, ""
	})
	if err != nil {
		t.Error(err)
	}
}
