package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"codeberg.org/reeve/reeve/shared/client"
	"codeberg.org/reeve/reeve/shared/flagset"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/shared/version"
	"codeberg.org/reeve/reeve/tui/cli/contexts"
	"codeberg.org/reeve/reeve/tui/cli/exec"
	"codeberg.org/reeve/reeve/tui/cli/execute"
	"codeberg.org/reeve/reeve/tui/cli/explain"
	"codeberg.org/reeve/reeve/tui/cli/files"
	"codeberg.org/reeve/reeve/tui/cli/find"
	"codeberg.org/reeve/reeve/tui/cli/inspect"
	"codeberg.org/reeve/reeve/tui/cli/jobs"
	"codeberg.org/reeve/reeve/tui/cli/maintenance"
	"codeberg.org/reeve/reeve/tui/cli/masters"
	"codeberg.org/reeve/reeve/tui/cli/output"
	"codeberg.org/reeve/reeve/tui/cli/roles"
	"codeberg.org/reeve/reeve/tui/cli/secrets"
	"codeberg.org/reeve/reeve/tui/cli/steer"
	"codeberg.org/reeve/reeve/tui/cli/top"
	"codeberg.org/reeve/reeve/tui/config"
	"codeberg.org/reeve/reeve/tui/reach"
)

// Options are the global flags.
type Options struct {
	Way     reach.Way       // its masters are never empty
	Data    func(any) error // prints a document in the form of -o; nil for a person's
	Context string          // name of the cluster in Config, "" if masters were named
	Config  config.Config
}

// The exit statuses, which scripts rely on.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2
	exitInterrupted = 130 // what a shell makes of SIGINT
)

// defaultMaster is where a master listens that was told nothing.
const defaultMaster = "127.0.0.1:5050"

// app is what all verbs share.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	terminal       func() bool // whether a person can answer a question
	masters        string
	ssh            string
	ca             string
	plainAgents    bool
	output         string
	context        string
	config         config.Config
	configErr      error // why there is none
}

// New returns the command of reeve. Without a verb it calls console. The caller executes it, and ends with ExitCode; what
// went wrong has been written to stderr by then.
func New(stdout, stderr io.Writer, console func(Options) error) *cobra.Command {
	a := &app{stdin: os.Stdin, stdout: stdout, stderr: stderr, terminal: stdinIsTerminal}
	return a.command(console)
}

func (a *app) command(console func(Options) error) *cobra.Command {
	root := &cobra.Command{
		Use:           "reeve",
		Short:         "See and steer a Reeve cluster; without a verb, in the console",
		SilenceUsage:  true,
		SilenceErrors: true,
		Version:       version.Full(),
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usagef("unknown verb %q; \"reeve --help\" lists them", args[0])
			}
			return nil
		},
		PersistentPreRunE: func(c *cobra.Command, _ []string) error {
			if err := a.checkOutput(); err != nil {
				return err
			}
			return a.report(a.resolve(c.Flags()))
		},
		RunE: func(c *cobra.Command, _ []string) error {
			o, err := a.opened(c.Flags())
			if err != nil {
				return err
			}
			return console(o)
		},
	}
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return a.report(&usageError{err.Error()}) })
	a.addFlags(root.PersistentFlags())
	root.SetGlobalNormalizationFunc(root.PersistentFlags().GetNormalizeFunc())
	root.AddCommand(
		interruptible(a.executeCommand()), interruptible(a.runCommand()), interruptible(a.eventsCommand()), interruptible(a.logsCommand()),
		interruptible(a.execCommand()),
		interruptible(top.Command(top.Config{Printer: a.printer, Connect: a.connect})),
		a.tasksCommand(), a.agentsCommand(), a.frameworksCommand(),
		interruptible(files.Command(files.Config{Printer: a.printer, Connect: a.connect, Find: a.find})), a.killCommand(), a.teardownCommand(), a.configCommand(), a.serveCommand(), a.versionCommand(),
	)
	root.AddCommand(explain.Command(explain.Config{Printer: a.printer, Connect: a.connect}))
	root.AddCommand(inspect.Command(inspect.Config{Printer: a.printer, Connect: a.connect, Find: a.find}))
	root.AddCommand(roles.Commands(roles.Config{Config: a.deeds()})...)
	root.AddCommand(secrets.Command(secrets.Config{Config: a.deeds(), Stdin: a.stdin, Stderr: a.stderr}))
	root.AddCommand(masters.Command(masters.Config{Config: a.deeds()}), masters.MembersCommand(masters.Config{Config: a.deeds()}))
	root.AddCommand(jobs.Commands(a.jobs())...)
	root.AddCommand(maintenance.Command(maintenance.Config{Config: a.deeds()}))
	root.AddCommand(steer.Commands(steer.Config{Config: a.deeds()})...)
	for _, verb := range append(root.Commands(), root) {
		a.reportErrors(verb)
		for _, inner := range verb.Commands() {
			if verb != root {
				a.reportErrors(inner)
			}
		}
	}
	return root
}

