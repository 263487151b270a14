package supervisor

import (
	"context"
	"sync"
	"time"

	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/agentd/workload"
	"codeberg.org/reeve/reeve/shared/backoff"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/logkey"
)

// worker is the supervisor of one container.
type worker struct {
	*inbox
	set *Set
	id  ids.Container

	mu      sync.Mutex         // guards the fields below
	givenUp bool               // the start is not wanted any more
	cancel  context.CancelFunc // ends the start in hand
}

// retry is for what must succeed in the end: killing and deleting, and taking GPUs back.
var retry = backoff.Policy{Base: 100 * time.Millisecond, Cap: 30 * time.Second}

// giveUp ends a start in hand, or the one to come.
func (w *worker) giveUp() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.givenUp = true
	if w.cancel != nil {
		w.cancel()
	}
}

// cancelWith has giveUp call cancel; it says whether giveUp has been called before.
func (w *worker) cancelWith(cancel context.CancelFunc) (givenUp bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cancel = cancel
	return w.givenUp
}

// start brings a container up and stays with it to its end.
func (w *worker) start(ctx context.Context, eff workload.Start) {
	started, err := w.launch(ctx, eff)
	switch {
	case err == nil:
		w.set.post(ctx, workload.Launched{Container: w.id, Started: started})
		w.watch(ctx)
	case ctx.Err() == nil:
		w.set.post(ctx, workload.LaunchFailed{Container: w.id, Message: err.Error()})
		w.awaitDelete(ctx)
	}
}

// launch prepares and launches. Two things end it early: being given up, which kills, and the end of ctx, which detaches
// and does not end it once the runtime has been called.
func (w *worker) launch(ctx context.Context, eff workload.Start) (runtime.Started, error) {
	kill, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	prepare, detach := context.WithCancel(kill)
	defer detach()
	defer context.AfterFunc(ctx, detach)()
	if w.cancelWith(cancel) {
		return runtime.Started{}, context.Canceled
	}
	if err := w.prepare(prepare, &eff); err != nil {
		return runtime.Started{}, err
	}
	w.set.post(ctx, workload.Prepared{Container: w.id})
	select {
	case w.set.launching <- struct{}{}:
		defer func() { <-w.set.launching }()
	case <-prepare.Done():
	}
	if err := prepare.Err(); err != nil {
		return runtime.Started{}, err
	}
	return w.set.cfg.Runtime.Launch(kill, eff.Spec)
}

func (w *worker) prepare(ctx context.Context, eff *workload.Start) error {
	if eff.Pod != nil {
		if err := w.set.nest(*eff); err != nil {
			return err
		}
	}
	if err := w.set.cfg.Sandbox(eff.Spec.Sandbox, eff.Owner); err != nil {
		return err
	}
	if eff.Pod == nil {
		if err := linkLatest(eff.Spec.Sandbox); err != nil {
			return err
		}
	}
	for _, v := range eff.Volumes {
		if err := w.set.cfg.Volume(v.Path, eff.Owner, v.Shared); err != nil {
			return err
		}
	}
	if err := w.enterImages(ctx, eff); err != nil {
		return err
	}
	return w.fetch(ctx, eff)
}

// watch stays with a container that runs to its end.
func (w *worker) watch(ctx context.Context) {
	if exit, ok := w.attend(ctx); ok {
		w.set.post(ctx, workload.Exited{Container: w.id, Exit: exit})
		w.awaitDelete(ctx)
	}
}

// attend carries out effects until the container has ended; ok is false if ctx has before.
func (w *worker) attend(ctx context.Context) (exit runtime.Exit, ok bool) {
	exited := make(chan runtime.Exit, 1)
	w.set.group.Go("wait for "+string(w.id), func(ctx context.Context) error {
		if exit, ok := w.wait(ctx); ok {
			exited <- exit
		}
		return nil
	})
	kill, changes := newInsistence(), w.newChanges()
	defer kill.timer.Stop()
	defer changes.end()
	for {
		select {
		case <-ctx.Done():
			return runtime.Exit{}, false
		case exit := <-exited:
			return exit, true
		case <-w.wake:
			w.carryOut(ctx, kill, changes)
		case <-kill.timer.C:
			w.killAgain(ctx, kill)
		}
	}
}

