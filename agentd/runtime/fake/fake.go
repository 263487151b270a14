// Package fake is a container runtime in memory, for tests of what drives a runtime: no process, no disk, and time only by
// timers, so that it works inside a synctest bubble. It keeps the contract of runtime.Runtime (runtimetest proves it) and
// never runs anything. It understands a few commands (true, false, sleep N, sh -c "exit N"); a Script overrides them.
// Start reading at New.
package fake

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/ids"
)

// Behaviour is what a container does.
type Behaviour struct {
	LaunchErr     error         // Launch fails with it after LaunchAfter
	LaunchAfter   time.Duration // how long Launch takes
	Forever       bool          // runs until a signal or Exit ends it
	RunFor        time.Duration // otherwise it ends by itself after this long
	WaitStatus    int           // how it ends by itself, as of wait(2)
	OOMKilled     bool
	Message       string
	IgnoreTerm    bool // only SIGKILL ends it
	OutlivesKills int  // as many SIGKILLs do not
	Stats         runtime.Stats
}

// Runtime is the fake. Its methods may be called from many goroutines.
type Runtime struct {
	script func(spec runtime.Spec) Behaviour

	mu         sync.Mutex // guards the fields below
	containers map[ids.Container]*container
	launched   []runtime.Spec
	nextPID    int
}

type container struct {
	spec      runtime.Spec
	behaviour Behaviour
	ready     chan struct{} // closed when Launch has decided
	launchErr error
	started   runtime.Started
	timer     *time.Timer
	signals   []int
	exit      runtime.Exit
	ended     chan struct{} // closed when exit is final
}

// New returns a runtime whose containers behave as script says; a nil script understands the commands named in the
// package comment and runs everything else for ever.
func New(script func(spec runtime.Spec) Behaviour) *Runtime {
	if script == nil {
		script = Interpret
	}
	return &Runtime{script: script, containers: make(map[ids.Container]*container), nextPID: 1000}
}

// Launch implements runtime.Runtime.
func (r *Runtime) Launch(ctx context.Context, spec runtime.Spec) (runtime.Started, error) {
	r.mu.Lock()
	c, known := r.containers[spec.ID]
	if !known {
		c = &container{
			spec: spec, behaviour: r.script(spec),
			ready: make(chan struct{}), ended: make(chan struct{}),
		}
		r.containers[spec.ID] = c
		r.launched = append(r.launched, spec)
	}
	r.mu.Unlock()
	if !known {
		r.start(ctx, c)
	}
	select {
	case <-c.ready:
		return c.started, c.launchErr
	case <-ctx.Done():
		return runtime.Started{}, ctx.Err()
	}
}

// start decides a launch, after the time it takes.
func (r *Runtime) start(ctx context.Context, c *container) {
	if c.behaviour.LaunchAfter > 0 {
		timer := time.NewTimer(c.behaviour.LaunchAfter)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			c.launchErr = ctx.Err()
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	defer close(c.ready)
	if c.launchErr == nil {
		c.launchErr = c.behaviour.LaunchErr
	}
	if c.launchErr != nil {
		delete(r.containers, c.spec.ID)
		return
	}
	r.nextPID++
	c.started = runtime.Started{PID: r.nextPID, At: time.Now()}
	if b := c.behaviour; !b.Forever {
		c.timer = time.AfterFunc(b.RunFor, func() {
			r.Exit(c.spec.ID, runtime.Exit{WaitStatus: b.WaitStatus, OOMKilled: b.OOMKilled, Message: b.Message})
		})
	}
}

// Exit ends a running container from outside. It fills in the times; a container that is unknown or has ended stays as it
// is.
func (r *Runtime) Exit(id ids.Container, exit runtime.Exit) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if c, ok := r.containers[id]; ok {
		c.end(exit)
	}
}

// end must be called with the runtime's lock held.
func (c *container) end(exit runtime.Exit) {
	select {
	case <-c.ended:
		return
	default:
	}
	if c.timer != nil {
		c.timer.Stop()
	}
	exit.Started, exit.Ended = c.started.At, time.Now()
	c.exit = exit
	close(c.ended)
}

// Wait implements runtime.Runtime.
func (r *Runtime) Wait(ctx context.Context, id ids.Container) (runtime.Exit, error) {
	c, err := r.find(id)
	if err != nil {
		return runtime.Exit{}, err
	}
	select {
	case <-c.ended:
		return c.exit, nil
	case <-ctx.Done():
		return runtime.Exit{}, ctx.Err()
	}
}

// The signals that end a container here.
const (
	sigKill = 9
	sigTerm = 15
)

