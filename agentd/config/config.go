// Package config is agentd's settings: which flags there are, what they mean, and one immutable Config made of them. It
// reads flags, environment and file through shared/flagset and starts nothing. Start reading at Config.
package config

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/flagset"
	"codeberg.org/reeve/reeve/shared/version"
)

// Config is everything that an operator can set. It does not change after Command has made it.
type Config struct {
	flagset.Common
	Isolation
	Masters     []string // link addresses, beside those that gossip finds
	Resources   string   // as Mesos writes them; "" measures the host
	Attributes  string
	DefaultRole string

	ShimPath    string
	RuntimeDir  string
	CgroupRoot  string
	SwitchUser  bool
	PidsLimit   int64
	LogLimit    int64 // MB that are kept of a task's stdout, and of its stderr; 0 for all
	DrainOnStop bool

	RegistrationTimeout   time.Duration
	ReregistrationTimeout time.Duration
	ShutdownGrace         time.Duration
	GCDelay               time.Duration
	GCHeadroom            float64
	DiskInterval          time.Duration
	FetcherStall          time.Duration
	FetcherCacheDir       string
	FetcherCacheBytes     int64
	Images                Images
	ExecutorEnv           map[string]string // lowest priority of an executor's environment

	Flags map[string]string // every flag as it is in force, for /flags

	executorEnv string // ExecutorEnv as it was written
}

// Defaults that scripts rely on, and those of spec 4.2.
const (
	defaultPort        = 5051
	defaultWorkDir     = "/var/lib/reeve/agent"
	defaultPids        = 4096
	defaultGCDelay     = 7 * 24 * time.Hour
	defaultGCHeadroom  = 0.1
	defaultReregister  = 15 * time.Second
	defaultShutdown    = 5 * time.Second
	defaultRegister    = time.Minute
	defaultDiskWatch   = time.Minute
	defaultStall       = time.Minute
	defaultFetchCache  = 2 << 30
	defaultLogLimit    = 100
	shimName           = "agentd-shim"
	maxExecutorEnvSize = 64 << 10
)

// FetcherCache is the fetcher's directory below the work dir, unless another one is given.
const FetcherCache = "fetch"

// Actions are what agentd's command line can start.
type Actions struct {
	Serve func(ctx context.Context, cfg Config) error // be an agent until ctx ends
	Clean func(ctx context.Context, cfg Config) error // remove what a dead agent left

	// Floor measures starts of bare containers, n of them, so many at once, and writes the figures to out.
	Floor func(ctx context.Context, cfg Config, out io.Writer, n, parallel int) error
}

// Command is agentd's command line.
func Command(actions Actions) *cobra.Command {
	var cfg Config
	cmd := &cobra.Command{
		Use:   "agentd",
		Short: "The agent of a Reeve cluster: it offers this machine's resources and runs tasks in containers",
		Long: "agentd is the agent of a Reeve cluster: it offers this machine's resources and runs tasks in containers. Tasks\n" +
			"live on when it is stopped, and it takes them up again when it is started.\n\n" +
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
	usage := func(_ *cobra.Command, err error) error {
		return fault.New(fault.Invalid, "%v; agentd --help lists the flags", err)
	}
	cmd.SetFlagErrorFunc(usage)
	cmd.AddCommand(cleanCommand(actions.Clean), floorCommand(actions.Floor))
	cmd.CompletionOptions.DisableDefaultCmd = true
	return cmd
}

// cleanCommand is agentd clean.
func cleanCommand(clean func(ctx context.Context, cfg Config) error) *cobra.Command {
	var cfg Config
	cmd := &cobra.Command{
		Use:   "clean",
		Short: "End every container of a dead agent and remove their mounts, cgroups and records",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := cfg.completeClean(cmd.Flags(), os.LookupEnv); err != nil {
				return err
			}
			return clean(cmd.Context(), cfg)
		},
	}
	fs := cmd.Flags()
	cfg.register(fs) // all of them, so that the --config file of the agent can be given
	fs.VisitAll(func(f *pflag.Flag) { f.Hidden = !slices.Contains(cleanFlags, f.Name) })
	return cmd
}

// cleanFlags are those that say where an agent has what is to go.
var cleanFlags = []string{flagset.ConfigFlag, "work-dir", "shim", "runtime-dir", "cgroup-root"}

