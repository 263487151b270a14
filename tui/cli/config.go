package cli

import (
	"cmp"
	"os"
	"strings"

	"github.com/spf13/pflag"

	"codeberg.org/reeve/reeve/shared/client"
	"codeberg.org/reeve/reeve/shared/flagset"
	"codeberg.org/reeve/reeve/tui/config"
	"codeberg.org/reeve/reeve/tui/jump"
)

// resolve finds out which cluster is meant: --master, else --context, else REEVE_MASTER, else the configuration's first
// context, else the master of this machine. A configuration that is not needed may be broken.
func (a *app) resolve(flags *pflag.FlagSet) error {
	if err := jump.Host(a.ssh).Check(); a.ssh != "" && err != nil {
		return usagef("--ssh: %v", err)
	}
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
	a.ssh = cmp.Or(a.ssh, x.SSH)
	return nil
}

// opened is what the console is opened with.
func (a *app) opened() (Options, error) {
	if a.configErr != nil {
		return Options{}, usagef("%v", a.configErr)
	}
	return Options{Masters: client.Masters(a.masters), SSH: a.ssh, Output: a.output, Context: a.context, Config: a.config}, nil
}
