package consensus

import (
	"strconv"
	"strings"
	"time"

	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/logkey"
)

// Snapshot is a state of the registry on this master's disk, in place of the log up to an entry.
type Snapshot struct {
	At    time.Time // when this master began to write it, or to get it from the leader
	Term  uint64
	Index uint64 // of the last entry that is in it
	Size  int64  // in bytes
}

// Snapshot returns the newest snapshot; nil if there is none, as long as the log is short. It reads a small file. One that
// cannot be read is told in the log only: raft itself looks for another.
func (c *Consensus) Snapshot() *Snapshot {
	all, err := c.saved.List()
	if err != nil || len(all) == 0 {
		if err != nil {
			c.log.Warn("the snapshots cannot be listed", logkey.Err(err))
		}
		return nil
	}
	at, err := timeOf(all[0].ID)
	if err != nil {
		c.log.Warn("a snapshot's age is not known", logkey.Err(err))
		return nil
	}
	return &Snapshot{At: at, Term: all[0].Term, Index: all[0].Index, Size: all[0].Size}
}

// timeOf takes a snapshot's time from its name, "term-index-milliseconds": raft notes it nowhere else.
func timeOf(name string) (time.Time, error) {
	parts := strings.Split(name, "-")
	ms, err := strconv.ParseInt(parts[len(parts)-1], 10, 64)
	if err != nil || len(parts) != 3 {
		return time.Time{}, fault.New(fault.Internal, "the snapshot %q is not named as term-index-milliseconds", name)
	}
	return time.UnixMilli(ms), nil
}
