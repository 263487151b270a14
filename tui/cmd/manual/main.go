// Command manual writes the man pages and completions of reeve into a folder; packages hold them.
package main

import (
	"os"

	"codeberg.org/reeve/reeve/shared/manual"
	"codeberg.org/reeve/reeve/tui/cli"
	"codeberg.org/reeve/reeve/tui/console"
)

func main() {
	var options console.Options
	command := cli.New(os.Stdout, os.Stderr, nil)
	options.AddFlags(command.Flags())
	manual.Main(command, manual.Commands)
}
