package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"codeberg.org/reeve/reeve/shared/imagetest"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// sharing has every task of a group share what it can with the others.
func sharing(group string) string {
	const with = `"container":{"type":"MESOS","linux_info":{"share_pid_namespace":true,"ipc_mode":"SHARE_PARENT"}},"command"`
	return strings.ReplaceAll(group, `"command"`, with)
}

// TestTasksOfAGroupShare: one finds the other's process, and ends it by a signal; what that left in shared memory stays.
func TestTasksOfAGroupShare(t *testing.T) {
	t.Parallel()
	needRoot(t)
	r := start(t, 1, 1)
	got := r.reeve("execute", "--task_group="+sharing(group(
		"asked", `trap 'echo hello > /dev/shm/letter; exit 0' USR1; echo $$ > /dev/shm/pid; while :; do sleep 0.1; done`,
		"asks", `until [ -s /dev/shm/pid ]; do sleep 0.1; done; kill -USR1 $(cat /dev/shm/pid); until [ -s /dev/shm/letter ]; do sleep 0.1; done`,
	)))
	for _, task := range []string{"asked", "asks"} {
		want := story(task, "TASK_STARTING", "", "TASK_RUNNING", "", "TASK_FINISHED", "Command exited with status 0")
		if said := about(task, got.stdout); said != want {
			t.Errorf("%s: %q, want %q; %s", task, said, want, got.stderr)
		}
	}
	alone := strings.Replace(task("alone", "true"), `"command"`, `"container":{"type":"MESOS","linux_info":{"share_pid_namespace":true}},"command"`, 1)
	if got := r.reeve("execute", "--task="+alone); !strings.Contains(got.stdout, "TASK_FAILED") || !strings.Contains(got.stdout, "--disallow-sharing-agent-pid-namespace=false") {
		t.Errorf("the processes of the host: %+v, want it refused with the way out", got)
	}
}

// task is one as mesos-execute takes it.
func task(id, command string) string {
	return strings.TrimSuffix(strings.TrimPrefix(group(id, command), `{"tasks":[`), `]}`)
}

// TestAnImageSaysHowItIsAskedToEnd: by its STOPSIGNAL, which another agentd knows, too.
func TestAnImageSaysHowItIsAskedToEnd(t *testing.T) {
	t.Parallel()
	needRoot(t)
	registry := imagetest.Serve(t, nil)
	name := registry.Push(t, "team/server:1", imagetest.Build(t, v1.Config{
		Entrypoint: []string{"/bin/sh", "-c", "trap 'echo quit; exit 0' QUIT; trap 'echo term; exit 1' TERM; echo up; while :; do sleep 0.1; done"},
		Env:        []string{"PATH=/bin"}, StopSignal: "SIGQUIT",
	}, imagetest.Busybox(t)))
	r := start(t, 1, 1)
	run := r.inBackground("execute", "--name=server", "--shell=false", "--docker_image="+name)
	tasks := r.await("a server that is up", func(ts []reeveapi.Task) bool {
		return all(ts, 1, "TASK_RUNNING") && r.stdout(ts[0]) == "up\n"
	})
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
	if got := r.reeve("kill", "--yes", "server"); got.code != 0 {
		t.Fatalf("kill: %+v", got)
	}
	<-run.done
	if out := r.stdout(tasks[0]); out != "up\nquit\n" {
		t.Errorf("the server wrote %q; %+v", out, run.got)
	}
}

