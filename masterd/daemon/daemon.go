// Package daemon puts a masterd together: it builds the parts in order, runs them, and takes them down in reverse. It owns
// that order and the line that says the master serves, and no rule of any part. It is the only package that sees them all.
//
//	daemon.go      Run: start, serve, stop
//	node.go        this master and the others, as the edges need to know them
//	leadership.go  the terms: one for each leadership, built and dropped
package daemon

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"path/filepath"
	"strconv"
	"time"

	"codeberg.org/reeve/reeve/masterd/agentlink"
	"codeberg.org/reeve/reeve/masterd/config"
	"codeberg.org/reeve/reeve/masterd/consensus"
	"codeberg.org/reeve/reeve/masterd/httpapi"
	"codeberg.org/reeve/reeve/masterd/pulse"
	"codeberg.org/reeve/reeve/masterd/vault"
	"codeberg.org/reeve/reeve/shared/addressfile"
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
	stepDownTimeout = 5 * time.Second
	leaveTimeout    = 10 * time.Second
	serversTimeout  = 5 * time.Second
	closeTimeout    = 5 * time.Second
)

// Run is one life of a masterd: it returns when ctx has ended and everything is taken down, or when it can't go on. out
// gets the one line that says where it serves.
func Run(ctx context.Context, cfg config.Config, out io.Writer, logger logging.Log) (err error) {
	var undo run.Cleanups
	defer func() {
		// The parts are taken down whatever happened; ctx has ended, but its values still count.
		if uerr := undo.Run(context.WithoutCancel(ctx)); uerr != nil {
			logger.Warn("stopping was not clean", logkey.Err(uerr))
		}
	}()
	d := &daemon{cfg: cfg, log: logger.Logger, logging: logger, undo: &undo, metrics: metrics.New(), started: time.Now()}
	if err := d.open(ctx); err != nil {
		return err
	}
	group := run.NewGroup(context.WithoutCancel(ctx)) // ends in the order of undo, not all at once
	undo.Add("servers", serversTimeout, func(context.Context) error { group.Stop(); return group.Wait() })
	d.serve(group)
	undo.Add("leave", leaveTimeout, d.leave)
	if err := d.announce(ctx, out); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		logger.Info("stopping")
		return nil
	case <-group.Done():
		return group.Wait()
	}
}

// daemon is the parts while they run.
type daemon struct {
	cfg     config.Config
	log     *slog.Logger
	logging logging.Log
	undo    *run.Cleanups
	metrics *metrics.Set
	started time.Time

	http, link, raft net.Listener
	gossip           *gossip.Gossip
	consensus        *consensus.Consensus
	keys             vault.Keys // of secrets
	pulse            pulse.Meter
	node             *node
}

// open takes what may be taken by others first: the work dir, then the ports. Nothing is served yet.
func (d *daemon) open(ctx context.Context) error {
	var err error
	if d.keys, err = vault.Read(d.cfg.SecretsKeyFile); err != nil {
		return err
	}
	identity, err := consensus.LoadIdentity(d.cfg.WorkDir, d.cfg.Cluster)
	if err != nil {
		return err
	}
	if err := d.listen(); err != nil {
		return err
	}
	d.node = newNode(d.cfg, identity.Node, d.http.Addr(), d.link.Addr(), d.raft.Addr(), d.started)
	if err := d.openGossip(ctx, identity); err != nil {
		return err
	}
	d.node.gossip, d.node.pulse = d.gossip, &d.pulse
	d.consensus, err = consensus.Open(consensus.Config{
		WorkDir: d.cfg.WorkDir, Identity: identity, Expect: d.cfg.BootstrapExpect, JoinsOthers: d.joinsOthers(),
		Listener: d.raft, Advertise: d.node.raftAddr, Dial: d.transport().Dial, Peers: d.node.peers, Logger: d.log, Written: d.pulse.Written,
	})
	if err != nil {
		return err
	}
	d.undo.Add("raft", closeTimeout, func(context.Context) error { return d.consensus.Close() })
	d.node.consensus = d.consensus
	return addressfile.Remove(d.cfg.WorkDir) // of a run that was killed; the raft log is ours now, so nobody else serves from here
}

func (d *daemon) transport() transport.Config { return transport.Config{Insecure: d.cfg.Insecure} }

// listen opens the TCP ports. Serving closes them; until then the stack does.
func (d *daemon) listen() error {
	for _, l := range []struct {
		into *net.Listener
		flag string
		port int
	}{{&d.http, "port", d.cfg.Port}, {&d.link, "link-port", d.cfg.LinkPort}, {&d.raft, "raft-port", d.cfg.RaftPort}} {
		listener, err := d.transport().Listen(l.flag, d.cfg.IP, l.port)
		if err != nil {
			return err
		}
		*l.into = listener
		d.undo.Add("listener", closeTimeout, func(context.Context) error {
			_ = listener.Close() // fails if its server has closed it already, which is what is wanted
			return nil
		})
	}
	return nil
}

