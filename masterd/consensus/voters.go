package consensus

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/raft"

	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/logkey"
)

// Intervals of looking at gossip's view of the masters when nothing has told of a change.
const (
	foundInterval  = 250 * time.Millisecond
	voterInterval  = 5 * time.Second
	waitingNotice  = 10 * time.Second
	changeTimeout  = 10 * time.Second
	removalTimeout = 2 * time.Second
	reachTimeout   = 2 * time.Second
)

// PeersChanged tells that gossip has news of a master.
func (c *Consensus) PeersChanged() {
	select {
	case c.changed <- struct{}{}:
	default:
	}
}

// found makes the first configuration, once as many masters as were asked for see each other and none of them has a log.
// All of them do it, with the same result. A master with a log, or with a seed, waits for the others instead.
func (c *Consensus) found(ctx context.Context) error {
	ticker := time.NewTicker(foundInterval)
	defer ticker.Stop()
	var before []raft.Server
	noticed := time.Now()
	for !c.HasLog() {
		servers, complete := c.founders()
		// Two looks have to agree, so that a master which has just been heard of is in everybody's configuration.
		if complete && (c.cfg.Expect == 1 || slices.Equal(before, servers)) {
			return c.bootstrap(servers)
		}
		before = servers
		if time.Since(noticed) > waitingNotice {
			noticed = time.Now()
			c.log.Warn("waiting for masters: a leader that takes this one in, or as many as --bootstrap-expect says",
				logkey.Count(len(servers)))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
	return nil
}

// founders returns the masters that would make the first configuration, and whether they may.
func (c *Consensus) founders() ([]raft.Server, bool) {
	if c.cfg.Expect == 1 {
		self := []raft.Server{{ID: raft.ServerID(c.cfg.Identity.Node), Address: raft.ServerAddress(c.cfg.Advertise)}}
		return self, !c.cfg.JoinsOthers
	}
	var servers []raft.Server
	for _, p := range c.cfg.Peers() {
		switch {
		case !p.Alive:
		case p.Expect == 0: // it has a log: its leader takes us in
			return servers, false
		case p.Expect == c.cfg.Expect:
			servers = append(servers, raft.Server{ID: raft.ServerID(p.ID), Address: raft.ServerAddress(p.Addr)})
		}
	}
	slices.SortFunc(servers, func(a, b raft.Server) int { return strings.Compare(string(a.ID), string(b.ID)) })
	return servers, len(servers) >= c.cfg.Expect
}

func (c *Consensus) bootstrap(servers []raft.Server) error {
	err := c.raft.BootstrapCluster(raft.Configuration{Servers: servers}).Error()
	if errors.Is(err, raft.ErrCantBootstrap) {
		return nil // another founder was quicker and has sent us the log already
	}
	if err != nil {
		return fmt.Errorf("found the cluster: %w", err)
	}
	c.log.Info("cluster founded", logkey.Count(len(servers)))
	return nil
}

// keepVoters runs while this master leads: every living master of the cluster votes, and one that left does not.
func (c *Consensus) keepVoters(ctx context.Context) error {
	ticker := time.NewTicker(voterInterval)
	defer ticker.Stop()
	for {
		if err := c.alignVoters(); err != nil {
			if isLoss(err) {
				return nil
			}
			c.log.Warn("could not change the voters, will try again", logkey.Err(err))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-c.changed:
		case <-ticker.C:
		}
	}
}

// alignVoters makes one change after the other until the configuration is what gossip says.
func (c *Consensus) alignVoters() error {
	for {
		f := c.raft.GetConfiguration()
		if err := f.Error(); err != nil {
			return c.explain(err)
		}
		configuration := f.Configuration()
		if err := c.calm(configuration); err != nil {
			return err
		}
		changed, err := c.alignOne(configuration, f.Index())
		if err != nil || !changed {
			return err
		}
	}
}

// calm gives a master that began alone the patience that company needs.
func (c *Consensus) calm(configuration raft.Configuration) error {
	timing := c.raft.ReloadableConfig()
	if voters(configuration) < 2 || timing.HeartbeatTimeout >= grownTimeout {
		return nil
	}
	timing.HeartbeatTimeout, timing.ElectionTimeout = grownTimeout, grownTimeout
	if err := c.raft.ReloadConfig(timing); err != nil {
		return fmt.Errorf("change raft's timing: %w", err)
	}
	return nil
}

// alignOne makes the first change that is due. What fails for one master does not keep it from the others.
func (c *Consensus) alignOne(configuration raft.Configuration, index uint64) (changed bool, err error) {
	peers := c.cfg.Peers()
	var errs []error
	for _, p := range peers {
		if p.ID == c.cfg.Identity.Node || p.ID == "" || p.Addr == "" {
			continue
		}
		at := slices.IndexFunc(configuration.Servers, func(s raft.Server) bool { return s.ID == raft.ServerID(p.ID) })
		switch {
		case p.Alive && (at < 0 || configuration.Servers[at].Address != raft.ServerAddress(p.Addr)):
			err := c.admit(configuration, p, index)
			if err == nil || isLoss(err) {
				return true, err
			}
			errs = append(errs, err)
		case p.Left && at >= 0 && voters(configuration)-1 >= c.cfg.Expect:
			// Below --bootstrap-expect a master that left stays a voter: it is being restarted more often than not, and
			// with every one removed the last would hold the registry alone.
			c.log.Info("master left, it votes no more", logkey.Member(p.ID))
			return true, c.explain(c.raft.RemoveServer(raft.ServerID(p.ID), index, changeTimeout).Error())
		}
	}
	if id, silent := c.dead(configuration, peers); id != "" {
		c.log.Warn("master is dead and others have taken its place, it votes no more", logkey.Member(string(id)), logkey.Wait(silent))
		return true, errors.Join(append(errs, c.explain(c.raft.RemoveServer(id, index, changeTimeout).Error()))...)
	}
	return false, errors.Join(errs...)
}

// fewestSeats is how many votes are kept whoever is dead, be --bootstrap-expect smaller: of two masters none may fail.
const fewestSeats = 3

// dead finds a master whose seat is to be cleared: gossip has given it up or forgotten it, it answers no heartbeat, and
// without it there are still as many seats as the cluster was made for. So a dead one keeps its seat until a replacement
// has come, and a quorum is never made of fewer.
func (c *Consensus) dead(configuration raft.Configuration, peers []Peer) (id raft.ServerID, silent time.Duration) {
	if voters(configuration)-1 < max(c.cfg.Expect, fewestSeats) {
		return "", 0
	}
	for _, s := range configuration.Servers {
		alive := slices.ContainsFunc(peers, func(p Peer) bool { return p.ID == string(s.ID) && p.Alive })
		if _, silent := c.net.of(s.ID, time.Now()); s.ID != raft.ServerID(c.cfg.Identity.Node) && !alive && silent >= c.cfg.DeadAfter {
			return s.ID, silent
		}
	}
	return "", 0
}

// admit adds a voter, or gives one its new address. Whoever had that address before is gone for good: it was a master
// whose disk was lost.
func (c *Consensus) admit(configuration raft.Configuration, p Peer, index uint64) error {
	for _, s := range configuration.Servers {
		if s.Address == raft.ServerAddress(p.Addr) && s.ID != raft.ServerID(p.ID) {
			c.log.Info("master was replaced at its address", logkey.Member(string(s.ID)), logkey.Addr(p.Addr))
			return c.explain(c.raft.RemoveServer(s.ID, index, changeTimeout).Error())
		}
	}
	if err := c.reach(p.Addr); err != nil {
		return err
	}
	if voters(configuration) == 1 {
		// The lone leader's beat has to be quicker than the newcomer's patience, and its lease longer than its beat.
		if err := c.calm(raft.Configuration{Servers: make([]raft.Server, 2)}); err != nil {
			return err
		}
	}
	c.log.Info("master votes", logkey.Member(p.ID), logkey.Addr(p.Addr))
	return c.explain(c.raft.AddVoter(raft.ServerID(p.ID), raft.ServerAddress(p.Addr), index, changeTimeout).Error())
}

// reach tries whether a new voter can be talked to: one that can't would cost the cluster its majority at once.
func (c *Consensus) reach(addr string) error {
	ctx, cancel := context.WithTimeout(context.Background(), reachTimeout)
	defer cancel()
	conn, err := c.cfg.Dial(ctx, addr)
	if err != nil {
		return fault.Wrap(fault.Unavailable, err, "reach a master that gossip knows at its raft address %s", addr)
	}
	return conn.Close()
}

// AwaitRemoval waits until this master, which has left gossip, is out of the configuration, if the others will do that.
func (c *Consensus) AwaitRemoval(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, removalTimeout)
	defer cancel()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for {
		ids, err := c.Voters()
		if err != nil || !slices.Contains(ids, c.cfg.Identity.Node) || len(ids)-1 < c.cfg.Expect {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// voters counts who may vote.
func voters(configuration raft.Configuration) int {
	n := 0
	for _, s := range configuration.Servers {
		if s.Suffrage == raft.Voter {
			n++
		}
	}
	return n
}

// isLoss reports whether an error only says that this master leads no more, or is being stopped.
func isLoss(err error) bool {
	return err != nil && fault.KindOf(err) == fault.NotLeader || errors.Is(err, context.Canceled) || errors.Is(err, raft.ErrRaftShutdown)
}
