package shimclient

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/shared/ids"
)

// member is a container of a pod that runs a line of shell.
func (b *bed) member(pod ids.Container, name, script string) runtime.Spec {
	b.Helper()
	spec := b.spec(string(pod.Nested(name)), script)
	spec.Limits, spec.Pod = runtime.Limits{MemBytes: 32 << 20}, &runtime.Limits{MemBytes: 96 << 20}
	return spec
}

func (b *bed) launch(c *Client, spec runtime.Spec) {
	b.Helper()
	if _, err := c.Launch(b.Context(), spec); err != nil {
		b.Fatalf("launch %s: %v", spec.ID, err)
	}
}

// made waits until a container has made a file in its sandbox.
func (b *bed) made(spec runtime.Spec, file string) {
	b.Helper()
	eventually(b, fmt.Sprintf("%s has made %s", spec.ID, file), func() bool { _, err := os.Stat(filepath.Join(spec.Sandbox, file)); return err == nil })
}

// TestSharedProcesses: the containers of a pod that ask for it see and signal one another's processes, and nobody else does;
// each ends by itself, with all that it started; agentd may be another one meanwhile; in the end nothing is left.
func TestSharedProcesses(t *testing.T) {
	b := newBed(t)
	c := b.open()
	pod := ids.Container("pod")
	share := func(name, script string) runtime.Spec {
		spec := b.member(pod, name, script)
		spec.Isolation.PIDs = runtime.WithPod
		return spec
	}
	first := share("first", "trap 'echo asked > end; exit 3' USR1; (trap '' TERM; exec sleep 4711) & touch ready; while :; do sleep 0.05; done")
	b.launch(c, first)
	b.made(first, "ready")
	apart := b.member(pod, "apart", "ps ax > seen; touch done; exec sleep 1000")
	b.launch(c, apart)
	b.made(apart, "done")
	if seen := contents(t, filepath.Join(apart.Sandbox, "seen")); strings.Contains(seen, "4711") {
		t.Errorf("one that does not share sees\n%s", seen)
	}
	if err := c.Close(); err != nil { // the pod is kept by the shim
		t.Fatal(err)
	}
	c = b.open()
	second := share("second", `pid=$(pgrep -f 'trap .echo asked' | head -1); kill -USR1 $pid; ps ax > seen; touch done; exec sleep 1000`)
	b.launch(c, second)
	exit, err := c.Wait(t.Context(), first.ID)
	if err != nil || exit.WaitStatus != 3<<8 {
		t.Errorf("the first ended as %+v, %v; want exit status 3 by the second's signal", exit, err)
	}
	b.made(second, "done")
	if left, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", c.containers[holderOf(pod)].started.PID)); err != nil || !strings.Contains(string(left), "reeve-init") {
		t.Errorf("the pod's holder is %q, %v", left, err)
	}
	third := share("third", "ps ax > seen; touch done; exec sleep 1000")
	b.launch(c, third)
	b.made(third, "done")
	seen := contents(t, filepath.Join(third.Sandbox, "seen"))
	if strings.Contains(seen, "4711") || strings.Count(seen, "sleep 1000") < 1 {
		t.Errorf("the third sees\n%s\nwant the second's sleep, and nothing that the first left", seen)
	}
	for _, id := range []ids.Container{second.ID, third.ID, apart.ID} {
		end(t, c, id)
	}
	for _, id := range []ids.Container{first.ID, second.ID, third.ID, apart.ID, pod} {
		if err := c.Delete(t.Context(), id); err != nil {
			t.Errorf("delete %s: %v", id, err)
		}
	}
	if n := len(c.containers); n != 0 {
		t.Errorf("%d containers are left", n)
	}
}

