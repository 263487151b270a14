package shimclient

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	goruntime "runtime"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"codeberg.org/reeve/reeve/agentd/cgroupfs"
	"codeberg.org/reeve/reeve/agentd/containerspec"
	"codeberg.org/reeve/reeve/agentd/hostguard"
	"codeberg.org/reeve/reeve/agentd/network"
	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/agentd/sandbox"
	"codeberg.org/reeve/reeve/agentd/shimapi"
	"codeberg.org/reeve/reeve/agentd/shimrecord"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/logkey"
)

// DefaultGroupSize is how many containers share a shim: enough that one costs a task 0.1 MB, few enough that the death of
// one is no catastrophe.
const DefaultGroupSize = 32

// Config is what a client needs.
type Config struct {
	ShimPath   string           // the agentd-shim binary
	RuntimeDir string           // sockets, locks and libcontainer's state; short, best on a tmpfs, not below or above ShimPath's directory
	WorkDir    string           // the agent's; records of containers are kept below it, and containers cannot see it
	CgroupRoot string           // the cgroup below which everything is made, such as "/reeve"; this agent's alone
	Networks   network.Config   // other than the host's; its directories are below WorkDir and RuntimeDir
	SeccompDir string           // directory of seccomp profiles that may be asked for by name; "" for none
	Devices    []runtime.Device // of the host, that every container gets
	DeviceDir  string           // where devices of GPUs are; "" for /dev
	GroupSize  int              // containers a shim; 0 for DefaultGroupSize, 1 for a shim of its own each
	Log        *slog.Logger

	ShimPatience time.Duration // how long a shim may take to answer to a signal or to a new agentd; 0 for a time that no living one needs
}

// maxSocketPath is the kernel's limit for the name of a unix socket.
const maxSocketPath = 107

func (c Config) validate() error {
	if info, err := os.Stat(c.ShimPath); err != nil || !info.Mode().IsRegular() {
		return fault.New(fault.Invalid, "the shim %q is not a program; build it with make build and put it beside agentd", c.ShimPath)
	}
	for name, path := range map[string]string{
		"shim path": c.ShimPath, "runtime dir": c.RuntimeDir, "work dir": c.WorkDir, "root cgroup": c.CgroupRoot,
	} {
		if !filepath.IsAbs(path) || filepath.Clean(path) != path || path == "/" {
			return fault.New(fault.Invalid, "%s %q must be an absolute path without . and .. and not /", name, path)
		}
	}
	if n := len(c.socket("01234567")); n > maxSocketPath {
		return fault.New(fault.Invalid, "runtime dir %q is too long for sockets below it; it may have %d characters",
			c.RuntimeDir, len(c.RuntimeDir)-(n-maxSocketPath))
	}
	if bin := filepath.Dir(c.ShimPath); within(c.RuntimeDir, bin) || within(bin, c.RuntimeDir) {
		return fault.New(fault.Invalid, "runtime dir %q must not lie below or above %q, where the shim's binary is: "+
			"the kernel could not protect the binary from containers", c.RuntimeDir, bin)
	}
	if within(c.WorkDir, c.RuntimeDir) || within(c.RuntimeDir, c.WorkDir) {
		return fault.New(fault.Invalid, "runtime dir %q and work dir %q must not lie in one another", c.RuntimeDir, c.WorkDir)
	}
	return nil
}

func within(path, dir string) bool { return path == dir || strings.HasPrefix(path, dir+"/") }

func (c Config) shims() string             { return filepath.Join(c.RuntimeDir, "shims") }
func (c Config) socket(shim string) string { return filepath.Join(c.shims(), shim, "s") }
func (c Config) state() string             { return filepath.Join(c.RuntimeDir, "c") }
func (c Config) staging(id ids.Container) string {
	return filepath.Join(c.RuntimeDir, "v", string(id))
}

func (c Config) root(id ids.Container) string { return filepath.Join(c.RuntimeDir, "r", string(id)) }

func (c Config) records() shimrecord.Dir {
	return shimrecord.Dir(filepath.Join(c.WorkDir, "containers"))
}

func (c Config) groups() string                 { return filepath.Join(c.CgroupRoot, "containers") } // "tasks" is a file in every group of v1
func (c Config) record(id ids.Container) string { return c.records().Of(id) }
func (c Config) pods() string                   { return filepath.Join(c.CgroupRoot, "pods") }
func (c Config) pod(id ids.Container) string    { return filepath.Join(c.pods(), string(id)) }

