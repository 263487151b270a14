// Package store holds what the console knows of the cluster: one immutable snapshot at a time, replaced as the stream
// brings news. Feeds write, screens read; neither waits for the other. It never does I/O and never reads a clock: times
// come in. Start reading at Snapshot.
package store

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// Snapshot is everything known at one moment. It and all it points to must not be changed.
type Snapshot struct {
	Version    uint64 // grows with each change
	Cluster    *reeveapi.Cluster
	Agents     List[reeveapi.Agent]
	Frameworks List[reeveapi.Framework]
	Tasks      List[reeveapi.Task] // by TaskKey
	Jobs       List[reeveapi.Job]  // by name
	Roles      List[reeveapi.Role] // by name
	Offers     List[reeveapi.Offer]
	Events     []reeveapi.Event // oldest first
	Load       []LoadPoint      // of the cluster since the console started, oldest first
	Past       []LoadPoint      // the last half an hour as masters that led in it remember it, oldest first; it may overlap Load
	Flow       []Minute         // of tasks, oldest first, as far as events tell
	Link       Link
	Usage      map[string]*Usage // by agent id, of those that screens want
	Changes    uint64            // of tasks, that the stream has told of since the console started
}

// Link is the state of the stream from the master.
type Link struct {
	Live    bool
	Master  string    // address that answered last
	Last    time.Time // when something came last, zero if never
	Since   time.Time // when the link was lost or first tried
	Attempt int       // how many tries since it was lost
	Next    time.Time // when the next try is due
	Err     string    // why the last try ended
	Tried   []Tried   // what each master said at the last try
}

// Tried is what a master said when it was tried.
type Tried struct{ Master, Said string }

// Tried is what the masters said at the last try, as "m1: connection refused", but for the one whose error the link has; those that
// are not known are named by their addresses.
func (n *Snapshot) Tried() []string {
	var all []string
	for _, t := range n.Link.Tried {
		if t.Master == n.Link.Master {
			continue
		}
		name := t.Master
		if n.Cluster != nil {
			for _, m := range n.Cluster.Masters {
				if m.HTTP == t.Master {
					name = m.Name
				}
			}
		}
		all = append(all, name+": "+t.Said)
	}
	return all
}

// Usage is what one agent and its tasks use.
type Usage struct {
	Host  []reeveapi.HostUsage            // oldest first
	Tasks map[string][]reeveapi.TaskUsage // by TaskKey, oldest first; the last is the newest
	Err   string                          // why the last poll brought nothing, "" if it did
	Tight []Tight                         // tasks that have almost reached their limit; only of agents that were asked for alarms
}

// Tight is a task that uses almost all the memory it may.
type Tight struct {
	Task        string // its TaskKey
	Used, Limit int64  // bytes
}

// TaskKey is how a task is named: its id is unique only within its framework.
func TaskKey(t *reeveapi.Task) string { return t.Framework + "/" + t.ID }

// EventKey is how an event is named: its number is unique only within its term. Keys have the order of time.
func EventKey(e *reeveapi.Event) string { return fmt.Sprintf("%020d/%012d", e.At.UnixNano(), e.Seq) }

// limits of what is remembered.
const (
	maxEvents = 2000
	maxUsage  = 1800
)

// Store holds the newest snapshot. Its methods may be called by any goroutine.
type Store struct {
	current atomic.Pointer[Snapshot]
	frozen  atomic.Pointer[Snapshot] // what screens see instead, nil usually
	mu      sync.Mutex               // held by whoever makes the next snapshot
	aid     aid                      // of the newest snapshot's tasks; guarded by mu
}

// New returns a store that knows nothing.
func New() *Store {
	s := &Store{}
	s.current.Store(&Snapshot{})
	return s
}

// Snapshot is the newest one, or the one that was the newest when it was frozen.
func (s *Store) Snapshot() *Snapshot {
	if f := s.frozen.Load(); f != nil {
		return f
	}
	return s.current.Load()
}

// Link is the state of the stream now, also while the snapshot is frozen.
func (s *Store) Link() Link { return s.current.Load().Link }

// Freeze keeps the snapshot as it is, so that an operator can read what moves; with false it goes on. News are kept meanwhile.
func (s *Store) Freeze(on bool) {
	if on {
		s.frozen.Store(s.current.Load())
	} else {
		s.frozen.Store(nil)
	}
}

