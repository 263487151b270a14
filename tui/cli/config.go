package cli

import (
	"cmp"
	"os"
	"path/filepath"
	"reflect"
	"strings"

	"github.com/spf13/pflag"

	"codeberg.org/reeve/reeve/shared/client"
	"codeberg.org/reeve/reeve/shared/flagset"
	"codeberg.org/reeve/reeve/tui/cli/output"
	"codeberg.org/reeve/reeve/tui/config"
	"codeberg.org/reeve/reeve/tui/jump"
	"codeberg.org/reeve/reeve/tui/reach"
)

// resolve finds out which cluster is meant: --master, else --context, else REEVE_MASTER, else the configuration's first
// context, else the master of this machine. A configuration that is not needed may be broken.
func (a *app) resolve(flags *pflag.FlagSet) error {
	if err := jump.Host(a.ssh).Check(); a.ssh != "" && err != nil {
		return usagef("--ssh: %v", err)
	}
	if a.ca != "" { // a line that is copied may be run in another directory
		if abs, err := filepath.Abs(a.ca); err == nil {
			a.ca = abs
		}
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
		return a.checkWay()
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
	a.ssh, a.ca, a.plainAgents = cmp.Or(a.ssh, x.SSH), cmp.Or(a.ca, x.CA), a.plainAgents || x.PlainAgents
	return a.checkWay()
}

// checkWay refuses flags that go together no more than a context's keys would. What is wrong with masters alone is told by who uses them.
func (a *app) checkWay() error {
	if w := a.way(); client.CheckMasters(w.Masters) == nil {
		if err := w.Check(); err != nil {
			return usagef("%v", err)
		}
	}
	return nil
}

// way is how the cluster that was resolved is reached.
func (a *app) way() reach.Way {
	w := reach.Way{Masters: client.Masters(a.masters), SSH: a.ssh, CA: a.ca, PlainAgents: a.plainAgents}
	if named := a.config.Contexts[a.context].Way(""); a.context != "" && reflect.DeepEqual(named, w) {
		w.Context = a.context
	}
	return w
}

// opened is what the console is opened with. Forms of -o are for what it prints with --plain.
func (a *app) opened(flags *pflag.FlagSet) (Options, error) {
	if a.configErr != nil {
		return Options{}, usagef("%v", a.configErr)
	}
	o := Options{Way: a.way(), Context: a.context, Config: a.config}
	plain := flags.Lookup("plain") != nil && flags.Lookup("plain").Changed
	switch {
	case a.output == output.Table:
	case plain && (a.output == output.JSON || a.output == output.YAML):
		o.Data = a.printer().Data
	case plain:
		return Options{}, usagef("-o %s can't be: --plain prints the overview as text, or with -o json and -o yaml", a.output)
	default:
		return Options{}, usagef("-o %s is for verbs, such as \"reeve agents -o %s\", and for the overview, \"reeve --plain -o json\"; without either this is the console", a.output, a.output)
	}
	return o, nil
}
