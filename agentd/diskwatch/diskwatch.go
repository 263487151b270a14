// Package diskwatch measures what the files of running containers take of the disk, and says which take more than they may.
// It owns the figures and how often is looked; what becomes of a container is agentd/workload's to decide. A look is a walk
// through all files, so that big sandboxes are looked at less often. Start reading at Watch.
package diskwatch

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"codeberg.org/reeve/reeve/agentd/view"
	"codeberg.org/reeve/reeve/shared/ids"
)

// Config is what a watch needs. Every field is required.
type Config struct {
	Running  func(ctx context.Context) ([]view.RunningContainer, error)
	Also     func(c view.RunningContainer) []string // directories of a container beside its sandbox
	Exceeded func(ctx context.Context, id ids.Container, used, limit int64) error
	Interval time.Duration // between two looks at a container
	Enforce  bool          // false: Exceeded is never called
}

// share is the part of the time that looking at one container may take.
const share = 20

// tick is how often is looked which container is due.
const tick = time.Second

// Watch holds the newest figures. Its methods may be called from many goroutines; Run once.
type Watch struct {
	cfg Config

	mu   sync.Mutex // guards seen
	seen map[ids.Container]look
}

type look struct {
	bytes int64
	next  time.Time
}

// New returns a watch that has seen nothing.
func New(cfg Config) *Watch { return &Watch{cfg: cfg, seen: make(map[ids.Container]look)} }

// Used is what a container took at the last look, 0 before the first.
func (w *Watch) Used(id ids.Container) int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.seen[id].bytes
}

// Run looks until ctx ends, and returns its error.
func (w *Watch) Run(ctx context.Context) error {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for {
		if err := w.round(ctx); err != nil {
			return err
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// round looks at every container that is due, and forgets those that have ended.
func (w *Watch) round(ctx context.Context) error {
	running, err := w.cfg.Running(ctx)
	if err != nil {
		return err
	}
	fresh := make(map[ids.Container]look, len(running))
	for _, c := range running {
		w.mu.Lock()
		l := w.seen[c.ID]
		w.mu.Unlock()
		if begin := time.Now(); !begin.Before(l.next) && ctx.Err() == nil {
			l.bytes = measure(ctx, append([]string{c.Sandbox}, w.cfg.Also(c)...))
			l.next = time.Now().Add(max(w.cfg.Interval, share*time.Since(begin)))
			if w.cfg.Enforce && c.DiskLimit > 0 && l.bytes > c.DiskLimit {
				if err := w.cfg.Exceeded(ctx, c.ID, l.bytes, c.DiskLimit); err != nil {
					return err
				}
			}
		}
		fresh[c.ID] = l
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen = fresh
	return nil
}

// measure sums what the files below some directories occupy. What vanishes meanwhile does not count, what has holes counts
// without them, and a file with several names counts once.
func measure(ctx context.Context, dirs []string) (sum int64) {
	linked := make(map[uint64]bool)
	for _, dir := range dirs {
		_ = filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error { // no error is one of ours
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if errors.Is(err, fs.ErrPermission) || errors.Is(err, fs.ErrNotExist) || entry == nil {
				return nil
			}
			if info, err := entry.Info(); err == nil { // else it has gone
				if st, ok := info.Sys().(*syscall.Stat_t); ok && !linked[st.Ino] {
					linked[st.Ino] = st.Nlink > 1 && !entry.IsDir()
					sum += st.Blocks * blockSize
				}
			}
			return nil
		})
	}
	return sum
}

// blockSize is what stat counts in, whatever the file system's blocks are.
const blockSize = 512
