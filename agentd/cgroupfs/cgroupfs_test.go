package cgroupfs

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"codeberg.org/reeve/reeve/agentd/runtime"
)

// The mount tables of three kinds of hosts, cut down to what matters.
const (
	hybrid = `30 23 0:26 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755
31 30 0:27 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct
32 30 0:28 / /sys/fs/cgroup/memory rw,relatime shared:9 - cgroup cgroup rw,memory
33 30 0:29 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,xattr,name=systemd
34 30 0:30 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw,nsdelegate
`
	unified = "34 30 0:30 / /sys/fs/cgroup rw,relatime shared:4 - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot\n"
)

func TestParse(t *testing.T) {
	for _, test := range []struct {
		name, table string
		want        Host
	}{
		{"hybrid", hybrid, Host{
			Controllers: map[string]string{
				"cpu": "/sys/fs/cgroup/cpu,cpuacct", "cpuacct": "/sys/fs/cgroup/cpu,cpuacct", "memory": "/sys/fs/cgroup/memory",
				"xattr": "/sys/fs/cgroup/systemd", "systemd": "/sys/fs/cgroup/systemd", "": "/sys/fs/cgroup/unified",
			},
			Mounts: []string{"/sys/fs/cgroup/cpu,cpuacct", "/sys/fs/cgroup/memory", "/sys/fs/cgroup/systemd", "/sys/fs/cgroup/unified"},
		}},
		{"v2", unified, Host{Unified: true, Controllers: map[string]string{"": "/sys/fs/cgroup"}, Mounts: []string{"/sys/fs/cgroup"}}},
		{"none", "1 2 3\nrubbish - \n", Host{Controllers: map[string]string{}}},
	} {
		got, err := parse(strings.NewReader(test.table))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(got, test.want); diff != "" {
			t.Errorf("%s (-got +want):\n%s", test.name, diff)
		}
	}
}

// FuzzParse: no table breaks the parser.
func FuzzParse(f *testing.F) {
	f.Add(hybrid)
	f.Add(unified)
	f.Fuzz(func(t *testing.T, table string) {
		h, err := parse(strings.NewReader(table))
		if err == nil && h.Unified && h.Dir("memory", "/x") == "" {
			t.Error("a unified host without a directory")
		}
	})
}