// floorCommand is agentd floor, which benchmarks use; it is not for operators.
func floorCommand(floor func(ctx context.Context, cfg Config, out io.Writer, n, parallel int) error) *cobra.Command {
	var cfg Config
	var n, parallel int
	cmd := &cobra.Command{
		Use:    "floor",
		Short:  "Measure how fast this machine starts bare containers, isolated as tasks are",
		Hidden: true,
		Args:   noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := cfg.completeClean(cmd.Flags(), os.LookupEnv); err != nil {
				return err
			}
			return floor(cmd.Context(), cfg, cmd.OutOrStdout(), n, parallel)
		},
	}
	fs := cmd.Flags()
	flagset.Normalize(fs)
	fs.IntVar(&n, "n", 100, "how many containers")
	fs.IntVar(&parallel, "p", 1, "how many at once")
	fs.StringVar(&cfg.WorkDir, "work-dir", defaultWorkDir, "a work directory that no agent uses")
	cfg.registerRuntime(fs)
	return cmd
}

func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return fault.New(fault.Invalid, "%s takes no arguments, only flags; %q is neither", cmd.CommandPath(), args[0])
	}
	return nil
}

func (c *Config) register(fs *pflag.FlagSet) {
	flagset.Normalize(fs)
	c.Register(fs, defaultPort, defaultWorkDir)
	c.registerRuntime(fs)
	c.Isolation.register(fs)
	fs.StringSliceVar(&c.Masters, "master", nil, "link address of a master, ip:port, beside those that gossip finds; may be given several times")
	fs.StringVar(&c.Resources, "resources", "", `what to offer, such as "cpus:4;mem:8192;ports:[31000-32000]" (default: what the host has)`)
	fs.StringVar(&c.Attributes, "attributes", "", `what is particular about this machine, such as "rack:a1;ssd:true"`)
	fs.StringVar(&c.DefaultRole, "default-role", "*", "role that resources without one are reserved to")
	fs.BoolVar(&c.SwitchUser, "switch-user", os.Geteuid() == 0, "run tasks as the user they name; only root can")
	fs.Lookup("switch-user").DefValue = "true for root" // help and manual say the same whoever asks
	fs.Int64Var(&c.PidsLimit, "pids-limit", defaultPids, "processes and threads that one container may have")
	fs.Int64Var(&c.LogLimit, "log-limit", defaultLogLimit, "megabytes that are kept of a task's stdout, and as many of its stderr, the newest; 0 for all")
	fs.BoolVar(&c.DrainOnStop, "drain-on-stop", false, "end all tasks before stopping")
	c.duration(fs, &c.RegistrationTimeout, "executor-registration-timeout", defaultRegister, "how long an executor may take to subscribe")
	c.duration(fs, &c.ReregistrationTimeout, "executor-reregistration-timeout", defaultReregister, "how long it may take to come back after a restart of agentd")
	c.duration(fs, &c.ShutdownGrace, "executor-shutdown-grace-period", defaultShutdown, "how long an executor may take to shut down")
	c.duration(fs, &c.GCDelay, "gc-delay", defaultGCDelay, "how long the sandbox of an ended executor stays")
	fs.Float64Var(&c.GCHeadroom, "gc-disk-headroom", defaultGCHeadroom, "share of the disk to keep free; as it fills, sandboxes go sooner")
	c.duration(fs, &c.DiskInterval, "disk-watch-interval", defaultDiskWatch, "time between two looks at the disk")
	c.duration(fs, &c.FetcherStall, "fetcher-stall-timeout", defaultStall, "how long a download may bring nothing")
	fs.StringVar(&c.FetcherCacheDir, "fetcher-cache-dir", "", "directory for URIs that are to be cached, the agent's alone (default <work-dir>/fetch)")
	c.FetcherCacheBytes = defaultFetchCache
	fs.Var((*size)(&c.FetcherCacheBytes), "fetcher-cache-size", "how much that cache may hold; 0B for no cache")
	c.Images.register(fs)
	fs.StringVar(&c.executorEnv, "executor-environment-variables", "", `JSON object of variables for every executor, such as {"LANG":"C"}`)
}

func (c *Config) registerRuntime(fs *pflag.FlagSet) {
	fs.StringVar(&c.ShimPath, "shim", "", "the agentd-shim binary (default: beside agentd)")
	fs.StringVar(&c.RuntimeDir, "runtime-dir", "", "directory for sockets, on a tmpfs (default /run/reeve/<hash of --work-dir>)")
	fs.StringVar(&c.CgroupRoot, "cgroup-root", "", "cgroup below which all containers are (default /reeve/<hash of --work-dir>)")
}

func (c *Config) duration(fs *pflag.FlagSet, into *time.Duration, name string, value time.Duration, usage string) {
	flagset.DurationVar(fs, into, name, value, usage)
}

