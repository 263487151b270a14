// Package gc deletes the sandboxes of ended executors: after a delay, or sooner, oldest first, when the disk fills up
// (spec 4.2). It owns the decision which sandbox goes when, and the deleting; it never touches one that is in use. After
// a restart it finds the old ones again by looking at the disk. Start reading at Collector.
package gc

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"codeberg.org/reeve/reeve/shared/logkey"
)

// Config is what a collector needs. Every field is required.
type Config struct {
	WorkDir  string
	Delay    time.Duration // how long an ended sandbox stays
	Interval time.Duration // between two looks at the disk
	Headroom float64       // share of the disk that should be free; as it vanishes, so does the delay
	DiskUsed func() (used, total int64)
	Log      *slog.Logger
	Count    func(name string) // adds to a counter of /metrics/snapshot (spec 7.5)
	Deleted  func(run string)  // is told the last element of the path of each sandbox that is gone
}

// Collector deletes sandboxes. Ended may be called from any goroutine.
type Collector struct {
	cfg Config

	mu    sync.Mutex           // guards ended
	ended map[string]time.Time // sandbox → when its executor ended
}

// New returns a collector that knows of no sandbox.
func New(cfg Config) *Collector { return &Collector{cfg: cfg, ended: map[string]time.Time{}} }

// Ended says that nobody uses a sandbox any more.
func (c *Collector) Ended(sandbox string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended[sandbox] = time.Now()
}

// Pending is how many sandboxes wait to be deleted, as a metric.
func (c *Collector) Pending() float64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return float64(len(c.ended))
}

// Allowed is how old sandboxes may become at present, in seconds, as a metric.
func (c *Collector) Allowed() float64 { return c.delay().Seconds() }

// Find looks for sandboxes of earlier agentds, and returns all that there are. inUse are those that have an executor.
func (c *Collector) Find(inUse map[string]bool) (found []string, err error) {
	dirs, err := filepath.Glob(filepath.Join(c.cfg.WorkDir, "slaves", "*", "frameworks", "*", "executors", "*", "runs", "*"))
	if err != nil {
		return nil, fmt.Errorf("look for old sandboxes: %w", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, dir := range dirs {
		info, err := os.Lstat(dir)
		if err != nil || !info.IsDir() {
			continue // the link to the latest run, or it has just gone
		}
		found = append(found, dir)
		if inUse[dir] {
			continue
		}
		if _, known := c.ended[dir]; !known {
			c.ended[dir] = lastUse(dir, info)
		}
	}
	return found, nil
}

// lastUse is about when a sandbox's executor ended: when its output was last written.
func lastUse(dir string, info os.FileInfo) time.Time {
	last := info.ModTime()
	for _, name := range []string{"stdout", "stderr"} {
		if f, err := os.Lstat(filepath.Join(dir, name)); err == nil && f.ModTime().After(last) {
			last = f.ModTime()
		}
	}
	return last
}

// Run collects until ctx ends, and returns its error.
func (c *Collector) Run(ctx context.Context) error {
	ticker := time.NewTicker(c.cfg.Interval)
	defer ticker.Stop()
	for {
		c.collect(time.Now())
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// delay is how long sandboxes may stay, given how full the disk is: all of the configured time while the headroom is
// free, none when the disk is full, and in proportion between.
func (c *Collector) delay() time.Duration {
	used, total := c.cfg.DiskUsed()
	if total <= 0 || c.cfg.Headroom <= 0 {
		return c.cfg.Delay
	}
	free := 1 - float64(used)/float64(total)
	return time.Duration(float64(c.cfg.Delay) * max(0, min(1, free/c.cfg.Headroom)))
}

func (c *Collector) collect(now time.Time) {
	delay := c.delay()
	var due []string
	c.mu.Lock()
	for dir, ended := range c.ended {
		if now.Sub(ended) >= delay {
			due = append(due, dir)
		}
	}
	slices.SortFunc(due, func(a, b string) int { return c.ended[a].Compare(c.ended[b]) })
	c.mu.Unlock()
	for _, dir := range due {
		if err := remove(dir); err != nil {
			c.cfg.Count("gc/path_removals_failed")
			c.cfg.Log.Warn("sandbox could not be deleted; trying again later", logkey.Path(dir), logkey.Err(err))
			continue
		}
		c.cfg.Count("gc/path_removals_succeeded")
		c.cfg.Log.Debug("sandbox deleted", logkey.Path(dir))
		c.cfg.Deleted(filepath.Base(dir))
		c.mu.Lock()
		delete(c.ended, dir)
		c.mu.Unlock()
	}
}

// remove deletes a sandbox, and the directories above it that it leaves empty: of the runs, the executor and the
// framework.
func remove(dir string) error {
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("delete sandbox: %w", err)
	}
	runs := filepath.Dir(dir)
	latest := filepath.Join(runs, "latest")
	if to, err := os.Readlink(latest); err == nil && to == filepath.Base(dir) {
		if err := os.Remove(latest); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("delete link to sandbox: %w", err)
		}
	}
	executor := filepath.Dir(runs)
	framework := filepath.Dir(filepath.Dir(executor))
	for _, parent := range []string{runs, executor, filepath.Dir(executor), framework} {
		if os.Remove(parent) != nil {
			break // another run is in it
		}
	}
	return nil
}
