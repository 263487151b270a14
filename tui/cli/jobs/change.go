package jobs

import (
	"context"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"codeberg.org/reeve/reeve/shared/client"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/cli/deed"
	"codeberg.org/reeve/reeve/tui/cli/output"
)

func ended(state string) bool {
	return state == reeveapi.JobFinished || state == reeveapi.JobFailed || state == reeveapi.JobStopped
}

// look finds the job that is to be changed: the question says how much goes with it.
func (cfg Config) look(command *cobra.Command, name string) (*reeveapi.Job, error) {
	var job *reeveapi.Job
	err := cfg.Ask(command, func(ctx context.Context, c *client.Client) (err error) {
		job, err = c.Job(ctx, name)
		return err
	})
	return job, err
}

// lookAtLive looks at a job that is to be changed: of one that has ended nobody is asked whether to change it.
func (cfg Config) lookAtLive(command *cobra.Command, name string) (*reeveapi.Job, error) {
	job, err := cfg.look(command, name)
	if err == nil && ended(job.State) {
		err = fault.New(fault.Conflict, "job %s has ended: it is %s; run it again instead", name, job.State)
	}
	return job, err
}

func (cfg Config) stopCommand() *cobra.Command {
	forget, yes := false, false
	command := &cobra.Command{
		Use: "stop JOB", Short: "End a job and its tasks", Args: cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			if forget {
				return cfg.forget(command, args[0])
			}
			return cfg.stop(command, args[0], yes)
		},
	}
	command.Flags().BoolVar(&forget, "forget", false, "remove a job that has ended from the list")
	deed.YesFlag(command, &yes)
	return command
}

func (cfg Config) stop(command *cobra.Command, name string, yes bool) error {
	job, err := cfg.look(command, name)
	if err != nil {
		return err
	}
	if ended(job.State) {
		return fault.New(fault.Conflict, "job %s has ended already: it is %s; \"reeve stop --forget\" removes it from the list", name, job.State)
	}
	return cfg.Do(command, deed.Deed{
		Yes: yes, Question: fmt.Sprintf("Stop job %s (%s)?", name, Instances(*job)),
		Do:   func(ctx context.Context, c *client.Client) error { return c.StopJob(ctx, name) },
		Done: "Stopping job " + name,
	})
}

// forget removes a job that has ended. There is nothing to end, so nobody is asked.
func (cfg Config) forget(command *cobra.Command, name string) error {
	return cfg.Do(command, deed.Deed{
		Do:   func(ctx context.Context, c *client.Client) error { return c.RemoveJob(ctx, name) },
		Done: "Forgot job " + name,
	})
}

func (cfg Config) scaleCommand() *cobra.Command {
	yes := false
	command := &cobra.Command{
		Use: "scale JOB INSTANCES", Short: "Change how many instances a job has", Args: cobra.ExactArgs(2),
		RunE: func(command *cobra.Command, args []string) error {
			n, err := strconv.Atoi(args[1])
			if err != nil || n < 1 {
				return cfg.Usage("INSTANCES is %q, it must be a whole number of at least 1; \"reeve stop\" ends a job", args[1])
			}
			job, err := cfg.lookAtLive(command, args[0])
			if err != nil {
				return err
			}
			if have := job.Spec.Instances; n < have {
				if err := cfg.Confirm(yes, "Scale job %s from %d to %d instances, which ends %d?", args[0], have, n, have-n); err != nil {
					return err
				}
			}
			return cfg.change(command, func(ctx context.Context, c *client.Client) (*reeveapi.Job, error) {
				return c.ScaleJob(ctx, args[0], job.Version, n)
			}, "Scaled job %s to %d instances", args[0], n)
		},
	}
	deed.YesFlag(command, &yes)
	return command
}

// change makes a change and says that it was made.
func (cfg Config) change(command *cobra.Command, do func(ctx context.Context, c *client.Client) (*reeveapi.Job, error), format string, args ...any) error {
	var job *reeveapi.Job
	err := cfg.Ask(command, func(ctx context.Context, c *client.Client) (err error) {
		job, err = do(ctx, c)
		return err
	})
	if err != nil {
		return err
	}
	if p := cfg.Printer(); job != nil && !p.Tabular() && p.Form != output.Name {
		return p.Data(job)
	}
	return cfg.Say("%s", fmt.Sprintf(format, args...))
}

func (cfg Config) restartCommand() *cobra.Command {
	yes := false
	command := &cobra.Command{
		Use: "restart JOB", Short: "Replace the tasks of a service one after the other, as an update does", Args: cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			job, err := cfg.lookAtLive(command, args[0])
			if err != nil {
				return err
			}
			if err := cfg.Confirm(yes, "Restart job %s (%s)?", args[0], Instances(*job)); err != nil {
				return err
			}
			return cfg.change(command, func(ctx context.Context, c *client.Client) (*reeveapi.Job, error) {
				return c.RestartJob(ctx, args[0], job.Version)
			}, "Restarting job %s; \"reeve jobs %s\" shows how far it is", args[0], args[0])
		},
	}
	deed.YesFlag(command, &yes)
	return command
}

func (cfg Config) rollbackCommand() *cobra.Command {
	yes, to := false, 0
	command := &cobra.Command{
		Use: "rollback JOB", Short: "Make an earlier version of a job the newest one", Args: cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			job, err := cfg.lookAtLive(command, args[0])
			if err != nil {
				return err
			}
			target := to
			if n := len(job.History); target == 0 && n > 1 {
				target = job.History[n-2].Version
			}
			if target == 0 {
				return fault.New(fault.NotFound, "job %s has no version before its newest that is remembered, and none to roll back to", args[0])
			}
			if err := cfg.Confirm(yes, "Roll job %s back from version %d to version %d?", args[0], job.Version, target); err != nil {
				return err
			}
			return cfg.change(command, func(ctx context.Context, c *client.Client) (*reeveapi.Job, error) {
				return c.RollbackJob(ctx, args[0], job.Version, to)
			}, "Rolling job %s back to version %d", args[0], target)
		},
	}
	command.Flags().IntVar(&to, "to", 0, "version, as \"reeve jobs history\" lists them; default is the one before the newest")
	deed.YesFlag(command, &yes)
	return command
}

func (cfg Config) triggerCommand() *cobra.Command {
	return &cobra.Command{
		Use: "trigger JOB", Short: "Run a periodic job now", Args: cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			return cfg.change(command, func(ctx context.Context, c *client.Client) (*reeveapi.Job, error) {
				return c.TriggerJob(ctx, args[0])
			}, "Running job %s now", args[0])
		},
	}
}
