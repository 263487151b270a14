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
			return cfg.ask(command, func(ctx context.Context, c *client.Client) error {
				task, err := find(ctx, c, args[0])
				if err != nil {
					return err
				}
				spec := like(task)
				if task.Job != "" {
					if job, err := c.Job(ctx, task.Job); err == nil {
						spec = job.Spec
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
				fmt.Fprint(p.Out, string(text))
				return nil
			})
		},
	}
}

// like is a job that does what a task does. What tasks do not tell (health checks, volumes, URIs) is for its author to add.
func like(t reeveapi.Task) reeveapi.JobSpec {
	spec := reeveapi.JobSpec{
		Name: strings.Trim(t.Name, "./ "), Kind: reeveapi.Batch, Role: t.Role, Command: t.Command, Image: t.Image, Instances: 1,
		Resources: t.Requested, User: t.User, Env: maps.Clone(t.Env), Labels: maps.Clone(t.Labels), Ports: ports(t.Ports),
	}
	maps.DeleteFunc(spec.Env, func(name, _ string) bool {
		return strings.HasPrefix(name, "PORT") || strings.HasPrefix(name, "REEVE_") || strings.HasPrefix(name, "MESOS_")
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
