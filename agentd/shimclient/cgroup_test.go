package shimclient

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/agentd/sandbox"
	"codeberg.org/reeve/reeve/shared/ids"
)

// told checks what the kernel has been told of a container: "controller/file" and what is in it. Files of the other version
// of cgroups, and of swap on a host whose kernel does not bound it, are passed over.
func told(t *testing.T, c *Client, id ids.Container, when string, want map[string]string) {
	t.Helper()
	seen := 0
	for name, text := range want {
		controller, file, _ := strings.Cut(name, "/")
		v2 := controller == "v2"
		if v2 != c.cgroups.Unified || strings.Contains(file, "memsw") && !c.cgroups.SwapLimit() {
			continue
		}
		got, err := os.ReadFile(filepath.Join(c.cgroups.Dir(controller, c.cfg.group(id)), file))
		if err != nil || strings.TrimSpace(string(got)) != text {
			t.Errorf("%s: %s is %q, %v, want %q", when, file, got, err, text)
		}
		seen++
	}
	if seen < 4 {
		t.Errorf("%s: only %d files were looked at", when, seen)
	}
}

// TestKernelIsTold: every limit is in the kernel's own files, from the start, after it was changed, and after it was lifted.
func TestKernelIsTold(t *testing.T) {
	b := newBed(t)
	c := b.open()
	spec := b.spec("told", "exec sleep 1000")
	spec.Limits = runtime.Limits{CPUs: 1.5, CPUQuota: 0.5, MemBytes: 64 << 20, Pids: 100}
	if _, err := c.Launch(t.Context(), spec); err != nil {
		t.Fatal(err)
	}
	told(t, c, spec.ID, "launched", map[string]string{
		"cpu/cpu.shares": "1536", "cpu/cpu.cfs_quota_us": "50000", "memory/memory.limit_in_bytes": "67108864",
		"memory/memory.memsw.limit_in_bytes": "67108864", "pids/pids.max": "100",
		"v2/cpu.weight": "150", "v2/cpu.max": "50000 100000", "v2/memory.max": "67108864", "v2/memory.swap.max": "0", "v2/pids.max": "100",
		"v2/memory.high": "max", "v2/memory.low": "0", "v2/cgroup.type": "domain", "v2/cgroup.freeze": "0",
	})
	for _, test := range []struct {
		when   string
		limits runtime.Limits
		want   map[string]string
	}{
		{"changed", runtime.Limits{CPUs: 0.25, CPUQuota: 2, MemBytes: 48 << 20, Pids: 50}, map[string]string{
			"cpu/cpu.shares": "256", "cpu/cpu.cfs_quota_us": "200000", "memory/memory.limit_in_bytes": "50331648", "pids/pids.max": "50",
			"v2/cpu.weight": "25", "v2/cpu.max": "200000 100000", "v2/memory.max": "50331648", "v2/memory.swap.max": "0", "v2/pids.max": "50",
		}},
		{"least", runtime.Limits{CPUs: 0.001, CPUQuota: 0.001, MemBytes: 32 << 20, Pids: 50}, map[string]string{
			"cpu/cpu.shares": "2", "cpu/cpu.cfs_quota_us": "1000", "memory/memory.limit_in_bytes": "33554432", "pids/pids.max": "50",
			"v2/cpu.weight": "1", "v2/cpu.max": "1000 100000", "v2/memory.max": "33554432", "v2/pids.max": "50",
		}},
		{"lifted", runtime.Limits{}, map[string]string{
			"cpu/cpu.shares": "1024", "cpu/cpu.cfs_quota_us": "-1", "memory/memory.limit_in_bytes": "9223372036854771712", "pids/pids.max": "4096",
			"v2/cpu.weight": "100", "v2/cpu.max": "max 100000", "v2/memory.max": "max", "v2/memory.swap.max": "max", "v2/pids.max": "4096",
		}},
	} {
		if err := c.Resize(t.Context(), spec.ID, test.limits); err != nil {
			t.Fatalf("%s: %v", test.when, err)
		}
		told(t, c, spec.ID, test.when, test.want)
	}
	end(t, c, spec.ID)
}

// onDisk is a container whose sandbox is on a disk, which /tmp need not be.
func (b *bed) onDisk(id, script string) runtime.Spec {
	b.Helper()
	dir := filepath.Join("/var/tmp", filepath.Base(b.cfg.CgroupRoot)+"-"+id)
	if err := os.Mkdir(dir, 0o755); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = os.RemoveAll(dir) })
	spec := b.spec(id, script)
	spec.Sandbox = filepath.Join(dir, "sandbox")
	if err := sandbox.Create(spec.Sandbox, ""); err != nil {
		b.Fatal(err)
	}
	spec.Stdout, spec.Stderr = filepath.Join(spec.Sandbox, "stdout"), filepath.Join(spec.Sandbox, "stderr")
	return spec
}

