// Package gossip is who is in the cluster: every masterd and agentd is a Serf member, found by its tags. It is
// the only importer of Serf, and owns its settings, the tags, the joining that never gives up, and
// a copy of the member list that costs nothing to read. It decides nothing: gossip is a hint, never a verdict.
//
//	gossip.go   Open, what a member may ask and say
//	member.go   Member and its tags
//	events.go   Serf's channel, emptied at once into queues of our own; Watch
//	join.go     joining, for ever; the file of peers
//	ping.go     how long members take to answer
//	keyring.go  --encrypt
package gossip

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/memberlist"
	"github.com/hashicorp/serf/serf"

	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/logkey"
	"codeberg.org/reeve/reeve/shared/run"
	"codeberg.org/reeve/reeve/shared/transport"
)

// Config is what a member needs. Name, Tags, IP and Logger are required.
type Config struct {
	Name        string
	Tags        Tags
	IP          string // to listen on, TCP and UDP
	Port        int    // 0 takes a free one
	AdvertiseIP string // what others are told; IP if ""
	Join        []string
	PeersFile   string // remembers members over restarts; "" for none
	KeyFile     string // gossip keys; "" for none
	Transport   transport.Config
	Logger      *slog.Logger

	Pinged func(rtt time.Duration) // told of every answer to a probe; must not wait. With nil nobody remembers them either
}

// Gossip is this process's membership. Its methods may be called from any goroutine.
type Gossip struct {
	cfg     Config
	node    string // this member's Node
	serf    *serf.Serf
	log     *slog.Logger
	group   *run.Group
	events  chan serf.Event
	rejoin  chan struct{} // capacity 1: a wish to look for seeds again, wishes merge
	trips   *trips        // nil if nobody wants to know
	setting chan struct{} // capacity 1: holds a token while SetTags runs, so that two changes do not undo each other

	mu       sync.Mutex        // guards the fields below
	members  map[string]Member // by Node
	watchers map[*watcher]struct{}
	tags     Tags
}

// eventBuffer only absorbs the wake-up time of the goroutine that empties Serf's channel at once.
const eventBuffer = 256

// Open starts to gossip and to join in the background. It fails at once if the address cannot be had, the key file is
// broken or the tags are too large; it does not wait until anybody was joined. ctx bounds the life of the membership's
// goroutines; Close ends them too.
func Open(ctx context.Context, cfg Config) (*Gossip, error) {
	if err := cfg.Tags.Check(); err != nil {
		return nil, err
	}
	if err := cfg.Transport.CheckFree("gossip-port", cfg.IP, cfg.Port); err != nil {
		return nil, err
	}
	g := &Gossip{
		cfg: cfg, node: nodeName(cfg.Name, cfg.Tags), log: cfg.Logger.With(logkey.Source("gossip")),
		events: make(chan serf.Event, eventBuffer), rejoin: make(chan struct{}, 1), setting: make(chan struct{}, 1),
		members: make(map[string]Member), watchers: make(map[*watcher]struct{}), tags: maps.Clone(cfg.Tags),
	}
	if cfg.Pinged != nil {
		g.trips = newTrips(cfg.Pinged)
	}
	conf, err := g.settings()
	if err != nil {
		return nil, err
	}
	g.group = run.NewGroup(context.WithoutCancel(ctx)) // Serf must be drained until it has shut down, whatever ctx says
	g.group.Go("gossip events", g.drain)
	g.serf, err = serf.Create(conf)
	if err != nil {
		g.group.Stop()
		_ = g.group.Wait() // only the drain runs, which cannot fail
		return nil, fault.Wrap(fault.Internal, err, "start gossip on %s", net.JoinHostPort(cfg.IP, fmt.Sprint(cfg.Port)))
	}
	g.reconcile()
	g.group.Go("gossip join", g.keepJoined)
	g.group.Go("gossip peers", g.keepPeers)
	return g, nil
}

