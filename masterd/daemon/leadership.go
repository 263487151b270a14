package daemon

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/google/uuid"

	"codeberg.org/reeve/reeve/masterd/cluster"
	"codeberg.org/reeve/reeve/masterd/config"
	"codeberg.org/reeve/reeve/masterd/consensus"
	"codeberg.org/reeve/reeve/masterd/jobs"
	"codeberg.org/reeve/reeve/masterd/term"
	"codeberg.org/reeve/reeve/masterd/vault"
	"codeberg.org/reeve/reeve/shared/gossip"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/logkey"
	"codeberg.org/reeve/reeve/shared/metrics"
	"codeberg.org/reeve/reeve/shared/run"
	"codeberg.org/reeve/reeve/shared/version"
)

// leadership builds a term for each leadership, and drops it when that is lost. While a term is published the edges let
// agents and frameworks in; nothing of one term reaches the next but the registry.
type leadership struct {
	cfg       config.Config
	node      *node
	keys      vault.Keys
	gossip    *gossip.Gossip
	consensus *consensus.Consensus
	metrics   *metrics.Set
	log       *slog.Logger
}

// run is one leadership; consensus calls it.
func (l *leadership) run(ctx context.Context, won consensus.Won) error {
	t := term.New(term.Config{
		Number: won.Term, Elected: won.At, Cluster: l.clusterConfig(), Jobs: jobs.Config{Hostname: l.cfg.Hostname},
		Registry: won.Registry, Keys: l.keys, Apply: l.consensus.Apply, Metrics: l.metrics, Logger: l.log,
	})
	group := run.NewGroup(ctx)
	group.Go("term", t.Run)
	group.Go("announcement", func(context.Context) error { l.announce(won.Term); return nil })
	group.Go("suspicions", func(ctx context.Context) error { return l.suspect(ctx, t) })
	t.Note(l.node.elected(won))
	l.node.term.Store(t)
	defer l.node.term.CompareAndSwap(t, nil)
	<-group.Done()
	l.node.term.CompareAndSwap(t, nil) // before the last streams are closed, so that nobody comes back to this term
	return group.Wait()
}

// clusterConfig gives each term a master id of its own, because its counters of ids start at 0 (spec 3.2).
func (l *leadership) clusterConfig() cluster.Config {
	cfg := cluster.DefaultConfig()
	cfg.MasterID = ids.Master(uuid.NewString())
	cfg.MasterInfo = l.node.info()
	cfg.MasterInfo.Id = new(string(cfg.MasterID))
	cfg.Version = version.Mesos
	cfg.AgentTimeout = l.cfg.PingTimeout * time.Duration(l.cfg.MaxPings)
	cfg.OfferTimeout = l.cfg.OfferTimeout
	cfg.SuspectTimeout = min(cfg.SuspectTimeout, cfg.AgentTimeout)
	cfg.Seed = rand.Uint64()
	return cfg
}

// announce makes agents that wait for their next try look again at once: gossip carries the change of a tag in less than a
// second. The tag names no leader, because a dead one could not take it back.
func (l *leadership) announce(number uint64) {
	if err := l.gossip.SetTags(gossip.Tags{gossip.TagTerm: strconv.FormatUint(number, 10)}); err != nil {
		l.log.Warn("could not announce the new term, agents will find it by themselves", logkey.Err(err))
	}
}

// suspect tells the machine of agents that gossip takes for dead: first those that were dead when the term began, who may
// have gone together with the former leader.
func (l *leadership) suspect(ctx context.Context, t *term.Term) error {
	return l.gossip.Watch(ctx, func(e gossip.Event) {
		if e.Kind != gossip.EventFailed || e.Member.Role() != gossip.RoleAgent || e.Member.ID() == "" {
			return
		}
		_ = t.Post(ctx, cluster.AgentSuspected{Agent: ids.Agent(e.Member.ID())}) // fails only when the term has ended
	})
}