// addFlags defines the flags of all verbs.
func (a *app) addFlags(flags *pflag.FlagSet) {
	flagset.Normalize(flags)
	masters := defaultMaster
	if set := os.Getenv(flagset.EnvName("master")); set != "" {
		masters = set
	}
	flags.StringVar(&a.masters, "master", masters, "masters, host:port or https://host:port separated by commas; any will do (REEVE_MASTER)")
	flags.StringVar(&a.ssh, "ssh", "", "reach masters and agents through this host, as ssh names it")
	flags.StringVar(&a.ca, "ca", "", "file with the certificates of whom to trust, as PEM, for masters that are named with https://")
	flags.BoolVar(&a.plainAgents, "plain-agents", false, "ask agents without TLS although the masters are named with https://")
	flags.StringVar(&a.context, "context", "", "a cluster of your configuration; see \"reeve config\"")
	flags.StringVarP(&a.output, "output", "o", output.Table, "table, wide, json, yaml or name")
}

// interruptible ends the context of a verb that stays when its user has seen enough, so that it can say what goes on
// without it. Verbs that ask a question just end.
func interruptible(command *cobra.Command) *cobra.Command {
	runE := command.RunE
	command.RunE = func(c *cobra.Command, args []string) error {
		ctx, stop := signal.NotifyContext(c.Context(), os.Interrupt, syscall.SIGTERM)
		defer stop()
		c.SetContext(ctx)
		return runE(c, args)
	}
	return command
}

// reportErrors makes a command write its own error, so that whoever executes it only needs the exit status. Cobra would
// add a second line.
func (a *app) reportErrors(command *cobra.Command) {
	if check := command.Args; check != nil {
		command.Args = func(c *cobra.Command, args []string) error {
			err := check(c, args)
			if err == nil {
				return nil
			}
			if _, ours := errors.AsType[*usageError](err); !ours {
				err = usagef("%v; see \"%s --help\"", err, c.CommandPath())
			}
			return a.report(err)
		}
	}
	if runE := command.RunE; runE != nil {
		command.RunE = func(c *cobra.Command, args []string) error { return a.report(runE(c, args)) }
	}
}

func (a *app) report(err error) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return err
	}
	if _, told := errors.AsType[*exec.Status](err); told {
		return err
	}
	fmt.Fprintln(a.stderr, "reeve: "+output.OneLine(err.Error()))
	return err
}

// usageError is wrong use of a verb.
type usageError struct{ text string }

func (e *usageError) Error() string { return e.text }

func usagef(format string, args ...any) error { return &usageError{fmt.Sprintf(format, args...)} }

// ExitCode is the exit status for what executing the command returned.
func ExitCode(err error) int {
	if err == nil {
		return exitDone
	}
	if errors.Is(err, context.Canceled) {
		return exitInterrupted
	}
	if status, ok := errors.AsType[*exec.Status](err); ok {
		return status.Code
	}
	if _, wrong := errors.AsType[*usageError](err); wrong {
		return exitUsage
	}
	return exitFailed
}

// configCommand is the verb about the operator's own files. What it writes from the cluster needs the cluster to be found
// first, as other verbs do.
func (a *app) configCommand() *cobra.Command {
	command := contexts.Command(a.printer)
	fromTask := jobs.FromTask(a.jobs(), a.find)
	fromTask.PersistentPreRunE = func(c *cobra.Command, _ []string) error {
		if err := a.checkOutput(); err != nil {
			return err
		}
		return a.report(a.resolve(c.Flags()))
	}
	command.AddCommand(fromTask)
	return command
}

// printer prints what this verb answers.
func (a *app) printer() output.Printer {
	return output.Printer{Form: a.output, Out: a.stdout, Err: a.stderr}
}

func (a *app) checkOutput() error {
	if err := a.printer().Check(); err != nil {
		return a.report(usagef("%v", err))
	}
	return nil
}

// find finds the task that a person means, and does not wait for ever.
func (a *app) find(ctx context.Context, c *client.Client, name string) (reeveapi.Task, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return find.Default(a.stderr).Task(ctx, c, name)
}

// connect makes a client of the masters in the flags.
func (a *app) connect() (*client.Client, error) {
	return a.connectAs("", "")
}

func (a *app) connectAs(principal, secret string) (*client.Client, error) {
	options, err := a.way().Client(client.Options{User: os.Getenv(flagset.EnvName("user")), Principal: principal, Secret: secret})
	if err != nil {
		return nil, usagef("%v", err)
	}
	c, err := client.New(options)
	if err != nil {
		return nil, usagef("--master: %v", err)
	}
	return c, nil
}

func (a *app) execCommand() *cobra.Command {
	stdin, _ := a.stdin.(*os.File) // anything else is a test's, and no terminal
	return a.formless(exec.Command(exec.Config{
		Stdin: stdin, Stdout: a.stdout, Stderr: a.stderr, Connect: a.connect, Usage: usagef,
		Find: a.find,
	}), "what the command prints")
}

func (a *app) executeCommand() *cobra.Command {
	command := a.formless(execute.Command(a.stdout, a.stderr, a.connectAs), "what mesos-execute prints; \"reeve run --follow\" has it")
	onFlag := command.FlagErrorFunc()
	command.SetFlagErrorFunc(func(c *cobra.Command, err error) error { return a.report(onFlag(c, err)) })
	return command
}

// formless makes a verb refuse -o: what it prints is in no form of ours.
func (a *app) formless(command *cobra.Command, prints string) *cobra.Command {
	runE := command.RunE
	command.RunE = func(c *cobra.Command, args []string) error {
		if a.output != output.Table {
			return usagef("-o %s can't be: %s prints %s", a.output, c.Name(), prints)
		}
		return runE(c, args)
	}
	return command
}
