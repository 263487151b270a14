// Package daemon puts an agentd together: it builds the parts in order, runs them, and takes them down in reverse. It owns
// that order (recover, then register), the one that effects are carried out in, and no rule of any part. It is the only
// package that sees them all. Start reading at Run.
//
//	daemon.go    Run: start, serve, stop
//	agent.go     the machine, its loop and who carries its effects out
//	identity.go  one agentd of a machine for each agent id
//	pump.go      effects in order, and what is saved before them
//	images.go    where images come from, and how many stay
//	host.go      what the host has and uses
package daemon

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"codeberg.org/reeve/reeve/agentd/checkpoint"
	"codeberg.org/reeve/reeve/agentd/config"
	"codeberg.org/reeve/reeve/agentd/image/store"
	"codeberg.org/reeve/reeve/agentd/masterlink"
	"codeberg.org/reeve/reeve/agentd/network"
	"codeberg.org/reeve/reeve/agentd/provenance"
	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/agentd/shimclient"
	"codeberg.org/reeve/reeve/shared/addressfile"
	"codeberg.org/reeve/reeve/shared/agentlink"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/gossip"
	"codeberg.org/reeve/reeve/shared/logging"
	"codeberg.org/reeve/reeve/shared/logkey"
	"codeberg.org/reeve/reeve/shared/mesoshttp"
	"codeberg.org/reeve/reeve/shared/metrics"
	"codeberg.org/reeve/reeve/shared/run"
	"codeberg.org/reeve/reeve/shared/servicemanager"
	"codeberg.org/reeve/reeve/shared/transport"
	"codeberg.org/reeve/reeve/shared/version"
)

// Timeouts of the steps of a stop.
const (
	drainTimeout = 30 * time.Second
	closeTimeout = 5 * time.Second
	// detachTimeout covers a launch that is being carried out: it is finished, so that the next agentd finds a container.
	detachTimeout = 20 * time.Second
)

// Run is one life of an agentd: it returns when ctx has ended and everything is taken down, or when it can't go on. out
// gets the one line that says where it serves.
func Run(ctx context.Context, cfg config.Config, out io.Writer, logger logging.Log) error {
	return Parts{Runtime: shims}.Run(ctx, cfg, out, logger)
}

// Parts are what tests put something else in place of.
type Parts struct {
	// Runtime opens the container runtime and returns how to close it.
	Runtime func(cfg config.Config, logger *slog.Logger) (runtime.Runtime, func() error, error)
}

// shims opens the real container runtime.
func shims(cfg config.Config, logger *slog.Logger) (runtime.Runtime, func() error, error) {
	client, err := shimclient.New(shimclient.Config{
		ShimPath: cfg.ShimPath, RuntimeDir: cfg.RuntimeDir, WorkDir: cfg.WorkDir, CgroupRoot: cfg.CgroupRoot, Log: logger,
		SeccompDir: cfg.SeccompDir, Devices: cfg.Devices,
		Networks: network.Config{Plugins: cfg.NetworkPlugins, ConfigDir: cfg.NetworkDir, Subnet: cfg.BridgeSubnet, Timeout: cfg.NetworkTimeout},
	})
	if err != nil {
		return nil, nil, err
	}
	for _, limit := range client.Limits() {
		logger.Warn("this agent isolates less than it could", logkey.Reason(limit))
	}
	return client, client.Close, nil
}

// Clean removes every container, mount, cgroup and record that a dead agentd left.
func Clean(ctx context.Context, cfg config.Config) error {
	lock, err := checkpoint.Acquire(cfg.WorkDir)
	if err != nil {
		return err
	}
	return errors.Join(
		shimclient.Clean(ctx, cfg.WorkDir, cfg.RuntimeDir, cfg.CgroupRoot),
		checkpoint.ForgetIdentity(sharedDir(cfg), cfg.WorkDir),
		os.RemoveAll(filepath.Join(cfg.WorkDir, config.FetcherCache)), os.RemoveAll(filepath.Join(cfg.WorkDir, provenance.Dir)), store.Remove(filepath.Join(cfg.WorkDir, config.ImageStore)), lock.Release())
}

// Floor measures starts of bare containers and writes the figures to out; see shimclient.Client.Floor.
func Floor(ctx context.Context, cfg config.Config, out io.Writer, n, parallel int) (err error) {
	lock, err := checkpoint.Acquire(cfg.WorkDir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Release()) }()
	client, err := shimclient.New(shimclient.Config{
		ShimPath: cfg.ShimPath, RuntimeDir: cfg.RuntimeDir, WorkDir: cfg.WorkDir, CgroupRoot: cfg.CgroupRoot,
		Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return err
	}
	return errors.Join(client.Floor(ctx, out, n, parallel), client.Close(),
		shimclient.Clean(context.WithoutCancel(ctx), cfg.WorkDir, cfg.RuntimeDir, cfg.CgroupRoot))
}

