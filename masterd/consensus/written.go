package consensus

import (
	"time"

	"github.com/hashicorp/raft"
)

// timed is a log that says how long its writes take, with their way to the disk.
type timed struct {
	raft.LogStore
	took func(time.Duration)
}

// StoreLog writes one entry.
func (s timed) StoreLog(log *raft.Log) error { return s.StoreLogs([]*raft.Log{log}) }

// StoreLogs writes entries.
func (s timed) StoreLogs(logs []*raft.Log) error {
	began := time.Now()
	err := s.LogStore.StoreLogs(logs)
	s.took(time.Since(began))
	return err
}
