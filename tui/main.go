// Reeve is the console and the command line of a cluster: without a verb it opens the console, with one it does what the
// verb says. Start reading at tui/console and tui/cli.
package main

import (
	"context"
	"os"

	"codeberg.org/reeve/reeve/tui/cli"
	"codeberg.org/reeve/reeve/tui/console"
)

func main() {
	var options console.Options
	command := cli.New(os.Stdout, os.Stderr, func(o cli.Options) error {
		options.Masters, options.Context, options.Config = o.Masters, o.Context, o.Config
		return console.Run(context.Background(), options)
	})
	options.AddFlags(command.Flags())
	os.Exit(cli.ExitCode(command.ExecuteContext(context.Background())))
}
