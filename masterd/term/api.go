package term

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"

	"codeberg.org/reeve/reeve/masterd/allocator"
	"codeberg.org/reeve/reeve/masterd/cluster"
	"codeberg.org/reeve/reeve/masterd/jobs"
	"codeberg.org/reeve/reeve/masterd/outbox"
	"codeberg.org/reeve/reeve/shared/agentlink"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1/master"
	"codeberg.org/reeve/reeve/shared/mesosv1/scheduler"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// Bounds of the boxes. A framework or operator that is this far behind has stopped reading; an agent gets few messages.
const (
	frameworkLimit = 64 << 10
	operatorLimit  = 64 << 10
	agentLimit     = 16 << 10
)

// Number is the raft term of this leadership.
func (t *Term) Number() uint64 { return t.cfg.Number }

// MasterID is what the ids begin with that this term mints.
func (t *Term) MasterID() ids.Master { return t.cfg.Cluster.MasterID }

// Elected is when this leadership began.
func (t *Term) Elected() time.Time { return t.cfg.Elected }

// Done is closed when the term has ended: whoever serves a stream of it ends the stream.
func (t *Term) Done() <-chan struct{} { return t.done }

// View returns the cluster as it is now.
func (t *Term) View(ctx context.Context) (*cluster.View, error) {
	var v *cluster.View
	err := t.loop.Inspect(ctx, func() { v = t.machine.cluster.View() })
	return v, t.explain(err)
}

// explainAgents is how many agents are judged at once, so that the loop is never held up for long.
const explainAgents = 1000

// Explain says of every agent why it is not offered to a framework. held says that nothing is offered to anybody yet.
func (t *Term) Explain(ctx context.Context, id ids.Framework) (all []allocator.Verdict, held bool, err error) {
	for at := 0; at >= 0; {
		err := t.loop.Inspect(ctx, func() {
			var list []allocator.Verdict
			list, at, held = t.machine.cluster.Explain(id, at, explainAgents)
			all = append(all, list...)
		})
		if err != nil {
			return nil, false, t.explain(err)
		}
	}
	return all, held, nil
}

// Jobs returns all jobs as they are now, sorted by name.
func (t *Term) Jobs(ctx context.Context) ([]reeveapi.Job, error) {
	var byName map[ids.Job]*reeveapi.Job
	var v *cluster.View
	err := t.loop.Inspect(ctx, func() { byName, v = t.machine.nameObstacles(t.machine.jobs.Jobs()), t.machine.cluster.View() })
	if err != nil {
		return nil, t.explain(err)
	}
	nameHolders(byName, v, time.Now())
	all := make([]reeveapi.Job, 0, len(byName))
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		all = append(all, *byName[name])
	}
	return all, nil
}

// Do hands an input that is answered to the machine, and returns the answer. build gets the ticket to put into the input.
// When ctx or the term ends first, the input may still have its effect.
func (t *Term) Do(ctx context.Context, build func(cluster.Ticket) cluster.Input) error {
	ticket, answer := t.replies.open()
	if err := t.Post(ctx, build(cluster.Ticket(ticket))); err != nil {
		t.replies.drop(ticket)
		return err
	}
	_, err := t.await(ctx, ticket, answer)
	return err
}

// Post hands an input that nobody waits for to the machine. It waits while the mailbox is full.
func (t *Term) Post(ctx context.Context, in cluster.Input) error {
	return t.explain(t.loop.Post(ctx, clusterInput{in}))
}

// Subscribe opens a framework's stream for a SUBSCRIBE call; call and principal must be valid in shape already. The
// machine's answer, SUBSCRIBED or ERROR, is the first event. Whoever writes the stream hangs the box up when it ends.
func (t *Term) Subscribe(ctx context.Context, call *scheduler.Call, principal string) (cluster.StreamID, *outbox.Box[*scheduler.Event], error) {
	id := cluster.StreamID(uuid.NewString())
	box := outbox.New[*scheduler.Event](frameworkLimit, func() { t.frameworkGone(id, "") })
	t.frameworks.put(id, box)
	if err := t.Post(ctx, cluster.Subscribe{Stream: id, Call: call, Principal: principal}); err != nil {
		t.frameworks.drop(id)
		return "", nil, err
	}
	return id, box, nil
}