// Frozen says whether Snapshot stands still.
func (s *Store) Frozen() bool { return s.frozen.Load() != nil }

func (s *Store) change(edit func(next *Snapshot)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	next := *s.current.Load()
	next.Version++
	edit(&next)
	s.current.Store(&next)
}

// SetLink replaces the state of the link.
func (s *Store) SetLink(edit func(l *Link)) { s.change(func(n *Snapshot) { edit(&n.Link) }) }

// Apply takes one line of the stream that came at now. A snapshot line replaces everything but events already seen.
func (s *Store) Apply(w *reeveapi.Watch, now time.Time) { s.ApplyAll([]*reeveapi.Watch{w}, now) }

// ApplyAll takes lines in the order in which they came, which costs little more than one of them.
func (s *Store) ApplyAll(lines []*reeveapi.Watch, now time.Time) {
	s.change(func(n *Snapshot) {
		for _, run := range runs(lines) {
			n.take(run, now, &s.aid)
		}
	})
}

// take takes lines of which only the first may be a snapshot.
func (n *Snapshot) take(lines []*reeveapi.Watch, now time.Time, tasks *aid) {
	if lines[0].Snapshot {
		tasks.index.forget()
		n.Agents, n.Frameworks = List[reeveapi.Agent]{}, List[reeveapi.Framework]{}
		n.Tasks, n.Jobs = List[reeveapi.Task]{}, List[reeveapi.Job]{}
		n.Roles, n.Offers = List[reeveapi.Role]{}, List[reeveapi.Offer]{}
	}
	n.Agents = n.Agents.With(agentKey, steps(lines, func(w *reeveapi.Watch) ([]reeveapi.Agent, []string) { return w.Agents, w.AgentsRemoved })...)
	n.Frameworks = n.Frameworks.With(frameworkKey, steps(lines, func(w *reeveapi.Watch) ([]reeveapi.Framework, []string) { return w.Frameworks, w.FrameworksRemoved })...)
	n.Tasks = moved(n.Tasks, lines, tasks)
	n.Jobs = n.Jobs.With(jobKey, steps(lines, func(w *reeveapi.Watch) ([]reeveapi.Job, []string) { return w.Jobs, w.JobsRemoved })...)
	n.Roles = n.Roles.With(roleKey, steps(lines, func(w *reeveapi.Watch) ([]reeveapi.Role, []string) { return w.Roles, w.RolesRemoved })...)
	n.Offers = n.Offers.With(offerKey, steps(lines, func(w *reeveapi.Watch) ([]reeveapi.Offer, []string) { return w.Offers, w.OffersRemoved })...)
	var figures *reeveapi.Cluster
	for _, w := range lines {
		if !w.Snapshot {
			n.Changes += uint64(len(w.Tasks) + len(w.TasksMoved) + len(w.TasksRemoved))
		}
		n.Flow = count(n.Flow, n.Events, w.Events, w.Snapshot)
		n.Events = appendEvents(n.Events, w.Events, w.Snapshot)
		if w.Cluster != nil {
			figures = w.Cluster
		}
	}
	if figures != nil {
		n.Cluster = figures
		n.Load = appendLoad(n.Load, figures, n.Changes, now)
	}
	n.Link.Live, n.Link.Last, n.Link.Attempt, n.Link.Err, n.Link.Tried = true, now, 0, "", nil
}

// appendEvents adds news. A new snapshot repeats what is known of the same term and starts over after a new leader.
func appendEvents(old, news []reeveapi.Event, snapshot bool) []reeveapi.Event {
	if len(news) == 0 {
		return old
	}
	if snapshot {
		first := news[0]
		for i, e := range old {
			if !e.At.Before(first.At) {
				old = old[:i:i] // what follows is in older snapshots
				break
			}
		}
	}
	if keep := max(maxEvents-len(news), 0); cap(old)-len(old) < len(news) && len(old) > keep { // those that go need no copy
		room := 4 * maxEvents
		if len(news) > room/2 {
			room = 0 // as many as these would not have it the next time, either
		}
		old = append(make([]reeveapi.Event, 0, maxEvents+room), old[len(old)-keep:]...)
	}
	// Appending may write behind the end of a slice that an older snapshot holds, never inside of it.
	all := append(old, news...)
	return all[max(len(all)-maxEvents, 0):]
}

// Share is part of whole, 0 if there is no whole.
func Share(part, whole float64) float64 {
	if whole <= 0 {
		return 0
	}
	return part / whole
}
