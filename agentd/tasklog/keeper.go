package tasklog

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"codeberg.org/reeve/reeve/shared/logkey"
)

// Log is one file of a sandbox that a task writes to.
type Log struct {
	Sandbox string
	Name    string
	Limit   int64 // bytes that are kept; 0 for all
}

// Config is what a keeper needs. Every field is required.
type Config struct {
	Logs func(ctx context.Context) ([]Log, error) // those of running containers
	Log  *slog.Logger
}

// interval is the time between two looks at every log: how exactly the index knows when something was written, and how
// long a log may be over its limit.
const interval = time.Second

// Keeper bounds and indexes the logs of an agent. Run once.
type Keeper struct {
	cfg Config

	mu   sync.Mutex // guards seen
	seen map[string]state

	lastMu sync.Mutex // guards last
	last   []Log      // those that have ended since the last look
}

// state is what is known of a log since the last look.
type state struct {
	size   int64
	warned bool // that its file system knows no holes
}

// New returns a keeper.
func New(cfg Config) *Keeper { return &Keeper{cfg: cfg, seen: map[string]state{}} }

// Run looks at all logs until ctx ends, and returns its error.
func (k *Keeper) Run(ctx context.Context) error {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		logs, err := k.cfg.Logs(ctx)
		if err != nil {
			return err
		}
		k.Look(append(logs, k.ended()...), time.Now())
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Last has logs that nobody writes to any more looked at once more, at the next look. It does not block.
func (k *Keeper) Last(logs ...Log) {
	k.lastMu.Lock()
	defer k.lastMu.Unlock()
	k.last = append(k.last, logs...)
}

// ended takes the logs that Last was told of.
func (k *Keeper) ended() (logs []Log) {
	k.lastMu.Lock()
	defer k.lastMu.Unlock()
	logs, k.last = k.last, nil
	return logs
}

// Look visits logs once. Those that were there before and are not any more have ended.
func (k *Keeper) Look(logs []Log, now time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	seen := make(map[string]state, len(logs))
	for _, l := range logs {
		key := l.Sandbox + "/" + l.Name
		before, known := k.seen[key]
		after, err := k.visit(l, before, known, now)
		if err != nil {
			if !before.warned {
				k.cfg.Log.Warn("log cannot be kept in bounds", logkey.Path(key), logkey.Err(err))
			}
			after.warned = true
		}
		seen[key] = after
	}
	k.seen = seen
}

// visit indexes and bounds one log. Most have not grown, which one look tells.
func (k *Keeper) visit(l Log, before state, known bool, now time.Time) (state, error) {
	if info, err := os.Lstat(filepath.Join(l.Sandbox, l.Name)); known && err == nil && info.Size() == before.size && info.Mode().IsRegular() && !over(info, l.Limit) {
		return before, nil
	}
	root, err := os.OpenRoot(l.Sandbox)
	if err != nil {
		return before, ignoreMissing(err) // it may be gone, or not there yet
	}
	after, err := visitIn(root, l, before, known, now)
	return after, errors.Join(err, root.Close())
}

func visitIn(root *os.Root, l Log, before state, known bool, now time.Time) (state, error) {
	info, err := root.Lstat(l.Name)
	if err != nil || !info.Mode().IsRegular() {
		return before, nil // the task has put something else there
	}
	after := state{size: info.Size(), warned: before.warned}
	if over(info, l.Limit) {
		err = bound(root, l)
	}
	if known && after.size == before.size || after.size == 0 {
		return after, err
	}
	if known && after.size < before.size { // truncated: what the index knows is about something else
		err = errors.Join(err, ignoreMissing(root.Remove(indexName(l.Name))))
	}
	if !known { // of an earlier agentd, perhaps: when it grew is not known
		if entries, ierr := ReadIndex(root, l.Name); ierr == nil && len(entries) > 0 && entries[len(entries)-1].Size == after.size {
			return after, err
		}
	}
	return after, errors.Join(err, appendIndex(root, l.Name, Entry{now, after.size}, after.size-l.Limit))
}

// over says whether a file takes more of the disk than its limit, 0 for none.
func over(info fs.FileInfo, limit int64) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && limit > 0 && st.Blocks*512 > limit
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// slack is the share of its limit that a log loses when it is over it, so that this happens seldom.
const slack = 4

// bound frees the oldest part of a log that is over its limit. What is kept is at least three quarters of it, of whole
// lines.
func bound(root *os.Root, l Log) error {
	f, err := openRegular(root, l.Name, os.O_RDWR)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err == nil {
		err = punch(f, info.Size()-(l.Limit-l.Limit/slack))
	}
	return errors.Join(err, f.Close())
}

// openRegular opens a regular file below a root, and never waits for the other end of a pipe that a task put there.
func openRegular(root *os.Root, name string, flags int) (*os.File, error) {
	f, err := root.OpenFile(name, flags|unix.O_NONBLOCK|unix.O_NOFOLLOW, 0o644)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is no regular file", name)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}