// SubscribeOperators opens a stream of the operator API. The view is of the very moment at which the stream begins.
func (t *Term) SubscribeOperators(ctx context.Context) (*cluster.View, *outbox.Box[*master.Event], error) {
	var v *cluster.View
	var box *outbox.Box[*master.Event]
	box = outbox.New[*master.Event](operatorLimit, func() { t.operators.drop(box) })
	err := t.loop.Inspect(ctx, func() {
		v = t.machine.cluster.View()
		t.operators.put(box, box)
	})
	if err != nil {
		return nil, nil, t.explain(err)
	}
	return v, box, nil
}

// Operators is how many streams of the operator API are open.
func (t *Term) Operators() int { return t.operators.len() }

// Load returns the figures of the moment; Filters are left out if ctx ends before the loop has time for them.
func (t *Term) Load(ctx context.Context) cluster.Load {
	load := cluster.Load{
		Inputs: t.loop.Waiting(), Calls: t.replies.len(), Operations: t.registrar.waiting.Len(),
		Frameworks: t.meter.Frameworks(),
	}
	filters := map[string]int{}
	if err := t.loop.Inspect(ctx, func() { filters = t.machine.cluster.Filters() }); err == nil {
		load.Filters = filters
	}
	return load
}

// SubmitJob stores and starts a job.
func (t *Term) SubmitJob(ctx context.Context, spec reeveapi.JobSpec, by string) (reeveapi.Job, error) {
	return t.DoJob(ctx, func(ticket jobs.Ticket) jobs.Input {
		return jobs.Submit{Ticket: ticket, Spec: spec, By: by}
	})
}

// DoJob hands an input of the jobs machine that is answered to it, and returns the answer. build gets the ticket to put into
// the input. When ctx or the term ends first, the input may still have its effect.
func (t *Term) DoJob(ctx context.Context, build func(jobs.Ticket) jobs.Input) (reeveapi.Job, error) {
	ticket, answer := t.replies.open()
	if err := t.loop.Post(ctx, jobsInput{build(jobs.Ticket(ticket))}); err != nil {
		t.replies.drop(ticket)
		return reeveapi.Job{}, t.explain(err)
	}
	return t.await(ctx, ticket, answer)
}

// Events returns the remembered events with a larger Seq than since, oldest first. Seq starts at 1 in each term.
func (t *Term) Events(since uint64) []reeveapi.Event { return t.history.since(since) }

// Note remembers an event that no machine has made: something that somebody outside has seen. The caller sets all but Seq.
func (t *Term) Note(e reeveapi.Event) { t.happened(e) }

// ConnectAgent opens a link stream. conn must be new and larger than those before; the edge posts AgentRegister next, and
// hangs the box up when the stream ends; that posts AgentClosed with the goodbye of AgentGoodbye, if there was one.
func (t *Term) ConnectAgent(conn cluster.ConnID) *outbox.Box[*agentlink.FromMaster] {
	box := outbox.New[*agentlink.FromMaster](agentLimit, func() { t.agentGone(conn) })
	t.agents.put(conn, box)
	return box
}

// AgentGoodbye notes that the agent of a stream said goodbye; the end of the stream will tell the machine.
func (t *Term) AgentGoodbye(conn cluster.ConnID, goodbye *agentlink.Goodbye) {
	t.goodbyes.put(conn, goodbye)
}

// NoteUsage keeps what an agent's newest heartbeat says of its host.
func (t *Term) NoteUsage(agent ids.Agent, usage *agentlink.HostUsage, at time.Time) {
	if usage != nil {
		t.usage.put(agent, hostUsage{usage, at})
	}
}

// Images returns which images agents have, by their ids. It is not to be changed.
func (t *Term) Images(ctx context.Context) (map[string]map[string]bool, error) {
	var images map[string]map[string]bool
	err := t.loop.Inspect(ctx, func() { images = t.machine.jobs.Images() })
	return images, t.explain(err)
}

// NoteImages keeps which images an agent has.
func (t *Term) NoteImages(ctx context.Context, agent ids.Agent, names []string) error {
	return t.explain(t.loop.Post(ctx, jobsInput{jobs.Images{Agent: agent, Names: names}}))
}

// Usage returns what NoteUsage kept; ok is false if the agent has not sent a heartbeat in this term.
func (t *Term) Usage(agent ids.Agent) (usage *agentlink.HostUsage, at time.Time, ok bool) {
	u, ok := t.usage.get(agent)
	return u.usage, u.at, ok
}

// explain turns the end of the loop into an answer for peers.
func (t *Term) explain(err error) error {
	if err == nil {
		return nil
	}
	select {
	case <-t.done:
		return errEnded()
	default:
		return err
	}
}
