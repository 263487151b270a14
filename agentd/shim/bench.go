//go:build linux && cgo

package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"slices"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"codeberg.org/reeve/reeve/agentd/cgroupfs"
	"codeberg.org/reeve/reeve/agentd/shimapi"
	"codeberg.org/reeve/reeve/shared/run"
)

// benchResult is what bench prints: how long libcontainer itself takes to start containers of a given spec, which is the
// floor for everything that is built on it.
type benchResult struct {
	N          int       `json:"n"`
	Parallel   int       `json:"parallel"`
	Starts     []float64 `json:"starts_ms"` // each, until the command has been exec'ed; shortest first
	StartP50   float64   `json:"start_p50_ms"`
	StartP95   float64   `json:"start_p95_ms"`
	PerSecond  float64   `json:"per_second"` // whole lives: start, wait, destroy
	TotalSecs  float64   `json:"total_seconds"`
	CPUPerTask float64   `json:"cpu_ms"` // of this process and everything it started, a container
}

// bench reads a launch request from stdin and carries it out n times without agentd, socket or records. It starts itself
// again in a mount namespace of its own, as agentd starts a shim.
func bench(args []string) error {
	var cfg config
	n, parallel, inner := 100, 1, false
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.IntVar(&n, "n", n, "containers to run")
	flags.IntVar(&parallel, "p", parallel, "how many at once")
	flags.StringVar(&cfg.runtime, "runtime", "", "runtime directory")
	flags.StringVar(&cfg.cgroup, "cgroup", "", "root cgroup")
	flags.BoolVar(&inner, "inner", false, "already in the namespace")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if !inner {
		cmd := exec.Command("/proc/self/exe", append([]string{"bench", "--inner"}, args...)...)
		cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
		cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNS}
		return cmd.Run()
	}
	var launch shimapi.Launch
	data, err := io.ReadAll(io.LimitReader(os.Stdin, 1<<20))
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, &launch); err != nil {
		return fmt.Errorf("read the launch request: %w", err)
	}
	if err := isolate(cfg, slog.New(slog.DiscardHandler)); err != nil {
		return err
	}
	cgroups, err := cgroupfs.Find()
	if err != nil {
		return err
	}
	b := &benchmark{launcher: launcher{stateDir: cfg.stateDir(), convert: newConverter(false), cgroups: cgroups}, launch: launch}
	group := run.NewGroup(context.Background()) // not on this goroutine, which holds the main thread
	group.Go("bench", func(context.Context) error { return b.run(n, parallel) })
	if err := group.Wait(); err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(b.result(n, parallel))
}

type benchmark struct {
	launcher
	launch shimapi.Launch
	took   time.Duration

	mu     sync.Mutex // guards the fields below
	starts []time.Duration
	errs   []error
}

func (b *benchmark) run(n, parallel int) error {
	if err := b.one("warm-up"); err != nil { // builds the seccomp profile, as the first launch of every shim
		return err
	}
	b.starts = nil
	next := make(chan int)
	var wg sync.WaitGroup
	began := time.Now()
	for range parallel {
		wg.Go(func() {
			for i := range next {
				if err := b.one(fmt.Sprintf("bench-%d", i)); err != nil {
					b.mu.Lock()
					b.errs = append(b.errs, err)
					b.mu.Unlock()
				}
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	wg.Wait()
	b.took = time.Since(began)
	return errors.Join(b.errs...)
}

func (b *benchmark) one(id string) error {
	// The spec is the same each time but for the cgroup.
	req := b.launch
	spec, linux := *b.launch.Spec, *b.launch.Spec.Linux
	linux.CgroupsPath += "-" + id
	spec.Linux = &linux
	req.Spec = &spec
	began := time.Now()
	c, err := b.start(id, &req)
	if err != nil {
		return err
	}
	took := time.Since(began)
	_, err = c.wait()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.starts = append(b.starts, took)
	return err
}

func (b *benchmark) result(n, parallel int) benchResult {
	slices.Sort(b.starts)
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	r := benchResult{
		N: n, Parallel: parallel, StartP50: ms(b.starts[len(b.starts)/2]), StartP95: ms(b.starts[len(b.starts)*95/100]),
		PerSecond: float64(n) / b.took.Seconds(), TotalSecs: b.took.Seconds(),
	}
	for _, start := range b.starts {
		r.Starts = append(r.Starts, ms(start))
	}
	var total time.Duration
	for _, who := range []int{unix.RUSAGE_SELF, unix.RUSAGE_CHILDREN} {
		var u unix.Rusage
		if unix.Getrusage(who, &u) == nil {
			total += time.Duration(u.Utime.Nano() + u.Stime.Nano())
		}
	}
	r.CPUPerTask = ms(total) / float64(n)
	return r
}
