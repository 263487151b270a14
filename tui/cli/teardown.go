package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"codeberg.org/reeve/reeve/shared/client"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/action"
	"codeberg.org/reeve/reeve/tui/cli/deed"
)

func (a *app) teardownCommand() *cobra.Command {
	yes := false
	command := &cobra.Command{
		Use: "teardown FRAMEWORK", Short: "End a framework and everything it runs; its id can never come back", Args: cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			var f reeveapi.Framework
			err := a.ask(command, func(ctx context.Context, c *client.Client) (err error) {
				f, err = findFramework(ctx, c, args[0])
				return err
			})
			if err != nil {
				return err
			}
			return a.deeds().Do(command, deed.Deed{
				Yes: yes, Question: fmt.Sprintf("Tear down framework %s (%s) and kill its %d active tasks?", f.Name, f.ID, action.Active(&f)),
				Do:   func(ctx context.Context, c *client.Client) error { return c.Teardown(ctx, f.ID) },
				Done: "Tore down framework " + f.ID,
			})
		},
	}
	deed.YesFlag(command, &yes)
	return command
}

// findFramework finds a framework that has not ended, by its id or, if only one has it, its name.
func findFramework(ctx context.Context, c *client.Client, name string) (reeveapi.Framework, error) {
	all, err := c.Frameworks(ctx)
	if err != nil {
		return reeveapi.Framework{}, err
	}
	var found []reeveapi.Framework
	for _, f := range all {
		switch {
		case f.State == reeveapi.FrameworkCompleted:
		case f.ID == name:
			return f, nil
		case f.Name == name:
			found = append(found, f)
		}
	}
	switch len(found) {
	case 0:
		return reeveapi.Framework{}, fault.New(fault.NotFound, "there is no framework %s that has not ended; \"reeve frameworks\" lists them", name)
	case 1:
		return found[0], nil
	}
	return reeveapi.Framework{}, fault.New(fault.Conflict, "%d frameworks are called %s; give the id, which \"reeve frameworks -o wide\" shows", len(found), name)
}
