// Package explain is the verb reeve explain: why a framework or a job has no offers. It only shows what the leading master
// says. Start reading at Command.
package explain

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"codeberg.org/reeve/reeve/shared/client"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/holding"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/cli/output"
)

// Config is what the verb needs of the command line.
type Config struct {
	Printer func() output.Printer
	Connect func() (*client.Client, error)
}

// patience is how long the question waits while the masters elect a leader.
const patience = 20 * time.Second

// Command returns the verb.
func Command(cfg Config) *cobra.Command {
	return &cobra.Command{
		Use: "explain FRAMEWORK|JOB", Short: "Say why a framework or a job has no offers: per agent, what stands in the way", Args: cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			c, err := cfg.Connect()
			if err != nil {
				return err
			}
			defer c.Close()
			ctx, cancel := context.WithTimeout(command.Context(), patience)
			defer cancel()
			said, err := ask(ctx, c, args[0])
			if err != nil {
				return err
			}
			return show(cfg.Printer(), said, time.Now())
		},
	}
}

// ask looks for a job of that name first: they are named by people.
func ask(ctx context.Context, c *client.Client, name string) (*reeveapi.Explanation, error) {
	said, err := c.Explain(ctx, "", name)
	if err != nil && fault.KindOf(err) == fault.NotFound {
		said, err = c.Explain(ctx, name, "")
		if err != nil && fault.KindOf(err) == fault.NotFound {
			return nil, fault.New(fault.NotFound, "no job and no framework is called %q; \"reeve jobs\" and \"reeve frameworks\" list those that there are", name)
		}
	}
	return said, err
}

func show(p output.Printer, x *reeveapi.Explanation, now time.Time) error {
	if !p.Tabular() {
		if p.Form == output.Name {
			fmt.Fprintln(p.Out, output.OneLine(x.Framework))
			return nil
		}
		return p.Data(x)
	}
	line := func(format string, args ...any) { fmt.Fprintln(p.Out, output.OneLine(fmt.Sprintf(format, args...))) }
	if x.Job != "" {
		line("job %s is %s", x.Job, x.JobState)
		if x.Waiting != "" {
			line("it waits for %s", x.Waiting)
		}
	} else {
		line("framework %s is %s", x.FrameworkName, x.State)
	}
	for _, r := range x.Roles {
		line("")
		line("role %s: %s", r.Role, r.Summary)
		rows := make([]reeveapi.OfferReason, len(r.Reasons))
		copy(rows, r.Reasons)
		if len(rows) == 0 {
			continue
		}
		err := output.Show(p, rows, output.Listing[reeveapi.OfferReason]{Columns: []output.Column[reeveapi.OfferReason]{
			{Head: "AGENTS", Cell: func(r reeveapi.OfferReason) string { return fmt.Sprint(r.Agents) }},
			{Head: "WHY", Cell: func(r reeveapi.OfferReason) string { return until(r, now) }},
			{Head: "WHICH", Cell: func(r reeveapi.OfferReason) string { return names(r, p.Form == output.Wide) }},
		}})
		if err != nil {
			return err
		}
	}
	return nil
}

func until(r reeveapi.OfferReason, now time.Time) string {
	switch {
	case !r.Since.IsZero():
		return fmt.Sprintf("%s; for %s", r.Text, holding.Short(now.Sub(r.Since)))
	case r.Until.IsZero():
		return r.Text
	}
	return fmt.Sprintf("%s; the first in %s", r.Text, max(r.Until.Sub(now), 0).Round(time.Second))
}

// names names a few of the agents, with -o wide all that the master has named.
func names(r reeveapi.OfferReason, wide bool) string {
	few := 3
	if wide {
		few = len(r.Names)
	}
	text := strings.Join(r.Names[:min(few, len(r.Names))], " ")
	if r.Agents > few {
		text += fmt.Sprintf(" and %d more", r.Agents-min(few, len(r.Names)))
	}
	return text
}
