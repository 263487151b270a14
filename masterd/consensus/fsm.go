package consensus

import (
	"bufio"
	"fmt"
	"io"
	"sync/atomic"

	"github.com/hashicorp/raft"

	"codeberg.org/reeve/reeve/masterd/registry"
)

// fsm is the registry as raft sees it. Raft calls it from one goroutine; state may be read from any.
type fsm struct {
	state atomic.Pointer[registry.State]
	fatal chan error // capacity 1: the first entry that could not be applied
	dead  bool       // nothing is applied after such an entry
}

func newFSM() *fsm {
	f := &fsm{fatal: make(chan error, 1)}
	f.state.Store(registry.New())
	return f
}

// Apply applies one entry of many ops. An entry that this master does not understand ends it: to skip the entry would
// leave it with another registry than the others have.
func (f *fsm) Apply(log *raft.Log) any {
	if f.dead {
		return fmt.Errorf("this master stopped applying the log before entry %d", log.Index)
	}
	ops, err := registry.Decode(log.Data)
	if err != nil {
		f.dead = true
		err = fmt.Errorf("apply entry %d of the log: %w", log.Index, err)
		f.fatal <- err
		return err
	}
	f.state.Store(f.state.Load().Apply(ops...))
	return nil
}

// Snapshot takes the state of the moment, which never changes any more; writing it happens beside Apply.
func (f *fsm) Snapshot() (raft.FSMSnapshot, error) {
	if f.dead {
		return nil, fmt.Errorf("no snapshot: an entry of the log could not be applied")
	}
	return fsmSnapshot{f.state.Load()}, nil
}

// Restore replaces the state by a snapshot's.
func (f *fsm) Restore(r io.ReadCloser) error {
	state, err := registry.DecodeSnapshot(r)
	if cerr := r.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return err
	}
	f.state.Store(state)
	return nil
}

type fsmSnapshot struct{ state *registry.State }

// Persist writes the state.
func (s fsmSnapshot) Persist(sink raft.SnapshotSink) error {
	w := bufio.NewWriter(sink)
	err := s.state.EncodeSnapshot(w)
	if err == nil {
		err = w.Flush()
	}
	if err != nil {
		_ = sink.Cancel() // the snapshot has failed already, and says so
		return err
	}
	return sink.Close()
}

// Release has nothing to release.
func (fsmSnapshot) Release() {}
