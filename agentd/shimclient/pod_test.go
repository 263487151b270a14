package shimclient

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"codeberg.org/reeve/reeve/agentd/cgroupfs"
	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/shared/ids"
)

// limitOf reads the memory limit of a group in MB.
func limitOf(t *testing.T, group string) string {
	t.Helper()
	host, err := cgroupfs.Find()
	if err != nil {
		t.Fatal(err)
	}
	file := "memory.limit_in_bytes"
	if host.Unified {
		file = "memory.max"
	}
	return strings.TrimSpace(contents(t, filepath.Join(host.Dir("memory", group), file)))
}

// TestPodLimits: a container of a pod has its own limits, below those of the pod, and nothing of the pod is left in the end.
func TestPodLimits(t *testing.T) {
	b := newBed(t)
	c := b.open()
	pod := ids.Container("pod")
	spec := b.spec(string(pod.Nested("a")), "sleep 1000")
	spec.Limits, spec.Pod = runtime.Limits{MemBytes: 32 << 20, CPUs: 0.5}, &runtime.Limits{MemBytes: 64 << 20, CPUs: 1}
	if _, err := c.Launch(t.Context(), spec); err != nil {
		t.Fatal(err)
	}
	if got := limitOf(t, b.cfg.CgroupRoot+"/pods/pod/a"); got != "33554432" {
		t.Errorf("the container may use %s bytes, want 32 MB", got)
	}
	if got := limitOf(t, b.cfg.CgroupRoot+"/pods/pod"); got != "67108864" {
		t.Errorf("the pod may use %s bytes, want 64 MB", got)
	}
	if err := c.Resize(t.Context(), pod, runtime.Limits{MemBytes: 48 << 20, CPUs: 1}); err != nil {
		t.Fatal(err)
	}
	if got := limitOf(t, b.cfg.CgroupRoot+"/pods/pod"); got != "50331648" {
		t.Errorf("after it was resized the pod may use %s bytes, want 48 MB", got)
	}
	if stats, err := c.Stats(t.Context(), pod); err != nil || stats.MemBytes == 0 || stats.Processes == 0 {
		t.Errorf("statistics of the pod: %+v, %v", stats, err)
	}
	if err := c.Signal(t.Context(), spec.ID, int(unix.SIGKILL), true); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Wait(t.Context(), spec.ID); err != nil {
		t.Fatal(err)
	}
	for _, id := range []ids.Container{spec.ID, pod} {
		if err := c.Delete(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
	host, err := cgroupfs.Find()
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range host.Mounts {
		if _, err := os.Stat(filepath.Join(at, b.cfg.CgroupRoot, "pods", "pod")); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("in %s the pod's group is left: %v", at, err)
		}
	}
}
