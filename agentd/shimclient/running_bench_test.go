package shimclient

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/shared/ids"
)

// manyContainers is how many containers BenchmarkRunning starts, unless REEVE_BENCH_CONTAINERS says otherwise.
const manyContainers = 500

// privateKB is the memory that a process shares with nobody.
func privateKB(pid int) int {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		return 0
	}
	sum := 0
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) == 3 && strings.HasPrefix(fields[0], "Private_") {
			kb, _ := strconv.Atoi(fields[1]) // a number, by the kernel's word
			sum += kb
		}
	}
	return sum
}

// BenchmarkRunning measures what running containers cost: how many are started in a second, and the private memory of shims
// and of the containers' own inits for each. go test -run - -bench Running -benchtime 1x ./agentd/shimclient.
func BenchmarkRunning(b *testing.B) {
	bed := newBed(b)
	n := manyContainers
	if text := os.Getenv("REEVE_BENCH_CONTAINERS"); text != "" {
		var err error
		if n, err = strconv.Atoi(text); err != nil || n < 1 {
			b.Fatalf("REEVE_BENCH_CONTAINERS is %q, want a number", text)
		}
	}
	c := bed.open()
	for round := range b.N {
		begin := time.Now()
		inits := make([]int, n)
		var group sync.WaitGroup
		launches := make(chan struct{}, 4)
		for i := range n {
			spec := bed.spec(fmt.Sprintf("run-%d-%d", round, i), "exec sleep 1000")
			spec.Limits = runtime.Limits{CPUs: 0.01, MemBytes: 32 << 20}
			launches <- struct{}{}
			group.Go(func() {
				defer func() { <-launches }()
				started, err := c.Launch(b.Context(), spec)
				if err != nil {
					b.Error(err)
				}
				inits[i] = started.PID
			})
		}
		group.Wait()
		took := time.Since(begin)
		time.Sleep(4 * time.Second) // shims give back what launches needed after two
		shims, containers := 0, 0
		pids, err := filepath.Glob(filepath.Join(bed.cfg.RuntimeDir, "shims", "*", "pid"))
		if err != nil {
			b.Fatal(err)
		}
		for _, path := range pids {
			pid, _ := strconv.Atoi(strings.TrimSpace(contents(b, path)))
			shims += privateKB(pid)
		}
		for _, pid := range inits {
			containers += privateKB(pid)
		}
		b.ReportMetric(float64(n)/took.Seconds(), "starts/s")
		b.ReportMetric(float64(shims)/float64(len(pids)), "KB/shim")
		b.ReportMetric(float64(shims)/float64(n), "shim-KB/container")
		b.ReportMetric(float64(containers)/float64(n), "init-KB/container")
		for i := range n {
			end(b, c, ids.Container(fmt.Sprintf("run-%d-%d", round, i)))
		}
	}
}
