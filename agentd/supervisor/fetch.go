package supervisor

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"codeberg.org/reeve/reeve/agentd/fetcher"
	"codeberg.org/reeve/reeve/agentd/workload"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/logkey"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/shared/run"
)

// tellEvery is the time between two words on how far a URI is.
const tellEvery = time.Second

// fetch brings a container's URIs into its sandbox.
func (w *worker) fetch(ctx context.Context, eff *workload.Start) error {
	if len(eff.URIs) == 0 {
		return nil
	}
	far := &progress{}
	group := run.NewGroup(ctx)
	group.Go("progress of "+string(w.id), func(ctx context.Context) error { far.tell(ctx, w); return nil })
	err := w.set.cfg.Fetch(ctx, eff.Spec.Sandbox, eff.URIs, eff.Owner, &fetcher.Watch{
		Progress: func(uri string, done, total int64) {
			far.set(workload.Pulling{Container: w.id, URI: uri, Done: done, Total: max(total, 0)})
		},
		Fetched: func(a reeveapi.Artifact) { w.remember(w.set.cfg.Origins.Artifact(runOf(eff.Spec.Sandbox), w.id, a)) },
	})
	group.Stop()
	return errors.Join(err, group.Wait())
}

// progress is how far a URI is.
type progress struct {
	mu  sync.Mutex // guards now
	now workload.Pulling
}

func (p *progress) set(now workload.Pulling) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now = now
}

// tell reports it now and then, also of a download that has come to a standstill, until ctx ends.
func (p *progress) tell(ctx context.Context, w *worker) {
	ticker := time.NewTicker(tellEvery)
	defer ticker.Stop()
	for told := (workload.Pulling{}); ; {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
		p.mu.Lock()
		now := p.now
		p.mu.Unlock()
		if now != told {
			told = now
			w.set.post(ctx, now)
		}
	}
}

// runOf is the run of an executor that a sandbox is of: its own, or in a pod's that of the pod.
func runOf(box string) ids.Container {
	const runs = "/runs/"
	at := strings.LastIndex(box, runs)
	if at < 0 {
		return ids.Container(filepath.Base(box))
	}
	run, _, _ := strings.Cut(box[at+len(runs):], "/")
	return ids.Container(run)
}

// remember takes how it went to note what the container is made of.
func (w *worker) remember(err error) {
	if err != nil {
		w.set.cfg.Log.Warn("what a container is made of will not be known to the next agentd", logkey.Container(w.id), logkey.Err(err))
	}
}
