package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"codeberg.org/reeve/reeve/shared/version"
	"codeberg.org/reeve/reeve/tui/cli/output"
)

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version of this program", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if a.output == output.JSON || a.output == output.YAML {
				return a.printer().Data(map[string]string{"version": version.Reeve, "mesos": version.Mesos, "commit": version.Commit(), "date": version.Date()})
			}
			_, err := fmt.Fprintln(a.stdout, "reeve version "+version.Full())
			return err
		},
	}
}
