// Command chaos runs a cluster and does to it what happens to clusters: make chaos T=10m SEED=7. It needs root.
package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"codeberg.org/reeve/reeve/shared/chaos"
	"codeberg.org/reeve/reeve/shared/chaos/plan"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := command().ExecuteContext(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "chaos:", err)
		os.Exit(1)
	}
}

func command() *cobra.Command {
	o := chaos.Options{Size: plan.Size{}, Out: os.Stdout}
	cmd := &cobra.Command{
		Use: "chaos", Short: "Kill and cut at random while a framework launches tasks, and check what it saw", SilenceUsage: true, SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.Seed == 0 {
				o.Seed = 1 + rand.Uint64N(1_000_000)
			}
			return start(cmd.Context(), o)
		},
	}
	fs := cmd.Flags()
	fs.StringVar(&o.Bin, "bin", "bin", "folder with the programs")
	fs.Uint64Var(&o.Seed, "seed", 0, "of the schedule; 0 draws one")
	fs.DurationVar(&o.Size.Length, "time", time.Minute, "how long faults go on")
	fs.IntVar(&o.Size.Masters, "masters", 3, "masters")
	fs.IntVar(&o.Size.Agents, "agents", 5, "agents")
	return cmd
}

func start(ctx context.Context, o chaos.Options) error {
	if os.Geteuid() != 0 {
		return errors.New("network namespaces and full containers need root: sudo make chaos")
	}
	bin, err := filepath.Abs(o.Bin)
	if err != nil {
		return err
	}
	o.Bin = bin
	if o.WorkDir, err = chaos.MakeWorkDir(); err != nil {
		return err
	}
	fmt.Println("logs are in", o.WorkDir)
	result, err := chaos.Run(ctx, o)
	fmt.Printf("%d faults, %d tasks, of which %d started, %d updates; at rest %s after the last fault\n",
		result.Faults, result.Tasks, result.Runs, result.Updates, result.Settled)
	for _, wrong := range result.Wrong {
		fmt.Println("WRONG", wrong)
	}
	if err != nil {
		return err
	}
	if len(result.Wrong) > 0 {
		return fmt.Errorf("%d things are wrong; the same faults come with --seed=%d; the logs and history.jsonl are kept in %s", len(result.Wrong), o.Seed, o.WorkDir)
	}
	return os.RemoveAll(o.WorkDir)
}
