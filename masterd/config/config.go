// Package config is masterd's settings: which flags there are, what they mean, and one immutable Config made of them. It
// reads flags, environment and file through shared/flagset and starts nothing. Start reading at Config.
package config

import (
	"context"
	"io"
	"maps"
	"os"
	"time"
	"unicode"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/flagset"
	"codeberg.org/reeve/reeve/shared/version"
)

// Config is everything that an operator can set. It does not change after Command has made it.
type Config struct {
	flagset.Common
	LinkPort        int
	RaftPort        int
	BootstrapExpect int
	Cluster         string
	SecretsKeyFile  string
	PingTimeout     time.Duration // with MaxPings: how long an agent may be away before its tasks are unreachable
	MaxPings        int
	OfferTimeout    time.Duration     // offers that are not answered for so long are taken back; 0: never
	Flags           map[string]string // every flag as it is in force, for /flags; secrets are in files, never here
}

// Defaults that scripts rely on.
const (
	defaultPort     = 5050
	defaultLinkPort = 5052
	defaultRaftPort = 5053
	defaultWorkDir  = "/var/lib/reeve/master"
	defaultCluster  = "reeve"
	defaultPing     = 15 * time.Second
	defaultPings    = 5
)

// maxCluster keeps the gossip tags small; see gossip.Tags.
const maxCluster = 30

// Recovery is what masterd recover is told.
type Recovery struct {
	WorkDir string
	Yes     bool // nobody is asked
}

// Actions are what the commands do.
type Actions struct {
	Serve   func(ctx context.Context, cfg Config) error // runs until ctx ends
	Recover func(in io.Reader, out io.Writer, r Recovery) error
}

// Command is masterd's command line.
func Command(actions Actions) *cobra.Command {
	var cfg Config
	cmd := &cobra.Command{
		Use:   "masterd",
		Short: "The master of a Reeve cluster: it pools the agents' resources and offers them to frameworks",
		Long: "masterd is the master of a Reeve cluster: it pools the agents' resources and offers them to frameworks.\n\n" +
			"Every flag can also be set as REEVE_<NAME> in the environment, or in the YAML file of --config; the command\n" +
			"line wins over the environment, and that over the file. \"_\" may be written for \"-\" in names.",
		Args:          noArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		Version:       version.Full(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := cfg.complete(cmd.Flags(), os.LookupEnv); err != nil {
				return err
			}
			return actions.Serve(cmd.Context(), cfg)
		},
	}
	cfg.register(cmd.Flags())
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error {
		return fault.New(fault.Invalid, "%v; masterd --help lists the flags", err)
	})
	cmd.AddCommand(recoverCommand(actions.Recover))
	cmd.CompletionOptions.DisableDefaultCmd = true
	return cmd
}

// recoverCommand is masterd recover.
func recoverCommand(recover func(in io.Reader, out io.Writer, r Recovery) error) *cobra.Command {
	var r Recovery
	cmd := &cobra.Command{
		Use:   "recover",
		Short: "Let one master go on alone after most of the others were lost for good",
		Long: "recover makes this machine's master the only one that votes, so that it leads again when it is started. It is for a\n" +
			"cluster that lost most of its masters for good: their disks are gone, or nobody will start them again. It keeps\n" +
			"what this master knows of agents and jobs; what only the others knew is lost. masterd must be stopped.\n\n" +
			"The other masters must never be started with the --work-dir they had: they could elect a leader of their own.\n" +
			"Empty it first; then they join as new ones.",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := flagset.Load(cmd.Flags(), os.LookupEnv); err != nil {
				return err
			}
			return recover(cmd.InOrStdin(), cmd.OutOrStdout(), r)
		},
	}
	fs := cmd.Flags()
	flagset.Normalize(fs)
	fs.StringVar(&r.WorkDir, "work-dir", defaultWorkDir, "the master's work directory")
	fs.BoolVar(&r.Yes, "yes", false, "do it without asking")
	return cmd
}

func noArgs(_ *cobra.Command, args []string) error {
	if len(args) > 0 {
		return fault.New(fault.Invalid, "masterd takes no arguments, only flags; %q is neither", args[0])
	}
	return nil
}

func (c *Config) register(fs *pflag.FlagSet) {
	flagset.Normalize(fs)
	c.Register(fs, defaultPort, defaultWorkDir)
	fs.IntVar(&c.LinkPort, "link-port", defaultLinkPort, "port for agents; 0 takes a free one")
	fs.IntVar(&c.RaftPort, "raft-port", defaultRaftPort, "port for the other masters; 0 takes a free one")
	fs.IntVar(&c.BootstrapExpect, "bootstrap-expect", 1, "masters to wait for before the first election; the same on each")
	flagset.DurationVar(fs, &c.PingTimeout, "agent-ping-timeout", defaultPing, "with --max-agent-ping-timeouts: an agent whose link is down for so long, so many times, is unreachable; "+
		"half a minute at most if gossip takes it for dead, too")
	fs.IntVar(&c.MaxPings, "max-agent-ping-timeouts", defaultPings, "see --agent-ping-timeout")
	flagset.DurationVar(fs, &c.OfferTimeout, "offer-timeout", 0, "an offer that its framework does not answer for so long is taken back, and goes to others; 0: never")
	fs.StringVar(&c.SecretsKeyFile, "secrets-key-file", "", "file of keys that secrets are sealed with, the same on each master: one in a line, 32 bytes in base64; "+
		"the first one seals, all open; without it secrets are stored in clear")
	fs.StringVar(&c.Cluster, "cluster", defaultCluster, "name of the cluster, for people")
}

// complete takes in environment and file, and checks everything.
func (c *Config) complete(fs *pflag.FlagSet, lookup func(string) (string, bool)) error {
	if err := flagset.Load(fs, lookup); err != nil {
		return err
	}
	if err := flagset.CheckPorts(map[string]int{"link-port": c.LinkPort, "raft-port": c.RaftPort}); err != nil {
		return err
	}
	if c.BootstrapExpect < 1 {
		return fault.New(fault.Invalid, "--bootstrap-expect %d makes no cluster; give 1, or the number of masters that start together", c.BootstrapExpect)
	}
	if err := checkCluster(c.Cluster); err != nil {
		return err
	}
	if c.PingTimeout < time.Second || c.PingTimeout > 15*time.Minute || c.MaxPings < 1 {
		return fault.New(fault.Invalid, "--agent-ping-timeout %v and --max-agent-ping-timeouts %d must be 1s to 15m, and at least 1", c.PingTimeout, c.MaxPings)
	}
	if c.OfferTimeout != 0 && c.OfferTimeout < time.Second {
		return fault.New(fault.Invalid, "--offer-timeout %v is too short for frameworks to answer; give 1s or more, or 0 for offers that stay", c.OfferTimeout)
	}
	if err := c.Complete(); err != nil {
		return err
	}
	c.Flags = make(map[string]string)
	fs.VisitAll(func(f *pflag.Flag) { c.Flags[f.Name] = f.Value.String() })
	maps.Copy(c.Flags, map[string]string{
		"hostname": c.Hostname, "name": c.Name, "advertise-ip": c.AdvertiseIP, "work-dir": c.WorkDir,
	})
	return nil
}

func checkCluster(name string) error {
	if name == "" || len(name) > maxCluster {
		return fault.New(fault.Invalid, "--cluster %q must have 1 to %d characters", name, maxCluster)
	}
	for _, r := range name {
		if !unicode.IsPrint(r) {
			return fault.New(fault.Invalid, "--cluster %q must consist of characters that can be printed", name)
		}
	}
	return nil
}
