package steer

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"codeberg.org/reeve/reeve/shared/client"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/cli/deed"
	"codeberg.org/reeve/reeve/tui/cli/output"
)

// glance is how often drain --wait looks how far it is.
const glance = time.Second

// drain is the flags of the verb.
type drain struct {
	grace     time.Duration // negative: each task's own
	gone      bool
	wait, yes bool
}

func (cfg Config) drainCommand() *cobra.Command {
	d := drain{grace: -1}
	grace := time.Duration(0)
	command := &cobra.Command{
		Use: "drain AGENT", Short: "End what runs on a machine and launch nothing new there, until it is reactivated", Args: cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			if command.Flags().Changed("max-grace") {
				if grace < 0 {
					return cfg.Usage("--max-grace is %s, and can't be negative", grace)
				}
				d.grace = grace
			}
			return cfg.on(command, args[0], func(ctx context.Context, a asked) error { return a.drain(ctx, d) })
		},
	}
	command.Flags().DurationVar(&grace, "max-grace", 0, "how long a task may take to end at most; without it, as long as the task itself says")
	command.Flags().BoolVar(&d.gone, "mark-gone", false, "mark the machine as gone for ever when nothing is left on it")
	command.Flags().BoolVar(&d.wait, "wait", false, "stay until nothing is left on it")
	command.Flags().BoolVarP(&d.yes, "yes", "y", false, "do not ask")
	return command
}

func (a asked) drain(ctx context.Context, d drain) error {
	if a.agent.State == reeveapi.AgentGone {
		return fault.New(fault.Conflict, "%s was marked as gone; there is nothing to drain", a.agent.Name)
	}
	limit, after := "", ""
	if d.grace >= 0 {
		limit = fmt.Sprintf(" within %s each", d.grace)
	}
	if d.gone {
		after = "; then it is marked as gone for ever"
	}
	act := deed.Deed{
		Yes: d.yes, Question: fmt.Sprintf("Drain agent %s at %s? %s on it must end%s%s.", a.agent.Name, a.agent.HTTP, plural(a.agent.Tasks), limit, after),
		Do: func(ctx context.Context, c *client.Client) error {
			return c.DrainAgent(ctx, a.agent.ID, d.grace, d.gone)
		},
	}
	if !d.wait {
		act.Done = fmt.Sprintf("%s drains: %s on it must end%s; \"reeve agents\" shows how far it is", a.agent.Name, plural(a.agent.Tasks), limit)
	}
	if err := a.cfg.Do(a.command, act); err != nil || !d.wait {
		return err
	}
	return a.drained(ctx, d)
}

// drained waits for the end of the drain, whoever leads meanwhile, and tells how far it is.
func (a asked) drained(ctx context.Context, d drain) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	tick := time.NewTicker(glance)
	defer tick.Stop()
	told := ""
	for {
		done, now, err := a.look(ctx, d)
		switch {
		case ctx.Err() != nil:
			fmt.Fprintf(a.cfg.Printer().Err, "reeve: the drain of %s goes on\n", output.OneLine(a.agent.Name))
			return ctx.Err()
		case err != nil:
			return err
		case done:
			return a.cfg.Say("%s", now)
		case now != told:
			fmt.Fprintln(a.cfg.Printer().Err, output.OneLine(now))
			told = now
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
}

// look says how far the drain is. That no master answers is no reason to give up.
func (a asked) look(ctx context.Context, d drain) (done bool, now string, err error) {
	var agents []reeveapi.Agent
	err = within(ctx, func(ctx context.Context) (err error) {
		agents, err = a.client.Agents(ctx)
		return err
	})
	if kind := fault.KindOf(err); err != nil && (kind == fault.Unavailable || kind == fault.Internal) {
		return false, "waiting for a master that leads", nil
	}
	if err != nil {
		return false, "", err
	}
	name := a.agent.Name
	i := slices.IndexFunc(agents, func(other reeveapi.Agent) bool { return other.ID == a.agent.ID })
	switch {
	case i < 0 || agents[i].State == reeveapi.AgentGone:
		if d.gone {
			return true, name + " is drained and gone", nil
		}
		return false, "", fault.New(fault.Conflict, "%s left the cluster before it was drained", name)
	case agents[i].Drain == nil:
		return false, "", fault.New(fault.Conflict, "%s does not drain any more: somebody has reactivated it", name)
	case agents[i].Drain.Drained:
		return true, name + " is drained; \"reeve reactivate " + name + "\" uses it again", nil
	}
	now = name + " " + agents[i].Reason
	if of, known := agents[i].Drain.Of(agents[i].Drain.Left); known {
		now += fmt.Sprintf(" (%d of %d left)", agents[i].Drain.Left, of)
	}
	return false, now, nil
}
