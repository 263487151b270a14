package shimclient

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os/exec"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"codeberg.org/reeve/reeve/agentd/containerspec"
	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/agentd/shimapi"
)

// BenchmarkLaunch measures a launch beside libcontainer alone with the same spec, in turns in the same run: only their
// ratio says something on a busy machine. "p4" is whole lives, four at a time.
func BenchmarkLaunch(b *testing.B) {
	for _, parallel := range []int{1, 4} {
		b.Run(fmt.Sprintf("p%d", parallel), func(b *testing.B) {
			bed := newBed(b)
			c := bed.open()
			var ours, bare []float64
			var oursRate, bareRate []float64
			round := 0
			for b.Loop() {
				floor := bed.bare(c, 40, parallel)
				bare, bareRate = append(bare, floor.Start), append(bareRate, floor.Rate)
				start, rate := bed.launches(c, round, 40, parallel)
				ours, oursRate = append(ours, start), append(oursRate, rate)
				round++
			}
			b.ReportMetric(median(bare), "bare-ms")
			b.ReportMetric(median(ours), "launch-ms")
			b.ReportMetric(median(ours)/median(bare), "start-ratio")
			b.ReportMetric(median(bareRate), "bare/s")
			b.ReportMetric(median(oursRate), "tasks/s")
			b.ReportMetric(median(oursRate)/median(bareRate), "rate-ratio")
		})
	}
}

func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}

type floor struct {
	Start float64 `json:"start_p50_ms"`
	Rate  float64 `json:"per_second"`
}

func (b *bed) bare(c *Client, n, parallel int) floor {
	b.Helper()
	spec := b.benchSpec("bare")
	spec.Hidden = []string{b.cfg.WorkDir, b.cfg.RuntimeDir}
	host, err := c.host(spec)
	if err != nil {
		b.Fatal(err)
	}
	request, err := json.Marshal(shimapi.Launch{Spec: containerspec.Build(spec, host), Stdout: spec.Stdout, Stderr: spec.Stderr})
	if err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command(b.cfg.ShimPath, "bench", "--n", strconv.Itoa(n), "--p", strconv.Itoa(parallel),
		"--runtime", b.cfg.RuntimeDir, "--cgroup", b.cfg.CgroupRoot)
	cmd.Stdin = bytes.NewReader(request)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		b.Fatalf("bench: %v: %s", err, stderr.String())
	}
	var f floor
	if err := json.Unmarshal(out, &f); err != nil {
		b.Fatalf("bench wrote %q: %v", out, err)
	}
	return f
}

func (b *bed) benchSpec(id string) runtime.Spec {
	spec := b.spec(id, "")
	spec.Argv = []string{"/bin/true"}
	spec.Limits = runtime.Limits{CPUs: 0.1, MemBytes: 64 << 20}
	return spec
}

// launches returns the median start in ms, and whole lives a second.
func (b *bed) launches(c *Client, round, n, parallel int) (start, rate float64) {
	b.Helper()
	starts := make([]float64, n)
	next := make(chan int)
	var wg sync.WaitGroup
	specs := make([]runtime.Spec, n)
	for i := range specs {
		specs[i] = b.benchSpec(fmt.Sprintf("t%d-%d", round, i))
	}
	began := time.Now()
	for range parallel {
		wg.Go(func() {
			for i := range next {
				t := time.Now()
				if _, err := c.Launch(b.Context(), specs[i]); err != nil {
					b.Error(err)
				}
				starts[i] = float64(time.Since(t).Microseconds()) / 1000
				if _, err := c.Wait(b.Context(), specs[i].ID); err != nil {
					b.Error(err)
				}
				if err := c.Delete(b.Context(), specs[i].ID); err != nil {
					b.Error(err)
				}
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	wg.Wait()
	return median(starts), float64(n) / time.Since(began).Seconds()
}
