// Package usage measures what the tasks of this host and the host itself use: one sample a second, kept for 30 minutes in
// a compact ring for each task. It owns the samples; it reads counters through functions it is given and knows no cgroup.
// Start reading at Sampler.
package usage

import (
	"context"
	"slices"
	"sync"
	"time"

	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/agentd/workload"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

const (
	// interval is the distance of two samples.
	interval = time.Second
	// keep is how many of them are remembered: 30 minutes.
	keep = 1800
	// keepEnded is how many ended tasks keep their samples.
	keepEnded = 100
)

// Config is what a sampler reads from. Every field is required.
type Config struct {
	Running func(ctx context.Context) ([]workload.RunningContainer, error)
	Stats   func(ctx context.Context, id ids.Container) (runtime.Stats, error)
	Disk    func(id ids.Container) (bytes int64)
	Host    func() reeveapi.HostUsage
}

// Sampler holds the samples. Its methods may be called from many goroutines; Run once.
type Sampler struct {
	cfg Config

	mu         sync.Mutex // guards the fields below
	tasks      map[ids.Task]*series
	containers map[ids.Container]Container
	host       []reeveapi.HostUsage // oldest first, at most keep
}

// Container is the newest look at a container.
type Container struct {
	Stats runtime.Stats
	Usage reeveapi.TaskUsage
	tasks []ids.Task
}

// series is the samples of one task, as a ring.
type series struct {
	ring  []sample // grows to keep, then wraps
	next  int      // where the next one goes, once the ring is full
	limit int64
	ended time.Time // zero while it runs
}

// New returns an empty sampler.
func New(cfg Config) *Sampler {
	return &Sampler{cfg: cfg, tasks: map[ids.Task]*series{}, containers: map[ids.Container]Container{}}
}

// Run samples until ctx ends, and returns its error.
func (s *Sampler) Run(ctx context.Context) error {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		if err := s.sample(ctx); err != nil {
			return err
		}
		// After a round that was late the next tick is there already, and a rate of a few milliseconds says nothing.
		for ended := time.Now(); ; {
			select {
			case <-ticker.C:
			case <-ctx.Done():
				return ctx.Err()
			}
			if time.Since(ended) >= interval/2 {
				break
			}
		}
	}
}

// sample takes one round.
func (s *Sampler) sample(ctx context.Context) error {
	running, err := s.cfg.Running(ctx)
	if err != nil {
		return err
	}
	now := time.Now()
	host := s.cfg.Host()
	fresh := make(map[ids.Container]Container, len(running))
	for _, r := range running {
		s.mu.Lock()
		before, known := s.containers[r.ID]
		s.mu.Unlock()
		stats, err := s.cfg.Stats(ctx, r.ID)
		if err != nil {
			continue // it has just ended
		}
		c := Container{Stats: stats, Usage: usageOf(stats), tasks: r.Tasks}
		c.Usage.DiskBytes = s.cfg.Disk(r.ID)
		if known {
			c.Usage.CPUs = cpus(before.Stats, stats)
		}
		fresh[r.ID] = c
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.containers = fresh
	s.host = appendRing(s.host, host)
	s.record(now)
	return nil
}

func appendRing(list []reeveapi.HostUsage, u reeveapi.HostUsage) []reeveapi.HostUsage {
	if len(list) >= keep+keep/4 { // moved seldom, not at every sample
		list = slices.Clone(list[len(list)-keep:])
	}
	return append(list, u)
}

// record appends the newest samples to the series of their tasks, and forgets the oldest of the ended tasks.
func (s *Sampler) record(now time.Time) {
	live := map[ids.Task]bool{}
	for _, c := range s.containers {
		for _, t := range c.tasks {
			live[t] = true
			if s.tasks[t] == nil {
				s.tasks[t] = &series{}
			}
			s.tasks[t].ended = time.Time{}
			s.tasks[t].add(c.Usage)
		}
	}
	var ended []ids.Task
	for t, series := range s.tasks {
		if live[t] {
			continue
		}
		if series.ended.IsZero() {
			series.ended = now
		}
		if now.Sub(series.ended) > keep*interval {
			delete(s.tasks, t)
			continue
		}
		ended = append(ended, t)
	}
	if len(ended) <= keepEnded {
		return
	}
	slices.SortFunc(ended, func(a, b ids.Task) int { return s.tasks[a].ended.Compare(s.tasks[b].ended) })
	for _, t := range ended[:len(ended)-keepEnded] {
		delete(s.tasks, t)
	}
}

// Usage answers GET /reeve/v1/usage: the newest samples, and with history those of that time; of one task
// ("framework/task") or, with "", of all that run.
func (s *Sampler) Usage(task string, history time.Duration) reeveapi.Usage {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := reeveapi.Usage{Tasks: map[string]reeveapi.TaskUsage{}}
	since := time.Now().Add(-history)
	if n := len(s.host); n > 0 {
		u.Host = s.host[n-1]
	}
	for _, c := range s.containers {
		for _, t := range c.tasks {
			if task == "" || task == t.String() {
				u.Tasks[t.String()] = c.Usage
			}
		}
	}
	if history <= 0 {
		return u
	}
	first, _ := slices.BinarySearchFunc(s.host, since, func(h reeveapi.HostUsage, t time.Time) int { return h.At.Compare(t) })
	u.HostHistory = slices.Clone(s.host[first:])
	u.TaskHistory = map[string][]reeveapi.TaskUsage{}
	for t, series := range s.tasks {
		if task == "" && series.ended.IsZero() || task == t.String() {
			u.TaskHistory[t.String()] = series.since(since)
		}
	}
	return u
}

// Container returns the newest look at a running container.
func (s *Sampler) Container(id ids.Container) (Container, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, ok := s.containers[id]
	return c, ok
}

// Host returns the newest sample of the host.
func (s *Sampler) Host() reeveapi.HostUsage {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.host) == 0 {
		return reeveapi.HostUsage{}
	}
	return s.host[len(s.host)-1]
}
