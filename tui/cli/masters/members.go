package masters

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"codeberg.org/reeve/reeve/shared/client"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/cli/output"
)

// MembersCommand returns the verb that lists who takes part in gossip.
func MembersCommand(cfg Config) *cobra.Command {
	return &cobra.Command{
		Use: "members", Short: "List who takes part in gossip: masters and agents, as a master sees them", Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error { return cfg.Ask(command, cfg.members) },
	}
}

func (cfg Config) members(ctx context.Context, c *client.Client) error {
	all, err := c.Members(ctx)
	if err != nil {
		return err
	}
	now := time.Now()
	return output.Show(cfg.Printer(), all, output.Listing[reeveapi.Member]{
		Empty: "No members: the master that answered does not gossip.",
		Name:  func(m reeveapi.Member) string { return m.Name },
		Columns: []output.Column[reeveapi.Member]{
			{Head: "NAME", Cell: func(m reeveapi.Member) string { return m.Name }},
			{Head: "KIND", Cell: func(m reeveapi.Member) string { return m.Kind }},
			{Head: "STATE", Cell: func(m reeveapi.Member) string { return m.State }},
			{Head: "SINCE", Cell: func(m reeveapi.Member) string { return output.Age(now, m.Since) }},
			{Head: "RTT", Cell: func(m reeveapi.Member) string { return roundTrip(m) }},
			{Head: "ANSWERED", Wide: true, Cell: func(m reeveapi.Member) string { return output.Age(now, m.Answered) }},
			{Head: "HEALTH", Wide: true, Cell: func(m reeveapi.Member) string { return health(m) }},
			{Head: "GOSSIP", Cell: func(m reeveapi.Member) string { return m.Address }},
			{Head: "ADDRESS", Cell: func(m reeveapi.Member) string { return m.HTTP }},
			{Head: "VERSION", Cell: func(m reeveapi.Member) string { return m.Version }},
			{Head: "ID", Wide: true, Cell: func(m reeveapi.Member) string { return m.ID }},
		},
	})
}

// roundTrip is how long a member takes to answer; "-" if that is not known.
func roundTrip(m reeveapi.Member) string {
	if m.RTTMillis <= 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f ms", m.RTTMillis)
}

// health is the score that the answering master has of itself.
func health(m reeveapi.Member) string {
	if m.Health == nil {
		return "-"
	}
	return fmt.Sprint(*m.Health)
}
