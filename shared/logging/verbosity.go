package logging

import (
	"log/slog"
	"sync"
	"time"
)

// Verbosity is how much is logged: what the daemon was started with, until an operator asks for more for a while (spec
// 3.9). Mesos counts from 0; here everything above 0 is debug. A nil Verbosity stays at 0.
type Verbosity struct {
	level slog.LevelVar
	start slog.Level

	mu     sync.Mutex // guards the fields below
	raised uint32
	timer  *time.Timer
}

func newVerbosity(start slog.Level) *Verbosity {
	v := &Verbosity{start: start}
	v.level.Set(start)
	if start <= slog.LevelDebug {
		v.raised = 1
	}
	return v
}

// Original is the level that the daemon was started with.
func (v *Verbosity) Original() uint32 {
	if v != nil && v.start <= slog.LevelDebug {
		return 1
	}
	return 0
}

// Level is the one in force.
func (v *Verbosity) Level() uint32 {
	if v == nil {
		return 0
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.raised
}

// Set sets a level for a while; then the original one returns.
func (v *Verbosity) Set(level uint32, d time.Duration) {
	if v == nil {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.timer != nil {
		v.timer.Stop()
	}
	v.set(level)
	v.timer = time.AfterFunc(d, func() {
		v.mu.Lock()
		defer v.mu.Unlock()
		v.set(v.Original())
	})
}

// set must be called with the lock held.
func (v *Verbosity) set(level uint32) {
	v.raised = level
	if level > 0 {
		v.level.Set(min(v.start, slog.LevelDebug))
	} else {
		v.level.Set(v.start)
	}
}