// TestSharedMemory: what one container of a pod puts into /dev/shm, and its message queues and semaphores, the others have.
func TestSharedMemory(t *testing.T) {
	b := newBed(t)
	c := b.open()
	pod := ids.Container("pod")
	share := func(name, script string) runtime.Spec {
		spec := b.member(pod, name, script)
		spec.Isolation.IPC, spec.Isolation.PodShmBytes = runtime.WithPod, 4<<20
		return spec
	}
	first := share("first", "echo hello > /dev/shm/letter; ipcmk -Q > queue 2>&1; readlink /proc/self/ns/ipc > ns; touch done; exec sleep 1000")
	b.launch(c, first)
	b.made(first, "done")
	end(t, c, first.ID) // and what it has put there stays, as long as the pod does
	_, out := b.outcome(c, share("second", "cat /dev/shm/letter; readlink /proc/self/ns/ipc; ipcs -q | grep -c 0x; df -k /dev/shm | tail -1 | awk '{print $2}'; touch /dev/shm/mine && echo writes"))
	if want := "hello\n" + contents(t, filepath.Join(first.Sandbox, "ns")) + "1\n4096\nwrites\n"; out != want {
		t.Errorf("the second has %q, want %q", out, want)
	}
	apart := b.member(pod, "apart", "ls /dev/shm | wc -l; ipcs -q | grep -c 0x")
	if _, out := b.outcome(c, apart); out != "0\n0\n" {
		t.Errorf("one that does not share has %q", out)
	}
	if mounts := b.shimMounts(); !strings.Contains(mounts, "/v/"+string(holderOf(pod))) {
		t.Errorf("the pod's memory is not mounted in the shim:\n%s", mounts)
	}
	if err := c.Delete(t.Context(), pod); err != nil {
		t.Error(err)
	}
	if mounts := b.shimMounts(); strings.Contains(mounts, "/v/") {
		t.Errorf("the pod's memory is left:\n%s", mounts)
	}
}

// TestHolderGoesWithItsShim: when the shim of a pod is killed, so is all that shares in it, and the next container of the pod
// gets namespaces anew.
func TestHolderGoesWithItsShim(t *testing.T) {
	b := newBed(t)
	c := b.open()
	pod := ids.Container("pod")
	spec := b.member(pod, "a", "exec sleep 1000")
	spec.Isolation.PIDs = runtime.WithPod
	b.launch(c, spec)
	b.killShims()
	if exit, err := c.Wait(t.Context(), spec.ID); err != nil || !exit.Lost {
		t.Errorf("after its shim was killed: %+v, %v, want it lost", exit, err)
	}
	next := b.member(pod, "b", "echo again")
	next.Isolation.PIDs = runtime.WithPod
	if _, out := b.outcome(c, next); out != "again\n" {
		t.Errorf("the next one says %q", out)
	}
	for _, id := range []ids.Container{spec.ID, next.ID, pod} {
		if err := c.Delete(t.Context(), id); err != nil {
			t.Errorf("delete %s: %v", id, err)
		}
	}
}

// TestSharedWithHost: one that is let into the host's namespaces sees its processes and its shared memory, and is ended with
// all that it started.
func TestSharedWithHost(t *testing.T) {
	b := newBed(t)
	c := b.open()
	spec := b.spec("host", fmt.Sprintf("test -d /proc/%d && echo sees; readlink /proc/self/ns/ipc; (setsid sleep 4712 &) ; sleep 0.2; exit 0", os.Getpid()))
	spec.Isolation.PIDs, spec.Isolation.IPC = runtime.WithHost, runtime.WithHost
	own, err := os.Readlink("/proc/self/ns/ipc")
	if err != nil {
		t.Fatal(err)
	}
	exit, out := b.outcome(c, spec)
	if out != "sees\n"+own+"\n" || exit.WaitStatus != 0 {
		t.Errorf("got %q, %+v", out, exit)
	}
	forever := b.spec("forever", "sleep 4713 & exec sleep 4713")
	forever.Isolation.PIDs = runtime.WithHost
	b.launch(c, forever)
	if err := c.Signal(t.Context(), forever.ID, int(unix.SIGKILL), true); err != nil {
		t.Fatal(err)
	}
	if exit, err := c.Wait(t.Context(), forever.ID); err != nil || exit.WaitStatus != int(unix.SIGKILL) {
		t.Errorf("killed: %+v, %v", exit, err)
	}
	for _, mark := range []string{"4712", "4713"} {
		eventually(t, "nothing of it is left", func() bool { return !processOf(t, "sleep\x00"+mark) })
	}
}

// processOf says whether a process with these arguments runs.
func processOf(tb testing.TB, args string) bool {
	tb.Helper()
	all, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		tb.Fatal(err)
	}
	for _, path := range all {
		if data, err := os.ReadFile(path); err == nil && strings.HasPrefix(string(data), args) {
			return true
		}
	}
	return false
}
