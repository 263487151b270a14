package httpapi

import (
	"context"
	"errors"
	"log/slog"
	"net/http"

	"codeberg.org/reeve/reeve/masterd/cluster"
	"codeberg.org/reeve/reeve/masterd/validate"
	"codeberg.org/reeve/reeve/shared/logkey"
	"codeberg.org/reeve/reeve/shared/mesoshttp"
	"codeberg.org/reeve/reeve/shared/mesosv1/scheduler"
)

// streamID is the header that ties a framework's calls to its stream (spec 1.7).
const streamID = "Mesos-Stream-Id"

// scheduler answers /api/v1/scheduler.
func (a *api) scheduler(w http.ResponseWriter, r *http.Request, t Term) {
	call := &scheduler.Call{}
	if _, ok := mesoshttp.ReadCall(w, r, call); !ok {
		return
	}
	if err := validate.Call(call, mesoshttp.Principal(r)); err != nil {
		mesoshttp.WriteError(w, r, err)
		return
	}
	switch call.GetType() {
	case scheduler.Call_SUBSCRIBE:
		a.subscribe(w, r, t, call)
	case scheduler.Call_RECONCILE_OPERATIONS:
		if _, ok := mesoshttp.Negotiate(w, r); ok {
			a.call(w, r, t, call)
		}
	default:
		a.call(w, r, t, call)
	}
}

// call hands a call to the machine and waits until it has taken it: the calls of one connection take effect in the order
// in which they came, because the next one is read after this one is answered (spec 8, pitfall 31).
func (a *api) call(w http.ResponseWriter, r *http.Request, t Term, call *scheduler.Call) {
	// A client may send its last call and hang up; the call counts nevertheless.
	ctx := context.WithoutCancel(r.Context())
	err := t.Do(ctx, func(ticket cluster.Ticket) cluster.Input {
		return cluster.Call{
			Ticket:    ticket,
			Stream:    cluster.StreamID(r.Header.Get(streamID)),
			Call:      call,
			Principal: mesoshttp.Principal(r),
		}
	})
	switch {
	case err != nil:
		mesoshttp.WriteError(w, r, err)
	case call.GetType() == scheduler.Call_UPDATE_FRAMEWORK:
		mesoshttp.WriteEmpty(w, r, http.StatusOK)
	default:
		mesoshttp.WriteEmpty(w, r, http.StatusAccepted)
	}
}

func (a *api) subscribe(w http.ResponseWriter, r *http.Request, t Term, call *scheduler.Call) {
	if len(r.Header.Values(streamID)) > 0 {
		mesoshttp.WriteText(w, r, http.StatusBadRequest, "Subscribe calls should not include the 'Mesos-Stream-Id' header")
		return
	}
	c, ok := mesoshttp.Negotiate(w, r)
	if !ok {
		return
	}
	id, box, err := t.Subscribe(r.Context(), call, mesoshttp.Principal(r))
	if err != nil {
		mesoshttp.WriteError(w, r, err)
		return
	}
	defer box.Hangup()
	w.Header().Set(streamID, string(id))
	stream, err := mesoshttp.StartStream(w, c)
	if err != nil {
		return // the client has left before the first byte
	}
	a.streamEnded(r, pump(r.Context(), t.Done(), box, func(e *scheduler.Event) error {
		return stream.Send(e)
	}, nil))
}

// streamEnded notes a stream that ended otherwise than by one side's will.
func (a *api) streamEnded(r *http.Request, err error) {
	if err != nil && !errors.Is(err, context.Canceled) {
		a.cfg.Logger.LogAttrs(r.Context(), slog.LevelDebug, "stream broke", logkey.Path(r.URL.Path),
			logkey.Err(err), logkey.Addr(r.RemoteAddr))
	}
}
