package consensus

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/hashicorp/raft"
	raftboltdb "github.com/hashicorp/raft-boltdb/v2"

	"codeberg.org/reeve/reeve/masterd/registry"
	"codeberg.org/reeve/reeve/shared/fault"
)

// Remains is what the work dir of a stopped master has: the whole registry, as far as this master has heard of it, and a
// configuration in which others vote who may be lost. Make it with OpenRemains, and Close it.
type Remains struct {
	Identity Identity
	Addr     string   // of its raft, as the others knew it
	Others   []string // addresses of the other voters' rafts
	Index    uint64   // of the newest entry
	Agents   int
	Jobs     int

	store     *raftboltdb.BoltStore
	snapshots raft.SnapshotStore
}

// OpenRemains reads a work dir. It refuses one that a masterd has open, and one without a log of its own.
func OpenRemains(workDir string) (*Remains, error) {
	identity, err := readIdentity(workDir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.New(fault.Invalid, "--work-dir %s is not that of a master: it has no %s", workDir, identityFile)
	}
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(workDir, raftDir)
	if _, err := os.Stat(filepath.Join(dir, logFile)); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "--work-dir %s has no raft log to recover", workDir)
	}
	store, err := openStore(workDir)
	if err != nil {
		return nil, err
	}
	r := &Remains{Identity: identity, store: store}
	if err := r.read(dir); err != nil {
		return nil, errors.Join(err, store.Close())
	}
	return r, nil
}

// read learns what the log and the snapshots say.
func (r *Remains) read(dir string) error {
	var err error
	if r.snapshots, err = raft.NewFileSnapshotStoreWithLogger(dir, 2, quietLogger()); err != nil {
		return fault.Wrap(fault.Internal, err, "open the snapshots in %s", dir)
	}
	exists, err := raft.HasExistingState(r.store, r.store, r.snapshots)
	if err != nil {
		return fault.Wrap(fault.Internal, err, "read the raft log in %s", dir)
	}
	if !exists {
		return fault.New(fault.Invalid, "the raft log in %s is empty: this master never was part of a cluster; start it with --join", dir)
	}
	_, transport := raft.NewInmemTransport("")
	configuration, err := raft.GetConfiguration(r.settings(), newFSM(), r.store, r.store, r.snapshots, transport)
	if err != nil {
		return fault.Wrap(fault.Internal, err, "read the configuration of the masters from %s", dir)
	}
	for _, s := range configuration.Servers {
		switch {
		case string(s.ID) == r.Identity.Node:
			r.Addr = string(s.Address)
		case s.Suffrage == raft.Voter:
			r.Others = append(r.Others, string(s.Address))
		}
	}
	if r.Addr == "" {
		return fault.New(fault.Conflict, "this master has no vote in the cluster it was part of; recover one that has, or start it with --join")
	}
	return r.readRegistry()
}

// readRegistry applies what there is, as a recovery will.
func (r *Remains) readRegistry() error {
	state, from, err := r.newestSnapshot()
	if err != nil {
		return err
	}
	if r.Index, err = r.store.LastIndex(); err != nil {
		return fault.Wrap(fault.Internal, err, "read the end of the raft log")
	}
	for i := from + 1; i <= r.Index; i++ {
		var entry raft.Log
		if err := r.store.GetLog(i, &entry); err != nil {
			return fault.Wrap(fault.Internal, err, "read entry %d of the raft log", i)
		}
		if entry.Type != raft.LogCommand {
			continue
		}
		ops, err := registry.Decode(entry.Data)
		if err != nil {
			return fault.Wrap(fault.Internal, err, "understand entry %d of the raft log; take a masterd that is as new as the one that wrote it", i)
		}
		state = state.Apply(ops...)
	}
	r.Index = max(r.Index, from)
	r.Agents, r.Jobs = len(state.Agents), len(state.Jobs)
	return nil
}

func (r *Remains) newestSnapshot() (state *registry.State, index uint64, err error) {
	list, err := r.snapshots.List()
	if err != nil {
		return nil, 0, fault.Wrap(fault.Internal, err, "list the snapshots")
	}
	if len(list) == 0 {
		return registry.New(), 0, nil
	}
	meta, from, err := r.snapshots.Open(list[0].ID)
	if err != nil {
		return nil, 0, fault.Wrap(fault.Internal, err, "open the snapshot %s", list[0].ID)
	}
	state, err = registry.DecodeSnapshot(from)
	if err = errors.Join(err, from.Close()); err != nil {
		return nil, 0, fault.Wrap(fault.Internal, err, "read the snapshot %s", meta.ID)
	}
	return state, meta.Index, nil
}

// Recover makes this master the only voter. What only the others had heard of is lost.
func (r *Remains) Recover() error {
	_, transport := raft.NewInmemTransport(raft.ServerAddress(r.Addr))
	err := raft.RecoverCluster(r.settings(), newFSM(), r.store, r.store, r.snapshots, transport, raft.Configuration{
		Servers: []raft.Server{{ID: raft.ServerID(r.Identity.Node), Address: raft.ServerAddress(r.Addr)}},
	})
	if err != nil {
		return fault.Wrap(fault.Internal, err, "write the new configuration")
	}
	return nil
}

// Close lets go of the work dir.
func (r *Remains) Close() error { return r.store.Close() }

func (r *Remains) settings() *raft.Config {
	conf := raft.DefaultConfig()
	conf.LocalID, conf.Logger, conf.NoLegacyTelemetry = raft.ServerID(r.Identity.Node), quietLogger(), true
	conf.SnapshotInterval = time.Hour // nothing runs here
	return conf
}