// Run is the package's Run, with other parts.
func (p Parts) Run(ctx context.Context, cfg config.Config, out io.Writer, logger logging.Log) (err error) {
	var undo run.Cleanups
	defer func() {
		// The parts are taken down whatever happened; ctx has ended, but its values still count.
		if uerr := undo.Run(context.WithoutCancel(ctx)); uerr != nil {
			logger.Warn("stopping was not clean", logkey.Err(uerr))
		}
	}()
	d := &daemon{parts: p, cfg: cfg, log: logger.Logger, logging: logger, undo: &undo, metrics: metrics.New(), started: time.Now()}
	if err := d.open(ctx); err != nil {
		return err
	}
	group := run.NewGroup(context.WithoutCancel(ctx)) // ends in the order of undo, not all at once
	undo.Add("servers", closeTimeout, func(context.Context) error { group.Stop(); return group.Wait() })
	d.serve(group)
	undo.Add("goodbye", drainTimeout+closeTimeout, d.leave)
	if err := d.announce(out); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		logger.Info("stopping")
		return nil
	case <-group.Done():
		return d.explain(group.Wait())
	case <-d.agent.failed():
		return d.agent.err()
	}
}

// daemon is the parts while they run.
type daemon struct {
	parts   Parts
	cfg     config.Config
	log     *slog.Logger
	logging logging.Log
	undo    *run.Cleanups
	metrics *metrics.Set
	started time.Time
	refused bool // for good, by the master

	listener net.Listener
	host     *host
	identity *identity
	agent    *agent
	gossip   *gossip.Gossip
	link     *masterlink.Link
	changed  chan struct{} // 1: gossip knows more of the masters
}

func (d *daemon) transport() transport.Config { return transport.Config{Insecure: d.cfg.Insecure} }

func (d *daemon) httpAddr() string {
	return net.JoinHostPort(d.cfg.AdvertiseIP, strconv.Itoa(transport.PortOf(d.listener.Addr())))
}

// open takes what others may have, recovers what an earlier agentd left, and only then joins the cluster.
func (d *daemon) open(ctx context.Context) error {
	lock, err := checkpoint.Acquire(d.cfg.WorkDir)
	if err != nil {
		return err
	}
	d.undo.Add("lock", closeTimeout, func(context.Context) error { return lock.Release() })
	if err := addressfile.Remove(d.cfg.WorkDir); err != nil {
		return err
	}
	if err := d.listen(); err != nil {
		return err
	}
	d.undo.Add("listener", closeTimeout, func(context.Context) error {
		_ = d.listener.Close() // fails if its server has closed it already, which is what is wanted
		return nil
	})
	if d.host, err = newHost(d.cfg, d.log); err != nil {
		return err
	}
	if err := d.openAgent(ctx); err != nil {
		return err
	}
	return d.openGossip(ctx)
}

// listen takes the port of the API. When any will do, it is that of the run before if it can be had: executors that live
// on call the agent there.
func (d *daemon) listen() (err error) {
	meta := filepath.Join(d.cfg.WorkDir, metaDir)
	if last := checkpoint.RememberedPort(meta); last != 0 && d.cfg.Port == 0 {
		if d.listener, err = d.transport().Listen("port", d.cfg.IP, last); err == nil {
			return nil
		}
	}
	if d.listener, err = d.transport().Listen("port", d.cfg.IP, d.cfg.Port); err != nil {
		return err
	}
	return checkpoint.RememberPort(meta, transport.PortOf(d.listener.Addr()))
}

func (d *daemon) openGossip(ctx context.Context) (err error) {
	tags := gossip.Tags{
		gossip.TagRole: gossip.RoleAgent, gossip.TagHTTP: d.httpAddr(), gossip.TagVersion: version.Reeve, gossip.TagBoot: d.agent.bootID[:8],
	}
	if id := d.agent.id(ctx); id != "" {
		tags[gossip.TagID] = string(id)
	}
	d.gossip, err = gossip.Open(ctx, gossip.Config{
		Name: d.cfg.Name, Tags: tags, IP: d.cfg.IP, Port: d.cfg.GossipPort, AdvertiseIP: d.cfg.AdvertiseIP, Join: d.cfg.Join,
		PeersFile: filepath.Join(d.cfg.WorkDir, "gossip-peers.json"), KeyFile: d.cfg.Encrypt, Transport: d.transport(), Logger: d.log,
	})
	if err != nil {
		return err
	}
	d.undo.Add("gossip", closeTimeout, func(context.Context) error { return d.gossip.Close() })
	d.changed = make(chan struct{}, 1)
	d.link = masterlink.New(masterlink.Config{
		Masters: d.masters, Changed: d.changed, Dial: d.transport().Dial, Post: d.agent.post, Usage: func() *agentlink.HostUsage { return beat(d.agent.usage.Host(), d.agent.images) }, Log: d.log,
	})
	d.agent.link.Store(d.link)
	return nil
}

