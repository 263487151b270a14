package daemon

import (
	"context"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/agentd/shimclient"
	"codeberg.org/reeve/reeve/shared/agentlink"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/resources"
)

// realRuntime returns shims of a cgroup of this test's own.
func realRuntime(t *testing.T, workDir string, edit ...func(*shimclient.Config)) runtime.Runtime {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root: memory limits are cgroups")
	}
	base := t.TempDir()
	shim := os.Getenv("AGENTD_SHIM")
	if shim == "" {
		shim = filepath.Join(base, "bin", "agentd-shim")
		build := exec.CommandContext(t.Context(), "go", "build", "-tags", "seccomp netgo osusergo", "-trimpath",
			"-ldflags", "-s -w -linkmode external -extldflags -static", "-o", shim, "codeberg.org/reeve/reeve/agentd/shim")
		build.Env = append(os.Environ(), "CGO_ENABLED=1")
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("build agentd-shim: %v\n%s", err, out)
		}
	}
	cfg := shimclient.Config{
		ShimPath: shim, RuntimeDir: filepath.Join(base, "run"), WorkDir: workDir,
		CgroupRoot: "/reeve-test-daemon-" + filepath.Base(filepath.Dir(base)), Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
	}
	for _, e := range edit {
		e(&cfg)
	}
	client, err := shimclient.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), patience)
		defer cancel()
		if err := client.Close(); err != nil {
			t.Error(err)
		}
		if err := shimclient.Clean(ctx, cfg.WorkDir, cfg.RuntimeDir, cfg.CgroupRoot); err != nil {
			t.Error(err)
		}
	})
	return client
}

func poll(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// An executor may use what it and its tasks have together, no less and no more; a task that ends takes its share along.
func TestExecutorHasTheMemoryOfItsTasks(t *testing.T) {
	m, dir := newMaster(t), t.TempDir()
	rt := realRuntime(t, dir)
	start(t, settings(t, dir, m.addr), rt)
	m.next(t)
	stream := <-m.streams
	// tail keeps everything in memory.
	script := `grow() { until [ -e $1 ]; do sleep 0.01; done; head -c $2 /dev/zero | tail -c $2 >/dev/null && echo $1; }
		grow fits 130000000; grow bursts 200000000; exit 1`
	executor := &mesosv1.ExecutorInfo{
		ExecutorId: &mesosv1.ExecutorID{Value: new("e")}, FrameworkId: &mesosv1.FrameworkID{Value: new("F0")},
		Command: &mesosv1.CommandInfo{Value: &script}, Resources: resources.MustParse("cpus:0.1;mem:32").Proto(),
	}
	run := &agentlink.RunTasks{
		Framework: &mesosv1.FrameworkInfo{User: new(""), Name: new("f"), Id: executor.FrameworkId}, Executor: executor,
	}
	for _, id := range []string{"t1", "t2", "t3"} {
		run.Tasks = append(run.Tasks, &mesosv1.TaskInfo{
			Name: &id, TaskId: &mesosv1.TaskID{Value: &id}, AgentId: &mesosv1.AgentID{Value: new("S7")},
			Resources: resources.MustParse("cpus:0.1;mem:64").Proto(), Executor: executor,
		})
	}
	send := func(message *agentlink.FromMaster) {
		t.Helper()
		message.Term = 1
		if err := stream.Send(message); err != nil {
			t.Fatal(err)
		}
	}
	send(&agentlink.FromMaster{Message: &agentlink.FromMaster_RunTasks{RunTasks: run}})

	sandbox := filepath.Join(dir, "slaves/S7/frameworks/F0/executors/e/runs/latest")
	limit := func() int64 {
		id, err := os.Readlink(sandbox)
		if err != nil {
			return 0
		}
		stats, err := rt.Stats(t.Context(), ids.Container(id))
		if err != nil {
			return 0
		}
		return stats.MemLimit >> 20
	}
	poll(t, "a limit of the executor and three tasks", func() bool { return limit() == 32+3*64 })
	send(&agentlink.FromMaster{Message: &agentlink.FromMaster_KillTask{KillTask: &agentlink.KillTask{
		FrameworkId: executor.FrameworkId, TaskId: &mesosv1.TaskID{Value: new("t3")},
	}}})
	if end := m.update(t, stream, true); end.GetTaskId().GetValue() != "t3" || end.GetState() != mesosv1.TaskState_TASK_KILLED {
		t.Fatalf("got %v, want t3 killed", end)
	}
	poll(t, "a limit of the executor and two tasks", func() bool { return limit() == 32+2*64 })

	grow := func(name string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(sandbox, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	grow("fits")
	said := func(stream string) string {
		text, err := os.ReadFile(filepath.Join(sandbox, stream))
		if err != nil {
			return err.Error()
		}
		return strings.TrimSpace(string(text))
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("stdout %q, stderr %q", said("stdout"), said("stderr"))
		}
	})
	poll(t, "an allocation within the sum", func() bool { return said("stdout") == "fits" })
	grow("bursts")
	for range 2 {
		end := m.update(t, stream, true)
		if end.GetState() != mesosv1.TaskState_TASK_FAILED || end.GetReason() != mesosv1.TaskStatus_REASON_CONTAINER_LIMITATION_MEMORY ||
			!strings.Contains(end.GetMessage(), "memory limit of 160 MB exceeded") {
			t.Errorf("got %v, want TASK_FAILED at the limit of memory", end)
		}
	}
}
