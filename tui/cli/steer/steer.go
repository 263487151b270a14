// Package steer is the verbs that take a machine out of use and bring it back: reeve drain, deactivate, reactivate and gone.
// What they ask for is kept by the masters, and goes on without them; drain --wait only looks on. Start reading at Commands.
package steer

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"codeberg.org/reeve/reeve/shared/client"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/action"
	"codeberg.org/reeve/reeve/tui/cli/deed"
)

// Config is what the verbs need of the command line.
type Config struct{ deed.Config }

// Commands returns the verbs.
func Commands(cfg Config) []*cobra.Command {
	return []*cobra.Command{cfg.drainCommand(), cfg.deactivateCommand(), cfg.reactivateCommand(), cfg.goneCommand()}
}

// asked is a verb at work on one agent.
type asked struct {
	cfg     Config
	command *cobra.Command
	client  *client.Client
	agent   reeveapi.Agent
}

// on finds the agent that is named on the command line, and calls fn.
func (cfg Config) on(command *cobra.Command, name string, fn func(ctx context.Context, a asked) error) error {
	c, err := cfg.Connect()
	if err != nil {
		return err
	}
	defer c.Close()
	var agent reeveapi.Agent
	if err := within(command.Context(), func(ctx context.Context) (err error) {
		agent, err = Find(ctx, c, name)
		return err
	}); err != nil {
		return err
	}
	return fn(command.Context(), asked{cfg, command, c, agent})
}

func within(ctx context.Context, fn func(ctx context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, deed.Patience)
	defer cancel()
	return fn(ctx)
}

// Find finds the agent that a person means, as action.FindAgent does.
func Find(ctx context.Context, c *client.Client, name string) (reeveapi.Agent, error) {
	agents, err := Agents(ctx, c)
	if err != nil {
		return reeveapi.Agent{}, err
	}
	found, err := action.FindAgent(agents, name)
	if err != nil {
		return reeveapi.Agent{}, err
	}
	return *found, nil
}

// Agents are all that there are.
func Agents(ctx context.Context, c *client.Client) ([]*reeveapi.Agent, error) {
	all, err := c.Agents(ctx)
	out := make([]*reeveapi.Agent, len(all))
	for i := range all {
		out[i] = &all[i]
	}
	return out, err
}

func (cfg Config) deactivateCommand() *cobra.Command {
	return &cobra.Command{
		Use: "deactivate AGENT", Short: "Launch nothing new on a machine; what runs there goes on", Args: cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			return cfg.on(command, args[0], func(_ context.Context, a asked) error {
				return cfg.Do(command, deed.Deed{
					Do:   func(ctx context.Context, c *client.Client) error { return c.DeactivateAgent(ctx, a.agent.ID) },
					Done: fmt.Sprintf("%s is deactivated; %s on it may go on", a.agent.Name, plural(a.agent.Tasks)),
				})
			})
		},
	}
}

func (cfg Config) reactivateCommand() *cobra.Command {
	return &cobra.Command{
		Use: "reactivate AGENT", Short: "Use a machine again that was deactivated or is drained", Args: cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			return cfg.on(command, args[0], func(_ context.Context, a asked) error {
				return cfg.Do(command, deed.Deed{
					Do:   func(ctx context.Context, c *client.Client) error { return c.ReactivateAgent(ctx, a.agent.ID) },
					Done: a.agent.Name + " is used again",
				})
			})
		},
	}
}

func (cfg Config) goneCommand() *cobra.Command {
	yes := false
	command := &cobra.Command{
		Use: "gone AGENT", Short: "Give a machine up for ever; what still runs there is lost, and its agentd is not let in again", Args: cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			return cfg.on(command, args[0], func(_ context.Context, a asked) error {
				if a.agent.State == reeveapi.AgentGone {
					return cfg.Say("%s was marked as gone before", a.agent.Name)
				}
				return cfg.Do(command, deed.Deed{
					Yes: yes,
					Question: fmt.Sprintf("Mark agent %s at %s as gone for ever? It is %s; %s on it will be ended and given up.",
						a.agent.Name, a.agent.HTTP, a.agent.State, plural(a.agent.Tasks)),
					Do:   func(ctx context.Context, c *client.Client) error { return c.MarkAgentGone(ctx, a.agent.ID) },
					Done: a.agent.Name + " is gone",
				})
			})
		},
	}
	deed.YesFlag(command, &yes)
	return command
}

func plural(tasks int) string {
	if tasks == 1 {
		return "1 task"
	}
	return fmt.Sprintf("%d tasks", tasks)
}
