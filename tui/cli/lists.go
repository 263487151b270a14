package cli

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"codeberg.org/reeve/reeve/shared/client"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/shared/taskstate"
	"codeberg.org/reeve/reeve/tui/cli/deed"
	"codeberg.org/reeve/reeve/tui/cli/output"
)

// patience is how long a verb that asks one question waits while the masters elect a leader.
const patience = deed.Patience

// deeds is what verbs need of the command line.
func (a *app) deeds() deed.Config {
	return deed.Config{Printer: a.printer, Connect: a.connect, Confirm: a.confirm, Usage: usagef}
}

// ask connects and calls fn with a context that ends when a person would have lost patience.
func (a *app) ask(command *cobra.Command, fn func(ctx context.Context, c *client.Client) error) error {
	return a.deeds().Ask(command, fn)
}

func (a *app) agentsCommand() *cobra.Command {
	return &cobra.Command{
		Use: "agents", Short: "List the machines and what is used of them", Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			return a.ask(command, func(ctx context.Context, c *client.Client) error {
				agents, err := c.Agents(ctx)
				if err != nil {
					return err
				}
				slices.SortStableFunc(agents, func(x, y reeveapi.Agent) int { return cmp.Compare(x.Name, y.Name) })
				return output.Show(a.printer(), agents, agentListing())
			})
		},
	}
}

func agentListing() output.Listing[reeveapi.Agent] {
	return output.Listing[reeveapi.Agent]{
		Empty: "No agents. Start agentd on a machine, with --join and the gossip address of a master.",
		Name:  func(g reeveapi.Agent) string { return g.ID },
		Columns: []output.Column[reeveapi.Agent]{
			{Head: "NAME", Cell: func(g reeveapi.Agent) string { return g.Name }},
			{Head: "STATE", Cell: func(g reeveapi.Agent) string { return g.State }},
			{Head: "TASKS", Cell: func(g reeveapi.Agent) string { return strconv.Itoa(g.Tasks) }},
			{Head: "CPUS", Cell: func(g reeveapi.Agent) string { return output.Share(g.Allocated.CPUs, g.Total.CPUs, output.Number) }},
			{Head: "MEM", Cell: func(g reeveapi.Agent) string { return output.Share(g.Allocated.Mem, g.Total.Mem, output.Megabytes) }},
			{Head: "DISK", Cell: func(g reeveapi.Agent) string { return output.Share(g.Allocated.Disk, g.Total.Disk, output.Megabytes) }},
			{Head: "GPUS", Wide: true, Cell: func(g reeveapi.Agent) string { return output.Share(g.Allocated.GPUs, g.Total.GPUs, output.Number) }},
			{Head: "PORTS", Wide: true, Cell: func(g reeveapi.Agent) string { return g.Ports }},
			{Head: "SINCE", Cell: func(g reeveapi.Agent) string { return output.Age(time.Now(), g.Since) }},
			{Head: "ADDRESS", Cell: func(g reeveapi.Agent) string { return g.HTTP }},
			{Head: "ATTRIBUTES", Wide: true, Cell: func(g reeveapi.Agent) string { return pairs(g.Attributes) }},
			{Head: "VERSION", Wide: true, Cell: func(g reeveapi.Agent) string { return g.Version }},
			{Head: "ID", Wide: true, Cell: func(g reeveapi.Agent) string { return g.ID }},
			{Head: "REASON", Wide: true, Cell: func(g reeveapi.Agent) string { return g.Reason }},
		},
	}
}

// pairs writes a map in the order of its keys.
func pairs(m map[string]string) string {
	var parts []string
	for key, value := range m {
		parts = append(parts, key+":"+value)
	}
	slices.Sort(parts)
	return strings.Join(parts, ";")
}

func (a *app) frameworksCommand() *cobra.Command {
	all := false
	command := &cobra.Command{
		Use: "frameworks", Short: "List the schedulers and what they hold", Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			return a.ask(command, func(ctx context.Context, c *client.Client) error {
				frameworks, err := c.Frameworks(ctx)
				if err != nil {
					return err
				}
				frameworks = slices.DeleteFunc(frameworks, func(f reeveapi.Framework) bool {
					return !all && f.State == reeveapi.FrameworkCompleted
				})
				slices.SortStableFunc(frameworks, func(x, y reeveapi.Framework) int { return x.Registered.Compare(y.Registered) })
				return output.Show(a.printer(), frameworks, frameworkListing())
			})
		},
	}
	command.Flags().BoolVar(&all, "all", false, "show completed ones, too")
	return command
}

func frameworkListing() output.Listing[reeveapi.Framework] {
	var states []string
	for _, s := range taskstate.All() {
		if !taskstate.Terminal(s) {
			states = append(states, s.String())
		}
	}
	columns := []output.Column[reeveapi.Framework]{
		{Head: "NAME", Cell: func(f reeveapi.Framework) string { return f.Name }},
		{Head: "STATE", Cell: func(f reeveapi.Framework) string { return f.State }},
		{Head: "TASKS", Cell: func(f reeveapi.Framework) string { return output.Tally(f.Tasks, states, taskstate.LabelOf) }},
	}
	columns = append(columns, output.AmountColumns(func(f reeveapi.Framework) reeveapi.Amounts { return f.Allocated })...)
	return output.Listing[reeveapi.Framework]{
		Empty: "No frameworks.",
		Name:  func(f reeveapi.Framework) string { return f.ID },
		Columns: append(columns, []output.Column[reeveapi.Framework]{
			{Head: "OFFERS", Wide: true, Cell: func(f reeveapi.Framework) string { return strconv.Itoa(f.Offers) }},
			{Head: "ROLES", Cell: func(f reeveapi.Framework) string { return strings.Join(f.Roles, ",") }},
			{Head: "USER", Wide: true, Cell: func(f reeveapi.Framework) string { return f.User }},
			{Head: "HOST", Wide: true, Cell: func(f reeveapi.Framework) string { return f.Hostname }},
			{Head: "AGE", Cell: func(f reeveapi.Framework) string { return output.Age(time.Now(), f.Registered) }},
			{Head: "AGAIN", Wide: true, Cell: func(f reeveapi.Framework) string { return output.Age(time.Now(), f.Reregistered) }},
			{Head: "SINCE", Wide: true, Cell: func(f reeveapi.Framework) string { return output.Age(time.Now(), f.Since) }},
			{Head: "ID", Cell: func(f reeveapi.Framework) string { return f.ID }},
		}...),
	}
}
