package e2e

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// filler fills the disk with its sandbox, and whatever becomes free of it.
const filler = "while true; do cat /dev/zero >>fill 2>/dev/null; sleep 0.02; done"

// startOnSmallDisk starts a master and an agent whose work dir is on a disk of its own of so many megabytes.
func startOnSmallDisk(t *testing.T, megabytes int, agentArgs ...string) (r *rig, disk string) {
	t.Helper()
	r = start(t, 1, 0, agentArgs...)
	disk = filepath.Join(filepath.Dir(r.Masters[0].Dir()), "a1")
	if err := errors.Join(os.Mkdir(disk, 0o755), unix.Mount("tmpfs", disk, "tmpfs", 0, fmt.Sprintf("size=%dm", megabytes))); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := errors.Join(r.Stop(ctx), r.Clean(ctx), unix.Unmount(disk, 0)); err != nil {
			t.Errorf("end the agent on a small disk: %v", err)
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := errors.Join(r.AddAgent(ctx, 0), r.WaitReady(ctx, 1)); err != nil {
		t.Fatal(err)
	}
	return r, disk
}

// ofJob are the tasks of a job that are in a state.
func ofJob(ts []reeveapi.Task, job, state string) []reeveapi.Task {
	return slices.DeleteFunc(slices.Clone(ts), func(task reeveapi.Task) bool { return task.Job != job || task.State != state })
}

// A task fills the disk that agentd works on. What ends is told, what can't be started fails and says why, agentd comes back
// from a kill; and all is well when the disk has room again, without anybody's help.
func TestTheDiskIsFull(t *testing.T) {
	t.Parallel()
	needRoot(t)
	r, disk := startOnSmallDisk(t, 32, "--disk-watch-interval=500ms", "--gc-delay=1h")
	ctx, cancel := context.WithTimeout(t.Context(), 3*patience)
	defer cancel()
	r.submit(reeveapi.JobSpec{Name: "counters", Command: counter, Instances: 3})
	r.await("three running tasks", func(ts []reeveapi.Task) bool { return all(ts, 3, "TASK_RUNNING") })
	r.submit(reeveapi.JobSpec{Name: "filler", Command: filler, Resources: reeveapi.Amounts{CPUs: 0.1, Mem: 256}}) // a tmpfs is memory of who fills it
	err := r.Poll(ctx, func(context.Context) (bool, string) {
		var stat unix.Statfs_t
		err := unix.Statfs(disk, &stat)
		return err == nil && stat.Bfree == 0, fmt.Sprintf("a full disk: %d blocks are free, %v", stat.Bfree, err)
	})
	if err != nil {
		t.Fatal(err)
	}

	if err := r.client.StopJob(ctx, "counters"); err != nil {
		t.Fatal(err)
	}
	r.await("three tasks that ended on a full disk", func(ts []reeveapi.Task) bool { return len(ofJob(ts, "counters", "TASK_KILLED")) == 3 })
	r.submit(reeveapi.JobSpec{Name: "late", Command: "echo done", Retries: 100})
	r.await("a task that can't be started for want of room", func(ts []reeveapi.Task) bool {
		return slices.ContainsFunc(ofJob(ts, "late", "TASK_FAILED"), func(task reeveapi.Task) bool {
			return strings.Contains(task.Message, "no space left on device")
		})
	})
	if err := errors.Join(r.Agents[0].Kill(), r.Agents[0].Start(ctx), r.WaitReady(ctx, 1)); err != nil {
		t.Fatalf("agentd does not come back on a full disk: %v", err)
	}
	r.await("the task that fills the disk, adopted", func(ts []reeveapi.Task) bool { return len(ofJob(ts, "filler", "TASK_RUNNING")) == 1 })

	if err := r.client.StopJob(ctx, "filler"); err != nil {
		t.Fatal(err)
	}
	r.await("the task that waited for room", func(ts []reeveapi.Task) bool { return len(ofJob(ts, "late", "TASK_FINISHED")) == 1 })
}
