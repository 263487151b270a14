// Package masters is reeve masters: who leads and who stands by, and how leadership is handed over. It changes nothing but
// who leads. Start reading at Command.
package masters

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"codeberg.org/reeve/reeve/shared/client"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/cli/deed"
	"codeberg.org/reeve/reeve/tui/cli/output"
)

// Config is what the verb needs of the command line.
type Config struct{ deed.Config }

// Command returns the verb.
func Command(cfg Config) *cobra.Command {
	command := &cobra.Command{
		Use: "masters", Short: "List the masters and who leads", Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error { return cfg.Ask(command, cfg.list) },
	}
	command.AddCommand(cfg.stepDownCommand())
	return command
}

func (cfg Config) list(ctx context.Context, c *client.Client) error {
	masters, err := c.Masters(ctx)
	if err != nil {
		return err
	}
	slices.SortStableFunc(masters, func(x, y reeveapi.Master) int { return cmp.Compare(x.Name, y.Name) })
	var saved map[string]string
	if cfg.Printer().Form == output.Wide {
		saved = snapshots(ctx, c, masters)
	}
	return output.Show(cfg.Printer(), masters, output.Listing[reeveapi.Master]{
		Empty: "No masters.",
		Name:  func(m reeveapi.Master) string { return m.Name },
		Columns: []output.Column[reeveapi.Master]{
			{Head: "NAME", Cell: func(m reeveapi.Master) string { return m.Name }},
			{Head: "STATE", Cell: func(m reeveapi.Master) string { return m.State }},
			{Head: "VOTES", Cell: func(m reeveapi.Master) string { return map[bool]string{true: "yes", false: "no"}[m.Voter] }},
			{Head: "LAG", Cell: reeveapi.Master.Lag},
			{Head: "TERM", Cell: reeveapi.Master.TermText},
			{Head: "GOSSIP", Wide: true, Cell: func(m reeveapi.Master) string { return m.Gossip }},
			{Head: "SNAPSHOT", Wide: true, Cell: func(m reeveapi.Master) string { return saved[m.HTTP] }},
			{Head: "UP", Cell: func(m reeveapi.Master) string { return output.Age(time.Now(), m.Started) }},
			{Head: "ADDRESS", Cell: func(m reeveapi.Master) string { return m.HTTP }},
			{Head: "VERSION", Cell: func(m reeveapi.Master) string { return m.Version }},
			{Head: "ID", Wide: true, Cell: func(m reeveapi.Master) string { return m.ID }},
		},
	})
}

func (cfg Config) stepDownCommand() *cobra.Command {
	yes := false
	command := &cobra.Command{
		Use: "step-down [MASTER]", Args: cobra.MaximumNArgs(1),
		Short: "Hand leadership to another master, the one that is named or the one that is most up to date",
		Long: "Hand leadership to another master: before the machine of the leading one is worked on. Tasks, frameworks and\n" +
			"agents are not disturbed; for less than a second nothing new is launched.",
		RunE: func(command *cobra.Command, args []string) error {
			to := ""
			if len(args) > 0 {
				to = args[0]
			}
			return cfg.stepDown(command, to, yes)
		},
	}
	deed.YesFlag(command, &yes)
	return command
}

func (cfg Config) stepDown(command *cobra.Command, to string, yes bool) error {
	leader := ""
	err := cfg.Ask(command, func(ctx context.Context, c *client.Client) error {
		masters, err := c.Masters(ctx)
		for _, m := range masters {
			if m.State == reeveapi.MasterLeading {
				leader = m.Name
			}
		}
		return err
	})
	if err != nil {
		return err
	}
	if leader == "" {
		return fault.New(fault.Unavailable, "no master leads; an election is running, or most of the masters are gone")
	}
	if err := cfg.Confirm(yes, "Hand leadership from %s to %s?", leader, cmp.Or(to, "the one that is most up to date")); err != nil {
		return err
	}
	return cfg.Ask(command, func(ctx context.Context, c *client.Client) error {
		done, err := c.StepDown(ctx, to)
		if err != nil {
			return err
		}
		return cfg.Say("%s has stepped down, %s leads", done.From, done.To)
	})
}
