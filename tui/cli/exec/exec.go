// Package exec is the verb that runs a command in the container of a task: reeve exec. It owns the flags and the exit
// status; the connection is shared/client's, and the terminal tui/shell's. Start reading at Command.
package exec

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"

	"github.com/mattn/go-isatty"
	"github.com/spf13/cobra"

	"codeberg.org/reeve/reeve/shared/client"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/shared/taskstate"
	"codeberg.org/reeve/reeve/tui/shell"
)

// Config is what the verb needs of the command line.
type Config struct {
	Stdin          *os.File
	Stdout, Stderr io.Writer
	Connect        func() (*client.Client, error)
	Find           func(ctx context.Context, c *client.Client, name string) (reeveapi.Task, error)
	Usage          func(format string, args ...any) error // of wrong use
}

// Status is the exit status of a command that has ended with another one than 0. It has been told by the command itself.
type Status struct{ Code int }

func (s *Status) Error() string { return "the command failed" }

// options are the flags.
type options struct {
	stdin, tty bool
	user       string
	env        []string
}

// Command returns the verb.
func Command(cfg Config) *cobra.Command {
	o := options{}
	command := &cobra.Command{
		Use:   "exec [-it] TASK [--] [COMMAND [ARGUMENT]…]",
		Short: "Run a command in a task's container; without one, a shell",
		Long: "Run a command in the container of a running task, where it sees and may do what the task does.\n" +
			"Its exit status becomes that of reeve. Without a command it is a shell on this terminal;\n" +
			"ctrl+] opens a menu there. Without -t, stdout and stderr stay apart, and -i passes stdin on byte by byte.",
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			name, argv := args[0], args[1:]
			if len(argv) > 0 && argv[0] == "--" {
				argv = argv[1:]
			}
			return cfg.run(c.Context(), o, name, argv)
		},
	}
	command.Flags().SetInterspersed(false) // what follows the task is the command's
	command.Flags().BoolVarP(&o.stdin, "stdin", "i", false, "pass stdin on")
	command.Flags().BoolVarP(&o.tty, "tty", "t", false, "give the command a terminal")
	command.Flags().StringVarP(&o.user, "user", "u", "", "run as this user of the container, by name or number, instead of the task's")
	command.Flags().StringArrayVarP(&o.env, "env", "e", nil, "add KEY=value to the environment; may be repeated")
	return command
}

// Shell is the command for whoever asks for none: the better one of those that are there.
func Shell() []string {
	return []string{"/bin/sh", "-c", "command -v bash >/dev/null 2>&1 && exec bash || exec sh"}
}

func (cfg Config) run(ctx context.Context, o options, name string, argv []string) error {
	terminal := cfg.Stdin != nil && isatty.IsTerminal(cfg.Stdin.Fd())
	if len(argv) == 0 {
		argv, o.stdin, o.tty = Shell(), true, o.tty || terminal
	}
	if o.tty && !terminal {
		return cfg.Usage("-t needs a terminal, and stdin is none; leave it out")
	}
	for _, kv := range o.env {
		if name, _, ok := strings.Cut(kv, "="); !ok || name == "" {
			return cfg.Usage("--env %q must be KEY=value", kv)
		}
	}
	c, err := cfg.Connect()
	if err != nil {
		return err
	}
	defer c.Close()
	task, err := cfg.Find(ctx, c, name)
	if err != nil {
		return err
	}
	exec, err := Of(task, argv)
	if err != nil {
		return err
	}
	exec.User, exec.Env = o.user, append(exec.Env, o.env...)
	streams := shell.Streams{Out: cfg.Stdout, Err: cfg.Stderr, TTY: o.tty}
	if o.stdin || o.tty {
		streams.In = cfg.Stdin
	}
	if o.tty {
		exec.TTY = new(shell.Size(cfg.Stdin))
		exec.Env = append(exec.Env, "TERM="+os.Getenv("TERM"))
	}
	session, err := c.Exec(ctx, task.AgentHTTP, exec)
	if err != nil {
		return err
	}
	status, err := shell.Run(ctx, session, streams)
	switch {
	case errors.Is(err, shell.ErrDetached):
		return nil
	case err != nil:
		return err
	case status != 0:
		return &Status{status}
	}
	return nil
}

// Of is what has to be asked for to run a command in a task.
func Of(task reeveapi.Task, argv []string) (client.Exec, error) {
	switch {
	case taskstate.TerminalName(task.State):
		return client.Exec{}, fault.New(fault.Conflict, "task %s has ended; \"reeve logs %s\" and \"reeve files %s\" show what it left", task.ID, task.ID, task.ID)
	case task.Container == "" || task.AgentHTTP == "":
		return client.Exec{}, fault.New(fault.Conflict, "task %s does not run yet: it is %s", task.ID, taskstate.LabelOf(task.State))
	}
	return client.Exec{Container: task.Container, Argv: argv}, nil
}
