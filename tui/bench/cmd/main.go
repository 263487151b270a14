// Command cmd measures the console and the command line and prints each figure beside its goal; "(missed)" stands where it
// was not reached. It is part of make bench. It fails when something does not work, never because something is slow.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"codeberg.org/reeve/reeve/tui/bench"
)

// The goals.
const (
	frameGoal   = 16 * time.Millisecond  // from a key to its frame, 99 of 100
	idleGoal    = 0.01                   // of one core
	startGoal   = 150 * time.Millisecond // until the first frame
	commandGoal = 100 * time.Millisecond
)

type options struct {
	bin     string
	crowd   string
	idle    time.Duration
	starts  int
	only    string
	timeout time.Duration
	bare    bool
}

// parts are what is measured, in order.
var parts = []struct {
	name string
	run  func(context.Context, options) error
}{
	{"start", starts}, {"keys", keys}, {"idle", idle}, {"rows", rows}, {"consoles", consoles}, {"commands", commands},
}

func main() {
	var o options
	flag.StringVar(&o.bin, "bin", "bin", "folder with the programs")
	flag.StringVar(&o.crowd, "crowd", "bin/bench/crowd", "the program of masterd/cmd/crowd")
	flag.DurationVar(&o.idle, "idle", 30*time.Second, "how long to look at a console at rest")
	flag.IntVar(&o.starts, "starts", 20, "how many starts to time")
	flag.StringVar(&o.only, "only", "", "parts, separated by commas: start, keys, idle, rows, consoles, commands; all if empty")
	flag.DurationVar(&o.timeout, "timeout", 20*time.Minute, "give up after this long")
	flag.BoolVar(&o.bare, "bare", false, "be the program that consoles are compared with, for this program's own use")
	flag.Parse()
	if o.bare {
		exit(bare())
	}
	ctx, cancel := context.WithTimeout(context.Background(), o.timeout)
	defer cancel()
	var errs []error
	for _, part := range parts {
		if o.only == "" || slices.Contains(strings.Split(o.only, ","), part.name) {
			errs = append(errs, part.run(ctx, o))
			fmt.Println()
		}
	}
	exit(errors.Join(errs...))
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// place is where a console is measured: a cluster, and a home of its own.
type place struct {
	options
	crowd *bench.Crowd
	home  string
}

// at calls fn with a made-up cluster.
func at(ctx context.Context, o options, tasks, changes int, fn func(p *place) error) (err error) {
	home, err := os.MkdirTemp("", "reeve-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(home)) }()
	crowd, err := bench.StartCrowd(ctx, o.crowd, tasks, changes)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, crowd.Stop()) }()
	return fn(&place{o, crowd, home})
}

// env is the environment of a console: a plain terminal on this machine, and no settings of anybody.
func env(home string) []string {
	return []string{"HOME=" + home, "PATH=" + os.Getenv("PATH"), "TERM=xterm-256color", "LANG=C.UTF-8"}
}

func (p *place) reeve() string { return filepath.Join(p.bin, "reeve") }

// console starts a console.
func (p *place) console(ctx context.Context) (*bench.Console, error) {
	return bench.Start(ctx, env(p.home), p.reeve(), "--master="+p.crowd.Address, "--fresh")
}

// with calls fn with a console, and ends that.
func (p *place) with(ctx context.Context, fn func(c *bench.Console) error) (err error) {
	c, err := p.console(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Stop()) }()
	return fn(c)
}

// show prints a row of latencies with its goal.
func show(what string, all bench.Latencies, goal time.Duration, percentile int) {
	if len(all) == 0 {
		return
	}
	fmt.Printf("%-34s p50 %9s   p%d %9s   worst %9s   n=%-4d goal p%d < %s%s\n", what, bench.Milliseconds(all.Percentile(50)), percentile,
		bench.Milliseconds(all.Percentile(percentile)), bench.Milliseconds(slices.Max(all)), len(all), percentile, goal,
		bench.Missed(all.Percentile(percentile) >= goal))
}
