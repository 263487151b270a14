// Package executorapi serves /api/v1/executor, by which custom executors subscribe to events and report their tasks (spec
// 1.4, 1.7, 2.3). It turns calls into inputs of the workload machine, and events into the bytes of a stream; it decides
// nothing. Start reading at API.ServeHTTP.
package executorapi

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"codeberg.org/reeve/reeve/agentd/workload"
	"codeberg.org/reeve/reeve/shared/codec"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/logkey"
	"codeberg.org/reeve/reeve/shared/mesoshttp"
	"codeberg.org/reeve/reeve/shared/mesosv1/executor"
)

// heartbeatInterval is how often a silent stream says that it is there (spec 4.2).
const heartbeatInterval = 30 * time.Minute

// Config is what the API needs.
type Config struct {
	Post func(ctx context.Context, in workload.Input) error
	Log  *slog.Logger
}

// API holds the streams of all executors and the calls that wait for an answer.
type API struct {
	cfg   Config
	ready atomic.Bool

	mu      sync.Mutex // guards the fields below
	next    uint64     // last number given to a stream or a ticket
	streams map[workload.StreamID]*outbox
	waiting map[workload.Ticket]chan error
}

// New returns an API that answers 503 until Ready.
func New(cfg Config) *API {
	return &API{cfg: cfg, streams: map[workload.StreamID]*outbox{}, waiting: map[workload.Ticket]chan error{}}
}

// Ready says that the agent has recovered: executors may come back.
func (a *API) Ready() { a.ready.Store(true) }

// ServeHTTP answers a call of an executor.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !a.ready.Load() {
		mesoshttp.WriteError(w, r, fault.New(fault.Unavailable, "Agent has not finished recovery"))
		return
	}
	call := &executor.Call{}
	if _, ok := mesoshttp.ReadCall(w, r, call); !ok {
		return
	}
	if err := check(call); err != nil {
		mesoshttp.WriteError(w, r, err)
		return
	}
	switch call.GetType() {
	case executor.Call_SUBSCRIBE:
		if c, ok := mesoshttp.Negotiate(w, r); ok {
			a.subscribe(w, r, call, c)
		}
	case executor.Call_HEARTBEAT:
		mesoshttp.WriteEmpty(w, r, http.StatusAccepted)
	case executor.Call_UPDATE, executor.Call_MESSAGE:
		err := a.ask(r.Context(), func(ticket workload.Ticket) workload.Input { return workload.Call{Ticket: ticket, Call: call} })
		if err != nil {
			mesoshttp.WriteError(w, r, err)
			return
		}
		mesoshttp.WriteEmpty(w, r, http.StatusAccepted)
	case executor.Call_UNKNOWN:
		mesoshttp.WriteStatus(w, r, http.StatusNotImplemented)
	}
}

// ask posts an input and waits for the machine's Reply to it.
func (a *API) ask(ctx context.Context, in func(workload.Ticket) workload.Input) error {
	answer := make(chan error, 1) // written at most once
	a.mu.Lock()
	a.next++
	ticket := workload.Ticket(a.next)
	a.waiting[ticket] = answer
	a.mu.Unlock()
	defer func() {
		a.mu.Lock()
		delete(a.waiting, ticket)
		a.mu.Unlock()
	}()
	if err := a.cfg.Post(ctx, in(ticket)); err != nil {
		return fault.Wrap(fault.Unavailable, err, "the agent is stopping")
	}
	select {
	case err := <-answer:
		return err
	case <-ctx.Done():
		return fault.Wrap(fault.Unavailable, ctx.Err(), "the agent did not answer in time")
	}
}

// Reply answers the call with this ticket, if it still waits.
func (a *API) Reply(ticket workload.Ticket, err error) {
	a.mu.Lock()
	answer := a.waiting[ticket]
	a.mu.Unlock()
	if answer != nil {
		answer <- err
	}
}

// Send appends an event to a stream. It never blocks.
func (a *API) Send(id workload.StreamID, event *executor.Event) {
	if out := a.find(id); out != nil {
		out.push(event)
	}
}

// Close ends a stream after what was sent to it.
func (a *API) Close(id workload.StreamID) {
	if out := a.find(id); out != nil {
		out.close()
	}
}

func (a *API) find(id workload.StreamID) *outbox {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.streams[id]
}

// subscribe registers a stream and serves it until one side ends it.
func (a *API) subscribe(w http.ResponseWriter, r *http.Request, call *executor.Call, c codec.Codec) {
	out := newOutbox()
	a.mu.Lock()
	a.next++
	id := workload.StreamID(a.next)
	a.streams[id] = out
	a.mu.Unlock()
	err := a.ask(r.Context(), func(ticket workload.Ticket) workload.Input {
		return workload.Subscribe{Ticket: ticket, Stream: id, Call: call}
	})
	if err == nil {
		a.stream(w, r, out, c)
	}
	a.mu.Lock()
	delete(a.streams, id)
	a.mu.Unlock()
	if err != nil {
		mesoshttp.WriteError(w, r, err)
	}
	if err := a.cfg.Post(context.WithoutCancel(r.Context()), workload.StreamClosed{Stream: id}); err != nil {
		a.cfg.Log.Debug("end of an executor's stream was not taken: the agent is stopping", logkey.Err(err))
	}
}

// stream writes events as they come, and heartbeats.
func (a *API) stream(w http.ResponseWriter, r *http.Request, out *outbox, c codec.Codec) {
	s, err := mesoshttp.StartStream(w, c)
	ticker := time.NewTicker(heartbeatInterval)
	defer ticker.Stop()
	for err == nil {
		event, more := out.next()
		switch {
		case event != nil:
			err = s.Send(event)
			continue
		case !more:
			return
		}
		select {
		case <-out.wake:
		case <-ticker.C:
			err = s.Send(&executor.Event{Type: executor.Event_HEARTBEAT.Enum()})
		case <-r.Context().Done():
			return
		}
	}
	a.cfg.Log.Debug("stream of an executor broke", logkey.Err(err))
}
