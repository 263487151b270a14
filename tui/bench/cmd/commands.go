package main

import (
	"context"
	"fmt"

	"codeberg.org/reeve/reeve/tui/bench"
)

// commands measures verbs of the command line, from their start to their end.
func commands(ctx context.Context, o options) error {
	fmt.Println("COMMANDS, from start to end, with a master of this machine")
	for _, size := range []struct {
		tasks int
		verbs []string
	}{
		{100, []string{"tasks", "agents", "frameworks", "jobs", "roles", "offers", "masters", "events"}},
		{10_000, []string{"tasks", "agents"}},
	} {
		err := at(ctx, o, size.tasks, 0, func(p *place) error {
			for _, verb := range size.verbs {
				var all bench.Latencies
				for range o.starts {
					took, err := command(ctx, p.home, p.reeve(), verb, "--master="+p.crowd.Address)
					if err != nil {
						return err
					}
					all = append(all, took)
				}
				show(fmt.Sprintf("reeve %s, %d tasks", verb, size.tasks), all, commandGoal, 90)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
