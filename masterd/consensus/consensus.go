package consensus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/hashicorp/raft"
	raftboltdb "github.com/hashicorp/raft-boltdb/v2"
	"go.etcd.io/bbolt"

	"codeberg.org/reeve/reeve/masterd/registry"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/logkey"
	"codeberg.org/reeve/reeve/shared/run"
)

// Peer is a master as gossip knows it.
type Peer struct {
	ID     string // raft id
	Addr   string // ip:port of its raft
	Expect int    // its --bootstrap-expect while it has no log, else 0
	Alive  bool
	Left   bool // on its own word; neither Alive nor Left: it failed
}

// Config is what consensus needs. Every field is required but JoinsOthers.
type Config struct {
	WorkDir     string
	Identity    Identity
	Expect      int  // masters to wait for before the first election
	JoinsOthers bool // other masters were named: with Expect 1, wait for them instead of founding a cluster
	Listener    net.Listener
	Advertise   string // ip:port that others are told
	Dial        func(ctx context.Context, addr string) (net.Conn, error)
	Peers       func() []Peer            // all masters that gossip knows, this one included
	DeadAfter   time.Duration            // how long a master that gossip gave up must have been silent to lose its seat; 0: 10 s
	Written     func(took time.Duration) // told of every write of the log; may be nil
	Logger      *slog.Logger
}

// raftDir is under the work dir, logFile in it.
const (
	raftDir = "raft"
	logFile = "raft.db"
)

// Consensus is this master's part in the agreement.
type Consensus struct {
	cfg     Config
	log     *slog.Logger
	fsm     *fsm
	raft    *raft.Raft
	store   *raftboltdb.BoltStore
	net     *contacts
	saved   raft.SnapshotStore
	group   *run.Group    // of what runs beside raft
	notices chan bool     // of raft, see notices
	changed chan struct{} // capacity 1: gossip has news of a master

	elections elections

	mu       sync.Mutex // guards the field below
	identity Identity
}

// noticeBuffer: raft blocks while it is full, and somebody always drains it.
const noticeBuffer = 64

// Timing of raft. A lone master waits for nobody: its own patience is all that delays its first election. Several masters
// take three quarters of raft's defaults, which were measured at 1 s (2.2 s until a new leader writes) and at 0.5 s.
const (
	soloTimeout  = 250 * time.Millisecond
	grownTimeout = 500 * time.Millisecond // of a lone master that got company: its lease cannot be changed while it runs
	peerTimeout  = 750 * time.Millisecond
	peerLease    = 400 * time.Millisecond
)

// Open reads the log of the work dir and takes part from now on; elections are answered, and Run must follow soon.
func Open(cfg Config) (*Consensus, error) {
	if cfg.DeadAfter == 0 {
		cfg.DeadAfter = 10 * time.Second
	}
	c := &Consensus{
		cfg: cfg, log: cfg.Logger.With(logkey.Source("raft")), fsm: newFSM(), identity: cfg.Identity,
		notices: make(chan bool, noticeBuffer), changed: make(chan struct{}, 1), group: run.NewGroup(context.Background()),
	}
	dir := filepath.Join(cfg.WorkDir, raftDir)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "make the directory of the raft log")
	}
	var err error
	if c.store, err = openStore(cfg.WorkDir); err != nil {
		return nil, err
	}
	if err := c.start(dir); err != nil {
		return nil, errors.Join(err, c.store.Close())
	}
	return c, nil
}

// openStore opens the log of a work dir, which nobody else may have open.
func openStore(workDir string) (*raftboltdb.BoltStore, error) {
	dir := filepath.Join(workDir, raftDir)
	store, err := raftboltdb.New(raftboltdb.Options{
		Path:        filepath.Join(dir, logFile),
		BoltOptions: &bbolt.Options{Timeout: time.Second, NoFreelistSync: true, FreelistType: bbolt.FreelistMapType},
	})
	if errors.Is(err, bbolt.ErrTimeout) {
		return nil, fault.New(fault.Conflict, "--work-dir %s is in use by another masterd; stop it, or give another directory", workDir)
	}
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "open the raft log in %s", dir)
	}
	return store, nil
}

// start builds raft on the open store.
func (c *Consensus) start(dir string) error {
	logger := newLogAdapter(c.log)
	var log raft.LogStore = c.store
	if c.cfg.Written != nil {
		log = timed{c.store, c.cfg.Written}
	}
	cache, err := raft.NewLogCache(512, log)
	if err != nil {
		return fmt.Errorf("make the cache of the raft log: %w", err)
	}
	snapshots, err := raft.NewFileSnapshotStoreWithLogger(dir, 2, logger)
	if err != nil {
		return fmt.Errorf("open the snapshots in %s: %w", dir, err)
	}
	c.saved = snapshots
	advertise, err := net.ResolveTCPAddr("tcp", c.cfg.Advertise)
	if err != nil {
		return fault.Wrap(fault.Invalid, err, "the address %q of raft that others are told", c.cfg.Advertise)
	}
	conf, err := c.settings(cache, snapshots)
	if err != nil {
		return err
	}
	conf.Logger = logger
	c.net = &contacts{asked: make(chan raft.RPC), NetworkTransport: raft.NewNetworkTransportWithConfig(&raft.NetworkTransportConfig{
		Stream: stream{c.cfg.Listener, advertise, c.cfg.Dial}, MaxPool: 3, Timeout: 10 * time.Second, Logger: logger,
		MsgpackUseNewTimeFormat: true,
	})}
	c.raft, err = raft.NewRaft(conf, c.fsm, cache, c.store, snapshots, c.net)
	if err != nil {
		return errors.Join(fault.Wrap(fault.Internal, err, "start raft from %s", dir), c.net.Close())
	}
	c.group.Go("filter", c.filter)
	return nil
}