// fake makes a hierarchy out of plain files.
func fake(t *testing.T, unified bool, files map[string]string) Host {
	t.Helper()
	at := t.TempDir()
	if err := os.Mkdir(filepath.Join(at, "g"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(at, "g", name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	h := Host{Unified: unified, Controllers: map[string]string{"": at}, Mounts: []string{at}}
	if !unified {
		h.Controllers = map[string]string{"cpu": at, "cpuacct": at, "memory": at, "pids": at, "blkio": at}
	}
	return h
}

func TestCounters(t *testing.T) {
	for _, test := range []struct {
		name  string
		host  Host
		want  runtime.Stats
		kills int64
		own   bool
	}{
		{"v1", fake(t, false, map[string]string{
			"cpu.stat": "nr_periods 10\nnr_throttled 3\nthrottled_time 5000\n", "cpuacct.stat": "user 150\nsystem 50\n",
			"memory.usage_in_bytes": "1000\n", "memory.stat": "cache 1\ntotal_cache 300\ntotal_rss 600\ntotal_mapped_file 30\ntotal_swap 20\ntotal_unevictable 10\npgmajfault 3\ntotal_pgmajfault 7\nhierarchical_memory_limit 2000\n",
			"memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n", "pids.current": "4\n", "cgroup.procs": "7\n8\n9\n",
			"blkio.throttle.io_service_bytes_recursive": "8:0 Read 4096\n8:0 Write 100\n8:0 Total 4196\n8:16 Read 1\nTotal 4197\n",
			"memory.max_usage_in_bytes":                 "33554432\n", "memory.limit_in_bytes": "33554432\n",
		}), runtime.Stats{
			CPUUser: 1500 * time.Millisecond, CPUSystem: 500 * time.Millisecond, Periods: 10, Throttled: 3, ThrottledFor: 5000,
			MemBytes: 1000, AnonBytes: 600, CacheBytes: 300, MemLimit: 2000, OOMKills: 2, Processes: 2, Threads: 3,
			MappedBytes: 30, MajorFaults: 7, SwapBytes: 20, PinnedBytes: 10, ReadBytes: 4097, WriteBytes: 100,
		}, 2, true},
		{"v1 without a limit", fake(t, false, map[string]string{
			"memory.stat": "hierarchical_memory_limit 9223372036854771712\n", "memory.oom_control": "oom_kill 1\n",
			"memory.max_usage_in_bytes": "33554432\n", "memory.limit_in_bytes": "9223372036854771712\n",
		}), runtime.Stats{OOMKills: 1}, 1, false},
		{"v2", fake(t, true, map[string]string{
			"cpu.stat":       "usage_usec 9\nuser_usec 7\nsystem_usec 2\nnr_periods 1\nnr_throttled 1\nthrottled_usec 4\n",
			"memory.current": "1000\n", "memory.stat": "anon 600\nfile 300\npgfault 90\npgmajfault 4\n", "memory.max": "max\n",
			"memory.events": "low 0\nhigh 0\nmax 5\noom 1\noom_kill 1\n", "pids.current": "1\n", "memory.swap.current": "20\n",
			"cgroup.procs": strings.Repeat("123456\n", 3000), "io.stat": "8:0 rbytes=4096 wbytes=100 rios=1\n8:16 rbytes=1\n",
		}), runtime.Stats{
			CPUUser: 7 * time.Microsecond, CPUSystem: 2 * time.Microsecond, Periods: 1, Throttled: 1, ThrottledFor: 4 * time.Microsecond,
			MemBytes: 1000, AnonBytes: 600, CacheBytes: 300, OOMKills: 1, MajorFaults: 4, SwapBytes: 20, Processes: 2999, ReadBytes: 4097, WriteBytes: 100,
		}, 1, true},
	} {
		c, err := test.host.Open("g")
		if err != nil {
			t.Fatal(err)
		}
		for range 2 { // the second time from the same descriptors
			got, err := c.Read()
			if err != nil {
				t.Fatal(err)
			}
			got.At = time.Time{}
			if diff := cmp.Diff(got, test.want); diff != "" {
				t.Errorf("%s (-got +want):\n%s", test.name, diff)
			}
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		if kills, own := test.host.OOMKills("g"); kills != test.kills || own != test.own {
			t.Errorf("%s: %d kills, own limit %v, want %d, %v", test.name, kills, own, test.kills, test.own)
		}
	}
	if _, err := fake(t, true, nil).Open("none"); err == nil {
		t.Error("a group that does not exist was opened")
	}
}

// TestQuiet: a group that has not run is not looked at again for a while, unless somebody has changed its limits.
func TestQuiet(t *testing.T) {
	for name, test := range map[string]struct {
		unified            bool
		clock, still, runs string
		memory             string
	}{
		"v1": {false, "cpuacct.usage", "100\n", "101\n", "memory.usage_in_bytes"},
		"v2": {true, "cpu.stat", "usage_usec 100\nuser_usec 7\n", "usage_usec 101\nuser_usec 7\n", "memory.current"},
	} {
		h := fake(t, test.unified, map[string]string{test.clock: test.still, test.memory: "1000\n"})
		c, err := h.Open("g")
		if err != nil {
			t.Fatal(err)
		}
		write := func(file, text string) {
			if err := os.WriteFile(filepath.Join(h.Mounts[0], "g", file), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		read := func(what string, want int64) {
			t.Helper()
			if s, err := c.Read(); err != nil || s.MemBytes != want || time.Since(s.At) > time.Minute {
				t.Errorf("%s, %s: %d bytes at %s, %v; want %d", name, what, s.MemBytes, s.At, err, want)
			}
		}
		read("at first", 1000)
		write(test.memory, "2000\n")
		read("while it is quiet", 1000)
		write(test.clock, test.runs)
		read("after it has run", 2000)
		write(test.memory, "3000\n")
		c.Forget()
		read("after its limits were changed", 3000)
		write(test.memory, "4000\n")
		c.last.At = time.Now().Add(-maxQuiet)
		read("after it was quiet for long", 4000)
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestKill works on real groups: nested, frozen, and with processes that fork.
func TestKill(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("makes cgroups, which needs root")
	}
	h, err := Find()
	if err != nil {
		t.Fatal(err)
	}
	group := "/reeve-test-kill-" + strconv.Itoa(os.Getpid())
	inner := filepath.Join(group, "a", "b")
	for _, at := range h.Mounts {
		if err := os.MkdirAll(filepath.Join(at, inner), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("sh", "-c", "trap '' TERM; read line; while :; do sleep 1 & sleep 0.01; done")
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for _, controller := range []string{"memory", "freezer"} {
		if dir := h.Dir(controller, inner); dir != "" {
			if err := os.WriteFile(filepath.Join(dir, "cgroup.procs"), []byte(strconv.Itoa(cmd.Process.Pid)), 0); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := stdin.Write([]byte("go\n")); err != nil {
		t.Fatal(err)
	}
	if dir := h.Dir("freezer", inner); dir != "" && !h.Unified {
		if err := os.WriteFile(filepath.Join(dir, "freezer.state"), []byte("FROZEN"), 0); err != nil {
			t.Fatal(err)
		}
	}
	if groups, err := h.Groups(group); err != nil || len(groups) != 1 || groups[0] != "a" {
		t.Errorf("groups %v, %v, want a", groups, err)
	}
	reaped := make(chan error, 1)
	go func() { reaped <- cmd.Wait() }()
	for range 2 { // the second time there is nothing
		if err := h.Kill(t.Context(), group); err != nil {
			t.Fatal(err)
		}
	}
	if err := <-reaped; err == nil || err.Error() != "signal: killed" {
		t.Errorf("the process ended with %v", err)
	}
	for _, at := range h.Mounts {
		if _, err := os.Stat(filepath.Join(at, group)); err == nil {
			t.Errorf("%s is left", filepath.Join(at, group))
		}
	}
}
