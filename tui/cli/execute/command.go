package execute

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"codeberg.org/reeve/reeve/shared/client"
	"codeberg.org/reeve/reeve/shared/flagset"
)

// Error is a failure to start or to go on. The tool's exit status is 1 for all of them, wrong usage included, as in Mesos.
type Error struct {
	Text  string
	Usage bool // the flags are wrong: the caller shows how they are used
}

func (e *Error) Error() string { return e.Text }

func usage(format string, args ...any) error {
	return &Error{Text: fmt.Sprintf(format, args...), Usage: true}
}

// Command returns the verb. connect makes a client of the masters that the global flags name, with the credentials that
// this verb's own flags name.
func Command(stdout, stderr io.Writer, connect func(principal, secret string) (*client.Client, error)) *cobra.Command {
	f := &flags{}
	command := &cobra.Command{
		Use:   "execute --name NAME --command COMMAND",
		Short: "Run one task and stay until it ends (the flags and output of mesos-execute)",
		Long: "Run one task, or a group of tasks, as a framework that ends with them. Flags, output and exit status are those of\n" +
			"mesos-execute: the exit status is 0 whatever became of the task. Use \"reeve run\" for a job that outlives this command.",
		RunE: func(command *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usage("Unexpected argument '%s'", args[0])
			}
			return start(command.Context(), f, stdout, stderr, connect)
		},
	}
	flagset.Normalize(command.Flags())
	f.register(command.Flags())
	command.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usage("%v", err) })
	return command
}

func start(ctx context.Context, f *flags, stdout, stderr io.Writer, connect func(principal, secret string) (*client.Client, error)) error {
	p, err := newPlan(f)
	if err != nil {
		return err
	}
	c, err := connect(f.principal, f.secret)
	if err != nil {
		return err
	}
	defer c.Close()
	return newExecution(p, c, stdout, stderr).run(ctx)
}