// masters lists where a leading master may be: what the operator said, and who gossip does not know to have left.
func (d *daemon) masters() []string {
	list := append([]string{}, d.cfg.Masters...)
	for _, m := range gossip.Masters(d.gossip.Members(), gossip.Alive, gossip.Failed) {
		if addr := m.Link(); addr != "" {
			list = append(list, addr)
		}
	}
	return list
}

// watchMasters tells the link when gossip has news of a master.
func (d *daemon) watchMasters(ctx context.Context) error {
	return d.gossip.Watch(ctx, func(e gossip.Event) {
		if e.Member.Role() != gossip.RoleMaster {
			return
		}
		select {
		case d.changed <- struct{}{}:
		default:
		}
	})
}

// tellID puts the agent's id into its gossip tags once a master has given it one.
func (d *daemon) tellID(ctx context.Context) error {
	select {
	case id := <-d.agent.named:
		if err := d.identity.take(id); err != nil {
			d.log.Warn("the agent's id is not protected from another agentd of this machine", logkey.Err(err))
		}
		if err := d.gossip.SetTags(gossip.Tags{gossip.TagID: string(id)}); err != nil {
			d.log.Warn("the agent's id could not be told by gossip", logkey.Err(err))
		}
	case <-ctx.Done():
	}
	return nil
}

// serve starts everything that runs until the stop.
func (d *daemon) serve(group *run.Group) {
	server := mesoshttp.NewServer(d.agent.handler(d), d.log)
	group.Go("http", func(ctx context.Context) error { return mesoshttp.Serve(ctx, server, d.listener) })
	group.Go("disk of containers", d.agent.disk.Run)
	group.Go("usage", d.agent.usage.Run)
	group.Go("logs", d.agent.logs.Run)
	group.Go("gc", d.agent.gc.Run)
	group.Go("images", d.agent.images.Run)
	group.Go("volumes", d.agent.volumes.Run)
	group.Go("masters", d.watchMasters)
	group.Go("id", d.tellID)
	group.Go("link", d.link.Run)
}

// explain turns the end of a part into what the operator must know. A master that wants this agent gone has its tasks
// ended first.
func (d *daemon) explain(err error) error {
	gone, ok := errors.AsType[*masterlink.ShutdownError](err)
	if !ok {
		return err
	}
	d.log.Error("the master refuses this agent for good; its tasks are ended", logkey.Reason(gone.Reason))
	d.cfg.DrainOnStop, d.refused = true, true
	return fault.Wrap(fault.Conflict, gone, "this agent cannot come back under its id; to join as a new one, run agentd clean and remove %s",
		filepath.Join(d.cfg.WorkDir, metaDir))
}

// leave says goodbye. With --drain-on-stop every task is ended first; without, they all go on.
func (d *daemon) leave(ctx context.Context) error {
	ended := false
	if d.cfg.DrainOnStop {
		drainCtx, cancel := context.WithTimeout(ctx, drainTimeout)
		ended = d.agent.drain(drainCtx, d.refused)
		cancel()
	}
	err := d.link.Goodbye(ctx, ended)
	if ended {
		err = errors.Join(err, d.gossip.Leave(ctx))
	}
	return err
}

// announce writes the addresses for programs, and then the line for people.
func (d *daemon) announce(out io.Writer) error {
	addresses := addressfile.Addresses{HTTP: d.httpAddr(), Gossip: d.gossip.Addr()}
	if err := addressfile.Write(d.cfg.WorkDir, addresses); err != nil {
		return fault.Wrap(fault.Invalid, err, "--work-dir %s", d.cfg.WorkDir)
	}
	d.undo.Add("addresses", closeTimeout, func(context.Context) error { return addressfile.Remove(d.cfg.WorkDir) })
	if _, err := fmt.Fprintf(out, "agentd %s serves http://%s (gossip %s), %s\n", d.cfg.Name, addresses.HTTP, addresses.Gossip, d.host.describe()); err != nil {
		return fmt.Errorf("say where agentd serves: %w", err)
	}
	if err := servicemanager.Serving("serves http://" + addresses.HTTP); err != nil {
		return err
	}
	d.log.Info("agentd serves", logkey.Addr(addresses.HTTP), logkey.Version(version.Reeve))
	return nil
}
