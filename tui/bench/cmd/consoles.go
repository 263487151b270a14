package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"time"

	"codeberg.org/reeve/reeve/shared/localcluster"
	"codeberg.org/reeve/reeve/tui/bench"
)

// consoles measures what many consoles cost a real master, at rest: requests, bytes, processor.
func consoles(ctx context.Context, o options) (err error) {
	dir, err := os.MkdirTemp("", "reeve-bench-")
	if err != nil {
		return err
	}
	cluster, err := localcluster.Start(ctx, localcluster.Options{Bin: o.bin, WorkDir: dir, Masters: 1})
	if err != nil {
		return err
	}
	defer func() {
		end := context.WithoutCancel(ctx)
		err = errors.Join(err, cluster.Stop(end), cluster.Clean(end), os.RemoveAll(dir))
	}()
	master := cluster.Masters[0]
	counter, err := bench.StartCounter(master.Addresses.HTTP)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, counter.Stop()) }()
	fmt.Printf("MANY CONSOLES on one real master, at rest, over %s\n", o.idle)
	p := &place{options: o, home: dir, crowd: &bench.Crowd{Address: counter.Address}}
	var open []*bench.Console
	defer func() {
		for _, c := range open {
			err = errors.Join(err, c.Stop())
		}
	}()
	for _, n := range []int{0, 1, 20} {
		for len(open) < n {
			c, err := p.console(ctx)
			if err != nil {
				return err
			}
			open = append(open, c)
			if _, err := c.Await(ctx, "the cluster", func(s *bench.Screen) bool { return s.Has(0, "live") }); err != nil {
				return err
			}
		}
		time.Sleep(3 * time.Second) // what came with the start is over
		before := counter.Count()
		load, err := bench.Load(master.PID(), o.idle)
		if err != nil {
			return err
		}
		after := counter.Count()
		fmt.Printf("%3d consoles: master %5.2f %% of a core, %6.0f bytes/s, %d new requests, %d streams open\n", n, 100*load,
			float64(after.Bytes-before.Bytes)/o.idle.Seconds(), after.Total()-before.Total(), after.Open)
	}
	requests := counter.Count().Requests
	for _, path := range slices.Sorted(maps.Keys(requests)) {
		fmt.Printf("    %3d × %s\n", requests[path], path)
	}
	return nil
}
