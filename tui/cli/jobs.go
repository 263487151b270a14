package cli

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"codeberg.org/reeve/reeve/shared/client"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/shared/taskstate"
	"codeberg.org/reeve/reeve/tui/cli/output"
)

func (a *app) jobsCommand() *cobra.Command {
	return &cobra.Command{
		Use: "jobs [JOB]", Short: "List jobs, or one job and its instances", Args: cobra.MaximumNArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			return a.ask(command, func(ctx context.Context, c *client.Client) error {
				if len(args) == 1 {
					job, err := c.Job(ctx, args[0])
					if err != nil {
						return err
					}
					return a.showJob(ctx, c, job)
				}
				jobs, err := c.Jobs(ctx)
				if err != nil {
					return err
				}
				slices.SortStableFunc(jobs, func(x, y reeveapi.Job) int { return x.Submitted.Compare(y.Submitted) })
				return output.Show(a.printer(), jobs, jobListing())
			})
		},
	}
}

func jobListing() output.Listing[reeveapi.Job] {
	columns := []output.Column[reeveapi.Job]{
		{Head: "NAME", Cell: func(j reeveapi.Job) string { return j.Spec.Name }},
		{Head: "KIND", Cell: func(j reeveapi.Job) string { return string(cmp.Or(j.Spec.Kind, reeveapi.Batch)) }},
		{Head: "STATE", Cell: func(j reeveapi.Job) string { return j.State }},
		{Head: "INSTANCES", Cell: instances},
	}
	columns = append(columns, output.AmountColumns(func(j reeveapi.Job) reeveapi.Amounts { return j.Spec.Resources })...)
	return output.Listing[reeveapi.Job]{
		Empty: "No jobs. Submit one with \"reeve run\".",
		Name:  func(j reeveapi.Job) string { return j.Spec.Name },
		Columns: append(columns, []output.Column[reeveapi.Job]{
			{Head: "ROLE", Cell: func(j reeveapi.Job) string { return j.Spec.Role }},
			{Head: "AGE", Cell: func(j reeveapi.Job) string { return output.Age(time.Now(), j.Submitted) }},
			{Head: "BY", Wide: true, Cell: func(j reeveapi.Job) string { return j.By }},
			{Head: "COMMAND", Wide: true, Cell: func(j reeveapi.Job) string { return j.Spec.Command }},
			{Head: "WAITS FOR", Cell: func(j reeveapi.Job) string { return j.Waiting }},
		}...),
	}
}

// instances says how many of a job's instances have succeeded, "2/3 finished", or what they do instead.
func instances(j reeveapi.Job) string {
	counts := map[string]int{}
	for _, i := range j.Instances {
		counts[i.State]++
	}
	var states []string
	for _, s := range taskstate.All() {
		states = append(states, s.String())
	}
	return cmp.Or(output.Tally(counts, states, taskstate.LabelOf), strconv.Itoa(max(j.Spec.Instances, len(j.Instances))))
}

// showJob prints a job; in a table its instances follow, with agents by name.
func (a *app) showJob(ctx context.Context, c *client.Client, job *reeveapi.Job) error {
	if a.output == output.JSON || a.output == output.YAML {
		return a.printer().Data(job)
	}
	if err := output.Show(a.printer(), []reeveapi.Job{*job}, jobListing()); err != nil || a.output == output.Name || len(job.Instances) == 0 {
		return err
	}
	agents, err := c.Agents(ctx)
	if err != nil {
		return err
	}
	names := map[string]string{}
	for _, g := range agents {
		names[g.ID] = g.Name
	}
	fmt.Fprintln(a.stdout)
	return output.Show(a.printer(), job.Instances, output.Listing[reeveapi.Instance]{
		Name: func(i reeveapi.Instance) string { return i.Task },
		Columns: []output.Column[reeveapi.Instance]{
			{Head: "INSTANCE", Cell: func(i reeveapi.Instance) string { return strconv.Itoa(i.Index) }},
			{Head: "STATE", Cell: func(i reeveapi.Instance) string { return cmp.Or(taskstate.LabelOf(i.State), "waiting") }},
			{Head: "ATTEMPT", Cell: func(i reeveapi.Instance) string { return strconv.Itoa(i.Attempt + 1) }},
			{Head: "TASK", Cell: func(i reeveapi.Instance) string { return i.Task }},
			{Head: "AGENT", Cell: func(i reeveapi.Instance) string { return cmp.Or(names[i.Agent], i.Agent) }},
			{Head: "SINCE", Cell: func(i reeveapi.Instance) string { return output.Age(time.Now(), i.Changed) }},
			{Head: "MESSAGE", Cell: func(i reeveapi.Instance) string { return i.Message }},
		},
	})
}

func (a *app) stopCommand() *cobra.Command {
	forget, yes := false, false
	command := &cobra.Command{
		Use: "stop JOB", Short: "End a job and its tasks", Args: cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			if forget {
				return a.forgetJob(command, args[0])
			}
			return a.stopJob(command, args[0], yes)
		},
	}
	command.Flags().BoolVar(&forget, "forget", false, "remove a job that has ended from the list")
	yesFlag(command, &yes)
	return command
}

// stopJob ends a job. The question says how much goes with it, so the job is looked up first.
func (a *app) stopJob(command *cobra.Command, name string, yes bool) error {
	var job *reeveapi.Job
	err := a.ask(command, func(ctx context.Context, c *client.Client) (err error) {
		job, err = c.Job(ctx, name)
		return err
	})
	if err != nil {
		return err
	}
	if ended(job.State) {
		return fault.New(fault.Conflict, "job %s has ended already: it is %s; \"reeve stop --forget\" removes it from the list", name, job.State)
	}
	if err := a.confirm(yes, "Stop job %s (%s)?", name, instances(*job)); err != nil {
		return err
	}
	err = a.ask(command, func(ctx context.Context, c *client.Client) error { return c.StopJob(ctx, name) })
	if err == nil {
		fmt.Fprintf(a.stdout, "Stopping job %s\n", output.OneLine(name))
	}
	return err
}

// forgetJob removes a job that has ended. There is nothing to end, so nobody is asked.
func (a *app) forgetJob(command *cobra.Command, name string) error {
	err := a.ask(command, func(ctx context.Context, c *client.Client) error { return c.RemoveJob(ctx, name) })
	if err == nil {
		fmt.Fprintf(a.stdout, "Forgot job %s\n", output.OneLine(name))
	}
	return err
}