// carryOut does everything that was pushed.
func (w *worker) carryOut(ctx context.Context, kill *insistence, changes *changes) {
	for {
		eff, ok := w.pop()
		if !ok {
			return
		}
		switch eff := eff.(type) {
		case workload.Signal:
			if sent := w.signal(ctx, eff.Signal); eff.Signal == sigKill {
				kill.tried(sent)
			}
		case workload.Resize, workload.Equip:
			changes.push(ctx, eff)
		}
	}
}

const (
	sigKill = 9
	sigTerm = 15
)

// meant is a signal of the machine as the runtime knows it: with SIGTERM it asks for the end, and an image may name another
// one for that.
func meant(signal int) int {
	if signal == sigTerm {
		return runtime.AskToEnd
	}
	return signal
}

// signal says whether a signal was delivered.
func (w *worker) signal(ctx context.Context, signal int) bool {
	began := time.Now()
	err := w.set.cfg.Runtime.Signal(ctx, w.id, meant(signal), true)
	switch {
	case err == nil:
		w.set.cfg.Log.Info("container signalled", logkey.Container(w.id), logkey.Signal(signal), logkey.Took(time.Since(began)))
	case ctx.Err() == nil:
		w.set.cfg.Log.Warn("container could not be signalled", logkey.Container(w.id), logkey.Signal(signal), logkey.Err(err))
	}
	return err == nil
}

// wait returns how the container ended. If the runtime cannot say, whatever is left is killed and the container is lost.
func (w *worker) wait(ctx context.Context) (exit runtime.Exit, ok bool) {
	exit, err := w.set.cfg.Runtime.Wait(ctx, w.id)
	if err == nil {
		return exit, true
	}
	if ctx.Err() != nil {
		return runtime.Exit{}, false
	}
	w.set.cfg.Log.Warn("container was lost", logkey.Container(w.id), logkey.Err(err))
	w.signal(ctx, sigKill)
	return runtime.Exit{Lost: true, Ended: time.Now(), Message: err.Error()}, true
}

// awaitDelete waits for the machine's word to free the container, and does it.
func (w *worker) awaitDelete(ctx context.Context) {
	for {
		for {
			eff, ok := w.pop()
			if !ok {
				break
			}
			if _, ok := eff.(workload.Delete); ok {
				w.delete(ctx)
				return
			}
		}
		select {
		case <-w.wake:
		case <-ctx.Done():
			return
		}
	}
}

// delete frees the container, however often it has to be tried.
func (w *worker) delete(ctx context.Context) {
	if w.deleteRetrying(ctx) {
		w.set.post(ctx, workload.Deleted{Container: w.id})
	}
}

func (w *worker) deleteRetrying(ctx context.Context) bool {
	for attempt := 0; ; attempt++ {
		err := w.set.cfg.Runtime.Delete(ctx, w.id)
		if err == nil && w.set.cfg.Images != nil {
			err = w.set.cfg.Images.Release(w.id)
		}
		if err == nil {
			w.set.cfg.Origins.Ended(w.id)
			return true
		}
		if ctx.Err() != nil {
			return false
		}
		w.set.cfg.Log.Warn("container could not be deleted; trying again", logkey.Container(w.id), logkey.Err(err))
		if retry.Sleep(ctx, attempt) != nil {
			return false
		}
	}
}

// reap kills and frees a container that the machine does not know.
func (w *worker) reap(ctx context.Context) {
	w.set.cfg.Log.Warn("container of an unknown executor is ended", logkey.Container(w.id))
	w.push(workload.Signal{Container: w.id, Signal: sigKill})
	if _, ok := w.attend(ctx); ok {
		w.deleteRetrying(ctx)
	}
}