func (d *daemon) openGossip(ctx context.Context, identity consensus.Identity) error {
	tags, err := d.node.tags(identity, d.cfg.BootstrapExpect)
	if err != nil {
		return err
	}
	d.gossip, err = gossip.Open(ctx, gossip.Config{
		Name: d.cfg.Name, Tags: tags, IP: d.cfg.IP, Port: d.cfg.GossipPort, AdvertiseIP: d.cfg.AdvertiseIP, Join: d.cfg.Join,
		PeersFile: filepath.Join(d.cfg.WorkDir, "gossip-peers.json"), KeyFile: d.cfg.Encrypt, Transport: d.transport(), Logger: d.log, Pinged: d.pulse.Pinged,
	})
	if err != nil {
		return err
	}
	d.undo.Add("gossip", closeTimeout, func(context.Context) error { return d.gossip.Close() })
	return nil
}

// joinsOthers reports whether --join names anybody but this master itself.
func (d *daemon) joinsOthers() bool {
	own := d.gossip.Addr()
	for _, addr := range d.cfg.Join {
		if addr != own {
			return true
		}
	}
	return false
}

// serve starts everything that runs until the stop.
func (d *daemon) serve(group *run.Group) {
	lead := &leadership{cfg: d.cfg, node: d.node, keys: d.keys, gossip: d.gossip, consensus: d.consensus, metrics: d.metrics, log: d.log}
	d.node.declareRegistrar(d.metrics)
	server := mesoshttp.NewServer(d.pulse.Handler(httpapi.New(d.node.httpConfig(d.metrics, d.logging))), d.log)
	group.Go("raft", func(ctx context.Context) error { return d.consensus.Run(ctx, lead.run) })
	group.Go("masters", d.node.watchMasters)
	group.Go("pulse", func(ctx context.Context) error { return d.pulse.Run(ctx, d.node.look) })
	group.Go("tags", d.node.tellFounded)
	group.Go("link", func(ctx context.Context) error { return agentlink.New(d.node, d.log).Serve(ctx, d.link) })
	group.Go("http", func(ctx context.Context) error { return mesoshttp.Serve(ctx, server, d.http) })
}

// leave says goodbye in the order that costs the cluster least: hand leadership over while everything still works, tell
// the others that this is no failure, and let them take this master out of the vote.
func (d *daemon) leave(ctx context.Context) error {
	handed := make(chan error, 1) // written once, read at most once
	steps := run.NewGroup(ctx)
	steps.Go("step down", func(context.Context) error { handed <- d.consensus.StepDown(); return nil })
	timer := time.NewTimer(stepDownTimeout)
	defer timer.Stop()
	select {
	case err := <-handed:
		if err != nil {
			d.log.Warn("could not hand leadership over, the others will elect a leader", logkey.Err(err))
		}
	case <-timer.C:
		d.log.Warn("handing leadership over takes too long, the others will elect a leader")
	}
	if err := d.gossip.Leave(ctx); err != nil {
		return fmt.Errorf("leave gossip: %w", err)
	}
	d.consensus.AwaitRemoval(ctx)
	return nil
}

// settleTime is how long the line on stdout waits for a leader, so that it can say who that is.
const settleTime = 1500 * time.Millisecond

// announce writes the addresses for programs, and then the line for people.
func (d *daemon) announce(ctx context.Context, out io.Writer) error {
	n := d.node
	addresses := addressfile.Addresses{HTTP: n.httpAddr, Link: n.linkAddr, Raft: n.raftAddr, Gossip: d.gossip.Addr()}
	if err := addressfile.Write(d.cfg.WorkDir, addresses); err != nil {
		return fault.Wrap(fault.Invalid, err, "--work-dir %s", d.cfg.WorkDir)
	}
	d.undo.Add("addresses", closeTimeout, func(context.Context) error { return addressfile.Remove(d.cfg.WorkDir) })
	_, err := fmt.Fprintf(out, "masterd %s serves http://%s (link %s, raft %s, gossip %s), cluster %s, %s\n",
		d.cfg.Name, n.httpAddr, n.linkAddr, n.raftAddr, addresses.Gossip, d.cfg.Cluster, n.awaitStanding(ctx, settleTime))
	if err != nil {
		return fmt.Errorf("say where masterd serves: %w", err)
	}
	if err := servicemanager.Serving("serves http://" + n.httpAddr); err != nil {
		return err
	}
	d.log.Info("masterd serves", logkey.Addr(n.httpAddr), logkey.Version(version.Reeve), logkey.Count(d.cfg.BootstrapExpect))
	return nil
}

// advertised returns ip:port that others are told for a listener.
func advertised(ip string, addr net.Addr) string {
	return net.JoinHostPort(ip, strconv.Itoa(transport.PortOf(addr)))
}
