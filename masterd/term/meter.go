package term

import (
	"maps"
	"strings"
	"sync"
	"time"

	"codeberg.org/reeve/reeve/masterd/cluster"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1/master"
	"codeberg.org/reeve/reeve/shared/mesosv1/scheduler"
	"codeberg.org/reeve/reeve/shared/metrics"
	"codeberg.org/reeve/reeve/shared/taskstate"
)

// meter counts what goes through the loop, by Mesos's names (spec 7.5): allocation runs and how long they take, and what
// each framework calls, hears, is offered and runs. All but Frameworks runs on the loop. The frameworks of jobs live
// inside the machine, and are counted by their tasks only.
type meter struct {
	runs         *metrics.Counter
	took, waited *metrics.Timer
	ran          bool      // the present turn has made offers
	due          time.Time // since when the allocator has had something to do, zero if it has not

	mu         sync.Mutex // guards the fields below
	streams    map[cluster.StreamID]ids.Framework
	frameworks map[ids.Framework]map[string]float64
	ended      []ids.Framework // oldest first
}

// keptEnded is how many ended frameworks still have counts, as many as the cluster remembers at all.
const keptEnded = 50

func newMeter(set *metrics.Set) *meter {
	return &meter{
		runs:       set.Counter("allocator/mesos/allocation_runs"),
		took:       set.Timer("allocator/mesos/allocation_run_ms"),
		waited:     set.Timer("allocator/mesos/allocation_run_latency_ms"),
		streams:    map[cluster.StreamID]ids.Framework{},
		frameworks: map[ids.Framework]map[string]float64{},
	}
}

// Frameworks returns the counts of each framework, by what follows "master/frameworks/<name>/<id>/".
func (m *meter) Frameworks() map[ids.Framework]map[string]float64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := make(map[ids.Framework]map[string]float64, len(m.frameworks))
	for id, counts := range m.frameworks {
		all[id] = maps.Clone(counts)
	}
	return all
}

// add must be called with the lock held.
func (m *meter) add(id ids.Framework, name string, n int) {
	counts := m.frameworks[id]
	if counts == nil {
		counts = map[string]float64{}
		m.frameworks[id] = counts
	}
	counts[name] += float64(n)
}

// turned is told of each turn and how long it took; allocates says whether the allocator wants another one at once.
func (m *meter) turned(in input, took time.Duration, allocates bool) {
	if in, ok := in.(clusterInput); ok {
		if call, ok := in.Input.(cluster.Call); ok {
			m.called(call)
		}
	}
	if m.ran {
		m.runs.Add(1)
		m.took.Observe(took)
		if !m.due.IsZero() {
			m.waited.Observe(max(0, time.Since(m.due)-took))
		}
		m.ran, m.due = false, time.Time{}
	}
	if allocates && m.due.IsZero() {
		m.due = time.Now()
	}
}

// called counts a call of a framework's own stream; others were refused.
func (m *meter) called(in cluster.Call) {
	m.mu.Lock()
	defer m.mu.Unlock()
	id, ok := m.streams[in.Stream]
	if !ok || string(id) != in.Call.GetFrameworkId().GetValue() {
		return
	}
	m.add(id, "calls", 1)
	m.add(id, "calls/"+strings.ToLower(in.Call.GetType().String()), 1)
	switch in.Call.GetType() {
	case scheduler.Call_DECLINE:
		m.add(id, "offers/declined", len(in.Call.GetDecline().GetOfferIds()))
	case scheduler.Call_ACCEPT:
		accept := in.Call.GetAccept()
		if len(accept.GetOperations()) == 0 {
			m.add(id, "offers/declined", len(accept.GetOfferIds()))
			return
		}
		m.add(id, "offers/accepted", len(accept.GetOfferIds()))
		for _, op := range accept.GetOperations() {
			m.add(id, "operations", 1)
			m.add(id, "operations/"+strings.ToLower(op.GetType().String()), 1)
		}
	default: // counted as a call
	}
}

// sent counts an event on a framework's stream.
func (m *meter) sent(stream cluster.StreamID, e *scheduler.Event) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if e.GetType() == scheduler.Event_SUBSCRIBED {
		id := ids.Framework(e.GetSubscribed().GetFrameworkId().GetValue())
		m.streams[stream] = id
		m.add(id, "calls", 1)
		m.add(id, "calls/subscribe", 1)
	}
	id, ok := m.streams[stream]
	if !ok {
		return // a subscription that was refused
	}
	m.add(id, "events", 1)
	m.add(id, "events/"+strings.ToLower(e.GetType().String()), 1)
	switch e.GetType() {
	case scheduler.Event_OFFERS:
		m.ran = true
		m.add(id, "offers/sent", len(e.GetOffers().GetOffers()))
	case scheduler.Event_RESCIND:
		m.add(id, "offers/rescinded", 1)
	default: // counted as an event
	}
}

// closed forgets a stream.
func (m *meter) closed(stream cluster.StreamID) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.streams, stream)
}

// happened watches the operators' events for ends of tasks and frameworks.
func (m *meter) happened(e *master.Event) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch e.GetType() {
	case master.Event_TASK_UPDATED:
		if update := e.GetTaskUpdated(); taskstate.Terminal(update.GetState()) {
			m.add(ids.Framework(update.GetFrameworkId().GetValue()), "tasks/terminal/"+strings.ToLower(update.GetState().String()), 1)
		}
	case master.Event_FRAMEWORK_REMOVED:
		m.ended = append(m.ended, ids.Framework(e.GetFrameworkRemoved().GetFrameworkInfo().GetId().GetValue()))
		if len(m.ended) > keptEnded {
			delete(m.frameworks, m.ended[0])
			m.ended = m.ended[1:]
		}
	default: // nothing of a framework ended
	}
}