// group is the cgroup of a container. Those that are nested in another lie together, beside it: on v2 a group that has
// processes of its own can have no others below it.
func (c Config) group(id ids.Container) string {
	if parent, name := id.Split(); parent != "" {
		return filepath.Join(c.pod(parent), name)
	}
	return filepath.Join(c.groups(), string(id))
}

// Client implements runtime.Runtime by shims. Make one with New, call Recover, and Close it at the end.
type Client struct {
	cfg      Config
	log      *slog.Logger
	cgroups  cgroupfs.Host
	weights  *cgroupfs.Weights
	networks *network.Networks
	gpus     *hostguard.GPUs
	rootless bool
	launches chan struct{}  // holds a token for each launch in flight: 2 a core use the machine fully, more only wait
	starting chan struct{}  // holds a token while a shim is started, so that a burst of launches starts one
	wg       sync.WaitGroup // readers of shims, and what they do after a shim's end

	mu         sync.Mutex // guards the fields below, and load and binary of the links
	containers map[ids.Container]*entry
	links      map[string]*link
	recovered  bool
	closed     bool
}

// entry is what the client knows of one container. The fields above decided are set before it is closed, exit before ended
// is.
type entry struct {
	id      ids.Container
	link    *link
	started runtime.Started
	stop    int   // the signal that asks it to end; 0 for SIGTERM
	err     error // why the launch failed
	decided chan struct{}
	exit    runtime.Exit
	ended   chan struct{}

	mu       sync.Mutex // guards counters and onHost
	counters *cgroupfs.Counters
	onHost   *bool // its network is the host's; nil until it has been looked
}

func newEntry(id ids.Container) *entry {
	return &entry{id: id, decided: make(chan struct{}), ended: make(chan struct{})}
}

func (e *entry) hasEnded() bool {
	select {
	case <-e.ended:
		return true
	default:
		return false
	}
}

// New makes the directories and looks at the host. It starts nothing and touches no container: that is Recover's.
func New(cfg Config) (*Client, error) {
	if cfg.GroupSize == 0 {
		cfg.GroupSize = DefaultGroupSize
	}
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	cgroups, err := cgroupfs.Find()
	if err != nil {
		return nil, err
	}
	for _, dir := range []string{cfg.RuntimeDir, cfg.shims(), cfg.state(), string(cfg.records())} {
		if err := os.MkdirAll(dir, 0o711); err != nil {
			return nil, fmt.Errorf("make directory for containers: %w", err)
		}
	}
	return &Client{
		cfg: cfg, log: cfg.Log, cgroups: cgroups, weights: cgroupfs.NewWeights(cgroups), networks: network.New(cfg.networks()), gpus: hostguard.NewGPUs(cmp.Or(cfg.DeviceDir, "/dev")), rootless: os.Geteuid() != 0,
		launches:   make(chan struct{}, 2*goruntime.NumCPU()),
		starting:   make(chan struct{}, 1),
		containers: make(map[ids.Container]*entry),
		links:      make(map[string]*link),
	}, nil
}

// Close detaches: containers and the shims that have any go on, and the next client recovers them; empty shims end.
// Nothing may be called afterwards.
func (c *Client) Close() error {
	c.mu.Lock()
	c.closed = true
	var links, empty []*link
	for _, l := range c.links {
		links = append(links, l)
		if l.load == 0 {
			empty = append(empty, l)
		}
	}
	entries := make([]*entry, 0, len(c.containers))
	for _, e := range c.containers {
		entries = append(entries, e)
	}
	c.mu.Unlock()
	var errs []error
	for _, l := range empty {
		c.retire(l)
	}
	for _, l := range links {
		errs = append(errs, l.detach())
	}
	c.wg.Wait()
	for _, e := range entries {
		errs = append(errs, e.closeCounters())
	}
	return errors.Join(errs...)
}

// Limits says, a line each, what this agent cannot do for its containers for want of privileges; nothing as root.
func (c *Client) Limits() []string {
	if !c.rootless {
		return nil
	}
	return []string{
		"not root: CPU, memory and process limits are not enforced, and there are no statistics of containers",
		"not root: all tasks run as the agent's own user, who is called root inside",
		"not root: a container killed for memory cannot be told from one killed otherwise",
	}
}

// Launch implements runtime.Runtime. ctx bounds the wait for a free slot; once a shim has been asked the launch is carried
// through, which takes milliseconds.
func (c *Client) Launch(ctx context.Context, spec runtime.Spec) (runtime.Started, error) {
	return c.enter(ctx, spec, false)
}

