// Package supervisor carries out what the workload machine decides about containers: one goroutine for each, which makes
// the sandbox, fetches, launches, waits, signals and deletes, and reports what happened as inputs. It never decides: it
// knows no tasks, no grace periods and no reasons. Ending its context detaches from the containers, which live on; only
// an effect of the machine ends one. Start reading at Set.
package supervisor

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"

	"codeberg.org/reeve/reeve/agentd/fetcher"
	"codeberg.org/reeve/reeve/agentd/image"
	"codeberg.org/reeve/reeve/agentd/image/store"
	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/agentd/workload"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/logkey"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/shared/run"
)

// Fetch brings URIs into a sandbox; see agentd/fetcher.
type Fetch func(ctx context.Context, sandbox string, uris []*mesosv1.CommandInfo_URI, user string, watch *fetcher.Watch) error

// Images brings images here; see agentd/image/store.
type Images interface {
	Pull(ctx context.Context, id ids.Container, ask image.Ask, progress func(store.Progress)) (image.Image, error)
	Release(id ids.Container) error
}

// Origins remembers what containers were made of; see agentd/provenance. What it cannot keep is only not shown.
type Origins interface {
	Image(run, id ids.Container, i reeveapi.ContainerImage) error
	Artifact(run, id ids.Container, a reeveapi.Artifact) error
	Ended(id ids.Container)
}

// Config is what a set of supervisors needs. Every field is required, but Images.
type Config struct {
	Runtime  runtime.Runtime
	Sandbox  func(path, user string) error               // makes it; see agentd/sandbox
	Nest     func(pod, user, name, sandbox string) error // makes that of a pod, with name in it for a sandbox to come
	Volume   func(path, user string, shared bool) error  // has a persistent volume ready; see agentd/volume
	Fetch    Fetch
	Give     func(path, user string) error // gives what Sandbox has made to somebody else
	Images   Images                        // nil where there are none
	Origins  Origins
	Post     func(ctx context.Context, in workload.Input) error
	Parallel int // launches at once
	Log      *slog.Logger
}

// Set is all supervisors of an agent.
type Set struct {
	cfg       Config
	group     *run.Group
	launching chan struct{} // holds one value for each launch in hand

	nesting sync.Mutex // held while the sandbox of a pod is made

	mu      sync.Mutex // guards workers
	workers map[ids.Container]*worker
}

// New returns a set whose supervisors end with ctx, or with Detach.
func New(ctx context.Context, cfg Config) *Set {
	return &Set{
		cfg:       cfg,
		group:     run.NewGroup(ctx),
		launching: make(chan struct{}, max(1, cfg.Parallel)),
		workers:   map[ids.Container]*worker{},
	}
}

// Detach leaves all containers to themselves and returns when every supervisor has ended. A launch that was being carried
// out is finished first, so that the next agentd finds a container and not half of one.
func (s *Set) Detach() error {
	s.group.Stop()
	return s.group.Wait()
}

// Do takes an effect of the machine. It never blocks. Effects that are not about containers are not its business.
func (s *Set) Do(eff workload.Effect) {
	switch eff := eff.(type) {
	case workload.Start:
		s.spawn(eff.Spec.ID, func(ctx context.Context, w *worker) { w.start(ctx, eff) })
	case workload.Adopt:
		s.spawn(eff.Container, func(ctx context.Context, w *worker) { w.watch(ctx) })
	case workload.Reap:
		s.spawn(eff.Container, func(ctx context.Context, w *worker) { w.reap(ctx) })
	case workload.Cancel:
		if w := s.find(eff.Container); w != nil {
			w.giveUp()
		}
	case workload.Signal:
		s.command(eff.Container, eff)
	case workload.Resize:
		s.command(eff.Container, eff)
	case workload.Equip:
		s.command(eff.Container, eff)
	case workload.Delete:
		s.command(eff.Container, eff)
	}
}

func (s *Set) find(id ids.Container) *worker {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.workers[id]
}

func (s *Set) spawn(id ids.Container, fn func(ctx context.Context, w *worker)) {
	w := &worker{inbox: newInbox(), set: s, id: id}
	s.mu.Lock()
	s.workers[id] = w
	s.mu.Unlock()
	s.group.Go("supervisor "+string(id), func(ctx context.Context) error {
		fn(ctx, w)
		s.mu.Lock()
		delete(s.workers, id)
		s.mu.Unlock()
		return nil
	})
}

// command hands an effect to a container's supervisor. One that has none (its launch failed) has nothing to free.
func (s *Set) command(id ids.Container, eff workload.Effect) {
	if w := s.find(id); w != nil {
		w.push(eff)
		return
	}
	switch eff := eff.(type) {
	case workload.Delete:
		s.spawn(id, func(ctx context.Context, w *worker) { w.delete(ctx) })
	case workload.Resize: // of a pod: it has no process to look after
		s.group.Go("resize "+string(id), func(ctx context.Context) error {
			err := s.cfg.Runtime.Resize(ctx, id, eff.Limits)
			if err != nil && fault.KindOf(err) != fault.NotFound && ctx.Err() == nil { // nothing of it may be left
				s.cfg.Log.Warn("limits of a pod could not be changed", logkey.Container(id), logkey.Err(err))
			}
			return nil
		})
	}
}

// post reports to the machine. It fails only when the agent is stopping: the next one finds out for itself.
func (s *Set) post(ctx context.Context, in workload.Input) {
	if err := s.cfg.Post(ctx, in); err != nil {
		s.cfg.Log.Debug("report of a container was not taken: the agent is stopping", logkey.Input(workload.Kind(in)), logkey.Err(err))
	}
}

// nest makes the sandbox of a pod for the container that is to be started in it. Its containers are started at once, so one
// after another does it.
func (s *Set) nest(eff workload.Start) error {
	s.nesting.Lock()
	defer s.nesting.Unlock()
	if err := s.cfg.Nest(eff.Pod.Path, eff.Pod.Owner, eff.Pod.Task, eff.Spec.Sandbox); err != nil {
		return err
	}
	return linkLatest(eff.Pod.Path)
}

// linkLatest makes runs/latest lead to this run (spec 3.12).
func linkLatest(sandbox string) error {
	latest := filepath.Join(filepath.Dir(sandbox), "latest")
	tmp := sandbox + ".latest"
	if err := os.Remove(tmp); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("link the latest run: %w", err)
	}
	if err := errors.Join(os.Symlink(filepath.Base(sandbox), tmp), os.Rename(tmp, latest)); err != nil {
		return fmt.Errorf("link the latest run: %w", err)
	}
	return nil
}