// TestUsageOfARealTask: what is kept for half an hour, once a second, has CPU with what was held back, memory and what is in
// files, the disk, processes, pages that were read again from the disk, and what went through a network of the task's own.
func TestUsageOfARealTask(t *testing.T) {
	t.Parallel()
	needRoot(t)
	if _, err := os.Stat("/usr/lib/cni/bridge"); err != nil {
		t.Skip("needs the CNI plugins (Debian: containernetworking-plugins)")
	}
	net := fmt.Sprintf("10.%d.%d", 200+rand.IntN(50), rand.IntN(250))
	r := start(t, 1, 1, "--bridge-subnet="+net+".0/24", "--container-disk-watch-interval=1secs")
	command := `x=$(head -c 8000000 /dev/zero | tr '\0' x); head -c 4000000 /dev/zero > /dev/shm/x; head -c 3000000 /dev/zero > file; ` +
		`cp /bin/bash there; (while :; do dd of=there oflag=nocache conv=notrunc,fdatasync count=0; ./there -c :; sleep 0.1; done) & ` +
		`(while :; do :; done) & while :; do echo datagram > /dev/udp/` + net + `.1/9; sleep 0.1; done`
	busy := strings.Replace(task("busy", "exec bash -c '"+strings.ReplaceAll(command, "'", `'\''`)+"'"), `"command"`,
		`"limits":{"cpus":{"value":0.2}},"container":{"type":"MESOS","network_infos":[{"name":"bridge"}]},"command"`, 1)
	run := r.inBackground("execute", "--task="+busy)
	tasks := r.await("a busy task", func(ts []reeveapi.Task) bool { return all(ts, 1, "TASK_RUNNING") })
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var history []reeveapi.TaskUsage
	err := r.Poll(ctx, func(ctx context.Context) (bool, string) {
		history = r.history(ctx, tasks[0])
		if len(history) < 5 {
			return false, "five samples"
		}
		u := history[len(history)-1]
		return u.CPUs > 0 && u.CPUSeconds > 0 && u.ThrottledSeconds > 0 && u.MemBytes > 8_000_000 && u.CacheBytes >= 4_000_000 &&
			u.DiskBytes >= 3_000_000 && u.Processes >= 2 && u.Threads >= 2 && u.NetSendBytes > 0 && u.NetReceiveBytes > 0 && u.MajorFaults > history[0].MajorFaults, fmt.Sprintf("all figures, and not %+v", u)
	})
	if err != nil {
		t.Fatal(err)
	}
	for i := 1; i < len(history); i++ {
		before, after := history[i-1], history[i]
		if gap := after.At.Sub(before.At); gap < time.Second/2 || after.CPUSeconds < before.CPUSeconds || after.NetSendBytes < before.NetSendBytes {
			t.Errorf("sample %d comes %s after the one before: %+v, %+v", i, gap, before, after)
		}
	}
	if u := history[len(history)-1]; u.MemLimitBytes != 32<<20 {
		t.Errorf("the limit of memory is %d, want 32 MB", u.MemLimitBytes)
	}
	if got := r.reeve("kill", "--yes", "busy"); got.code != 0 {
		t.Fatalf("kill: %+v", got)
	}
	<-run.done
}

// history asks a task's agent for its samples.
func (r *rig) history(ctx context.Context, task reeveapi.Task) []reeveapi.TaskUsage {
	r.t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+task.AgentHTTP+"/reeve/v1/usage?history=30m", http.NoBody)
	if err != nil {
		r.t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var usage reeveapi.Usage
	if err := json.NewDecoder(resp.Body).Decode(&usage); err != nil {
		r.t.Fatal(err)
	}
	for _, samples := range usage.TaskHistory {
		return samples // of the one task
	}
	return nil
}

// TestACopiedAgentIsRefused: an agentd with a copy of the work dir of one that runs does not start, and disturbs nothing; when
// that one has gone, it is the agent.
func TestACopiedAgentIsRefused(t *testing.T) {
	t.Parallel()
	needRoot(t)
	r := start(t, 1, 1)
	r.submit(reeveapi.JobSpec{Name: "steady", Command: "i=0; while :; do i=$((i+1)); echo $i; sleep 0.2; done"})
	before := r.await("a running task", func(ts []reeveapi.Task) bool { return all(ts, 1, "TASK_RUNNING") })
	copied := filepath.Join(t.TempDir(), "copy")
	if out, err := exec.CommandContext(t.Context(), "cp", "-a", r.Agents[0].Dir(), copied).CombinedOutput(); err != nil {
		t.Fatalf("copy the work dir: %v\n%s", err, out)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	got := runCommand(t, exec.CommandContext(ctx, filepath.Join(r.bin, "agentd"), "--work-dir="+copied, "--port=0", "--gossip-port=0", "--name=copy"))
	if got.code != 1 || !strings.Contains(got.stderr, "runs on this machine already, with the work directory "+r.Agents[0].Dir()) {
		t.Errorf("the copy: %+v, want it refused", got)
	}
	after := r.await("the same task", func(ts []reeveapi.Task) bool { return all(ts, 1, "TASK_RUNNING") })
	r.sameRun(before[0], after[0])
	if out, err := exec.CommandContext(ctx, filepath.Join(r.bin, "agentd"), "clean", "--work-dir="+copied).CombinedOutput(); err != nil {
		t.Errorf("clean: %v\n%s", err, out)
	}
}
