package jobs

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"codeberg.org/reeve/reeve/shared/client"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/shared/taskstate"
	"codeberg.org/reeve/reeve/tui/cli/deed"
	"codeberg.org/reeve/reeve/tui/cli/output"
	"codeberg.org/reeve/reeve/tui/progress"
)

// Config is what the verbs need of the command line.
type Config struct{ deed.Config }

// Commands returns the verbs.
func Commands(cfg Config) []*cobra.Command {
	return []*cobra.Command{
		cfg.jobsCommand(), cfg.stopCommand(), cfg.scaleCommand(), cfg.restartCommand(), cfg.rollbackCommand(), cfg.triggerCommand(),
	}
}

func (cfg Config) jobsCommand() *cobra.Command {
	command := &cobra.Command{
		Use: "jobs [JOB]", Short: "List jobs, or one job and its instances", Args: cobra.MaximumNArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			return cfg.Ask(command, func(ctx context.Context, c *client.Client) error {
				if len(args) == 1 {
					job, err := c.Job(ctx, args[0])
					if err != nil {
						return err
					}
					return cfg.show(ctx, c, job)
				}
				jobs, err := c.Jobs(ctx)
				if err != nil {
					return err
				}
				slices.SortStableFunc(jobs, func(x, y reeveapi.Job) int { return x.Submitted.Compare(y.Submitted) })
				return output.Show(cfg.Printer(), jobs, listing())
			})
		},
	}
	command.AddCommand(cfg.historyCommand())
	return command
}

func listing() output.Listing[reeveapi.Job] {
	columns := []output.Column[reeveapi.Job]{
		{Head: "NAME", Cell: func(j reeveapi.Job) string { return j.Spec.Name }},
		{Head: "KIND", Cell: func(j reeveapi.Job) string { return string(cmp.Or(j.Spec.Kind, reeveapi.Batch)) }},
		{Head: "STATE", Cell: state},
		{Head: "INSTANCES", Cell: Instances},
	}
	columns = append(columns, output.AmountColumns(func(j reeveapi.Job) reeveapi.Amounts { return j.Spec.Resources })...)
	return output.Listing[reeveapi.Job]{
		Empty: "No jobs. Submit one with \"reeve run\".",
		Name:  func(j reeveapi.Job) string { return j.Spec.Name },
		Columns: append(columns, []output.Column[reeveapi.Job]{
			{Head: "ROLE", Cell: func(j reeveapi.Job) string { return j.Spec.Role }},
			{Head: "VERSION", Wide: true, Cell: func(j reeveapi.Job) string { return strconv.Itoa(j.Version) }},
			{Head: "AGE", Cell: func(j reeveapi.Job) string { return output.Age(time.Now(), j.Submitted) }},
			{Head: "BY", Wide: true, Cell: func(j reeveapi.Job) string { return j.By }},
			{Head: "COMMAND", Wide: true, Cell: func(j reeveapi.Job) string { return j.Spec.Command }},
			{Head: "WAITS FOR", Cell: func(j reeveapi.Job) string { return j.Waiting }},
		}...),
	}
}

// state is a job's state, and of a service how it is.
func state(j reeveapi.Job) string {
	if j.Health != "" && j.State == reeveapi.JobRunning {
		return j.Health
	}
	return j.State
}

