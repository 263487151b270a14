// Package roles is the verbs about who gets how much: reeve roles, quota, weight and offers. It shows what the masters count
// and hands changes to them; how offers are decided is theirs. Start reading at Commands.
package roles

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"codeberg.org/reeve/reeve/shared/client"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/cli/deed"
	"codeberg.org/reeve/reeve/tui/cli/output"
)

// Config is what the verbs need of the command line.
type Config struct{ deed.Config }

// Commands returns the verbs.
func Commands(cfg Config) []*cobra.Command {
	return []*cobra.Command{cfg.rolesCommand(), cfg.quotaCommand(), cfg.weightCommand(), cfg.offersCommand()}
}

func (cfg Config) rolesCommand() *cobra.Command {
	return &cobra.Command{
		Use: "roles", Short: "List the roles: weights, what they have, guarantees and limits", Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			return cfg.Ask(command, func(ctx context.Context, c *client.Client) error {
				roles, err := c.Roles(ctx)
				if err != nil {
					return err
				}
				return output.Show(cfg.Printer(), roles, roleListing())
			})
		},
	}
}

type role = reeveapi.Role

func roleListing() output.Listing[role] {
	amounts := func(head string, wide bool, of func(role) reeveapi.Amounts) []output.Column[role] {
		return []output.Column[role]{
			{Head: head + " CPUS", Wide: wide, Cell: func(r role) string { return output.Number(of(r).CPUs) }},
			{Head: head + " MEM", Wide: wide, Cell: func(r role) string { return output.Megabytes(of(r).Mem) }},
		}
	}
	columns := []output.Column[role]{
		{Head: "ROLE", Cell: func(r role) string { return r.Name }},
		{Head: "WEIGHT", Cell: func(r role) string { return output.Number(r.Weight) }},
		{Head: "FRAMEWORKS", Cell: func(r role) string { return strconv.Itoa(len(r.Frameworks)) }},
		{Head: "SHARE", Cell: func(r role) string { return fmt.Sprintf("%.0f%%", r.Share*100) }},
	}
	columns = append(columns, amounts("ALLOCATED", false, func(r role) reeveapi.Amounts { return r.Allocated })...)
	columns = append(columns, amounts("OFFERED", true, func(r role) reeveapi.Amounts { return r.Offered })...)
	columns = append(columns, amounts("RESERVED", true, func(r role) reeveapi.Amounts { return r.Reserved })...)
	columns = append(columns, amounts("CONSUMED", true, func(r role) reeveapi.Amounts { return r.Consumed })...)
	return output.Listing[role]{
		Empty: "No roles. A framework that subscribes brings its own.",
		Name:  func(r role) string { return r.Name },
		Columns: append(columns,
			output.Column[role]{Head: "GUARANTEE", Cell: func(r role) string { return r.Guarantee.String() }},
			output.Column[role]{Head: "LIMIT", Cell: func(r role) string { return r.Limit.String() }},
		),
	}
}

func (cfg Config) quotaCommand() *cobra.Command {
	command := &cobra.Command{
		Use: "quota", Short: "List what roles are guaranteed and may have at most; set and remove change it", Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			return cfg.Ask(command, func(ctx context.Context, c *client.Client) error {
				all, err := c.Roles(ctx)
				if err != nil {
					return err
				}
				roles := []role{}
				for _, r := range all {
					if len(r.Guarantee)+len(r.Limit) > 0 {
						roles = append(roles, r)
					}
				}
				return output.Show(cfg.Printer(), roles, quotaListing())
			})
		},
	}
	command.AddCommand(cfg.setQuotaCommand(), cfg.removeQuotaCommand())
	return command
}

func quotaListing() output.Listing[role] {
	return output.Listing[role]{
		Empty: "No role has a guarantee or a limit. \"reeve quota set ROLE --limit cpus:8,mem:16384\" sets one.",
		Name:  func(r role) string { return r.Name },
		Columns: []output.Column[role]{
			{Head: "ROLE", Cell: func(r role) string { return r.Name }},
			{Head: "CONSUMED", Cell: func(r role) string { return consumed(r) }},
			{Head: "GUARANTEE", Cell: func(r role) string { return r.Guarantee.String() }},
			{Head: "LIMIT", Cell: func(r role) string { return r.Limit.String() }},
			{Head: "STATE", Cell: State},
		},
	}
}

