package daemon

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"codeberg.org/reeve/reeve/masterd/agentlink"
	"codeberg.org/reeve/reeve/masterd/config"
	"codeberg.org/reeve/reeve/masterd/consensus"
	"codeberg.org/reeve/reeve/masterd/httpapi"
	"codeberg.org/reeve/reeve/masterd/mastersapi"
	"codeberg.org/reeve/reeve/masterd/pulse"
	"codeberg.org/reeve/reeve/masterd/term"
	"codeberg.org/reeve/reeve/shared/gossip"
	"codeberg.org/reeve/reeve/shared/logging"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/metrics"
	"codeberg.org/reeve/reeve/shared/version"
)

// node is this master among the masters. Everything in it is fixed before serving begins, but the term.
type node struct {
	cfg                          config.Config
	id                           string // raft id
	httpAddr, linkAddr, raftAddr string // as others are told
	started                      time.Time
	gossip                       *gossip.Gossip
	consensus                    *consensus.Consensus
	pulse                        *pulse.Meter
	term                         atomic.Pointer[term.Term] // nil while this master stands by
}

func newNode(cfg config.Config, id string, http, link, raft net.Addr, started time.Time) *node {
	return &node{
		cfg: cfg, id: id, started: started, httpAddr: advertised(cfg.AdvertiseIP, http),
		linkAddr: advertised(cfg.AdvertiseIP, link), raftAddr: advertised(cfg.AdvertiseIP, raft),
	}
}

// tags is what this master tells by gossip at its start.
func (n *node) tags(identity consensus.Identity, expect int) (gossip.Tags, error) {
	var boot [3]byte
	if _, err := rand.Read(boot[:]); err != nil {
		return nil, fmt.Errorf("make a boot id: %w", err)
	}
	tags := gossip.Tags{
		gossip.TagRole: gossip.RoleMaster, gossip.TagID: identity.Node, gossip.TagHTTP: n.httpAddr,
		gossip.TagLink: portOf(n.linkAddr), gossip.TagRaft: portOf(n.raftAddr), gossip.TagVersion: version.Reeve,
		gossip.TagBoot: hex.EncodeToString(boot[:]), gossip.TagCluster: n.cfg.Cluster,
		gossip.TagStarted: gossip.StartedTag(n.started),
	}
	if n.cfg.Named {
		tags[gossip.TagHost] = n.cfg.Hostname
	}
	later := maps.Clone(tags) // with what will be told while this master runs
	later[gossip.TagFound], later[gossip.TagTerm] = "00000000", "0000000000"
	if err := later.Check(); err != nil {
		return nil, err
	}
	if found := identity.ShortCluster(); found != "" {
		tags[gossip.TagFound] = found
	} else {
		tags[gossip.TagExpect] = strconv.Itoa(expect)
	}
	return tags, nil
}

func portOf(addr string) string { return addr[strings.LastIndexByte(addr, ':')+1:] }

// peers is gossip's view of the masters, for consensus.
func (n *node) peers() []consensus.Peer {
	var peers []consensus.Peer
	for _, m := range n.gossip.Members() {
		if m.Role() != gossip.RoleMaster || m.Tags[gossip.TagCluster] != n.cfg.Cluster {
			continue
		}
		expect, err := strconv.Atoi(m.Tags[gossip.TagExpect])
		if err != nil {
			expect = 0 // no tag: it has a log
		}
		peers = append(peers, consensus.Peer{
			ID: m.ID(), Addr: m.Raft(), Expect: expect, Alive: m.State == gossip.Alive, Left: m.State == gossip.Left,
		})
	}
	return peers
}

// watchMasters tells consensus when gossip has news of a master.
func (n *node) watchMasters(ctx context.Context) error {
	seen := make(map[string]gossip.EventKind)
	return n.gossip.Watch(ctx, func(e gossip.Event) {
		if e.Member.Role() == gossip.RoleMaster {
			n.consensus.PeersChanged()
			n.noteMaster(seen, e)
		}
	})
}

// foundInterval is how often a new master looks whether it has become part of a cluster.
const foundInterval = 100 * time.Millisecond

