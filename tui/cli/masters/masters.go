// Package masters is reeve masters: who leads and who stands by, and how leadership is handed over. It changes nothing but
// who leads. Start reading at Command.
package masters

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"codeberg.org/reeve/reeve/shared/client"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/cli/output"
)

// Config is what the verb needs of the command line.
type Config struct {
	Printer func() output.Printer
	Connect func() (*client.Client, error)
	Confirm func(yes bool, question string, args ...any) error // asks a person, unless yes
}

// patience is how long a question waits while the masters elect a leader.
const patience = 20 * time.Second

// Command returns the verb.
func Command(cfg Config) *cobra.Command {
	command := &cobra.Command{
		Use: "masters", Short: "List the masters and who leads", Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error { return cfg.on(command, cfg.list) },
	}
	command.AddCommand(cfg.stepDownCommand())
	return command
}

// on calls fn with a client.
func (cfg Config) on(command *cobra.Command, fn func(ctx context.Context, c *client.Client) error) error {
	c, err := cfg.Connect()
	if err != nil {
		return err
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(command.Context(), patience)
	defer cancel()
	return fn(ctx, c)
}

func (cfg Config) list(ctx context.Context, c *client.Client) error {
	masters, err := c.Masters(ctx)
	if err != nil {
		return err
	}
	slices.SortStableFunc(masters, func(x, y reeveapi.Master) int { return cmp.Compare(x.Name, y.Name) })
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
			return cfg.on(command, func(ctx context.Context, c *client.Client) error { return cfg.stepDown(ctx, c, to, yes) })
		},
	}
	command.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	return command
}

func (cfg Config) stepDown(ctx context.Context, c *client.Client, to string, yes bool) error {
	masters, err := c.Masters(ctx)
	if err != nil {
		return err
	}
	leader := slices.IndexFunc(masters, func(m reeveapi.Master) bool { return m.State == reeveapi.MasterLeading })
	if leader < 0 {
		return fault.New(fault.Unavailable, "no master leads; an election is running, or most of the masters are gone")
	}
	whom := "the one that is most up to date"
	if to != "" {
		whom = to
	}
	if err := cfg.Confirm(yes, "Hand leadership from %s to %s?", masters[leader].Name, whom); err != nil {
		return err
	}
	done, err := c.StepDown(ctx, to)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(cfg.Printer().Out, "%s has stepped down, %s leads\n", output.OneLine(done.From), output.OneLine(done.To))
	return err
}
