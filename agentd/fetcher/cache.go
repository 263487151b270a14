package fetcher

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"sync"
	"sync/atomic"
	"time"

	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/run"
)

// cache keeps what URIs led to, within a number of bytes. Whoever asks for something that is being downloaded waits for that
// download; it ends early when nobody waits any more. What nobody uses goes, what was used longest ago first, when room is
// needed. As in Mesos nothing is asked for again while it is there, and a new agentd begins with nothing.
type cache struct {
	dir   string
	limit int64 // bytes
	group *run.Group

	mu      sync.Mutex // guards the fields below, and those of entries that say so
	entries map[string]*entry
	used    int64 // bytes, of entries that are being filled, too
	count   uint64
}

// entry is one cached file. path is set at once; mode, size and err when ready is closed; done and total tell how far that is.
type entry struct {
	path  string
	ready chan struct{} // closed when it is filled, or has failed
	mode  fs.FileMode
	size  int64 // bytes; guarded by the cache until ready is closed
	err   error
	done  atomic.Int64 // bytes
	total atomic.Int64 // -1 while that is unknown

	key    string
	cancel context.CancelFunc
	users  int    // guarded by the cache
	last   uint64 // when it was released last; guarded by the cache
}

// errNoRoom says that something does not fit into the cache beside what is in use.
var errNoRoom = errors.New("the cache has no room for it")

// fileName is what a cached file is called: nothing else in the directory is touched.
var fileName = regexp.MustCompile(`^[0-9a-f]{64}-[0-9]+$`)

func newCache(ctx context.Context, dir string, limit int64) (*cache, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the fetcher's cache: %w", err)
	}
	old, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("empty the fetcher's cache: %w", err)
	}
	for _, e := range old {
		if fileName.MatchString(e.Name()) {
			if err := os.Remove(filepath.Join(dir, e.Name())); err != nil {
				return nil, fmt.Errorf("empty the fetcher's cache: %w", err)
			}
		}
	}
	return &cache{dir: dir, limit: limit, group: run.NewGroup(ctx), entries: map[string]*entry{}}, nil
}

func (c *cache) close() error {
	c.group.Stop()
	return c.group.Wait()
}

func (c *cache) size() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.used
}

// progressEvery is the time between two words on how far a download into the cache is.
const progressEvery = time.Second

// get returns the entry of a key; fill makes it if there is none, and hit says that it was there. It must be released. errNoRoom
// means that it cannot be cached now. progress is told how far that is while it is waited for.
func (c *cache) get(ctx context.Context, key string, progress func(done, total int64), fill func(ctx context.Context, into *entryWriter) error) (e *entry, hit bool, err error) {
	c.mu.Lock()
	e, known := c.entries[key]
	if known {
		hit = e.isReady()
	} else {
		c.count++
		sum := sha256.Sum256([]byte(key))
		e = &entry{key: key, path: filepath.Join(c.dir, fmt.Sprintf("%x-%d", sum, c.count)), ready: make(chan struct{})}
		e.total.Store(-1)
		c.entries[key] = e
	}
	e.users++
	c.mu.Unlock()
	if !known {
		c.start(e, fill)
	}
	if err = e.wait(ctx, progress); err == nil {
		err = e.err
	}
	if err != nil {
		c.release(e)
		return nil, false, err
	}
	return e, hit, nil
}

// wait waits until an entry is filled or has failed.
func (e *entry) wait(ctx context.Context, progress func(done, total int64)) error {
	ticker := time.NewTicker(progressEvery)
	defer ticker.Stop()
	for {
		select {
		case <-e.ready:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
			progress(e.done.Load(), e.total.Load())
		}
	}
}

func (e *entry) isReady() bool {
	select {
	case <-e.ready:
		return true
	default:
		return false
	}
}

// start fills an entry. That belongs to no single caller: the one who came first may give up while others wait.
func (c *cache) start(e *entry, fill func(ctx context.Context, into *entryWriter) error) {
	started := make(chan struct{})
	c.group.Go("download into the cache", func(ctx context.Context) error {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		e.cancel = cancel
		close(started)
		c.filled(e, c.fill(ctx, e, fill))
		return nil
	})
	<-started
}

func (c *cache) fill(ctx context.Context, e *entry, fill func(ctx context.Context, into *entryWriter) error) error {
	file, err := os.OpenFile(e.path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("create a file in the fetcher's cache: %w", err)
	}
	return errors.Join(fill(ctx, &entryWriter{cache: c, entry: e, file: file}), file.Close())
}

// filled notes how a download ended.
func (c *cache) filled(e *entry, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	defer close(e.ready)
	if err == nil {
		return
	}
	e.err = err
	c.forget(e)
}

// forget must be called with the lock held.
func (c *cache) forget(e *entry) {
	if c.entries[e.key] == e {
		delete(c.entries, e.key)
	}
	c.used -= e.size
	e.size = 0
	_ = os.Remove(e.path) // it may never have been made; what stays goes with the next start
}

// release says that an entry that get returned is not needed any more.
func (c *cache) release(e *entry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.count++
	e.users, e.last = e.users-1, c.count
	if e.users > 0 {
		return
	}
	if !e.isReady() { // nobody waits: whoever comes next begins anew
		if c.entries[e.key] == e {
			delete(c.entries, e.key)
		}
		e.cancel()
	}
}

// reserve makes room for n more bytes of an entry.
func (c *cache) reserve(e *entry, n int64) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e.size+n > c.limit {
		return errNoRoom // whatever went for it
	}
	for c.used+n > c.limit {
		oldest := c.oldest()
		if oldest == nil {
			return errNoRoom
		}
		c.forget(oldest)
	}
	c.used += n
	e.size += n
	return nil
}

// oldest is the entry that was used longest ago, nil if all are in use. It must be called with the lock held.
func (c *cache) oldest() *entry {
	var oldest *entry
	for _, e := range c.entries {
		if e.isReady() && e.users == 0 && (oldest == nil || e.last < oldest.last) {
			oldest = e
		}
	}
	return oldest
}

// entryWriter fills an entry.
type entryWriter struct {
	cache *cache
	entry *entry
	file  *os.File
}

// step is how much room is made at once for something of unknown size.
const step = 1 << 20

// fill copies a source that has the sum that is asked for.
func (w *entryWriter) fill(from *source, sum *checksum) error {
	w.entry.mode = from.mode
	w.entry.total.Store(from.size)
	n := int64(0)
	if from.size >= 0 {
		if err := w.cache.reserve(w.entry, from.size); err != nil {
			return err
		}
	}
	out := sum.beside(w.file)
	for {
		if from.size < 0 {
			if err := w.cache.reserve(w.entry, step); err != nil {
				return err
			}
		}
		more, err := io.CopyN(out, from, step)
		n += more
		w.entry.done.Store(n)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if from.size >= 0 && n > from.size {
			return fault.New(fault.Unavailable, "more than the %d bytes came that the server had announced", from.size)
		}
	}
	if from.size >= 0 && n != from.size {
		return fault.New(fault.Unavailable, "only %d of %d bytes came", n, from.size)
	}
	if from.size < 0 {
		w.shrink(n)
	}
	return sum.check()
}

// shrink gives back what was reserved beyond the entry's n bytes.
func (w *entryWriter) shrink(n int64) {
	w.cache.mu.Lock()
	defer w.cache.mu.Unlock()
	w.cache.used += n - w.entry.size
	w.entry.size = n
}
