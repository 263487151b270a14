package jobs

import (
	"context"
	"fmt"
	"maps"
	"strings"

	"github.com/spf13/cobra"

	"codeberg.org/reeve/reeve/shared/client"
	"codeberg.org/reeve/reeve/shared/jobfile"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/cli/output"
)

// FromTask returns the verb that writes the file of a job like a task that there is. find finds the task that a person
// means.
func FromTask(cfg Config, find func(ctx context.Context, c *client.Client, name string) (reeveapi.Task, error)) *cobra.Command {
	return &cobra.Command{
		Use: "job-from-task TASK", Short: "Write the file of a job like a task, for \"reeve run -f\"", Args: cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			return cfg.Ask(command, func(ctx context.Context, c *client.Client) error {
				task, err := find(ctx, c, args[0])
				if err != nil {
					return err
				}
				spec, whole := like(task), false
				if task.Job != "" {
					if job, err := c.Job(ctx, task.Job); err == nil {
						spec, whole = specOf(job, task.ID), true
					}
				}
				p := cfg.Printer()
				if p.Form == output.JSON {
					return p.Data(spec)
				}
				text, err := jobfile.Write(spec)
				if err != nil {
					return err
				}
				if !whole {
					fmt.Fprintln(p.Out, untold)
				}
				fmt.Fprint(p.Out, string(text))
				return nil
			})
		},
	}
}

// untold begins a file that was made from what the masters tell of a task.
const untold = "# Made from a task that is no job's: its health check, volumes, URIs, secrets and how it is to be killed are not in here."

// specOf is the spec that one of a job's tasks was made from, as far as it is remembered, else the newest.
func specOf(job *reeveapi.Job, task string) reeveapi.JobSpec {
	template := job.Template
	for _, i := range job.Instances {
		if i.Task == task {
			template = i.Template
		}
	}
	for _, l := range job.Leaving {
		if l.Task == task {
			template = l.Template
		}
	}
	spec := job.Spec
	for _, r := range job.History {
		if r.Template == template && template != job.Template {
			spec = r.Spec
		}
	}
	return spec
}

// like is a job that does what a task does. What tasks do not tell is for its author to add: see untold.
func like(t reeveapi.Task) reeveapi.JobSpec {
	spec := reeveapi.JobSpec{
		Name: strings.Trim(t.Name, "./ "), Kind: reeveapi.Batch, Role: t.Role, Command: t.Command, Image: t.Image, Instances: 1,
		Resources: t.Requested, User: t.User, Env: maps.Clone(t.Env), Labels: maps.Clone(t.Labels), Ports: ports(t.Ports),
	}
	maps.DeleteFunc(spec.Env, func(name, _ string) bool {
		number, isPort := strings.CutPrefix(name, "PORT")
		return isPort && strings.Trim(number, "0123456789") == "" || strings.HasPrefix(name, "REEVE_") || strings.HasPrefix(name, "MESOS_")
	})
	maps.DeleteFunc(spec.Labels, func(name, _ string) bool { return strings.HasPrefix(name, "reeve.") })
	return spec
}

// ports counts the ports in "[31000-31001, 31005-31005]".
func ports(text string) int {
	n := 0
	for part := range strings.SplitSeq(strings.Trim(text, "[]"), ",") {
		var from, to int
		if _, err := fmt.Sscanf(strings.TrimSpace(part), "%d-%d", &from, &to); err == nil {
			n += to - from + 1
		}
	}
	return n
}