// TestStatsByKind: memory of its own and in files, what the disk was given, and how long it was held back.
func TestStatsByKind(t *testing.T) {
	b := newBed(t)
	c := b.open()
	// The shell keeps 20 MB, /dev/shm has 10 MB, and 8 MB go to the disk.
	spec := b.onDisk("kinds", "x=$(head -c 20000000 /dev/zero | tr '\\0' x); head -c 10000000 /dev/zero > /dev/shm/x; "+
		"dd if=/dev/zero of=file bs=1M count=8 oflag=direct 2>&1 | grep -v -e records -e copied; echo up; while :; do :; done")
	spec.Limits.MemBytes = 256 << 20
	if _, err := c.Launch(t.Context(), spec); err != nil {
		t.Fatal(err)
	}
	eventually(t, "work", func() bool { return contents(t, spec.Stdout) == "up\n" })
	spec.Limits.CPUQuota = 0.3
	if err := c.Resize(t.Context(), spec.ID, spec.Limits); err != nil {
		t.Fatal(err)
	}
	var stats runtime.Stats
	eventually(t, "it is held back", func() bool {
		var err error
		stats, err = c.Stats(t.Context(), spec.ID)
		return err == nil && stats.Throttled > 0 && stats.ThrottledFor > 0 && stats.Throttled <= stats.Periods
	})
	const mb = 1e6
	if stats.AnonBytes < 20*mb || stats.CacheBytes < 10*mb || stats.MemBytes < stats.AnonBytes+10*mb || stats.MemBytes > 256<<20 {
		t.Errorf("memory: %+v, want 20 MB of its own, 10 MB and more in files, and both in the sum", stats)
	}
	if !c.cgroups.Unified || !onRealDisk(t, spec.Sandbox) {
		// Kernels since 6.10 count for v1 only what they are to throttle.
		t.Log("not on a disk, or cgroup v1: what is written is not looked at")
	} else if stats.WriteBytes < 8<<20 || stats.WriteBytes > 80<<20 {
		t.Errorf("wrote %d bytes to the disk, want 8 MB", stats.WriteBytes)
	}
	if stats.Threads < 1 || stats.Processes < 1 || stats.CPUUser == 0 {
		t.Errorf("got %+v", stats)
	}
	end(t, c, spec.ID)
}

// onRealDisk says whether a directory is on a block device, whose counters cgroups have.
func onRealDisk(t *testing.T, dir string) bool {
	t.Helper()
	var stat unix.Stat_t
	if err := unix.Stat(dir, &stat); err != nil {
		t.Fatal(err)
	}
	return unix.Major(stat.Dev) != 0
}

// disk finds the number of a block device of this host that its root can open.
func disk(t *testing.T) (major, minor uint32) {
	t.Helper()
	found, err := filepath.Glob("/sys/block/*/dev")
	if err != nil {
		t.Fatal(err)
	}
	dir := fmt.Sprintf("/dev/rvtest-disk-%d", os.Getpid()) // a file system of /tmp may forbid devices
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	for i, file := range found {
		if _, err := fmt.Sscanf(contents(t, file), "%d:%d", &major, &minor); err != nil {
			t.Fatal(err)
		}
		node := filepath.Join(dir, fmt.Sprint(i))
		if err := unix.Mknod(node, unix.S_IFBLK|0o600, int(unix.Mkdev(major, minor))); err != nil {
			continue
		}
		if f, err := os.Open(node); err == nil {
			_ = f.Close()
			return major, minor
		}
	}
	t.Skip("this host has no disk that its root can open")
	return 0, 0
}

// TestDevicesAreRefused: with the capability to make devices, in a file system that allows them, a disk is still out of reach:
// for the command, for what is started beside it, and after the limits have been changed.
func TestDevicesAreRefused(t *testing.T) {
	b := newBed(t)
	major, minor := disk(t)
	c := b.open()
	try := fmt.Sprintf("mknod /dev/escape$$ b %d %d && { (exec 3< /dev/escape$$) 2>/dev/null && echo opened || echo refused; }; echo x > /dev/null && echo null", major, minor)
	spec := b.spec("devices", try+"; exec sleep 1000")
	spec.Isolation.Capabilities = &runtime.Capabilities{Effective: append(runtime.DefaultCapabilities(), "CAP_MKNOD"), Bounding: append(runtime.DefaultCapabilities(), "CAP_MKNOD")}
	spec.Limits.MemBytes = 64 << 20
	if _, err := c.Launch(t.Context(), spec); err != nil {
		t.Fatal(err)
	}
	const want = "refused\nnull\n"
	eventually(t, "the command has tried", func() bool { return strings.HasSuffix(contents(t, spec.Stdout), "null\n") })
	if got := contents(t, spec.Stdout) + contents(t, spec.Stderr); got != want {
		t.Errorf("the command: %q, want %q", got, want)
	}
	if got, _ := output(t, c, spec.ID, sh(try)); got != want {
		t.Errorf("beside it: %q, want %q", got, want)
	}
	if err := c.Resize(t.Context(), spec.ID, runtime.Limits{MemBytes: 96 << 20}); err != nil {
		t.Fatal(err)
	}
	if got, _ := output(t, c, spec.ID, sh(try)); got != want {
		t.Errorf("after its limits were changed: %q, want %q", got, want)
	}
	end(t, c, spec.ID)
}

