package supervisor

import (
	"context"
	"time"

	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/shared/logkey"
)

// overdue is how long a container may take to end after a SIGKILL before somebody is told. The kernel needs milliseconds.
const overdue = 5 * time.Second

// maxDoublings bounds the time between two words on a container that does not end: five minutes.
const maxDoublings = 6

// insistence is what a supervisor knows of the SIGKILL that its container was sent, or was to be sent.
type insistence struct {
	timer  *time.Timer // fires when it has to be sent again
	failed int         // times that it could not be delivered, since it last was
	since  time.Time   // when it was first delivered; zero before
	again  int         // times that it was delivered and the container did not end
}

func newInsistence() *insistence {
	timer := time.NewTimer(0)
	timer.Stop()
	return &insistence{timer: timer}
}

// tried notes that a SIGKILL was sent, and arms the next one.
func (i *insistence) tried(sent bool) {
	if !sent {
		i.timer.Reset(retry.Base << min(i.failed, 8))
		i.failed++
		return
	}
	i.failed = 0
	if i.since.IsZero() {
		i.since = time.Now()
	}
	i.timer.Reset(overdue << min(i.again, maxDoublings))
}

// killAgain sends the SIGKILL again. If it was delivered before, the container ought to have ended, and what is known of it is
// said.
func (w *worker) killAgain(ctx context.Context, kill *insistence) {
	if !kill.since.IsZero() {
		kill.again++
		reason := ""
		if e, ok := w.set.cfg.Runtime.(runtime.Explainer); ok {
			reason = e.Explain(ctx, w.id)
		}
		w.set.cfg.Log.Warn("container was killed and does not end; killing it again",
			logkey.Container(w.id), logkey.Took(time.Since(kill.since)), logkey.Count(kill.again), logkey.Reason(reason))
	}
	kill.tried(w.signal(ctx, sigKill))
}
