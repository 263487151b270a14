package shimclient

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
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

// TestPodsAndContainersShareFairly: the two groups in which they lie weigh what is in them, whatever happens to that.
func TestPodsAndContainersShareFairly(t *testing.T) {
	b := newBed(t)
	c := b.open()
	file, one := "cpu.shares", 1024.0
	if c.cgroups.Unified {
		file, one = "cpu.weight", 100
	}
	check := func(when string, containers, pods float64) {
		t.Helper()
		for group, cpus := range map[string]float64{c.cfg.groups(): containers, c.cfg.pods(): pods} {
			if got, want := strings.TrimSpace(contents(t, filepath.Join(c.cgroups.Dir("cpu", group), file))), strconv.Itoa(int(cpus*one)); got != want {
				t.Errorf("%s: %s weighs %s, want %s", when, filepath.Base(group), got, want)
			}
		}
	}
	pod := ids.Container("pod")
	launch := func(id ids.Container, cpus float64, in *runtime.Limits) {
		t.Helper()
		spec := b.spec(string(id), "sleep 1000")
		spec.Limits, spec.Pod = runtime.Limits{CPUs: cpus}, in
		if _, err := c.Launch(t.Context(), spec); err != nil {
			t.Fatal(err)
		}
	}
	launch("a", 2, nil)
	launch("b", 1, nil)
	launch(pod.Nested("x"), 0.25, &runtime.Limits{CPUs: 0.5})
	launch(pod.Nested("y"), 0.25, &runtime.Limits{CPUs: 0.5})
	check("launched", 3, 0.5)
	if err := errors.Join(c.Resize(t.Context(), "a", runtime.Limits{CPUs: 4}), c.Resize(t.Context(), pod, runtime.Limits{CPUs: 1.5})); err != nil {
		t.Fatal(err)
	}
	check("changed", 5, 1.5)
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	c = b.open()
	check("under the next agentd", 5, 1.5)
	b.end(c, "a", pod.Nested("x"), pod.Nested("y"))
	check("without one", 1, 1.5)
	if err := c.Delete(t.Context(), pod); err != nil {
		t.Fatal(err)
	}
	launch("none", 0, nil)
	launch(ids.Container("other").Nested("z"), 3, &runtime.Limits{CPUs: 3})
	check("others", 2, 3)
	b.end(c, "b", "none", ids.Container("other").Nested("z"))
}
