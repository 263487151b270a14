// Package contexts is the verb that shows and checks the operator's own configuration: reeve config. It never writes it.
// Start reading at Command.
package contexts

import (
	"cmp"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"codeberg.org/reeve/reeve/tui/cli/deed"
	"codeberg.org/reeve/reeve/tui/cli/output"
	"codeberg.org/reeve/reeve/tui/config"
	"codeberg.org/reeve/reeve/tui/screen/open"
)

// Command returns the verb. printer is asked when the verb runs.
func Command(printer func() output.Printer) *cobra.Command {
	command := &cobra.Command{
		Use:   "config",
		Short: "Show and check your own configuration: clusters, and how the console looks",
		Args:  cobra.NoArgs,
		// A broken file shall not keep anybody from asking what is wrong with it.
		PersistentPreRunE: func(*cobra.Command, []string) error { return printer().Check() },
		RunE:              func(*cobra.Command, []string) error { return show(printer()) },
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
			if err := cfg.CheckColumns(open.Columns()); err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
			if err := cfg.CheckFiles(); err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
			return deed.Config{Printer: printer}.Say("%s: nothing is wrong; contexts: %s", path, orNone(cfg.Names()))
		},
	}
	command.AddCommand(check)
	return command
}

func show(p output.Printer) error {
	path := config.Path(os.Getenv)
	cfg, err := config.Load(path)
	if err != nil {
		return err
	}
	if !p.Tabular() {
		return p.Data(cfg)
	}
	fmt.Fprintln(p.Err, path)
	var rows []contextRow
	for _, name := range cfg.Names() {
		rows = append(rows, contextRow{name, name == cfg.Context, cfg.Contexts[name]})
	}
	yes := func(b bool) string { return map[bool]string{true: "yes", false: "-"}[b] }
	return output.Show(p, rows, output.Listing[contextRow]{
		Empty: "no context is configured",
		Name:  func(r contextRow) string { return r.name },
		Columns: []output.Column[contextRow]{
			{Head: "CONTEXT", Cell: func(r contextRow) string { return r.name }},
			{Head: "FIRST", Cell: func(r contextRow) string { return yes(r.first) }},
			{Head: "PRODUCTION", Cell: func(r contextRow) string { return yes(r.Production) }},
			{Head: "READ-ONLY", Cell: func(r contextRow) string { return yes(r.ReadOnly) }},
			{Head: "MASTERS", Cell: func(r contextRow) string { return strings.Join(r.Masters, ",") }},
			{Head: "VIA", Cell: func(r contextRow) string { return cmp.Or(r.SSH, "-") }},
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
