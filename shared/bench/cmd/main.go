// Command bench starts a cluster on this machine, measures it, and prints each figure beside a bare libcontainer start
// that was measured in the same run, with the ratio. It is what make bench runs. It needs root.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"codeberg.org/reeve/reeve/shared/bench"
	"codeberg.org/reeve/reeve/shared/client"
	"codeberg.org/reeve/reeve/shared/localcluster"
)

type options struct {
	bin     string
	starts  int // tasks whose start is timed
	tasks   int // tasks of the throughput run
	timeout time.Duration

	failovers  int // kills of the leader
	containers int // that run at once while nothing happens
	only       string
}

func main() {
	var o options
	flag.StringVar(&o.bin, "bin", "bin", "folder with the programs")
	flag.IntVar(&o.starts, "n", 100, "how many starts to time")
	flag.IntVar(&o.tasks, "tasks", 200, "how many tasks to count a second with")
	flag.IntVar(&o.failovers, "failovers", 20, "how often to kill the leader")
	flag.IntVar(&o.containers, "containers", 500, "how many containers to run at once, for what they cost at rest")
	flag.StringVar(&o.only, "only", "", "one part alone: starts, images, failovers or crowd")
	flag.DurationVar(&o.timeout, "timeout", 10*time.Minute, "give up after this long")
	flag.Parse()
	if os.Geteuid() != 0 {
		fmt.Fprintln(os.Stderr, "bench: needs root: what is measured is a full container")
		os.Exit(1)
	}
	ctx, cancel := context.WithTimeout(context.Background(), o.timeout)
	defer cancel()
	if err := measureAll(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// measureAll measures every part, or the one that was asked for.
func measureAll(ctx context.Context, o options) error {
	var errs []error
	for _, part := range []struct {
		names   []string
		measure func(ctx context.Context, o options) error
	}{{[]string{"starts", "images"}, run}, {[]string{"failovers"}, failovers}, {[]string{"crowd"}, crowd}} {
		if o.only == "" || slices.Contains(part.names, o.only) {
			errs = append(errs, part.measure(ctx, o))
		}
	}
	return errors.Join(errs...)
}

func run(ctx context.Context, o options) (err error) {
	dir, err := os.MkdirTemp("", "reeve-bench-")
	if err != nil {
		return err
	}
	cluster, err := localcluster.Start(ctx, localcluster.Options{
		Bin: o.bin, WorkDir: dir, Masters: 1, Agents: 1,
		AgentArgs: []string{"--resources=cpus:8;mem:8192;disk:8192", "--drain-on-stop"},
	})
	if err != nil {
		return err
	}
	defer func() {
		end := context.WithoutCancel(ctx)
		err = errors.Join(err, cluster.Stop(end), cluster.Clean(end), os.RemoveAll(dir))
	}()
	c, err := client.New(client.Options{Masters: client.Masters(cluster.MasterList())})
	if err != nil {
		return err
	}
	defer c.Close()
	if o.only != "images" {
		err = measure(ctx, o, cluster, c)
	}
	if o.only != "starts" {
		err = errors.Join(err, images(ctx, o, c, dir))
	}
	return err
}

// measure interleaves what is compared: bare, ours, bare, ours, so that a machine that is busy for a while is busy for both.
func measure(ctx context.Context, o options, cluster *localcluster.Cluster, c *client.Client) error {
	f, err := bench.Open(ctx, c, "true")
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := f.Latencies(ctx, 3); err != nil { // warm the page cache and the first shim
		return err
	}
	const rounds = 4
	var ours, floor []time.Duration
	for range rounds {
		b, err := bare(ctx, o.bin, o.starts/rounds, 1)
		if err != nil {
			return err
		}
		floor = append(floor, b.starts()...)
		l, err := f.Latencies(ctx, o.starts/rounds)
		if err != nil {
			return err
		}
		ours = append(ours, l...)
	}
	printLatency("bare libcontainer start", floor)
	printLatency("ACCEPT to TASK_RUNNING", ours)
	fmt.Printf("  ratio of the medians: %.2f\n\n", ratio(percentile(ours, 50), percentile(floor, 50)))
	return throughput(ctx, o, cluster, f)
}

// throughput prints tasks a second, which depend on what else the machine does, and the CPU that each takes, which does not.
func throughput(ctx context.Context, o options, cluster *localcluster.Cluster, f *bench.Framework) error {
	const rounds = 4
	var oursPerSecond, barePerSecond float64
	var bareCPU time.Duration
	cpu := make([]time.Duration, len(consumers(cluster)))
	for range rounds {
		b, err := bare(ctx, o.bin, o.tasks/rounds, 4)
		if err != nil {
			return err
		}
		barePerSecond += b.PerSecond / rounds
		bareCPU += b.cpu
		before := consumers(cluster)
		took, err := f.Throughput(ctx, o.tasks/rounds)
		if err != nil {
			return err
		}
		oursPerSecond += float64(o.tasks/rounds) / took.Seconds() / rounds
		for i, after := range consumers(cluster) {
			cpu[i] += after - before[i]
		}
	}
	each := func(d time.Duration) float64 { return milliseconds(d) / float64(o.tasks) }
	total := cpu[0] + cpu[1] + cpu[2] + cpu[3]
	fmt.Printf("%-28s %6.1f a second   %5.1f ms of CPU each\n", "bare libcontainer, 4 at once", barePerSecond, each(bareCPU))
	fmt.Printf("%-28s %6.1f a second   %5.1f ms of CPU each: %.1f in shims and containers, %.1f agentd, %.1f masterd, %.1f the benchmark\n",
		"tasks through one agent", oursPerSecond, each(total), each(cpu[0]), each(cpu[1]), each(cpu[2]), each(cpu[3]))
	fmt.Printf("  ratio: %.2f   by CPU: %.2f\n", oursPerSecond/barePerSecond, float64(bareCPU)/float64(total))
	return nil
}

// consumers is the CPU time so far of whatever a task needs: shims with their containers, agentd, masterd, and this process.
func consumers(cluster *localcluster.Cluster) []time.Duration {
	agent := cluster.Agents[0].PID()
	return []time.Duration{
		sum(bench.Children(agent), bench.CPUTimeOfAll), bench.CPUTime(agent), bench.CPUTime(cluster.Masters[0].PID()), bench.CPUTime(os.Getpid()),
	}
}

// bareResult is what agentd floor prints.
type bareResult struct {
	StartsMS  []float64 `json:"starts_ms"`  // each start, until the process was exec'ed
	PerSecond float64   `json:"per_second"` // whole lives, at the parallelism asked for

	cpu time.Duration // of everything
}

func (b bareResult) starts() []time.Duration {
	var all []time.Duration
	for _, ms := range b.StartsMS {
		all = append(all, time.Duration(ms*float64(time.Millisecond)))
	}
	return all
}

// bare measures libcontainer with the same isolation and nothing around it.
func bare(ctx context.Context, bin string, n, parallel int) (result bareResult, err error) {
	dir, err := os.MkdirTemp("", "reeve-floor-")
	if err != nil {
		return result, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	cmd := exec.CommandContext(ctx, filepath.Join(bin, "agentd"), "floor", "--work-dir="+dir,
		"--n="+strconv.Itoa(n), "--p="+strconv.Itoa(parallel))
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return result, fmt.Errorf("measure the bare start: %w", err)
	}
	if err := json.Unmarshal(out, &result); err != nil {
		return result, fmt.Errorf("read the bare start's figures: %w", err)
	}
	result.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime() // with that of the processes that it waited for
	return result, nil
}

func printLatency(what string, all []time.Duration) {
	fmt.Printf("%-28s p50 %6.1f ms   p95 %6.1f ms   n=%d\n", what,
		milliseconds(percentile(all, 50)), milliseconds(percentile(all, 95)), len(all))
}

func percentile(all []time.Duration, p int) time.Duration {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[min(len(sorted)-1, len(sorted)*p/100)]
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func ratio(a, b time.Duration) float64 { return float64(a) / float64(b) }