// Instances says how many of a job's instances have succeeded, "2/3 finished", or what they do instead.
func Instances(j reeveapi.Job) string {
	if j.State == reeveapi.JobScheduled {
		return strconv.Itoa(max(j.Spec.Instances, 1))
	}
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

// show prints a job; in a table what it is doing and its instances follow, with agents by name.
func (cfg Config) show(ctx context.Context, c *client.Client, job *reeveapi.Job) error {
	p := cfg.Printer()
	if !p.Tabular() && p.Form != output.Name {
		return p.Data(job)
	}
	if err := output.Show(p, []reeveapi.Job{*job}, listing()); err != nil || p.Form == output.Name {
		return err
	}
	for _, line := range doing(*job) {
		fmt.Fprintln(p.Out, output.OneLine(line))
	}
	if len(job.Instances) == 0 {
		return nil
	}
	agents, err := c.Agents(ctx)
	if err != nil {
		return err
	}
	names := map[string]string{}
	for _, g := range agents {
		names[g.ID] = g.Name
	}
	fmt.Fprintln(p.Out)
	return output.Show(p, rows(*job), instanceListing(names))
}

// doing says in lines what goes on in a job besides its instances.
func doing(j reeveapi.Job) []string {
	var lines []string
	if text := progress.Text(&j); text != "" {
		lines = append(lines, "Instances: "+text)
	}
	if r := j.Rollout; r != nil {
		line := fmt.Sprintf("Update to version %d: %s, %d of %d instances updated", r.Version, r.State, r.Updated, max(len(j.Instances), 1))
		if r.Message != "" {
			line += "; " + r.Message
		}
		lines = append(lines, line)
	}
	if n := len(j.Runs); n > 0 {
		last := j.Runs[n-1]
		line := fmt.Sprintf("Last run: %s, %s ago", last.State, output.Age(time.Now(), cmp.Or(last.Started, last.Scheduled)))
		if last.Message != "" {
			line += "; " + last.Message
		}
		lines = append(lines, line)
	}
	if j.Queued > 0 {
		lines = append(lines, fmt.Sprintf("%d more runs wait for this one", j.Queued))
	}
	if j.Message != "" {
		lines = append(lines, j.Message)
	}
	return lines
}

// row is an instance, or a task that leaves.
type row struct {
	reeveapi.Instance
	note string
}

func rows(j reeveapi.Job) []row {
	var all []row
	for _, i := range j.Instances {
		note := cmp.Or(i.Waiting, i.Message)
		if i.State != "" && i.Waiting != "" && i.Message != "" {
			note = i.Message + "; " + i.Waiting
		}
		all = append(all, row{i, note})
	}
	for _, l := range j.Leaving {
		note := "is to end: " + l.Why
		if l.Wait {
			note = "ends when its successor is well: " + l.Why
		}
		all = append(all, row{l.Instance, note})
	}
	return all
}

func instanceListing(names map[string]string) output.Listing[row] {
	return output.Listing[row]{
		Name: func(i row) string { return i.Task },
		Columns: []output.Column[row]{
			{Head: "INSTANCE", Cell: func(i row) string { return strconv.Itoa(i.Index) }},
			{Head: "STATE", Cell: func(i row) string { return cmp.Or(taskstate.LabelOf(i.State), "waiting") }},
			{Head: "ATTEMPT", Cell: func(i row) string { return strconv.Itoa(i.Attempt + 1) }},
			{Head: "VERSION", Cell: func(i row) string { return strconv.Itoa(max(i.Template, 1)) }},
			{Head: "TASK", Cell: func(i row) string { return i.Task }},
			{Head: "AGENT", Cell: func(i row) string { return cmp.Or(names[i.Agent], i.Agent) }},
			{Head: "SINCE", Cell: func(i row) string { return output.Age(time.Now(), i.Changed) }},
			{Head: "MESSAGE", Cell: func(i row) string { return i.note }},
		},
	}
}

func (cfg Config) historyCommand() *cobra.Command {
	return &cobra.Command{
		Use: "history JOB", Short: "List the versions of a job, or the runs of a periodic one", Args: cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			return cfg.Ask(command, func(ctx context.Context, c *client.Client) error {
				job, err := c.Job(ctx, args[0])
				if err != nil {
					return err
				}
				p := cfg.Printer()
				if !p.Tabular() && p.Form != output.Name {
					return p.Data(map[string]any{"versions": job.History, "runs": job.Runs})
				}
				if err := output.Show(p, job.History, versionListing(job)); err != nil || len(job.Runs) == 0 || p.Form == output.Name {
					return err
				}
				fmt.Fprintln(p.Out)
				return output.Show(p, job.Runs, runListing())
			})
		},
	}
}

func versionListing(job *reeveapi.Job) output.Listing[reeveapi.Revision] {
	return output.Listing[reeveapi.Revision]{
		Empty: "No version is remembered.",
		Name:  func(r reeveapi.Revision) string { return strconv.Itoa(r.Version) },
		Columns: []output.Column[reeveapi.Revision]{
			{Head: "VERSION", Cell: func(r reeveapi.Revision) string { return strconv.Itoa(r.Version) }},
			{Head: "WHEN", Cell: func(r reeveapi.Revision) string { return output.Age(time.Now(), r.At) + " ago" }},
			{Head: "BY", Cell: func(r reeveapi.Revision) string { return r.By }},
			{Head: "WHAT", Cell: func(r reeveapi.Revision) string { return r.Note }},
			{Head: "IS", Cell: func(r reeveapi.Revision) string {
				if r.Version == job.Version {
					return "the newest"
				}
				return ""
			}},
			{Head: "COMMAND", Wide: true, Cell: func(r reeveapi.Revision) string { return r.Spec.Command }},
		},
	}
}

func runListing() output.Listing[reeveapi.JobRun] {
	clock := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.Local().Format(time.DateTime)
	}
	return output.Listing[reeveapi.JobRun]{
		Columns: []output.Column[reeveapi.JobRun]{
			{Head: "RUN", Cell: func(r reeveapi.JobRun) string {
				if r.Number == 0 {
					return ""
				}
				return strconv.Itoa(r.Number)
			}},
			{Head: "DUE", Cell: func(r reeveapi.JobRun) string { return clock(r.Scheduled) }},
			{Head: "STARTED", Cell: func(r reeveapi.JobRun) string { return clock(r.Started) }},
			{Head: "ENDED", Cell: func(r reeveapi.JobRun) string { return clock(r.Ended) }},
			{Head: "STATE", Cell: func(r reeveapi.JobRun) string { return r.State }},
			{Head: "MESSAGE", Cell: func(r reeveapi.JobRun) string { return r.Message }},
		},
	}
}