// settings is where raft is told otherwise than by its defaults.
func (c *Consensus) settings(logs raft.LogStore, snapshots raft.SnapshotStore) (*raft.Config, error) {
	conf := raft.DefaultConfig()
	conf.LocalID = raft.ServerID(c.cfg.Identity.Node)
	conf.NotifyCh = c.notices
	conf.ShutdownOnRemove = false
	conf.MaxAppendEntries = 256
	conf.NoLegacyTelemetry = true
	conf.HeartbeatTimeout, conf.ElectionTimeout, conf.LeaderLeaseTimeout = peerTimeout, peerTimeout, peerLease
	solo, err := c.solo(conf, logs, snapshots)
	if err != nil {
		return nil, err
	}
	if solo {
		conf.HeartbeatTimeout, conf.ElectionTimeout, conf.LeaderLeaseTimeout = soloTimeout, soloTimeout, soloTimeout
		conf.CommitTimeout = 5 * time.Millisecond
	}
	return conf, nil
}

// solo reports whether this master votes alone, or will found a cluster of one.
func (c *Consensus) solo(conf *raft.Config, logs raft.LogStore, snapshots raft.SnapshotStore) (bool, error) {
	exists, err := raft.HasExistingState(logs, c.store, snapshots)
	if err != nil {
		return false, fault.Wrap(fault.Internal, err, "read the raft log")
	}
	if !exists {
		return c.cfg.Expect == 1 && !c.cfg.JoinsOthers, nil
	}
	quiet := *conf
	quiet.Logger = quietLogger()
	quiet.NotifyCh = nil
	_, transport := raft.NewInmemTransport("")
	configuration, err := raft.GetConfiguration(&quiet, newFSM(), logs, c.store, snapshots, transport)
	if err != nil {
		return false, fault.Wrap(fault.Internal, err, "read the configuration of the masters from the raft log")
	}
	return voters(configuration) == 1, nil
}

// stream is the TCP side of raft.
type stream struct {
	net.Listener
	advertise net.Addr
	dial      func(ctx context.Context, addr string) (net.Conn, error)
}

// Addr is what others are told.
func (s stream) Addr() net.Addr { return s.advertise }

// Dial connects to another master.
func (s stream) Dial(addr raft.ServerAddress, timeout time.Duration) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	return s.dial(ctx, string(addr))
}

// Registry is what this master has of the registry; on a standby it may lag.
func (c *Consensus) Registry() *registry.State { return c.fsm.state.Load() }

// Identity is who this master is; its ClusterID may become known while it runs.
func (c *Consensus) Identity() Identity {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.identity
}

// Leader returns the raft id of the leading master, "" while there is none.
func (c *Consensus) Leader() string {
	_, id := c.raft.LeaderWithID()
	return string(id)
}

// Voters returns the raft ids that may vote.
func (c *Consensus) Voters() ([]string, error) {
	f := c.raft.GetConfiguration()
	if err := f.Error(); err != nil {
		return nil, fmt.Errorf("ask raft for the voters: %w", err)
	}
	var all []string
	for _, s := range f.Configuration().Servers {
		if s.Suffrage == raft.Voter {
			all = append(all, string(s.ID))
		}
	}
	return all, nil
}

// HasLog reports whether this master is part of a cluster already, so that it founds none.
func (c *Consensus) HasLog() bool { return c.raft.LastIndex() > 0 }

// applyTimeout bounds the wait for a place in raft's queue; one entry at a time never waits there.
const applyTimeout = 10 * time.Second

// Apply writes ops as one entry, and returns when a majority has it and it is applied here. On an error the entry may
// still be written: whoever leads next will know.
func (c *Consensus) Apply(_ context.Context, ops []registry.Op) error {
	data, err := registry.Encode(ops)
	if err != nil {
		return err
	}
	f := c.raft.Apply(data, applyTimeout)
	if err := f.Error(); err != nil {
		return c.explain(err)
	}
	if err, bad := f.Response().(error); bad {
		return err
	}
	return nil
}

// explain gives raft's errors their kind.
func (c *Consensus) explain(err error) error {
	switch {
	case errors.Is(err, raft.ErrNotLeader), errors.Is(err, raft.ErrLeadershipLost), errors.Is(err, raft.ErrLeadershipTransferInProgress):
		return fault.Wrap(fault.NotLeader, err, "this master does not lead any more")
	case errors.Is(err, raft.ErrRaftShutdown), errors.Is(err, raft.ErrEnqueueTimeout):
		return fault.Wrap(fault.Unavailable, err, "the masters cannot agree now")
	}
	return err
}

// StepDown hands leadership to the most advanced other master, if this one leads and there is another.
func (c *Consensus) StepDown() error {
	if c.raft.State() != raft.Leader {
		return nil
	}
	ids, err := c.Voters()
	if err != nil || len(ids) < 2 {
		return err
	}
	if err := c.raft.LeadershipTransfer().Error(); err != nil {
		return fmt.Errorf("hand leadership over: %w", err)
	}
	return nil
}

// Close ends taking part. Run must have returned.
func (c *Consensus) Close() error {
	err := c.raft.Shutdown().Error()
	c.group.Stop()
	return errors.Join(err, c.group.Wait(), c.net.Close(), c.store.Close())
}