// settings is where Serf and memberlist are told otherwise than by their defaults.
func (g *Gossip) settings() (*serf.Config, error) {
	ring, err := loadKeyring(g.cfg.KeyFile)
	if err != nil {
		return nil, err
	}
	logger := newLogAdapter(g.log)
	ml := memberlist.DefaultLANConfig()
	if g.trips != nil {
		ml.Ping = g.trips
	}
	ml.BindAddr, ml.BindPort = g.cfg.IP, g.cfg.Port
	if g.cfg.AdvertiseIP != "" {
		ml.AdvertiseAddr, ml.AdvertisePort = g.cfg.AdvertiseIP, g.cfg.Port
	}
	ml.DeadNodeReclaimTime = 30 * time.Second
	ml.EnableCompression = false
	ml.Keyring = ring
	ml.Logger = logger

	conf := serf.DefaultConfig()
	conf.NodeName = g.node
	conf.Tags = g.cfg.Tags
	conf.EventCh = g.events
	conf.Merge = merge{g}
	conf.MemberlistConfig = ml
	conf.Logger, conf.LogOutput = logger, nil
	conf.ProtocolVersion = serf.ProtocolVersionMax
	conf.ReconnectInterval = 10 * time.Second
	conf.ReconnectTimeout = 72 * time.Hour
	conf.TombstoneTimeout = 72 * time.Hour
	conf.LeavePropagateDelay = 3 * time.Second
	conf.MinQueueDepth = 4096
	conf.QueueDepthWarning = 1 << 20
	conf.EnableNameConflictResolution = false
	conf.ValidateNodeNames = true
	conf.DisableCoordinates = true
	if ring != nil {
		conf.KeyringFile = g.cfg.KeyFile
	}
	if ip := net.ParseIP(g.cfg.IP); ip != nil && ip.IsLoopback() {
		// One machine: packets have no MTU to respect, and nobody needs the patience of a network.
		ml.UDPBufferSize = 8192
		ml.PushPullInterval = 5 * time.Second
		conf.LeavePropagateDelay = 200 * time.Millisecond
	}
	conf.Init()
	return conf, nil
}

// Addr is the ip:port that others are told.
func (g *Gossip) Addr() string {
	local := g.serf.LocalMember()
	return net.JoinHostPort(local.Addr.String(), fmt.Sprint(local.Port))
}

// isOwn asks no lock of Serf's: it is called while Serf holds them.
func (g *Gossip) isOwn(addr string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.members[g.node].Addr == addr
}

// Node is the name of this member in the list of all.
func (g *Gossip) Node() string { return g.node }

// Members returns every known member, this one included, sorted by node. Members that failed or left stay for a while.
func (g *Gossip) Members() []Member {
	g.mu.Lock()
	defer g.mu.Unlock()
	all := slices.Collect(maps.Values(g.members))
	for i := range all {
		if g.trips != nil {
			all[i].RTT, all[i].Answered = g.trips.member(all[i].Node)
		}
	}
	slices.SortFunc(all, func(a, b Member) int { return strings.Compare(a.Node, b.Node) })
	return all
}

// Tally is how many members there are in each state.
func (g *Gossip) Tally() map[State]int {
	g.mu.Lock()
	defer g.mu.Unlock()
	n := map[State]int{}
	for _, m := range g.members {
		n[m.State]++
	}
	return n
}

// SetTags changes some of this member's tags and tells everybody; a tag set to "" is removed.
func (g *Gossip) SetTags(change Tags) error {
	g.setting <- struct{}{}
	defer func() { <-g.setting }()
	g.mu.Lock()
	tags := maps.Clone(g.tags)
	g.mu.Unlock()
	for k, v := range change {
		if v == "" {
			delete(tags, k)
		} else {
			tags[k] = v
		}
	}
	if err := tags.Check(); err != nil {
		return err
	}
	if err := g.serf.SetTags(tags); err != nil {
		return fmt.Errorf("tell changed tags: %w", err)
	}
	g.mu.Lock()
	g.tags = tags
	g.mu.Unlock()
	return nil
}

// Leave tells the others that this member goes away on purpose, and waits until the word has spread or ctx ends. A member
// that is alone has nobody to tell. Close must follow.
func (g *Gossip) Leave(ctx context.Context) error {
	if !slices.ContainsFunc(g.Members(), func(m Member) bool { return m.State == Alive && m.Node != g.node }) {
		return nil
	}
	left := make(chan error, 1) // written once, read at most once
	g.group.Go("gossip leave", func(context.Context) error { left <- g.serf.Leave(); return nil })
	select {
	case err := <-left:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Close stops gossiping; without Leave before, the others will take this member for failed.
func (g *Gossip) Close() error {
	err := g.serf.Shutdown()
	g.group.Stop()
	if werr := g.group.Wait(); err == nil {
		err = werr
	}
	return err
}
