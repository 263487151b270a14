// Package metrics holds the numbers of a daemon, once, under Mesos's names ("master/tasks_running"), and shows them twice:
// flat for /metrics/snapshot, and to Prometheus as reeve_master_tasks_running. It owns no route and no meaning, and is the
// only importer of Prometheus's library.
// Start reading at Set; timer.go has the numbers that have statistics.
package metrics

import (
	"context"
	"maps"
	"math"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Set is all metrics of one process. Its methods may be called from any goroutine.
type Set struct {
	mu       sync.Mutex // guards the fields below
	counters map[string]*Counter
	timers   map[string]*Timer
	gauges   map[string]func() float64
	sources  []func(ctx context.Context) map[string]float64
}

// New returns an empty set.
func New() *Set {
	return &Set{
		counters: make(map[string]*Counter), timers: make(map[string]*Timer), gauges: make(map[string]func() float64),
	}
}

// Counter is a number that only grows while the process lives.
type Counter struct{ bits atomic.Uint64 }

// Add adds n, which must not be negative.
func (c *Counter) Add(n float64) {
	for {
		old := c.bits.Load()
		if c.bits.CompareAndSwap(old, math.Float64bits(math.Float64frombits(old)+n)) {
			return
		}
	}
}

// Value returns the sum so far.
func (c *Counter) Value() float64 { return math.Float64frombits(c.bits.Load()) }

// Counter returns the counter of a name, made at its first use.
func (s *Set) Counter(name string) *Counter {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.counters[name]
	if c == nil {
		c = new(Counter)
		s.counters[name] = c
	}
	return c
}

// Timer returns the timer of a name, which ends in "_ms", made at its first use.
func (s *Set) Timer(name string) *Timer {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.timers[name]
	if t == nil {
		t = new(Timer)
		s.timers[name] = t
	}
	return t
}

// Gauge declares a number that is asked for when somebody looks. read must not block for long; a later one of the same
// name replaces it.
func (s *Set) Gauge(name string, read func() float64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gauges[name] = read
}

// Source declares gauges that are cheaper to compute together, from one view of a moment. read may leave any out,
// and must when ctx ends before it knows them.
func (s *Set) Source(read func(ctx context.Context) map[string]float64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sources = append(s.sources, read)
}

// Snapshot returns every metric by its Mesos name, but for gauges that are not known when ctx ends.
func (s *Set) Snapshot(ctx context.Context) map[string]float64 {
	counters, gauges := s.read(ctx)
	maps.Copy(gauges, counters)
	return gauges
}

// read asks every gauge without holding the lock, since a gauge may take its time.
func (s *Set) read(ctx context.Context) (counters, gauges map[string]float64) {
	s.mu.Lock()
	counters = make(map[string]float64, len(s.counters))
	for name, c := range s.counters {
		counters[name] = c.Value()
	}
	timers := maps.Clone(s.timers)
	reads, sources := maps.Clone(s.gauges), slices.Clone(s.sources)
	s.mu.Unlock()
	gauges = make(map[string]float64, len(reads))
	for name, t := range timers {
		t.write(gauges, name, time.Now())
	}
	for _, read := range sources {
		maps.Copy(gauges, read(ctx))
	}
	for name, read := range reads {
		gauges[name] = read()
	}
	return counters, gauges
}

// Gatherer returns the set in Prometheus's form, together with the figures of the Go runtime and the process.
func (s *Set) Gatherer() prometheus.Gatherer {
	reg := prometheus.NewRegistry()
	reg.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		collector{s},
	)
	return reg
}

// Handler serves the set to Prometheus.
func (s *Set) Handler() http.Handler {
	return promhttp.HandlerFor(s.Gatherer(), promhttp.HandlerOpts{})
}

// collector shows a Set to Prometheus. It describes nothing beforehand, because names come and go.
type collector struct{ set *Set }

// Describe sends nothing: the collector is unchecked.
func (collector) Describe(chan<- *prometheus.Desc) {}

// scrapePatience is how long a scrape waits for gauges; its library hands no context on.
const scrapePatience = 5 * time.Second

// Collect sends every metric of the moment. Two Mesos names may map to one; the first in counters, then gauges, wins.
func (c collector) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), scrapePatience)
	defer cancel()
	counters, gauges := c.set.read(ctx)
	sent := make(map[string]bool, len(counters)+len(gauges))
	emit := func(kind prometheus.ValueType, values map[string]float64) {
		for name, value := range values {
			flat := PrometheusName(name)
			if sent[flat] {
				continue
			}
			sent[flat] = true
			out <- prometheus.MustNewConstMetric(prometheus.NewDesc(flat, name, nil, nil), kind, value)
		}
	}
	emit(prometheus.CounterValue, counters)
	emit(prometheus.GaugeValue, gauges)
}

// PrometheusName turns a Mesos name into one that Prometheus allows.
func PrometheusName(name string) string {
	return "reeve_" + strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, name)
}