// enter launches a container, or a pod's holder.
func (c *Client) enter(ctx context.Context, spec runtime.Spec, hold bool) (runtime.Started, error) {
	if err := containerspec.Check(spec); err != nil {
		return runtime.Started{}, err
	}
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return runtime.Started{}, errClosed
	}
	e, known := c.containers[spec.ID]
	if !known {
		e = newEntry(spec.ID)
		c.containers[spec.ID] = e
	}
	c.mu.Unlock()
	if !known {
		e.err = c.launch(ctx, spec, e, hold)
		if e.err != nil {
			c.mu.Lock()
			delete(c.containers, spec.ID)
			c.mu.Unlock()
			c.gpus.Release(spec.ID)
		}
		close(e.decided)
		return e.started, e.err // not ctx's end, if both have come: the container may run
	}
	select {
	case <-e.decided:
		return e.started, e.err
	case <-ctx.Done():
		return runtime.Started{}, ctx.Err()
	}
}

var errClosed = fault.New(fault.Unavailable, "the container runtime is closed")

func (c *Client) launch(ctx context.Context, spec runtime.Spec, e *entry, hold bool) error {
	holder, err := c.hold(ctx, spec) // before a turn is taken, which it needs itself
	if err != nil {
		return err
	}
	host, err := c.host(spec)
	if err != nil {
		return err
	}
	c.joinHolder(holder, &host)
	profile, err := hostguard.Profile(c.cfg.SeccompDir, spec.Isolation.Seccomp)
	if err != nil {
		return err
	}
	select {
	case c.launches <- struct{}{}:
		defer func() { <-c.launches }()
	case <-ctx.Done():
		return ctx.Err()
	}
	l, err := c.place(ctx, holder)
	if err != nil {
		return err
	}
	gpus, err := c.takeGPUs(spec, &host)
	if err == nil {
		err = c.cfg.records().Write(shimrecord.Record{ID: spec.ID, GPUs: gpus, Stop: spec.StopSignal})
	}
	if err != nil {
		c.release(l)
		return err
	}
	spec.Hidden = append([]string{c.cfg.WorkDir, c.cfg.RuntimeDir}, spec.Hidden...)
	joint, err := c.join(ctx, &spec, &host)
	if err != nil {
		c.release(l)
		return errors.Join(err, os.RemoveAll(c.cfg.record(spec.ID)))
	}
	spec.Mounts = append(spec.Mounts, names(spec, joint, &host)...)
	e.link, e.stop = l, spec.StopSignal
	reply, err := l.call(context.WithoutCancel(ctx), shimapi.Request{
		Op: shimapi.OpLaunch, Container: spec.ID, Launch: c.launchOf(spec, host, profile, hold),
	})
	if err == nil && reply.Started == nil {
		err = fault.New(fault.Internal, "the shim gave no answer to a launch")
	}
	if err != nil {
		return errors.Join(err, c.undo(ctx, e, err))
	}
	c.weigh(spec)
	e.started = runtime.Started{PID: reply.Started.PID, At: reply.Started.Started, Joined: joint.Joined}
	return nil
}

// undo removes what a failed launch left. A shim that answered has cleaned up itself.
func (c *Client) undo(ctx context.Context, e *entry, cause error) error {
	if !e.hasEnded() { // then its place has been given back
		defer c.release(e.link)
	}
	if errors.Is(cause, errGone) {
		if c.isClosed() {
			return nil // detached in mid launch: the next agent finds it in the shim
		}
		if err := c.purge(context.WithoutCancel(ctx), e.id); err != nil {
			return err
		}
	}
	if err := c.networks.Leave(context.WithoutCancel(ctx), e.id); err != nil {
		return err
	}
	return sandbox.RemoveAll(c.cfg.record(e.id))
}

func (c *Client) isClosed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closed
}

