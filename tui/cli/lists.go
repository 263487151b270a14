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
)

// patience is how long a verb that asks one question waits while the masters elect a leader.
const patience = 20 * time.Second

// ask connects and calls fn with a context that ends when a person would have lost patience.
func (a *app) ask(command *cobra.Command, fn func(ctx context.Context, c *client.Client) error) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(command.Context(), patience)
	defer cancel()
	return fn(ctx, c)
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
				return show(a, agents, agentListing())
			})
		},
	}
}

func agentListing() listing[reeveapi.Agent] {
	return listing[reeveapi.Agent]{
		empty: "No agents. Start agentd on a machine, with --join and the gossip address of a master.",
		name:  func(g reeveapi.Agent) string { return g.ID },
		columns: []column[reeveapi.Agent]{
			{head: "NAME", cell: func(g reeveapi.Agent) string { return g.Name }},
			{head: "STATE", cell: func(g reeveapi.Agent) string { return g.State }},
			{head: "TASKS", cell: func(g reeveapi.Agent) string { return strconv.Itoa(g.Tasks) }},
			{head: "CPUS", cell: func(g reeveapi.Agent) string { return share(g.Allocated.CPUs, g.Total.CPUs, number) }},
			{head: "MEM", cell: func(g reeveapi.Agent) string { return share(g.Allocated.Mem, g.Total.Mem, megabytes) }},
			{head: "DISK", cell: func(g reeveapi.Agent) string { return share(g.Allocated.Disk, g.Total.Disk, megabytes) }},
			{head: "GPUS", wide: true, cell: func(g reeveapi.Agent) string { return share(g.Allocated.GPUs, g.Total.GPUs, number) }},
			{head: "PORTS", wide: true, cell: func(g reeveapi.Agent) string { return g.Ports }},
			{head: "SINCE", cell: func(g reeveapi.Agent) string { return age(time.Now(), g.Since) }},
			{head: "ADDRESS", cell: func(g reeveapi.Agent) string { return g.HTTP }},
			{head: "ATTRIBUTES", wide: true, cell: func(g reeveapi.Agent) string { return pairs(g.Attributes) }},
			{head: "VERSION", wide: true, cell: func(g reeveapi.Agent) string { return g.Version }},
			{head: "ID", wide: true, cell: func(g reeveapi.Agent) string { return g.ID }},
			{head: "REASON", wide: true, cell: func(g reeveapi.Agent) string { return g.Reason }},
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
				return show(a, frameworks, frameworkListing())
			})
		},
	}
	command.Flags().BoolVar(&all, "all", false, "show completed ones, too")
	return command
}

func frameworkListing() listing[reeveapi.Framework] {
	var states []string
	for _, s := range taskstate.All() {
		if !taskstate.Terminal(s) {
			states = append(states, s.String())
		}
	}
	columns := []column[reeveapi.Framework]{
		{head: "NAME", cell: func(f reeveapi.Framework) string { return f.Name }},
		{head: "STATE", cell: func(f reeveapi.Framework) string { return f.State }},
		{head: "TASKS", cell: func(f reeveapi.Framework) string { return tally(f.Tasks, states, taskstate.LabelOf) }},
	}
	columns = append(columns, amountColumns(func(f reeveapi.Framework) reeveapi.Amounts { return f.Allocated })...)
	return listing[reeveapi.Framework]{
		empty: "No frameworks.",
		name:  func(f reeveapi.Framework) string { return f.ID },
		columns: append(columns, []column[reeveapi.Framework]{
			{head: "OFFERS", wide: true, cell: func(f reeveapi.Framework) string { return strconv.Itoa(f.Offers) }},
			{head: "ROLES", cell: func(f reeveapi.Framework) string { return strings.Join(f.Roles, ",") }},
			{head: "USER", wide: true, cell: func(f reeveapi.Framework) string { return f.User }},
			{head: "HOST", wide: true, cell: func(f reeveapi.Framework) string { return f.Hostname }},
			{head: "AGE", cell: func(f reeveapi.Framework) string { return age(time.Now(), f.Registered) }},
			{head: "ID", cell: func(f reeveapi.Framework) string { return f.ID }},
		}...),
	}
}

func (a *app) mastersCommand() *cobra.Command {
	return &cobra.Command{
		Use: "masters", Short: "List the masters and who leads", Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			return a.ask(command, func(ctx context.Context, c *client.Client) error {
				masters, err := c.Masters(ctx)
				if err != nil {
					return err
				}
				slices.SortStableFunc(masters, func(x, y reeveapi.Master) int { return cmp.Compare(x.Name, y.Name) })
				return show(a, masters, listing[reeveapi.Master]{
					empty: "No masters.",
					name:  func(m reeveapi.Master) string { return m.Name },
					columns: []column[reeveapi.Master]{
						{head: "NAME", cell: func(m reeveapi.Master) string { return m.Name }},
						{head: "STATE", cell: func(m reeveapi.Master) string { return m.State }},
						{head: "VOTES", cell: func(m reeveapi.Master) string { return map[bool]string{true: "yes", false: "no"}[m.Voter] }},
						{head: "LAG", cell: reeveapi.Master.Lag},
						{head: "TERM", cell: reeveapi.Master.TermText},
						{head: "GOSSIP", wide: true, cell: func(m reeveapi.Master) string { return m.Gossip }},
						{head: "ADDRESS", cell: func(m reeveapi.Master) string { return m.HTTP }},
						{head: "VERSION", cell: func(m reeveapi.Master) string { return m.Version }},
						{head: "ID", wide: true, cell: func(m reeveapi.Master) string { return m.ID }},
					},
				})
			})
		},
	}
}
