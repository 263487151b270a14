package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"codeberg.org/reeve/reeve/shared/bench"
	"codeberg.org/reeve/reeve/shared/client"
	"codeberg.org/reeve/reeve/shared/localcluster"
)

// What is waited for before a crowd is measured, and how long it is.
const (
	settling = 15 * time.Second // shims give memory back, updates are acknowledged
	watching = 30 * time.Second
)

// crowd measures what running containers cost: in memory, and in CPU while nothing happens.
func crowd(ctx context.Context, o options) (err error) {
	if why := noRoom(o.containers); why != "" {
		fmt.Printf("\n%d running containers: not measured: %s\n", o.containers, why)
		return nil
	}
	dir, err := os.MkdirTemp("", "reeve-bench-")
	if err != nil {
		return err
	}
	cluster, err := localcluster.Start(ctx, localcluster.Options{
		Bin: o.bin, WorkDir: dir, Masters: 1, Agents: 1,
		AgentArgs: []string{fmt.Sprintf("--resources=cpus:%d;mem:%d;disk:8192", o.containers, 64*o.containers), "--drain-on-stop"},
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
	fmt.Println()
	agent, master := cluster.Agents[0].PID(), cluster.Masters[0].PID()
	if err := rest(ctx, "without a container", agent, master); err != nil {
		return err
	}
	f, err := bench.Open(ctx, c, "exec sleep 100000")
	if err != nil {
		return err
	}
	defer f.Close()
	begin := time.Now()
	if err := f.Crowd(ctx, o.containers); err != nil {
		return err
	}
	fmt.Printf("%-28s %6.1f a second\n", fmt.Sprintf("until %d run", o.containers), float64(o.containers)/time.Since(begin).Seconds())
	if err := rest(ctx, fmt.Sprintf("with %d containers", o.containers), agent, master); err != nil {
		return err
	}
	return errors.Join(memory(agent, o.containers), f.End(ctx))
}

// rest prints what agent and master need of the CPU while nothing happens.
func rest(ctx context.Context, what string, agent, master int) error {
	if err := pause(ctx, settling); err != nil {
		return err
	}
	shims := bench.Children(agent)
	before := []time.Duration{bench.CPUTime(agent), bench.CPUTime(master), sum(shims, bench.CPUTime)}
	begin := time.Now()
	if err := pause(ctx, watching); err != nil {
		return err
	}
	took := time.Since(begin)
	share := func(now, before time.Duration) float64 { return 100 * float64(now-before) / float64(took) }
	fmt.Printf("%-28s agentd %5.2f %%   masterd %5.2f %%   %d shims %5.2f %% of one core\n", what,
		share(bench.CPUTime(agent), before[0]), share(bench.CPUTime(master), before[1]), len(shims), share(sum(shims, bench.CPUTime), before[2]))
	return nil
}

// memory prints what is nobody else's: of agentd, of the shims, and of the containers' inits.
func memory(agent, containers int) error {
	shims := bench.Children(agent)
	var inits []int
	for _, shim := range shims {
		inits = append(inits, bench.Children(shim)...)
	}
	if len(inits) < containers {
		return fmt.Errorf("%d containers were started, and %d are children of the agent's shims", containers, len(inits))
	}
	const kb = 1024
	fmt.Printf("%-28s agentd %.1f MB   a shim %.1f MB   for each container %.0f KB of shims and %.0f KB of inits\n", "private memory",
		float64(bench.PrivateMemory(agent))/kb/kb, float64(sum(shims, bench.PrivateMemory))/kb/kb/float64(len(shims)),
		float64(sum(shims, bench.PrivateMemory))/kb/float64(containers), float64(sum(inits, bench.PrivateMemory))/kb/float64(containers))
	return nil
}

func sum[N ~int64](pids []int, of func(pid int) N) (total N) {
	for _, pid := range pids {
		total += of(pid)
	}
	return total
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// What a running container needs of the machine, its kernel memory included, and how many processes it is.
const (
	needBytes     = 3 << 20
	needProcesses = 2
)

// noRoom says why this machine cannot hold so many containers, "" if it can.
func noRoom(containers int) string {
	available := int64(0)
	if text, err := os.ReadFile("/proc/meminfo"); err == nil {
		for line := range strings.Lines(string(text)) {
			if fields := strings.Fields(line); len(fields) > 1 && fields[0] == "MemAvailable:" {
				kb, _ := strconv.ParseInt(fields[1], 10, 64) // a number, by the kernel's word
				available = kb << 10
			}
		}
	}
	if need := int64(containers) * needBytes; available < need {
		return fmt.Sprintf("they need about %d MB of memory, and %d MB are available; -containers takes fewer", need>>20, available>>20)
	}
	files, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return err.Error()
	}
	for _, limit := range []string{"/proc/sys/kernel/pid_max", "/proc/sys/kernel/threads-max", "/sys/fs/cgroup/pids.max", "/sys/fs/cgroup/pids/pids.max"} {
		text, err := os.ReadFile(limit)
		if err != nil {
			continue // not on this kernel
		}
		most, err := strconv.Atoi(strings.TrimSpace(string(text)))
		if err == nil && most < len(files)+containers*needProcesses {
			return fmt.Sprintf("%s is %d, and there are %d processes already; -containers takes fewer", limit, most, len(files))
		}
	}
	return ""
}