// consumed is what counts of the amounts that the quota names.
func consumed(r role) string {
	q := reeveapi.Quantities{}
	for _, set := range []reeveapi.Quantities{r.Guarantee, r.Limit} {
		for name := range set {
			q[name] = r.Consumed.Of(name)
		}
	}
	return q.String()
}

// State says where a role stands with its quota.
func State(r reeveapi.Role) string {
	var parts []string
	over, full, lacks := "", "", ""
	for _, name := range []string{"cpus", "mem", "disk", "gpus"} {
		has := r.Consumed.Of(name)
		if limit, ok := r.Limit[name]; ok && has > limit {
			over += " " + name
		} else if ok && has == limit {
			full += " " + name
		}
		if r.Guarantee[name] > has {
			lacks += " " + name
		}
	}
	for _, part := range [][2]string{{"above its limit of", over}, {"at its limit of", full}, {"below its guarantee of", lacks}} {
		if part[1] != "" {
			parts = append(parts, part[0]+part[1])
		}
	}
	if len(parts) == 0 {
		return "ok"
	}
	return strings.Join(parts, ", ")
}

func (cfg Config) setQuotaCommand() *cobra.Command {
	guarantee, limit, force, yes := "", "", false, false
	command := &cobra.Command{
		Use: "set ROLE", Short: "Set a role's whole quota", Args: cobra.ExactArgs(1),
		Long: "Set sets the whole quota of a role, in place of what it had: what it is guaranteed and what it may have at most, with the\n" +
			"roles below it. Amounts are written as cpus:8,mem:16384 (MB for mem and disk, gpus too). Offers that the new quota does not\n" +
			"allow are taken back; no task is killed.",
		RunE: func(command *cobra.Command, args []string) error {
			q := reeveapi.Quota{Role: args[0], Force: force}
			for _, part := range []struct {
				flag, text string
				into       *reeveapi.Quantities
			}{{"guarantee", guarantee, &q.Guarantee}, {"limit", limit, &q.Limit}} {
				amounts, err := reeveapi.ParseQuantities(part.text)
				if err != nil {
					return cfg.Usage("--%s: %v", part.flag, err)
				}
				*part.into = amounts
			}
			if len(q.Guarantee)+len(q.Limit) == 0 {
				return cfg.Usage("say what role %s is guaranteed (--guarantee cpus:2), or its limit (--limit cpus:8), or both", args[0])
			}
			return cfg.Do(command, deed.Deed{
				Yes:      yes,
				Question: fmt.Sprintf("Set the quota of role %s: guaranteed %s, at most %s?", args[0], or(q.Guarantee, "nothing"), or(q.Limit, "no limit")),
				Do:       func(ctx context.Context, c *client.Client) error { return c.SetQuota(ctx, q) },
				Done:     fmt.Sprintf("%s is guaranteed %s, and may have %s", args[0], or(q.Guarantee, "nothing"), or(q.Limit, "as much as there is")),
			})
		},
	}
	command.Flags().StringVar(&guarantee, "guarantee", "", "what the role gets before anybody is given more than that, such as cpus:2,mem:4096")
	command.Flags().StringVar(&limit, "limit", "", "what the role gets at most")
	command.Flags().BoolVar(&force, "force", false, "also if the cluster is too small for all guarantees, or the role has more than the limit already")
	deed.YesFlag(command, &yes)
	return command
}

func or(q reeveapi.Quantities, otherwise string) string {
	if text := q.String(); text != "" {
		return text
	}
	return otherwise
}