// tellFounded changes the tags once this master is part of a cluster: from then on it founds none, and joins no other.
func (n *node) tellFounded(ctx context.Context) error {
	ticker := time.NewTicker(foundInterval)
	defer ticker.Stop()
	for told := false; ; {
		if !told && n.consensus.HasLog() {
			if err := n.gossip.SetTags(gossip.Tags{gossip.TagExpect: ""}); err != nil {
				return err
			}
			told = true
		}
		if found := n.consensus.Identity().ShortCluster(); found != "" {
			return n.gossip.SetTags(gossip.Tags{gossip.TagExpect: "", gossip.TagFound: found})
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// master returns gossip's view of the master with a raft id.
func (n *node) master(id string) (gossip.Member, bool) {
	if id == "" {
		return gossip.Member{}, false
	}
	members := n.gossip.Members()
	i := slices.IndexFunc(members, func(m gossip.Member) bool { return m.Role() == gossip.RoleMaster && m.ID() == id })
	if i < 0 {
		return gossip.Member{}, false
	}
	return members[i], true
}

// LinkTerm is the current leadership, for agents' links.
func (n *node) LinkTerm() (agentlink.Term, bool) {
	t := n.term.Load()
	return t, t != nil
}

// LeaderLink is where agents find the leader.
func (n *node) LeaderLink() string {
	m, _ := n.master(n.consensus.Leader())
	return m.Link()
}

// httpConfig is this master as the HTTP edge needs it.
func (n *node) httpConfig(set *metrics.Set, log logging.Log) httpapi.Config {
	return httpapi.Config{
		Term: func() httpapi.Term {
			if t := n.term.Load(); t != nil {
				return t
			}
			return nil
		},
		Info:   n.info,
		Leader: n.leader,
		Peers: mastersapi.Config{
			Name: n.cfg.Name, Masters: n.masters, Leader: n.consensus.Leader,
			Successor: n.consensus.Successor, HandOver: n.consensus.HandOver, Figures: n.figures, Members: n.members, Gossip: n.tally,
		},
		Cluster:   func() (string, string) { return n.cfg.Cluster, n.consensus.Registry().ClusterID },
		Name:      n.cfg.Name,
		Started:   n.started,
		Flags:     n.cfg.Flags,
		Metrics:   set,
		Logger:    log.Logger,
		Verbosity: log.Verbosity,
		LogFile:   log.File,
	}
}

// info is this master in Mesos's words.
func (n *node) info() *mesosv1.MasterInfo {
	info := masterInfo(n.mesosID(n.id), n.httpAddr, n.cfg.Hostname)
	info.Domain = n.cfg.DomainInfo
	return info
}

// mesosID is the master id that Mesos's clients are told: of this master while it leads that of its term, because every
// id that it mints begins with it.
func (n *node) mesosID(id string) string {
	if t := n.term.Load(); t != nil && id == n.id {
		return string(t.MasterID())
	}
	return id
}

// leader is the leading master in Mesos's words, with a host name that others can reach: the one an operator gave, else
// its address.
func (n *node) leader() *mesosv1.MasterInfo {
	m, ok := n.master(n.consensus.Leader())
	if !ok {
		return nil
	}
	host, _, err := net.SplitHostPort(m.HTTP())
	if err != nil {
		return nil
	}
	if name := m.Tags[gossip.TagHost]; name != "" {
		host = name
	}
	return masterInfo(n.mesosID(m.ID()), m.HTTP(), host)
}

// capabilities are what masters of this version can do, by Mesos's names.
var capabilities = []mesosv1.MasterInfo_Capability_Type{
	// Not QUOTA_V2, which is here: clients in JSON that are older than it fail at the word, mesos-go among them.
	mesosv1.MasterInfo_Capability_AGENT_UPDATE, mesosv1.MasterInfo_Capability_AGENT_DRAINING,
}

// masterInfo writes an address in all the forms that clients of Mesos read.
func masterInfo(id, http, hostname string) *mesosv1.MasterInfo {
	host, portText, _ := net.SplitHostPort(http) // a master wrote the address: it has both
	port, _ := strconv.ParseUint(portText, 10, 16)
	info := &mesosv1.MasterInfo{
		Id: &id, Hostname: &hostname, Port: new(uint32(port)), Pid: new("master@" + http), Version: new(version.Mesos),
		Address: &mesosv1.Address{Hostname: &hostname, Ip: &host, Port: new(int32(port))},
		Ip:      new(uint32(0)),
	}
	for _, c := range capabilities {
		info.Capabilities = append(info.Capabilities, &mesosv1.MasterInfo_Capability{Type: c.Enum()})
	}
	if ip := net.ParseIP(host).To4(); ip != nil {
		info.Ip = new(binary.LittleEndian.Uint32(ip)) // in network order, read as a number of this machine
	}
	return info
}

// awaitStanding waits until this master leads or knows who does, but not for long, and says which.
func (n *node) awaitStanding(ctx context.Context, patience time.Duration) string {
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for deadline := time.Now().Add(patience); ; {
		if n.term.Load() != nil {
			return "leading"
		}
		if id := n.consensus.Leader(); id != "" && id != n.id {
			if m, ok := n.master(id); ok {
				return "standing by for " + m.Name
			}
		}
		if time.Now().After(deadline) {
			break
		}
		select {
		case <-ctx.Done():
			return "stopping"
		case <-ticker.C:
		}
	}
	if n.cfg.BootstrapExpect > 1 {
		return fmt.Sprintf("waiting for %d masters", n.cfg.BootstrapExpect)
	}
	return "waiting for a leader"
}