// TestExecIsCounted: what is started beside a command is in its cgroup, bounded by its limits, and ends with it.
func TestExecIsCounted(t *testing.T) {
	b := newBed(t)
	c := b.open()
	spec := b.spec("counted", "exec sleep 1000")
	spec.Limits = runtime.Limits{MemBytes: 48 << 20, Pids: 20}
	if _, err := c.Launch(t.Context(), spec); err != nil {
		t.Fatal(err)
	}
	p, err := c.Exec(t.Context(), spec.ID, runtime.Exec{Argv: []string{"sleep", "1000"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range c.cgroups.Mounts {
		group := contents(t, filepath.Join(at, c.cfg.group(spec.ID), "cgroup.procs"))
		if !strings.Contains("\n"+group, fmt.Sprintf("\n%d\n", p.PID())) {
			t.Errorf("process %d is not in the container's group below %s: %q", p.PID(), at, group)
		}
	}
	out, _ := output(t, c, spec.ID, sh("x=$(head -c 200000000 /dev/zero | tr '\\0' x); echo survived"))
	if strings.Contains(out, "survived") {
		t.Errorf("it may use more than the container: %q", out)
	}
	out, _ = output(t, c, spec.ID, sh("for i in $(seq 30); do sleep 5 & done; echo all"))
	if strings.Contains(out, "all") && !strings.Contains(out, "fork") {
		t.Errorf("it may start more than the container: %q", out)
	}
	if exit := end(t, c, spec.ID); !exit.OOMKilled {
		t.Errorf("%+v, want what the kernel killed told of the container", exit)
	}
	if _, err := p.Wait(t.Context()); err != nil {
		t.Error(err)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}

// TestSystemdLeavesContainersAlone: systemd writes the cgroups of its units anew at many occasions. What containers have is
// not touched, and more can be launched.
func TestSystemdLeavesContainersAlone(t *testing.T) {
	if comm, err := os.ReadFile("/proc/1/comm"); err != nil || string(comm) != "systemd\n" {
		t.Skip("this host is not run by systemd; make test-vm has one that is")
	}
	b := newBed(t)
	c := b.open()
	spec := b.spec("kept", "exec sleep 1000")
	spec.Limits = runtime.Limits{CPUs: 1, CPUQuota: 0.5, MemBytes: 64 << 20, Pids: 100}
	if _, err := c.Launch(t.Context(), spec); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"v2/cpu.weight": "100", "v2/cpu.max": "50000 100000", "v2/memory.max": "67108864", "v2/pids.max": "100",
		"cpu/cpu.shares": "1024", "cpu/cpu.cfs_quota_us": "50000", "memory/memory.limit_in_bytes": "67108864", "pids/pids.max": "100",
	}
	for _, args := range [][]string{
		{"systemctl", "daemon-reload"},
		{"systemd-run", "--wait", "-q", "-p", "MemoryMax=64M", "-p", "CPUQuota=50%", "-p", "IOWeight=10", "true"},
		{"systemctl", "set-property", "--runtime", "system.slice", "MemoryLow=1M", "CPUWeight=90"},
		{"systemctl", "daemon-reexec"},
	} {
		if out, err := exec.CommandContext(t.Context(), args[0], args[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %v: %s", args, err, out)
		}
		told(t, c, spec.ID, strings.Join(args[:2], " "), want)
	}
	if pids, err := c.cgroups.PIDs(c.cfg.group(spec.ID)); err != nil || len(pids) != 2 {
		t.Errorf("processes %v, %v, want init and the command", pids, err)
	}
	next := b.spec("next", "exec sleep 1000")
	next.Limits = spec.Limits
	if _, err := c.Launch(t.Context(), next); err != nil {
		t.Fatal(err)
	}
	told(t, c, next.ID, "launched afterwards", want)
	end(t, c, spec.ID)
	end(t, c, next.ID)
}
