package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"codeberg.org/reeve/reeve/shared/bench"
	"codeberg.org/reeve/reeve/shared/client"
	"codeberg.org/reeve/reeve/shared/localcluster"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// failovers kills the leader of three masters, again and again, and measures how long it takes until another one serves, and
// until a task that it launched runs. A task from before has to go on through all of it.
func failovers(ctx context.Context, o options) (err error) {
	dir, err := os.MkdirTemp("", "reeve-bench-")
	if err != nil {
		return err
	}
	cluster, err := localcluster.Start(ctx, localcluster.Options{
		Bin: o.bin, WorkDir: dir, Masters: 3, Agents: 3, AgentArgs: []string{"--resources=cpus:8;mem:8192;disk:8192", "--drain-on-stop"},
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
	f, err := bench.Open(ctx, c, "sleep 1000")
	if err != nil {
		return err
	}
	defer f.Close()
	if err := f.Running(ctx); err != nil {
		return err
	}
	first, err := runs(ctx, c)
	if err != nil {
		return err
	}
	var serving, running []time.Duration
	for range o.failovers {
		s, r, err := failover(ctx, cluster, c, f)
		if err != nil {
			return err
		}
		serving, running = append(serving, s), append(running, r)
	}
	left, err := runs(ctx, c)
	if err != nil {
		return err
	}
	for id, container := range first {
		if left[id] != container {
			return fmt.Errorf("task %s was disturbed: its container was %q and is %q", id, container, left[id])
		}
	}
	fmt.Println()
	printSpread("leader killed to another serving", serving)
	printSpread("leader killed to TASK_RUNNING", running)
	fmt.Printf("  %d tasks from before each kill undisturbed\n", len(left))
	return f.End(ctx)
}

// runs lists the containers of the tasks that run.
func runs(ctx context.Context, c *client.Client) (map[string]string, error) {
	tasks, err := c.Tasks(ctx)
	if err != nil {
		return nil, err
	}
	containers := map[string]string{}
	for _, t := range tasks {
		if t.State == "TASK_RUNNING" {
			containers[t.ID] = t.Container
		}
	}
	return containers, nil
}

// failover kills the leader once, and brings it back when that is over.
func failover(ctx context.Context, cluster *localcluster.Cluster, c *client.Client, f *bench.Framework) (serving, running time.Duration, err error) {
	leader, err := whole(ctx, cluster, c)
	if err != nil {
		return 0, 0, err
	}
	began := time.Now()
	if err := leader.Kill(); err != nil {
		return 0, 0, err
	}
	if err := f.AwaitBreak(ctx); err != nil {
		return 0, 0, err
	}
	if err := f.Resubscribe(ctx); err != nil {
		return 0, 0, err
	}
	serving = time.Since(began)
	if err := f.Running(ctx); err != nil {
		return 0, 0, err
	}
	running = time.Since(began)
	return serving, running, leader.Start(ctx)
}

// whole waits until all masters are there and up to date, and returns the one that leads.
func whole(ctx context.Context, cluster *localcluster.Cluster, c *client.Client) (leader *localcluster.Process, err error) {
	err = cluster.Poll(ctx, func(ctx context.Context) (bool, string) {
		masters, err := c.Masters(ctx)
		if err != nil {
			return false, "the masters: " + err.Error()
		}
		for _, m := range masters {
			if m.State != reeveapi.MasterLeading && (m.State != reeveapi.MasterStandby || !m.Voter || m.Behind == nil || *m.Behind > 0) {
				return false, "master " + m.Name
			}
			if m.State == reeveapi.MasterLeading {
				leader = cluster.Masters[slices.IndexFunc(cluster.Masters, func(p *localcluster.Process) bool { return p.Name == m.Name })]
			}
		}
		return leader != nil && len(masters) == len(cluster.Masters), "three masters"
	})
	return leader, err
}

func printSpread(what string, all []time.Duration) {
	if len(all) == 0 {
		return
	}
	fmt.Printf("%-34s p50 %.2f s   p90 %.2f s   worst %.2f s   n=%d\n", what,
		percentile(all, 50).Seconds(), percentile(all, 90).Seconds(), slices.Max(all).Seconds(), len(all))
}
