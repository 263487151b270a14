// Command manual writes the man pages and completions of agentd into a folder; packages hold them.
package main

import (
	"codeberg.org/reeve/reeve/agentd/config"
	"codeberg.org/reeve/reeve/shared/manual"
)

func main() { manual.Main(config.Command(config.Actions{}), manual.Daemons) }