func (cfg Config) removeQuotaCommand() *cobra.Command {
	yes := false
	command := &cobra.Command{
		Use: "remove ROLE", Short: "Take a role's guarantee and limit away", Args: cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			return cfg.Do(command, deed.Deed{
				Yes: yes, Question: fmt.Sprintf("Take the guarantee and the limit of role %s away?", args[0]),
				Do:   func(ctx context.Context, c *client.Client) error { return c.RemoveQuota(ctx, args[0]) },
				Done: args[0] + " has no guarantee and no limit now",
			})
		},
	}
	deed.YesFlag(command, &yes)
	return command
}

func (cfg Config) weightCommand() *cobra.Command {
	command := &cobra.Command{
		Use: "weight", Short: "List the weights of roles; set changes one", Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			return cfg.Ask(command, func(ctx context.Context, c *client.Client) error {
				roles, err := c.Roles(ctx)
				if err != nil {
					return err
				}
				listing := roleListing()
				listing.Columns = listing.Columns[:4]
				return output.Show(cfg.Printer(), roles, listing)
			})
		},
	}
	command.AddCommand(cfg.setWeightCommand())
	return command
}

func (cfg Config) setWeightCommand() *cobra.Command {
	yes := false
	command := &cobra.Command{
		Use: "set ROLE WEIGHT", Short: "Set how much a role gets compared with its siblings; 1 is usual", Args: cobra.ExactArgs(2),
		RunE: func(command *cobra.Command, args []string) error {
			weight, err := strconv.ParseFloat(args[1], 64)
			if err != nil || !(weight > 0) {
				return cfg.Usage("%q is no weight; write a number above 0, such as 2", args[1])
			}
			return cfg.Do(command, deed.Deed{
				Yes: yes, Question: fmt.Sprintf("Give role %s the weight %s? All offers are taken back if a framework is in it.", args[0], args[1]),
				Do: func(ctx context.Context, c *client.Client) error {
					return c.SetWeight(ctx, reeveapi.Weight{Role: args[0], Weight: weight})
				},
				Done: fmt.Sprintf("%s has the weight %s", args[0], output.Number(weight)),
			})
		},
	}
	deed.YesFlag(command, &yes)
	return command
}

func (cfg Config) offersCommand() *cobra.Command {
	command := &cobra.Command{
		Use: "offers", Short: "List what is offered to frameworks and not answered yet; rescind takes one back", Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			return cfg.Ask(command, func(ctx context.Context, c *client.Client) error {
				offers, err := c.Offers(ctx)
				if err != nil {
					return err
				}
				return output.Show(cfg.Printer(), offers, offerListing())
			})
		},
	}
	command.AddCommand(cfg.rescindCommand())
	return command
}

func (cfg Config) rescindCommand() *cobra.Command {
	return &cobra.Command{
		Use: "rescind OFFER...", Short: "Take offers back from frameworks that think for too long; theirs again after a minute", Args: cobra.MinimumNArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			for _, id := range args {
				if err := cfg.Do(command, deed.Deed{
					Do:   func(ctx context.Context, c *client.Client) error { return c.RescindOffer(ctx, id) },
					Done: "took offer " + id + " back",
				}); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

type offer = reeveapi.Offer

func offerListing() output.Listing[offer] {
	columns := []output.Column[offer]{
		{Head: "OFFER", Cell: func(o offer) string { return o.ID }},
		{Head: "FRAMEWORK", Cell: func(o offer) string { return o.FrameworkName }},
		{Head: "ROLE", Cell: func(o offer) string { return o.Role }},
		{Head: "AGENT", Cell: func(o offer) string { return o.AgentName }},
	}
	columns = append(columns, output.AmountColumns(func(o offer) reeveapi.Amounts { return o.Resources })...)
	return output.Listing[offer]{
		Empty: "Nothing is offered.",
		Name:  func(o offer) string { return o.ID },
		Columns: append(columns,
			output.Column[offer]{Head: "PORTS", Wide: true, Cell: func(o offer) string { return o.Ports }},
			output.Column[offer]{Head: "AGE", Cell: func(o offer) string { return output.Age(time.Now(), o.Made) }},
			output.Column[offer]{Head: "FRAMEWORK ID", Wide: true, Cell: func(o offer) string { return o.Framework }},
		),
	}
}
