// Command masterd is the master of a Reeve cluster: one leads, any number stand by.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"codeberg.org/reeve/reeve/masterd/config"
	"codeberg.org/reeve/reeve/masterd/daemon"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/logging"
)

func main() { os.Exit(run()) }

// run returns the exit status: 0 done, 1 failed, 2 wrong usage.
func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	cmd := config.Command(config.Actions{
		Serve: func(ctx context.Context, cfg config.Config) error {
			logger, err := logging.Open(os.Stderr, logging.Options{
				Format: cfg.LogFormat, Level: cfg.LogLevel, Dir: cfg.LogDir, Program: "masterd",
			})
			if err != nil {
				return err
			}
			context.AfterFunc(ctx, stop) // a second signal ends the process at once
			return daemon.Run(ctx, cfg, os.Stdout, logger)
		},
		Recover: daemon.Recover,
	})
	err := cmd.ExecuteContext(ctx)
	if err == nil || errors.Is(err, context.Canceled) {
		return 0
	}
	fmt.Fprintln(os.Stderr, "masterd: "+err.Error())
	if fault.KindOf(err) == fault.Invalid {
		return 2
	}
	return 1
}