// Signal implements runtime.Runtime.
func (r *Runtime) Signal(_ context.Context, id ids.Container, signal int, _ bool) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	c, ok := r.containers[id]
	if !ok {
		return unknown(id)
	}
	if signal == runtime.AskToEnd {
		signal = cmp.Or(c.spec.StopSignal, sigTerm)
	}
	c.signals = append(c.signals, signal)
	if signal == sigKill && c.behaviour.OutlivesKills > 0 {
		c.behaviour.OutlivesKills--
		return nil
	}
	if signal == sigKill || signal == sigTerm && !c.behaviour.IgnoreTerm {
		c.end(runtime.Exit{WaitStatus: signal})
	}
	return nil
}

// Resize implements runtime.Runtime. Stats tells the memory limit.
func (r *Runtime) Resize(_ context.Context, id ids.Container, limits runtime.Limits) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	c, ok := r.containers[id]
	if !ok {
		return r.resizePod(id, limits)
	}
	if !c.hasEnded() {
		c.spec.Limits = limits
	}
	return nil
}

// Equip implements runtime.Runtime. There are as many GPUs as anybody asks for.
func (r *Runtime) Equip(_ context.Context, id ids.Container, gpus int) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	c, ok := r.containers[id]
	if !ok {
		return unknown(id)
	}
	c.spec.GPUs = gpus
	return nil
}

// GPUs implements runtime.Runtime: those that somebody has are all there are.
func (r *Runtime) GPUs() []runtime.GPU {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []runtime.GPU
	for _, id := range slices.Sorted(maps.Keys(r.containers)) {
		for range r.containers[id].spec.GPUs {
			all = append(all, runtime.GPU{Path: fmt.Sprintf("/dev/nvidia%d", len(all)), Container: id})
		}
	}
	return all
}

// resizePod must be called with the lock held.
func (r *Runtime) resizePod(id ids.Container, limits runtime.Limits) error {
	err := unknown(id)
	for member, c := range r.containers {
		if parent, _ := member.Split(); parent == id && !c.hasEnded() {
			c.spec.Pod, err = &limits, nil
		}
	}
	return err
}

// Delete implements runtime.Runtime.
func (r *Runtime) Delete(_ context.Context, id ids.Container) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	c, ok := r.containers[id]
	if !ok {
		return nil
	}
	if !c.hasEnded() {
		return fault.New(fault.Conflict, "delete container %s: it still runs; end it first", id)
	}
	delete(r.containers, id)
	return nil
}

func (c *container) hasEnded() bool {
	select {
	case <-c.ended:
		return true
	default:
		return false
	}
}

// Stats implements runtime.Runtime.
func (r *Runtime) Stats(_ context.Context, id ids.Container) (runtime.Stats, error) {
	c, err := r.find(id)
	if err != nil {
		return runtime.Stats{}, err
	}
	if c.hasEnded() {
		return runtime.Stats{}, fault.New(fault.Conflict, "read statistics of container %s: it has ended", id)
	}
	stats := c.behaviour.Stats
	stats.At = time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	stats.MemLimit = c.spec.Limits.MemBytes
	stats.Processes = max(stats.Processes, 1)
	return stats, nil
}

// Recover implements runtime.Runtime. The fake keeps everything while it exists, so a test that restarts an agentd hands
// the same Runtime to the next one.
func (r *Runtime) Recover(context.Context) ([]runtime.Recovered, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := make([]runtime.Recovered, 0, len(r.containers))
	for id, c := range r.containers {
		found := runtime.Recovered{ID: id, Started: c.started}
		if c.hasEnded() {
			found.Exit = new(c.exit)
		}
		all = append(all, found)
	}
	slices.SortFunc(all, func(a, b runtime.Recovered) int { return a.Started.PID - b.Started.PID })
	return all, nil
}

// Launched returns every spec that Launch was called with for a new id, in order.
func (r *Runtime) Launched() []runtime.Spec {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.launched)
}

// Signals returns what was sent to a container that has not been deleted, in order.
func (r *Runtime) Signals(id ids.Container) []int {
	r.mu.Lock()
	defer r.mu.Unlock()
	if c, ok := r.containers[id]; ok {
		return slices.Clone(c.signals)
	}
	return nil
}

// find returns a container whose launch has been decided.
func (r *Runtime) find(id ids.Container) (*container, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c, ok := r.containers[id]
	if !ok {
		return nil, unknown(id)
	}
	return c, nil
}

func unknown(id ids.Container) error {
	return fault.New(fault.NotFound, "container %s is not known", id)
}
