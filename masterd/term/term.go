package term

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"codeberg.org/reeve/reeve/masterd/cluster"
	"codeberg.org/reeve/reeve/masterd/jobs"
	"codeberg.org/reeve/reeve/masterd/outbox"
	"codeberg.org/reeve/reeve/masterd/registry"
	"codeberg.org/reeve/reeve/masterd/vault"
	"codeberg.org/reeve/reeve/shared/agentlink"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/logkey"
	"codeberg.org/reeve/reeve/shared/loop"
	"codeberg.org/reeve/reeve/shared/mesosv1/master"
	"codeberg.org/reeve/reeve/shared/mesosv1/scheduler"
	"codeberg.org/reeve/reeve/shared/metrics"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/shared/run"
)

// Config is what one leadership is built from. Every field but Keys is required.
type Config struct {
	Number   uint64    // raft's term, larger than any before
	Elected  time.Time // when it began
	Cluster  cluster.Config
	Jobs     jobs.Config
	Registry *registry.State // as it was after the barrier of this election
	Keys     vault.Keys      // of secrets; the zero value keeps them in clear
	// Apply writes ops to the registry and returns when a majority has them. On an error they may still be written.
	Apply   func(ctx context.Context, ops []registry.Op) error
	Metrics *metrics.Set
	Logger  *slog.Logger
}

// Term is one leadership. Make one with New, run it once with Run. Its exported methods may be called from any goroutine
// as soon as New has returned.
type Term struct {
	cfg     Config
	log     *slog.Logger
	machine *machine
	loop    *loop.Loop[input, effect]
	done    chan struct{}

	replies    replies
	frameworks table[cluster.StreamID, *outbox.Box[*scheduler.Event]]
	agents     table[cluster.ConnID, *outbox.Box[*agentlink.FromMaster]]
	goodbyes   table[cluster.ConnID, *agentlink.Goodbye]
	operators  table[*outbox.Box[*master.Event], *outbox.Box[*master.Event]]
	usage      table[ids.Agent, hostUsage]
	history    history
	meter      *meter
	registrar  *registrar
	gone       *outbox.Box[cluster.Input] // what the loop has to tell itself; it must not post
}

// hostUsage is what a heartbeat said, and when it came.
type hostUsage struct {
	usage *agentlink.HostUsage
	at    time.Time
}

// goneLimit is never reached: there is one entry for each stream that ran over.
const goneLimit = 1 << 30

// slowTurn is what no turn may take; one that does is told with its input.
const slowTurn = 50 * time.Millisecond

// New builds a term from the registry. It does not turn before Run.
func New(cfg Config) *Term {
	now := time.Now()
	t := &Term{
		cfg:     cfg,
		log:     cfg.Logger.With(logkey.Term(cfg.Number)),
		machine: newMachine(cfg, now),
		done:    make(chan struct{}),
		gone:    outbox.New[cluster.Input](goneLimit, nil),
		meter:   newMeter(cfg.Metrics),
	}
	cfg.Metrics.Timer("registrar/state_fetch_ms").Observe(now.Sub(cfg.Elected))
	t.registrar = newRegistrar(cfg.Apply, cfg.Metrics.Timer("registrar/state_store_ms"))
	t.loop = loop.New(loop.Config[input, effect]{
		Name: "the term", Machine: t.machine, Tick: tick{}, Execute: t.execute, Observe: t.observe(),
	})
	return t
}

// Run turns the term until ctx ends or the registry cannot be written, which is the error it returns. Every stream is
// closed and every waiting edge answered when it returns.
func (t *Term) Run(ctx context.Context) error {
	group := run.NewGroup(ctx)
	group.Go("loop", t.loop.Run)
	group.Go("registrar", func(ctx context.Context) error { return t.registrar.run(ctx, t.loop.Post) })
	group.Go("hangups", t.postGone)
	if err := t.loop.Post(ctx, start{}); err != nil {
		group.Stop()
	}
	err := group.Wait()
	close(t.done)
	t.replies.end()
	for _, box := range t.frameworks.all() {
		box.Close()
	}
	for _, box := range t.agents.all() {
		box.Close()
	}
	for _, box := range t.operators.all() {
		box.Close()
	}
	return err
}

// postGone posts what the loop could not post itself.
func (t *Term) postGone(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-t.gone.Ready():
		}
		items, _ := t.gone.Take()
		for _, in := range items {
			if err := t.loop.Post(ctx, clusterInput{in}); err != nil {
				return nil //nolint:nilerr // the loop or ctx has ended, and so does this
			}
		}
	}
}

// frameworkGone runs when a framework's writer has ended, on the writer's goroutine, and with a reason when its box ran
// over, on the loop's.
func (t *Term) frameworkGone(id cluster.StreamID, why string) {
	t.frameworks.drop(id)
	t.meter.closed(id)
	t.gone.Put(cluster.FrameworkClosed{Stream: id, Why: why})
}

// agentGone runs when an agent's writer has ended, on the writer's goroutine.
func (t *Term) agentGone(conn cluster.ConnID) {
	t.agents.drop(conn)
	goodbye, _ := t.goodbyes.get(conn)
	t.goodbyes.drop(conn)
	t.gone.Put(cluster.AgentClosed{Conn: conn, Goodbye: goodbye})
}

// observe returns the loop's meter.
func (t *Term) observe() func(input, time.Duration) {
	turns, busy := t.cfg.Metrics.Counter("master/turns"), t.cfg.Metrics.Counter("master/turn_seconds")
	slow := t.cfg.Metrics.Counter("master/slow_turns")
	return func(in input, took time.Duration) {
		turns.Add(1)
		t.meter.turned(in, took, t.machine.cluster.Allocates())
		busy.Add(took.Seconds())
		if took > slowTurn {
			slow.Add(1)
			t.log.Warn("turn was slow", logkey.Input(in.kind()), logkey.Took(took))
		}
	}
}

// await waits for the answer of a ticket.
func (t *Term) await(ctx context.Context, ticket uint64, answer <-chan reply) (reeveapi.Job, error) {
	select {
	case r := <-answer:
		return r.job, r.err
	case <-ctx.Done():
		t.replies.drop(ticket)
		return reeveapi.Job{}, fault.Wrap(fault.Unavailable, ctx.Err(), "no answer in time")
	case <-t.done:
		select {
		case r := <-answer: // it came just before the end
			return r.job, r.err
		default:
			return reeveapi.Job{}, t.explain(errors.New("the term has ended"))
		}
	}
}
