// Package pulse is what a master measures of itself while it runs: requests, writes to its disk, answers in gossip, and
// half an hour of that. It decides nothing. Start reading at Meter.
package pulse

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"codeberg.org/reeve/reeve/shared/reeveapi"
)

const (
	every = 5 * time.Second
	kept  = 30 * 12 // half an hour of samples
	// stream is how long a request may take and still be one: longer ones wait for what will happen.
	stream = 10 * time.Second
)

// Meter counts. Its zero value is ready, and its methods may be called from any goroutine.
type Meter struct {
	begun                     atomic.Uint64 // requests since the last sample
	open, streams             atomic.Int64
	answered, written, pinged spread

	mu      sync.Mutex // guards the fields below
	samples []reeveapi.MasterSample
	index   uint64 // of raft's log at the last sample
	at      time.Time
}

// Look is what others know at the moment of a sample.
type Look struct {
	Index  uint64            // of the newest entry in this master's log
	Behind map[string]uint64 // how far the others are behind, by name, if this master leads
	// Cluster is how much of the cluster is in use, if this master leads and had the time to say.
	Cluster *reeveapi.ClusterSample
}

// Handler counts the requests that next answers.
func (m *Meter) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		m.begun.Add(1)
		m.open.Add(1)
		timer := time.AfterFunc(stream, func() { m.streams.Add(1) })
		defer func() {
			m.open.Add(-1)
			if !timer.Stop() {
				m.streams.Add(-1)
			}
			if took := time.Since(began); took < stream {
				m.answered.add(took)
			}
		}()
		next.ServeHTTP(w, r)
	})
}

// Written notes how long a write of raft's log took, with its way to the disk.
func (m *Meter) Written(took time.Duration) { m.written.add(took) }

// Pinged notes how long a member of gossip took to answer.
func (m *Meter) Pinged(took time.Duration) { m.pinged.add(took) }

// Open is how many requests are being answered now, streams among them.
func (m *Meter) Open() int { return int(m.open.Load()) }

// Streams is how many of them go on for so long that they are no answers to questions.
func (m *Meter) Streams() int { return int(max(m.streams.Load(), 0)) }

// Run takes a sample every five seconds until ctx ends.
func (m *Meter) Run(ctx context.Context, look func(ctx context.Context) Look) error {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case now := <-ticker.C:
			m.sample(now, look(ctx))
		}
	}
}

func (m *Meter) sample(now time.Time, look Look) {
	s := reeveapi.MasterSample{
		At: now, Behind: look.Behind, Cluster: look.Cluster, Latency: m.answered.take(), Fsync: m.written.take(), Gossip: m.pinged.take(),
	}
	requests := m.begun.Swap(0)
	m.mu.Lock()
	defer m.mu.Unlock()
	if took := now.Sub(m.at).Seconds(); !m.at.IsZero() && took > 0 {
		s.Requests = float64(requests) / took
		if look.Index > m.index {
			s.Entries = float64(look.Index-m.index) / took
		}
	}
	m.index, m.at = look.Index, now
	m.samples = append(m.samples[max(len(m.samples)-kept+1, 0):], s)
}

// Samples are those that are younger than since, the oldest first.
func (m *Meter) Samples(since time.Time) []reeveapi.MasterSample {
	m.mu.Lock()
	defer m.mu.Unlock()
	i := slices.IndexFunc(m.samples, func(s reeveapi.MasterSample) bool { return s.At.After(since) })
	if i < 0 {
		return []reeveapi.MasterSample{}
	}
	return slices.Clone(m.samples[i:])
}
