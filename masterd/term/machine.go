package term

import (
	"fmt"
	"time"

	"codeberg.org/reeve/reeve/masterd/cluster"
	"codeberg.org/reeve/reeve/masterd/jobs"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/mesosv1/scheduler"
)

// input is what enters the composed machine.
type input interface{ kind() string }

// The inputs: one for each machine, the beginning of the term, and the deadline.
type (
	clusterInput struct{ cluster.Input }
	jobsInput    struct{ jobs.Input }
	start        struct{}
	tick         struct{}
)

func (in clusterInput) kind() string { return in.Kind() }
func (in jobsInput) kind() string    { return fmt.Sprintf("%T", in.Input) }
func (start) kind() string           { return "start" }
func (tick) kind() string            { return "tick" }

// effect is what leaves it: exactly one field is set.
type effect struct {
	cluster cluster.Effect
	jobs    jobs.Effect // never a jobs.Call or jobs.Left: those stay inside
}

// machine is the cluster machine and the jobs machine as one. To the cluster the jobs are a framework like any other; its
// stream ends here instead of at a socket.
//
//	cluster ── ToFramework on the jobs' stream ──▶ jobs
//	cluster ◀────── Subscribe and Call ─────────── jobs
//
// Beside that stream, which is Mesos's, jobs hear of agents that drain and say when they have left them.
type machine struct {
	cluster *cluster.State
	jobs    *jobs.State
	stream  cluster.StreamID // of the jobs' newest subscription
	streams int              // how many there were
}

func newMachine(cfg Config, now time.Time) *machine {
	cfg.Cluster.MovesFirst = true
	cfg.Jobs.Opens = cfg.Keys.Has
	return &machine{
		cluster: cluster.New(cfg.Cluster, cfg.Registry, now),
		jobs:    jobs.New(cfg.Jobs, cfg.Registry, now),
	}
}

// Step hands the input to its machine, and then events and calls back and forth until both are quiet. Everything one
// machine has decided comes out before what the other decides because of it, so that no stream sees two effects swapped.
func (m *machine) Step(now time.Time, in input) []effect {
	t := turn{machine: m, now: now}
	switch in := in.(type) {
	case clusterInput:
		if td, ok := in.Input.(cluster.Teardown); ok && td.Framework == jobs.FrameworkID {
			t.takeCluster([]cluster.Effect{cluster.Reply{Ticket: td.Ticket, Err: errOwn}})
			break
		}
		t.takeCluster(m.cluster.Step(now, in.Input))
	case jobsInput:
		t.takeJobs(m.jobs.Step(now, in.Input))
	case start:
		t.takeJobs(m.jobs.Start(now))
	case tick:
		if due(m.cluster.Deadline(), now) {
			t.takeCluster(m.cluster.Step(now, cluster.Tick{}))
		}
		if due(m.jobs.Deadline(), now) {
			t.takeJobs(m.jobs.Step(now, jobs.Tick{}))
		}
	}
	t.settle()
	return t.out
}

// errOwn keeps the framework that everybody's jobs depend on.
var errOwn = fault.New(fault.Conflict, "framework %s is Reeve's own, which runs the jobs, and can't be torn down; stop its jobs instead", jobs.FrameworkID)

// Deadline is the earlier one of the two.
func (m *machine) Deadline() time.Time {
	a, b := m.cluster.Deadline(), m.jobs.Deadline()
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

func due(deadline, now time.Time) bool { return !deadline.IsZero() && !now.Before(deadline) }

// turn is one Step: what has come out, and what the machines still have to tell each other.
type turn struct {
	*machine
	now    time.Time
	out    []effect
	events []*scheduler.Event
	calls  []*scheduler.Call
	moves  []jobs.Draining
}

func (t *turn) settle() {
	for len(t.events)+len(t.calls)+len(t.moves) > 0 {
		if len(t.moves) > 0 {
			in := t.moves[0]
			t.moves = t.moves[1:]
			t.takeJobs(t.jobs.Step(t.now, in))
			continue
		}
		if len(t.events) > 0 {
			e := t.events[0]
			t.events = t.events[1:]
			t.takeJobs(t.jobs.Step(t.now, jobs.Event{Event: e}))
			continue
		}
		call := t.calls[0]
		t.calls = t.calls[1:]
		t.takeCluster(t.cluster.Step(t.now, t.fromJobs(call)))
	}
}

// fromJobs turns a call into the input that an HTTP edge would make of it. Nobody waits for the reply: a call that is
// refused shows in the events that do not come.
func (t *turn) fromJobs(call *scheduler.Call) cluster.Input {
	if call.GetType() == scheduler.Call_SUBSCRIBE {
		t.streams++
		t.stream = cluster.StreamID(fmt.Sprintf("jobs-%d", t.streams))
		return cluster.Subscribe{Stream: t.stream, Call: call}
	}
	return cluster.Call{Stream: t.stream, Call: call}
}

func (t *turn) takeCluster(effs []cluster.Effect) {
	for _, e := range effs {
		switch e := e.(type) {
		case cluster.ToFramework:
			if e.Stream == t.stream {
				t.events = append(t.events, e.Event)
				continue
			}
		case cluster.Move:
			t.moves = append(t.moves, jobs.Draining{Agent: e.Agent, On: e.On})
			continue
		case cluster.CloseFramework:
			if e.Stream == t.stream {
				continue // what the jobs need to know came as an event before
			}
		}
		t.out = append(t.out, effect{cluster: e})
	}
}

func (t *turn) takeJobs(effs []jobs.Effect) {
	for _, e := range effs {
		switch e := e.(type) {
		case jobs.Call:
			t.calls = append(t.calls, e.Call)
			continue
		case jobs.Left:
			t.takeCluster(t.cluster.Step(t.now, cluster.Moved{Agent: e.Agent}))
			continue
		}
		t.out = append(t.out, effect{jobs: e})
	}
}
