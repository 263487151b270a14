package daemon

import (
	"sync"

	"codeberg.org/reeve/reeve/masterd/registry"
	"codeberg.org/reeve/reeve/shared/metrics"
)

// declareRegistrar adds the gauges of the registry and of the log that it is kept in (spec 7.5). A term adds how long it
// takes to fetch and to store.
func (n *node) declareRegistrar(set *metrics.Set) {
	size := &registrySize{}
	set.Gauge("registrar/registry_size_bytes", func() float64 { return size.of(n.consensus.Registry()) })
	set.Gauge("registrar/log/recovered", func() float64 {
		if n.consensus.HasLog() {
			return 1
		}
		return 0
	})
	set.Gauge("registrar/log/ensemble_size", func() float64 {
		voters, err := n.consensus.Voters()
		if err != nil {
			return 0 // raft is being stopped: nobody votes
		}
		return float64(len(voters))
	})
}

// registrySize remembers how large a state is when it is written: states do not change, and writing a large one takes a
// moment that scrapes should not cost again and again.
type registrySize struct {
	mu    sync.Mutex // guards the fields below
	state *registry.State
	bytes counter
}

// counter is a writer that keeps nothing.
type counter float64

// Write counts.
func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

func (s *registrySize) of(state *registry.State) float64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if state != s.state {
		s.state, s.bytes = state, 0
		if err := state.EncodeSnapshot(&s.bytes); err != nil {
			s.state = nil // try again: the size is of half a state
		}
	}
	return float64(s.bytes)
}
