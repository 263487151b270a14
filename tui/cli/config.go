package cli

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"codeberg.org/reeve/reeve/shared/client"
	"codeberg.org/reeve/reeve/shared/flagset"
	"codeberg.org/reeve/reeve/tui/config"
)

// resolve finds out which cluster is meant: --master, else --context, else REEVE_MASTER, else the configuration's first
// context, else the master of this machine. A configuration that is not needed may be broken.
func (a *app) resolve(flags *pflag.FlagSet) error {
	explicit := flags.Changed("master")
	if explicit && a.context != "" {
		return usagef("--master and --context both say which cluster; give one of them")
	}
	if a.context == "" && os.Getenv(flagset.EnvName("master")) != "" {
		explicit = true
	}
	cfg, err := config.Load(config.Path(os.Getenv))
	a.config, a.configErr = cfg, err
	if explicit {
		return nil
	}
	if err != nil {
		return usagef("%v", err)
	}
	x, err := cfg.Find(a.context)
	if err != nil {
		return usagef("--context: %v", err)
	}
	if a.context == "" {
		a.context = cfg.Context
	}
	if len(x.Masters) > 0 {
		a.masters = strings.Join(x.Masters, ",")
	}
	return nil
}

// opened is what the console is opened with.
func (a *app) opened() (Options, error) {
	if a.configErr != nil {
		return Options{}, usagef("%v", a.configErr)
	}
	return Options{Masters: client.Masters(a.masters), Output: a.output, Context: a.context, Config: a.config}, nil
}

func (a *app) configCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "config",
		Short: "Show and check your own configuration: clusters, and how the console looks",
		Args:  cobra.NoArgs,
		// A broken file shall not keep anybody from asking what is wrong with it.
		PersistentPreRunE: func(*cobra.Command, []string) error { return a.checkOutput() },
		RunE:              func(*cobra.Command, []string) error { return a.showConfig() },
	}
	check := &cobra.Command{
		Use:   "check",
		Short: "Say whether the configuration can be read, and what is wrong with which line",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			path := config.Path(os.Getenv)
			cfg, err := config.Load(path)
			if err != nil {
				return err
			}
			fmt.Fprintf(a.stdout, "%s: nothing is wrong; contexts: %s\n", path, orNone(cfg.Names()))
			return nil
		},
	}
	command.AddCommand(check)
	return command
}

func (a *app) showConfig() error {
	path := config.Path(os.Getenv)
	cfg, err := config.Load(path)
	if err != nil {
		return err
	}
	if a.output != formTable && a.output != formWide {
		return a.showData(cfg)
	}
	fmt.Fprintln(a.stderr, path)
	var rows []contextRow
	for _, name := range cfg.Names() {
		rows = append(rows, contextRow{name, name == cfg.Context, cfg.Contexts[name]})
	}
	yes := func(b bool) string { return map[bool]string{true: "yes", false: "-"}[b] }
	return show(a, rows, listing[contextRow]{
		empty: "no context is configured",
		name:  func(r contextRow) string { return r.name },
		columns: []column[contextRow]{
			{head: "CONTEXT", cell: func(r contextRow) string { return r.name }},
			{head: "FIRST", cell: func(r contextRow) string { return yes(r.first) }},
			{head: "PRODUCTION", cell: func(r contextRow) string { return yes(r.Production) }},
			{head: "READ-ONLY", cell: func(r contextRow) string { return yes(r.ReadOnly) }},
			{head: "MASTERS", cell: func(r contextRow) string { return strings.Join(r.Masters, ",") }},
		},
	})
}

type contextRow struct {
	name  string
	first bool
	config.Context
}

func orNone(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}