// complete takes in environment and file, and checks everything.
func (c *Config) complete(fs *pflag.FlagSet, lookup func(string) (string, bool)) error {
	if err := flagset.Load(fs, lookup); err != nil {
		return err
	}
	if err := c.Complete(); err != nil {
		return err
	}
	for _, addr := range c.Masters {
		if _, _, err := net.SplitHostPort(addr); err != nil {
			return fault.New(fault.Invalid, "--master %q is not of the form host:port; give a master's link address", addr)
		}
	}
	if c.FetcherStall <= 0 {
		return fault.New(fault.Invalid, "--fetcher-stall-timeout must be more than 0; give 1mins, as Mesos has it")
	}
	if c.FetcherCacheDir == "" {
		c.FetcherCacheDir = filepath.Join(c.WorkDir, FetcherCache)
	}
	if !filepath.IsAbs(c.FetcherCacheDir) {
		return fault.New(fault.Invalid, "--fetcher-cache-dir %q must be an absolute path", c.FetcherCacheDir)
	}
	if c.GCHeadroom < 0 || c.GCHeadroom > 1 {
		return fault.New(fault.Invalid, "--gc-disk-headroom %g is not a share; give 0 to 1, such as 0.1", c.GCHeadroom)
	}
	if c.LogLimit < 0 {
		return fault.New(fault.Invalid, "--log-limit %d is negative; give megabytes, or 0 to keep all of a log", c.LogLimit)
	}
	if c.SwitchUser && os.Geteuid() != 0 {
		return fault.New(fault.Invalid, "--switch-user needs root; leave it out to run tasks as the user of agentd")
	}
	if err := c.Images.complete(c.WorkDir); err != nil {
		return err
	}
	if err := c.completeExecutorEnv(); err != nil {
		return err
	}
	if err := c.Isolation.complete(); err != nil {
		return err
	}
	if err := c.completeRuntime(); err != nil {
		return err
	}
	c.Flags = make(map[string]string)
	fs.VisitAll(func(f *pflag.Flag) { c.Flags[f.Name] = f.Value.String() })
	maps.Copy(c.Flags, map[string]string{
		"hostname": c.Hostname, "name": c.Name, "advertise-ip": c.AdvertiseIP, "work-dir": c.WorkDir,
		"fetcher-cache-dir": c.FetcherCacheDir,
		"docker-store-dir":  c.Images.StoreDir,
		"docker-config":     c.Images.shownDockerConfig(),
		"shim":              c.ShimPath, "runtime-dir": c.RuntimeDir, "cgroup-root": c.CgroupRoot,
	})
	return nil
}

func (c *Config) completeClean(fs *pflag.FlagSet, lookup func(string) (string, bool)) error {
	if err := flagset.Load(fs, lookup); err != nil {
		return err
	}
	dir, err := filepath.Abs(c.WorkDir)
	if err != nil {
		return fmt.Errorf("make --work-dir %s absolute: %w", c.WorkDir, err)
	}
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return fault.New(fault.Invalid, "--work-dir %s is not a directory; give that of the agent whose containers are to go", dir)
	}
	c.WorkDir = dir
	return c.completeRuntime()
}

// completeRuntime finds the shim and the place for sockets.
func (c *Config) completeRuntime() error {
	if c.ShimPath == "" {
		self, err := os.Executable()
		if err != nil {
			return fault.Wrap(fault.Invalid, err, "find agentd-shim beside agentd; give it with --shim")
		}
		c.ShimPath = filepath.Join(filepath.Dir(self), shimName)
	}
	sum := sha256.Sum256([]byte(c.WorkDir)) // two agents of one machine must not meet; socket paths must be short
	hash := hex.EncodeToString(sum[:4])
	if c.CgroupRoot == "" {
		c.CgroupRoot = "/reeve/" + hash
	}
	if c.RuntimeDir == "" {
		base := "/run/reeve"
		if os.Geteuid() != 0 {
			base = filepath.Join(os.TempDir(), fmt.Sprintf("reeve-%d", os.Geteuid()))
		}
		c.RuntimeDir = filepath.Join(base, hash)
	}
	return nil
}

func (c *Config) completeExecutorEnv() error {
	if c.executorEnv == "" {
		return nil
	}
	if len(c.executorEnv) > maxExecutorEnvSize {
		return fault.New(fault.Invalid, "--executor-environment-variables has %d bytes, the most allowed is %d", len(c.executorEnv), maxExecutorEnvSize)
	}
	if err := json.Unmarshal([]byte(c.executorEnv), &c.ExecutorEnv); err != nil {
		return fault.New(fault.Invalid, `--executor-environment-variables is not a JSON object of texts (%v); write {"NAME":"value"}`, err)
	}
	return nil
}
