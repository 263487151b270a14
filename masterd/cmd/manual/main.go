// Command manual writes the man page and completions of masterd into a folder; packages hold them.
package main

import (
	"codeberg.org/reeve/reeve/masterd/config"
	"codeberg.org/reeve/reeve/shared/manual"
)

func main() { manual.Main(config.Command(config.Actions{}), manual.Daemons) }