// find returns a container whose launch has succeeded.
func (c *Client) find(ctx context.Context, id ids.Container) (*entry, error) {
	c.mu.Lock()
	e, ok := c.containers[id]
	c.mu.Unlock()
	if !ok {
		return nil, unknown(id)
	}
	select {
	case <-e.decided:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if e.err != nil {
		return nil, unknown(id)
	}
	return e, nil
}

func unknown(id ids.Container) error {
	return fault.New(fault.NotFound, "container %s is not known", id)
}

// Wait implements runtime.Runtime.
func (c *Client) Wait(ctx context.Context, id ids.Container) (runtime.Exit, error) {
	e, err := c.find(ctx, id)
	if err != nil {
		return runtime.Exit{}, err
	}
	select {
	case <-e.ended:
		return e.exit, nil
	case <-ctx.Done():
		return runtime.Exit{}, ctx.Err()
	}
}

// Signal implements runtime.Runtime.
func (c *Client) Signal(ctx context.Context, id ids.Container, signal int, all bool) error {
	e, err := c.find(ctx, id)
	if err != nil || e.hasEnded() {
		return err
	}
	if signal == runtime.AskToEnd {
		signal, all = e.askToEnd(all)
	}
	if signal == int(unix.SIGKILL) && c.cgroups.Unified && !c.rootless {
		// libcontainer starts commands inside the group there, and all of a shim waits until one has been executed; a frozen group
		// holds both. This ends the command, so that the shim goes on and tells how the container ended.
		_ = c.cgroups.KillAll(c.cfg.group(id)) // the shim kills once more, and says what is wrong
	}
	patience, cancel := context.WithTimeout(ctx, cmp.Or(c.cfg.ShimPatience, defaultShimPatience))
	defer cancel()
	_, err = e.link.call(patience, shimapi.Request{Op: shimapi.OpSignal, Container: id, Signal: signal, All: all})
	if errors.Is(err, errGone) {
		return nil // the shim died: what it ran is being killed
	}
	if err != nil && patience.Err() != nil && ctx.Err() == nil {
		return c.withoutShim(ctx, e, signal)
	}
	return err
}

// askToEnd is which signal asks a container to end, and whether it is for everybody in it: what an image names is for its
// command, which knows what to do about the others.
func (e *entry) askToEnd(all bool) (signal int, toAll bool) {
	if e.stop != 0 {
		return e.stop, false
	}
	return int(unix.SIGTERM), all
}

// Resize implements runtime.Runtime. Without root nothing is enforced, and there is nothing to change.
func (c *Client) Resize(ctx context.Context, id ids.Container, limits runtime.Limits) error {
	if err := containerspec.CheckLimits(limits); err != nil {
		return err
	}
	e, err := c.find(ctx, id)
	if fault.KindOf(err) == fault.NotFound {
		if member := c.anyMember(id); member != nil {
			return c.resizePod(ctx, id, limits, member)
		}
	}
	if err != nil || e.hasEnded() || c.rootless {
		return err
	}
	resources := containerspec.Resources(limits, containerspec.Host{SwapLimit: c.cgroups.SwapLimit()})
	_, err = e.link.call(ctx, shimapi.Request{Op: shimapi.OpResize, Container: id, Resources: resources})
	e.forgetCounters()
	if errors.Is(err, errGone) {
		return nil // the shim died: what it ran is being killed
	}
	if pod, _ := id.Split(); pod == "" {
		c.weighs(c.cfg.groups(), id, limits) // the CPUs have changed, also if the memory was refused
	}
	return err
}

// Delete implements runtime.Runtime.
func (c *Client) Delete(ctx context.Context, id ids.Container) error {
	c.mu.Lock()
	e, ok := c.containers[id]
	c.mu.Unlock()
	if !ok {
		return c.removePod(ctx, id)
	}
	if !e.hasEnded() {
		return fault.New(fault.Conflict, "delete container %s: it still runs; end it first", id)
	}
	if e.link != nil {
		// A shim that cannot be asked forgets by dying.
		if _, err := e.link.call(ctx, shimapi.Request{Op: shimapi.OpDelete, Container: id}); err != nil && !errors.Is(err, errGone) {
			return err
		}
	}
	if err := c.networks.Leave(ctx, id); err != nil {
		return fmt.Errorf("delete container %s: %w", id, err)
	}
	if err := sandbox.RemoveAll(c.cfg.record(id)); err != nil {
		return fmt.Errorf("delete container %s: %w", id, err)
	}
	c.gpus.Release(id)
	c.weighsNothing(c.cfg.groups(), id)
	c.mu.Lock()
	delete(c.containers, id)
	c.mu.Unlock()
	return e.closeCounters()
}

// finish notes how a container ended. The first word counts.
func (c *Client) finish(id ids.Container, exit runtime.Exit) {
	c.mu.Lock()
	e, ok := c.containers[id]
	if !ok || e.hasEnded() {
		c.mu.Unlock()
		return
	}
	e.exit = exit
	close(e.ended)
	c.mu.Unlock()
	if err := e.closeCounters(); err != nil {
		c.log.Debug("statistics not closed", logkey.Container(id), logkey.Err(err))
	}
	c.release(e.link)
}
