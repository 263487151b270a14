package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/spf13/cobra"

	"codeberg.org/reeve/reeve/shared/client"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/shared/taskstate"
	"codeberg.org/reeve/reeve/tui/cli/deed"
	"codeberg.org/reeve/reeve/tui/cli/find"
	"codeberg.org/reeve/reeve/tui/cli/output"
)

func stdinIsTerminal() bool { return isatty.IsTerminal(os.Stdin.Fd()) }

func (a *app) killCommand() *cobra.Command {
	yes, grace := false, time.Duration(-1)
	command := &cobra.Command{
		Use: "kill TASK", Short: "End a task now; its framework hears that an operator did it", Args: cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			if command.Flags().Changed("grace") && (grace < 0 || grace > mostGrace) {
				return usagef("--grace is %s, and must be between 0 and %s", grace, mostGrace)
			}
			var task reeveapi.Task
			err := a.ask(command, func(ctx context.Context, c *client.Client) (err error) {
				task, err = find.Default(a.stderr).Task(ctx, c, args[0])
				return err
			})
			if err != nil {
				return err
			}
			if taskstate.TerminalName(task.State) {
				return fault.New(fault.Conflict, "task %s has ended already: it is %s", task.ID, taskstate.LabelOf(task.State))
			}
			return a.deeds().Do(command, deed.Deed{
				Yes: yes, Question: fmt.Sprintf("Kill task %s of %s on %s?", task.ID, task.FrameworkName, task.AgentName),
				Do: func(ctx context.Context, c *client.Client) error {
					return c.KillTask(ctx, task.Framework, task.ID, grace)
				},
				Done: "Asked to kill task " + task.ID,
			})
		},
	}
	command.Flags().DurationVar(&grace, "grace", -1, "how long it may take to end after SIGTERM; 0 is SIGKILL at once (default: as the task itself says)")
	command.Flags().Lookup("grace").DefValue = "" // what is printed behind the flag
	deed.YesFlag(command, &yes)
	return command
}

// mostGrace is as long a grace as masters take.
const mostGrace = 24 * time.Hour

// confirm asks a person, and takes everything but yes for no. Without a person there is nobody to ask, and
// it is no; yes is what was given on the command line, and settles it.
func (a *app) confirm(yes bool, question string, args ...any) error {
	if yes {
		return nil
	}
	if !a.terminal() {
		return fault.New(fault.Conflict, "not done: there is no terminal to ask for confirmation; give --yes")
	}
	fmt.Fprint(a.stderr, output.OneLine(fmt.Sprintf(question, args...))+" [y/N] ")
	answer, err := bufio.NewReader(io.LimitReader(a.stdin, 1<<10)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return fault.Wrap(fault.Internal, err, "read the answer")
	}
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes":
		return nil
	}
	return fault.New(fault.Conflict, "not done: you did not say yes")
}
