package term

import (
	"fmt"
	"strings"

	"codeberg.org/reeve/reeve/masterd/cluster"
	"codeberg.org/reeve/reeve/masterd/jobs"
	"codeberg.org/reeve/reeve/shared/agentlink"
	"codeberg.org/reeve/reeve/shared/logkey"
	"codeberg.org/reeve/reeve/shared/mesosv1/master"
	"codeberg.org/reeve/reeve/shared/mesosv1/scheduler"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// execute carries out one turn's effects, on the loop. Nothing here waits: what does not fit closes its stream.
func (t *Term) execute(effs []effect) {
	for _, e := range effs {
		if e.jobs != nil {
			t.executeJobs(e.jobs)
		} else {
			t.executeCluster(e.cluster)
		}
	}
}

func (t *Term) executeCluster(e cluster.Effect) {
	switch e := e.(type) {
	case cluster.ToAgent:
		t.toAgent(e.Conn, e.Message)
	case cluster.CloseAgent:
		if box, ok := t.agents.get(e.Conn); ok {
			box.Close()
		}
	case cluster.ToFramework:
		t.meter.sent(e.Stream, e.Event)
		t.toFramework(e.Stream, e.Event)
	case cluster.CloseFramework:
		t.meter.closed(e.Stream)
		if box, ok := t.frameworks.get(e.Stream); ok {
			box.Close()
		}
	case cluster.ToOperators:
		t.meter.happened(e.Event)
		t.toOperators(e.Event)
	case cluster.Happened:
		t.happened(e.Event)
	case cluster.Count:
		t.cfg.Metrics.Counter(e.Name).Add(e.N)
	case cluster.Persist:
		t.registrar.add(change{ops: e.Ops, done: func(err error) input {
			return clusterInput{cluster.Persisted{Token: e.Token, Err: err}}
		}})
	case cluster.Reply:
		t.replies.answer(uint64(e.Ticket), reply{err: e.Err})
	}
}

func (t *Term) executeJobs(e jobs.Effect) {
	switch e := e.(type) {
	case jobs.Persist:
		t.registrar.add(change{ops: e.Ops, done: func(err error) input {
			return jobsInput{jobs.Persisted{Token: e.Token, Err: err}}
		}})
	case jobs.Reply:
		t.replies.answer(uint64(e.Ticket), newReply(e))
	case jobs.Happened:
		t.happened(e.Event)
	case jobs.Call, jobs.Left: // the composed machine has kept them
	}
}

func newReply(e jobs.Reply) reply {
	r := reply{err: e.Err}
	if e.Job != nil {
		r.job = *e.Job
	}
	return r
}

func (t *Term) toAgent(conn cluster.ConnID, m *agentlink.FromMaster) {
	box, ok := t.agents.get(conn)
	if !ok {
		return // the stream has ended; AgentClosed is on its way
	}
	m = t.withSecrets(m)
	m.Term = t.cfg.Number
	if !box.Put(m) {
		t.log.Warn("agent does not read, its link is closed", logkey.Count(agentLimit))
		t.agentGone(conn)
	}
}

func (t *Term) toFramework(stream cluster.StreamID, e *scheduler.Event) {
	box, ok := t.frameworks.get(stream)
	if !ok {
		return // the stream has ended; FrameworkClosed is on its way
	}
	if !box.Put(e) {
		t.log.Warn("framework does not read, its stream is closed", logkey.ID(string(stream)), logkey.Count(frameworkLimit))
		t.frameworkGone(stream, fmt.Sprintf("it did not read: %d events waited for it", frameworkLimit))
	}
}

func (t *Term) toOperators(e *master.Event) {
	for _, box := range t.operators.all() {
		if !box.Put(e) {
			t.log.Warn("operator does not read, the stream is closed", logkey.Count(operatorLimit))
			t.operators.drop(box)
		}
	}
}

// happened remembers an event and logs it: transitions of tasks are many, and debug.
func (t *Term) happened(e reeveapi.Event) {
	e = t.history.add(e)
	log := t.log.Info
	if strings.HasPrefix(e.Kind, "TASK_") {
		log = t.log.Debug
	}
	log("happened", logkey.Noun(e.Kind), logkey.ID(e.ID), logkey.Reason(e.Text))
}
