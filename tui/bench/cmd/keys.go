package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"codeberg.org/reeve/reeve/tui/bench"
)

// keys measures the time from a key to its frame on a list of 10 000 tasks of which 1 000 change a second.
func keys(ctx context.Context, o options) error {
	return at(ctx, o, 10_000, 1000, func(p *place) error {
		fmt.Println("KEY TO FRAME, 10 000 tasks, 1 000 changes a second")
		if err := p.echo(ctx); err != nil {
			return err
		}
		return p.with(ctx, func(c *bench.Console) error { return press(ctx, c, 1) })
	})
}

// echo measures a program that only gives back what is typed. It takes no time itself, so this is what the terminal takes,
// which the kernel's own workers serve: on a loaded machine they wait for their turn.
func (p *place) echo(ctx context.Context) (err error) {
	c, err := bench.Start(ctx, env(p.home), "sh", "-c", "stty raw -echo; echo ready; exec cat")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Stop()) }()
	if _, err := c.Await(ctx, "ready", func(s *bench.Screen) bool { return s.Has(0, "ready") }); err != nil {
		return err
	}
	var all bench.Latencies
	for n := 1; n <= 100; n++ {
		time.Sleep(50 * time.Millisecond)
		want := strings.Repeat("j", n)
		took, err := c.Press(ctx, "j", want, func(s *bench.Screen) bool { return s.Has(1, want) })
		if err != nil {
			return err
		}
		all = append(all, took)
	}
	fmt.Printf("%-34s p50 %9s   p99 %9s   worst %9s   n=%d\n", "a bare echo, for comparison", bench.Milliseconds(all.Percentile(50)),
		bench.Milliseconds(all.Percentile(99)), bench.Milliseconds(slices.Max(all)), len(all))
	return nil
}

// rows does the same with 100 000 tasks.
func rows(ctx context.Context, o options) error {
	return at(ctx, o, 100_000, 1000, func(p *place) error {
		return p.with(ctx, func(c *bench.Console) error {
			fmt.Println("100 000 ROWS, 1 000 changes a second")
			return press(ctx, c, 2)
		})
	})
}

// press presses all kinds of keys; part makes them fewer.
func press(ctx context.Context, c *bench.Console, part int) error {
	t := &bench.Typist{Console: c, Random: rand.New(rand.NewPCG(1, 2))}
	if err := t.Open(ctx); err != nil {
		return err
	}
	const down, up, pageDown, pageUp = "j", "k", "\x1b[6~", "\x1b[5~"
	var all bench.Latencies
	for _, kind := range []struct {
		what string
		run  func() (bench.Latencies, error)
	}{
		{"cursor", func() (bench.Latencies, error) { return t.Move(ctx, 300/part, down, down, down, up) }},
		{"page", func() (bench.Latencies, error) { return t.Move(ctx, 100/part, pageDown, pageDown, pageDown, pageUp) }},
		{"filter", func() (bench.Latencies, error) { return t.Filter(ctx, 12/part, "web-12") }},
		{"order", func() (bench.Latencies, error) { return t.Sort(ctx, 40/part) }},
		{"screens", func() (bench.Latencies, error) { return t.Switch(ctx, 48/part) }},
	} {
		some, err := kind.run()
		if err != nil {
			return err
		}
		show("  "+kind.what, some, frameGoal, 99)
		all = append(all, some...)
	}
	show("all keys", all, frameGoal, 99)
	t.Fast = true
	some, err := t.Move(ctx, 500/part, down)
	show("  cursor, key after key", some, frameGoal, 99)
	return err
}
