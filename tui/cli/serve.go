package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"codeberg.org/reeve/reeve/shared/client"
	"codeberg.org/reeve/reeve/shared/flagset"
	"codeberg.org/reeve/reeve/shared/logging"
	"codeberg.org/reeve/reeve/shared/logkey"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/shared/servicemanager"
	"codeberg.org/reeve/reeve/tui/serve"
)

func (a *app) serveCommand() *cobra.Command {
	cfg := serve.Config{}
	command := &cobra.Command{
		Use:   "serve-ssh",
		Short: "Serve the console over SSH to operators who have nothing installed",
		Long: "Serve the console over SSH to operators who have nothing installed. They come in by public key only; a file in\n" +
			"the form of OpenSSH's authorized_keys says who each key is and what it may do:\n\n" +
			"  principal=\"alice\",access=\"read-write\" ssh-ed25519 AAAA… alice's laptop\n" +
			"  principal=\"bob\" ssh-ed25519 AAAA… read-only, because nothing else is said\n\n" +
			"The file is read at each login. Each session is an event of the cluster, and what is done in it bears the principal's name.",
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error { return a.serve(command.Context(), cfg) },
	}
	command.PersistentPreRunE = func(c *cobra.Command, args []string) error {
		if err := serveSettings(c.Flags(), a.context != ""); err != nil {
			return a.report(usagef("%v", err))
		}
		return c.Root().PersistentPreRunE(c, args)
	}
	flags := command.Flags()
	flags.String(flagset.ConfigFlag, "", "YAML file of settings; its keys are the names of these flags, and master")
	flags.StringVar(&cfg.Listen, "listen", "127.0.0.1:5022", "host:port to listen on")
	flags.StringVar(&cfg.KeysFile, "keys", "", "file with the public keys that may come in; default authorized_keys in the work dir")
	flags.StringVar(&cfg.WorkDir, "work-dir", "/var/lib/reeve/ssh", "directory of the host key, and of the settings of each principal")
	flags.IntVar(&cfg.Sessions, "max-sessions", 32, "sessions at once")
	flags.DurationVar(&cfg.Idle, "idle-timeout", 0, "end sessions in which nothing comes or goes for so long; 0 for never")
	return interruptible(command)
}

// serveSettings completes the flags from the environment and from the file of --config, as the daemons do; the cluster to serve
// is a setting, too, unless --context named it. REEVE_CONFIG is another file, the operator's own, so it does not name this one.
func serveSettings(flags *pflag.FlagSet, named bool) error {
	settings := pflag.NewFlagSet("serve-ssh", pflag.ContinueOnError)
	for _, name := range []string{"listen", "keys", "work-dir", "max-sessions", "idle-timeout", "master", "ca", "plain-agents", flagset.ConfigFlag} {
		settings.AddFlag(flags.Lookup(name))
	}
	return flagset.Load(settings, func(name string) (string, bool) {
		if name == flagset.EnvName(flagset.ConfigFlag) || named && name == flagset.EnvName("master") {
			return "", false
		}
		return os.LookupEnv(name)
	})
}

func (a *app) serve(ctx context.Context, cfg serve.Config) error {
	if cfg.Sessions < 1 {
		return usagef("--max-sessions is %d, and must be at least 1", cfg.Sessions)
	}
	if cfg.KeysFile == "" {
		cfg.KeysFile = filepath.Join(cfg.WorkDir, "authorized_keys")
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find the program of the console: %w", err)
	}
	log, err := logging.Open(a.stderr, logging.Options{Program: "reeve"})
	if err != nil {
		return err
	}
	way := a.way()
	cfg.Console = append([]string{self}, way.Explicit()...)
	cfg.Logger = log.Logger
	cfg.Note = func(ctx context.Context, principal string, s reeveapi.Session) error {
		options, err := way.Client(client.Options{User: principal})
		if err != nil {
			return err
		}
		c, err := client.New(options)
		if err != nil {
			return err
		}
		defer c.Close()
		return c.NoteSession(ctx, s)
	}
	server, err := serve.New(ctx, cfg)
	if err != nil {
		return err
	}
	fmt.Fprintf(a.stdout, "serving the console on %s; ctrl+c ends it\n", server.Addr())
	if err := servicemanager.Serving("serves the console on " + server.Addr().String()); err != nil {
		cfg.Logger.Warn("the service manager was not told", logkey.Err(err))
	}
	return server.Run(ctx)
}
