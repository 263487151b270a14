package jobs

import (
	"cmp"
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"codeberg.org/reeve/reeve/shared/client"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/holding"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/cli/output"
)

// What a plan does, as the master says it.
const (
	create = "create"
	none   = "none"
)

// Submission is how a spec is submitted.
type Submission struct {
	Spec   reeveapi.JobSpec
	DryRun bool // only say what would be done
	Yes    bool // do not ask before an update
}

// Submit submits a new job, or updates the one of that name after it has shown what changes. It returns the job, nil after a
// dry run.
func (cfg Config) Submit(command *cobra.Command, s Submission) (*reeveapi.Job, error) {
	var plan *reeveapi.JobPlan
	err := cfg.Ask(command, func(ctx context.Context, c *client.Client) (err error) {
		plan, err = c.PlanJob(ctx, s.Spec)
		return err
	})
	if err != nil {
		return nil, err
	}
	if s.DryRun {
		return nil, cfg.showPlan(plan)
	}
	var job *reeveapi.Job
	switch plan.Action {
	case create:
		err = cfg.Ask(command, func(ctx context.Context, c *client.Client) (err error) {
			job, err = c.SubmitJob(ctx, s.Spec)
			return err
		})
		if err == nil && plan.Waits != "" {
			fmt.Fprintln(cfg.Printer().Err, output.OneLine(plan.Waits))
		}
	case none:
		return cfg.look(command, s.Spec.Name)
	default:
		writeChanges(cfg.Printer().Err, plan)
		question := "Update job %s?"
		if plan.Replace > 0 {
			question = fmt.Sprintf("Update job %%s, which replaces %d running instances?", plan.Replace)
		}
		if err := cfg.Confirm(s.Yes, question, s.Spec.Name); err != nil {
			return nil, err
		}
		err = cfg.Ask(command, func(ctx context.Context, c *client.Client) (err error) {
			job, err = c.UpdateJob(ctx, s.Spec, plan.Version)
			return err
		})
	}
	return job, err
}

// writeChanges writes a diff, key by key.
func writeChanges(out io.Writer, plan *reeveapi.JobPlan) {
	for _, change := range plan.Changes {
		if change.From != "" {
			fmt.Fprintln(out, output.OneLine(fmt.Sprintf("- %s: %s", change.Key, change.From)))
		}
		if change.To != "" {
			fmt.Fprintln(out, output.OneLine(fmt.Sprintf("+ %s: %s", change.Key, change.To)))
		}
	}
}

// showPlan prints a dry run. That not everything fits is an error, for scripts.
func (cfg Config) showPlan(plan *reeveapi.JobPlan) error {
	p := cfg.Printer()
	name := plan.Spec.Name
	switch {
	case p.Form == output.Name:
		fmt.Fprintln(p.Out, name)
	case !p.Tabular():
		if err := p.Data(plan); err != nil {
			return err
		}
	default:
		switch plan.Action {
		case create:
			fmt.Fprintf(p.Out, "Job %s is new.\n", output.OneLine(name))
		case none:
			fmt.Fprintf(p.Out, "Job %s is as wanted already, in version %d.\n", output.OneLine(name), plan.Version)
		default:
			fmt.Fprintf(p.Out, "Job %s would change from version %d, and %d running instances would be replaced:\n", output.OneLine(name), plan.Version, plan.Replace)
			writeChanges(p.Out, plan)
		}
		fmt.Fprintf(p.Out, "%d of the %d instances that need a place have one now.\n", plan.Fits, plan.Wanted)
		if plan.Waits != "" {
			fmt.Fprintf(p.Out, "%s.\n", output.OneLine(plan.Waits))
		}
		fmt.Fprintln(p.Out)
		if err := output.Show(p, plan.Agents, planListing()); err != nil {
			return err
		}
	}
	switch {
	case len(plan.Lacks) > 0:
		return fault.New(fault.Invalid, "there is no secret %s, which job %s refers to; set it first: reeve secrets set %s", plan.Lacks[0], name, plan.Lacks[0])
	case plan.Fits == plan.Wanted && plan.Quota != "":
		return fault.New(fault.Exhausted, "not all instances of job %s would be launched: %s", name, plan.Quota)
	case plan.Waits != "":
		return fault.New(fault.Exhausted, "%d of %d instances of job %s would wait for a place, %d of them for what %s on offer; \"reeve offers rescind\" takes that back",
			plan.Wanted-plan.Fits, plan.Wanted, name, plan.Later, holders(plan))
	case plan.Fits < plan.Wanted:
		return fault.New(fault.Exhausted, "%d of %d instances of job %s would wait for a place", plan.Wanted-plan.Fits, plan.Wanted, name)
	}
	return nil
}

// holders says who has what a plan waits for.
func holders(plan *reeveapi.JobPlan) string {
	if len(plan.Holders) != 1 {
		return fmt.Sprintf("%d frameworks have", len(plan.Holders))
	}
	return "framework " + output.OneLine(holding.Name(plan.Holders[0])) + " has"
}

func planListing() output.Listing[reeveapi.PlanAgent] {
	return output.Listing[reeveapi.PlanAgent]{
		Empty: "There is no agent.",
		Name:  func(a reeveapi.PlanAgent) string { return a.Name },
		Columns: []output.Column[reeveapi.PlanAgent]{
			{Head: "AGENT", Cell: func(a reeveapi.PlanAgent) string { return a.Name }},
			{Head: "TAKES", Cell: func(a reeveapi.PlanAgent) string { return fmt.Sprint(a.Takes) }},
			{Head: "NO MORE BECAUSE", Cell: func(a reeveapi.PlanAgent) string { return cmp.Or(a.Reason, "-") }},
		},
	}
}
