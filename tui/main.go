// Reeve is the console and the command line of a cluster: without a verb it opens the console, with one it does what the
// verb says. Start reading at tui/console and tui/cli.
package main

import (
	"context"
	"fmt"
	"os"
	"runtime/debug"

	"github.com/spf13/cobra"

	"codeberg.org/reeve/reeve/tui/cli"
	"codeberg.org/reeve/reeve/tui/console"
)

// demo is the console on a cluster that lives in memory only, to look at and to learn the keys.
func demo(options *console.Options) *cobra.Command {
	command := &cobra.Command{
		Use: "demo", Short: "Open the console on a made-up cluster that lives, to look at and to learn the keys", Args: cobra.NoArgs,
		PersistentPreRunE: func(*cobra.Command, []string) error { return nil }, // no cluster of anybody is asked for
		RunE: func(c *cobra.Command, _ []string) error {
			options.Demo, options.Fresh = true, true
			err := console.Run(c.Context(), *options)
			if err != nil {
				fmt.Fprintln(os.Stderr, "reeve: "+err.Error())
			}
			return err
		},
	}
	options.AddFlags(command.Flags())
	return command
}

// gcPercent lets more garbage gather than Go's own 100. On a large cluster a console replaces a little of what it knows all
// the time, and looking through the rest for what can go was a quarter of its cost; and most verbs end before there is much.
const gcPercent = 300

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	var options console.Options
	command := cli.New(os.Stdout, os.Stderr, func(o cli.Options) error {
		options.Way, options.Context, options.Config, options.Data = o.Way, o.Context, o.Config, o.Data
		return console.Run(context.Background(), options)
	})
	options.AddFlags(command.Flags())
	command.AddCommand(demo(&options))
	os.Exit(cli.ExitCode(command.ExecuteContext(context.Background())))
}
