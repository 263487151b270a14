// Package deed is what verbs do that change a cluster: ask a person, do it, and say what was done, in the form of output that was
// wanted. It also has what those verbs need of the command line. It knows no verb. Start reading at Deed.
package deed

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"codeberg.org/reeve/reeve/shared/client"
	"codeberg.org/reeve/reeve/tui/cli/output"
)

// Patience is how long a question to the masters waits while they elect a leader.
const Patience = 20 * time.Second

// Config is what verbs need of the command line.
type Config struct {
	Printer func() output.Printer
	Connect func() (*client.Client, error)
	Confirm func(yes bool, question string, args ...any) error // asks a person, unless yes
	Usage   func(format string, args ...any) error             // wrong use of a verb
}

// Deed is one thing that is done.
type Deed struct {
	Yes      bool   // nobody is asked
	Question string // "" if that needs no consent
	Do       func(ctx context.Context, c *client.Client) error
	Done     string // is said when it was done, unless it is ""
}

// Do asks, does and says.
func (cfg Config) Do(command *cobra.Command, d Deed) error {
	if d.Question != "" {
		if err := cfg.Confirm(d.Yes, "%s", d.Question); err != nil {
			return err
		}
	}
	if err := cfg.Ask(command, d.Do); err != nil || d.Done == "" {
		return err
	}
	return cfg.Say("%s", d.Done)
}

// Ask connects and calls fn with a context that ends when a person would have lost patience.
func (cfg Config) Ask(command *cobra.Command, fn func(ctx context.Context, c *client.Client) error) error {
	c, err := cfg.Connect()
	if err != nil {
		return err
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(command.Context(), Patience)
	defer cancel()
	return fn(ctx, c)
}

// Say prints what was done: a sentence for people, {"done": …} for programs that read JSON or YAML, and no name of anything.
func (cfg Config) Say(format string, args ...any) error {
	p, text := cfg.Printer(), output.OneLine(fmt.Sprintf(format, args...))
	switch {
	case p.Form == output.Name:
		return nil
	case !p.Tabular():
		return p.Data(struct {
			Done string `json:"done"`
		}{text})
	}
	_, err := fmt.Fprintln(p.Out, text)
	return err
}

// YesFlag gives a verb that asks the flag by which it does not.
func YesFlag(command *cobra.Command, yes *bool) {
	command.Flags().BoolVarP(yes, "yes", "y", false, "do not ask")
}
