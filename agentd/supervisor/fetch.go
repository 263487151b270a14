package supervisor

import (
	"context"
	"time"

	"codeberg.org/reeve/reeve/agentd/fetcher"
	"codeberg.org/reeve/reeve/agentd/workload"
	"codeberg.org/reeve/reeve/shared/logkey"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// tellEvery is the time between two words on how far a URI is.
const tellEvery = time.Second

// fetch brings a container's URIs into its sandbox.
func (w *worker) fetch(ctx context.Context, eff *workload.Start) error {
	if len(eff.URIs) == 0 {
		return nil
	}
	told := time.Now()
	return w.set.cfg.Fetch(ctx, eff.Spec.Sandbox, eff.URIs, eff.Owner, &fetcher.Watch{
		Progress: func(uri string, done, total int64) {
			if now := time.Now(); now.Sub(told) >= tellEvery {
				told = now
				w.set.post(ctx, workload.Pulling{Container: w.id, URI: uri, Done: done, Total: max(total, 0)})
			}
		},
		Fetched: func(a reeveapi.Artifact) { w.remember(w.set.cfg.Origins.Artifact(w.id, a)) },
	})
}

// remember takes how it went to note what the container is made of.
func (w *worker) remember(err error) {
	if err != nil {
		w.set.cfg.Log.Warn("what a container is made of will not be known to the next agentd", logkey.Container(w.id), logkey.Err(err))
	}
}
