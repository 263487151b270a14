package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"codeberg.org/reeve/reeve/tui/bench"
)

// startTimes are those of starts of one kind.
type startTimes struct{ first, data bench.Latencies }

// starts measures how long a console takes until it shows its first frame, and until it shows a cluster of 10 000 tasks.
func starts(ctx context.Context, o options) error {
	return at(ctx, o, 10_000, 1000, func(p *place) error {
		program := filepath.Join(p.home, "reeve") // a copy of its own, which can be forgotten
		if err := copyFile(p.reeve(), program); err != nil {
			return err
		}
		var least bench.Latencies
		var warm, cold startTimes
		for i := range o.starts + 1 {
			took, err := command(ctx, p.home, program, "version")
			if err != nil {
				return err
			}
			if i > 0 { // the first reads the program from the disk
				least = append(least, took)
			}
			if err := errors.Join(p.start(ctx, program, &warm), bench.Forget(program), p.start(ctx, program, &cold)); err != nil {
				return err
			}
		}
		fmt.Println("START, against a cluster of 10 000 tasks")
		show("reeve version, for comparison", least, commandGoal, 90)
		show("start to first frame, warm", warm.first, startGoal, 90)
		show("start to first frame, cold", cold.first, startGoal, 90)
		fmt.Printf("%-34s p50 %9s warm, %s cold\n", "start to all 10 000 tasks", bench.Milliseconds(warm.data.Percentile(50)), bench.Milliseconds(cold.data.Percentile(50)))
		return nil
	})
}

// start starts one console and notes when it showed anything, and when it showed the cluster.
func (p *place) start(ctx context.Context, program string, times *startTimes) error {
	c, err := bench.Start(ctx, env(p.home), program, "--master="+p.crowd.Address, "--fresh")
	if err != nil {
		return err
	}
	first, err := c.Await(ctx, "anything", func(s *bench.Screen) bool { return !s.Blank() })
	if err != nil {
		return err
	}
	data, err := c.Await(ctx, "the cluster", func(s *bench.Screen) bool { return s.Has(0, "live") })
	if err != nil {
		return err
	}
	times.first, times.data = append(times.first, first.Sub(c.Began)), append(times.data, data.Sub(c.Began))
	return c.Stop()
}

// command measures one run of a program to its end.
func command(ctx context.Context, home, program string, args ...string) (time.Duration, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	var said bytes.Buffer // also "No jobs." and the like, which is nobody's business here
	cmd.Env, cmd.Stdout, cmd.Stderr = env(home), io.Discard, &said
	began := time.Now()
	if err := cmd.Run(); err != nil {
		return 0, fmt.Errorf("%s %v: %w: %s", program, args, err, bytes.TrimSpace(said.Bytes()))
	}
	return time.Since(began), nil
}

func copyFile(from, to string) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, data, 0o700)
}
