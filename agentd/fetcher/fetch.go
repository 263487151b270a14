package fetcher

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"path"
	"strings"
	"time"

	"codeberg.org/reeve/reeve/agentd/sandbox"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// Config is what a fetcher needs.
type Config struct {
	WorkDir    string            // the agent's: no URI leads into it
	CacheDir   string            // for URIs that are to be cached; it is the fetcher's alone
	CacheBytes int64             // how much the cache may hold; 0 for no cache
	Stall      time.Duration     // a download that brings nothing for so long is given up
	Count      func(name string) // adds one to a counter of /metrics/snapshot
}

// Fetcher brings URIs into sandboxes, for all tasks of an agent.
type Fetcher struct {
	cfg    Config
	client *http.Client
	cache  *cache // nil without

	alwaysFits int64 // what an archive may unpack to however small it is
}

// New empties the cache: what is in it may be older than what its URIs lead to now.
func New(ctx context.Context, cfg Config) (*Fetcher, error) {
	f := &Fetcher{cfg: cfg, client: newClient(cfg.Stall), alwaysFits: alwaysFits}
	if cfg.CacheBytes > 0 {
		var err error
		if f.cache, err = newCache(ctx, cfg.CacheDir, cfg.CacheBytes); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// Close ends downloads into the cache, and returns when none is left.
func (f *Fetcher) Close() error {
	f.client.CloseIdleConnections()
	if f.cache == nil {
		return nil
	}
	return f.cache.close()
}

// CacheUsed is how many bytes the cache holds, and how many it may.
func (f *Fetcher) CacheUsed() (used, total int64) {
	if f.cache == nil {
		return 0, 0
	}
	return f.cache.size(), f.cfg.CacheBytes
}

// Watch is told of a Fetch, in its goroutine. Both are required.
type Watch struct {
	Progress func(uri string, done, total int64) // bytes of a URI as people may see it; total is -1 while it is unknown
	Fetched  func(a reeveapi.Artifact)           // a URI is in the sandbox
}

// Fetch brings uris into sandboxDir one after another, in order, and gives everything to user (as sandbox.Lookup reads it);
// the first failure ends it. watch may be nil. An error says which URI and why in one sentence, without passwords and query
// strings.
func (f *Fetcher) Fetch(ctx context.Context, sandboxDir string, uris []*mesosv1.CommandInfo_URI, user string, watch *Watch) error {
	if len(uris) == 0 {
		return nil
	}
	err := f.fetchAll(ctx, sandboxDir, uris, user, watch)
	if err != nil {
		f.cfg.Count("containerizer/fetcher/task_fetches_failed")
	} else {
		f.cfg.Count("containerizer/fetcher/task_fetches_succeeded")
	}
	return err
}

func (f *Fetcher) fetchAll(ctx context.Context, sandboxDir string, uris []*mesosv1.CommandInfo_URI, user string, watch *Watch) error {
	owner, err := sandbox.Lookup(user)
	if err != nil {
		return err
	}
	root, err := os.OpenRoot(sandboxDir)
	if err != nil {
		return fmt.Errorf("open sandbox: %w", err)
	}
	if watch == nil {
		watch = &Watch{Progress: func(string, int64, int64) {}, Fetched: func(reeveapi.Artifact) {}}
	}
	d := &delivery{Fetcher: f, root: root, owner: owner}
	for _, uri := range uris {
		begin := time.Now()
		d.got = reeveapi.Artifact{URI: shown(uri.GetValue())}
		d.progress = func(done, total int64) { watch.Progress(d.got.URI, done, total) }
		if err = d.fetch(ctx, uri); err != nil {
			err = fault.Wrap(fault.KindOf(err), err, "fetch %s", d.got.URI)
			break
		}
		d.got.Seconds = time.Since(begin).Seconds()
		watch.Fetched(d.got)
	}
	return errors.Join(err, root.Close())
}

// delivery brings the URIs of one task into its sandbox.
type delivery struct {
	*Fetcher
	root     *os.Root
	owner    sandbox.Owner
	got      reeveapi.Artifact // what is known of the URI in hand
	progress func(done, total int64)
}

// shown is a URI as people may see it: what comes after the path may be a token.
func shown(uri string) string {
	u, err := url.Parse(uri)
	if err != nil {
		return "a URI that cannot be parsed"
	}
	u.RawQuery, u.Fragment = "", ""
	return u.Redacted()
}

func (d *delivery) fetch(ctx context.Context, uri *mesosv1.CommandInfo_URI) error {
	u, err := url.Parse(uri.GetValue())
	if err != nil {
		return fault.New(fault.Invalid, "it is not a URI")
	}
	name, err := outputName(u, uri.GetOutputFile())
	if err != nil {
		return err
	}
	sum, err := checksumOf(u)
	if err != nil {
		return err
	}
	if err := d.mkdirAll(path.Dir(name)); err != nil {
		return err
	}
	if uri.GetCache() && d.cache != nil {
		if err := d.fromCache(ctx, u, uri, name); !errors.Is(err, errNoRoom) {
			return err
		}
	}
	source, err := d.open(ctx, u)
	if err != nil {
		return err
	}
	size, err := d.write(name, source, modeOf(uri, source.mode), sum, d.progress)
	d.got.Bytes = size
	if err = errors.Join(err, source.Close()); err != nil {
		return err
	}
	if !extracts(uri, name) {
		return nil
	}
	file, err := d.root.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(d.extract(ctx, name, file, size), file.Close())
}

func modeOf(uri *mesosv1.CommandInfo_URI, mode fs.FileMode) fs.FileMode {
	if uri.GetExecutable() {
		return 0o755
	}
	return mode
}

// extracts says whether a URI is unpacked once it is there under that name.
func extracts(uri *mesosv1.CommandInfo_URI, name string) bool {
	return !uri.GetExecutable() && uri.GetExtract() && unpacker(name) != nil
}

// fromCache brings a URI in by way of the cache. An archive is unpacked from there and not put into the sandbox, as in Mesos.
func (d *delivery) fromCache(ctx context.Context, u *url.URL, uri *mesosv1.CommandInfo_URI, name string) error {
	key := fmt.Sprintf("%d %s", d.owner.UID, u) // what one user may read is no business of another
	e, hit, err := d.cache.get(ctx, key, d.progress, func(ctx context.Context, into *entryWriter) error {
		source, err := d.open(ctx, u)
		if err != nil {
			return err
		}
		sum, err := checksumOf(u)
		if err == nil {
			err = into.fill(source, sum)
		}
		return errors.Join(err, source.Close())
	})
	if err != nil {
		return err
	}
	defer d.cache.release(e)
	d.got.Bytes, d.got.Cached = e.size, hit
	file, err := os.Open(e.path)
	if err != nil {
		return fmt.Errorf("open the cached file: %w", err)
	}
	if extracts(uri, name) {
		return errors.Join(d.extract(ctx, name, file, e.size), file.Close())
	}
	_, err = d.write(name, &source{ReadCloser: file, size: e.size}, modeOf(uri, e.mode), nil, func(int64, int64) {})
	return errors.Join(err, file.Close())
}

// outputName is where a URI goes, relative to the sandbox.
func outputName(u *url.URL, wanted string) (string, error) {
	if wanted == "" {
		name := path.Base(u.Path)
		if u.Path == "" || strings.HasSuffix(u.Path, "/") || name == "." || name == ".." {
			return "", fault.New(fault.Invalid, "its path ends in no file name; give it an output_file")
		}
		return name, nil
	}
	name := path.Clean(wanted)
	if path.IsAbs(wanted) || name == "." || name == ".." || strings.HasPrefix(name, "../") || strings.HasSuffix(wanted, "/") {
		return "", fault.New(fault.Invalid, "its output_file %q must be a relative path of a file inside the sandbox", wanted)
	}
	return name, nil
}

// source is what is read from.
type source struct {
	io.ReadCloser
	size int64 // -1: unknown
	mode fs.FileMode
}

func (d *delivery) open(ctx context.Context, u *url.URL) (*source, error) {
	switch {
	case u.Scheme == "http" || u.Scheme == "https":
		return d.download(ctx, u)
	case u.Scheme == "file" && (u.Host == "" || u.Host == "localhost"), u.Scheme == "" && path.IsAbs(u.Path):
		return d.openLocal(u.Path)
	case u.Scheme == "":
		return nil, fault.New(fault.Invalid, "it is a relative path; give an absolute one, or a URI of scheme http, https or file")
	}
	return nil, fault.New(fault.Unsupported, "scheme %q is not supported; use http, https or file", u.Scheme)
}

// newClient follows redirects and verifies certificates as usual. It takes what the server has as it is: a file that was
// compressed on purpose must not be unpacked on the way.
func newClient(stall time.Duration) *http.Client {
	return &http.Client{Transport: &http.Transport{
		Proxy: http.ProxyFromEnvironment, DisableCompression: true, ForceAttemptHTTP2: true,
		TLSHandshakeTimeout: stall, ResponseHeaderTimeout: stall, IdleConnTimeout: 5 * time.Second,
		DialContext: (&net.Dialer{Timeout: stall}).DialContext,
	}}
}

func (f *Fetcher) download(ctx context.Context, u *url.URL) (*source, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), http.NoBody)
	if err != nil {
		cancel(nil)
		return nil, fault.New(fault.Invalid, "it is not a URI that can be downloaded")
	}
	resp, err := f.client.Do(req)
	if err != nil {
		err = reason(ctx, err) // before cancel, which would be the reason
		cancel(nil)
		return nil, fault.Wrap(fault.Unavailable, err, "the server cannot be reached")
	}
	if resp.StatusCode != http.StatusOK {
		cancel(nil)
		return nil, errors.Join(fault.New(fault.Unavailable, "the server answered %s, and only 200 counts", resp.Status), resp.Body.Close())
	}
	body := &stalling{body: resp.Body, cancel: cancel, stall: f.cfg.Stall, reason: func(err error) error { return reason(ctx, err) }}
	body.timer = time.AfterFunc(f.cfg.Stall, func() {
		body.cancel(fault.New(fault.Unavailable, "the download stalled: nothing came for %v", f.cfg.Stall))
	})
	return &source{ReadCloser: body, size: resp.ContentLength, mode: 0o644}, nil
}

// reason unwraps net/http's errors, which repeat the URL with its secrets.
func reason(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	if e, ok := errors.AsType[*url.Error](err); ok {
		return e.Err
	}
	return err
}

// stalling is a body whose silence ends it.
type stalling struct {
	body   io.ReadCloser
	reason func(error) error // why a read failed
	cancel context.CancelCauseFunc
	stall  time.Duration
	timer  *time.Timer
}

func (s *stalling) Read(p []byte) (int, error) {
	n, err := s.body.Read(p)
	if n > 0 {
		s.timer.Reset(s.stall)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		err = fault.Wrap(fault.Unavailable, s.reason(err), "the download broke off")
	}
	return n, err
}

func (s *stalling) Close() error {
	s.timer.Stop()
	s.cancel(nil)
	return s.body.Close()
}

// write stores a source as a file of the sandbox, if it has the sum that is asked for. A file that is there is replaced; a
// link is not followed.
func (d *delivery) write(name string, from *source, mode fs.FileMode, sum *checksum, progress func(done, total int64)) (int64, error) {
	if err := d.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, fmt.Errorf("replace %s: %w", name, err)
	}
	to, err := d.root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return 0, fmt.Errorf("create %s: %w", name, err)
	}
	n, err := io.Copy(sum.beside(to), &counting{Reader: from, total: from.size, progress: progress})
	if err == nil {
		err = to.Chmod(mode.Perm() &^ 0o022) // as with the usual umask: others never write
	}
	if err == nil && d.mustChown() {
		err = to.Chown(d.owner.UID, d.owner.GID)
	}
	if err == nil && from.size >= 0 && n != from.size {
		err = fault.New(fault.Unavailable, "only %d of %d bytes came", n, from.size)
	}
	if err == nil {
		if err = sum.check(); err != nil {
			err = errors.Join(err, d.root.Remove(name)) // nobody may take it for what it is not
		}
	}
	return n, errors.Join(err, to.Close())
}

func (d *delivery) mustChown() bool {
	return d.owner.UID != os.Geteuid() || d.owner.GID != os.Getegid()
}

// mkdirAll makes a directory of the sandbox and those above it, each the user's.
func (d *delivery) mkdirAll(dir string) error {
	if dir == "." {
		return nil
	}
	if info, err := d.root.Stat(dir); err == nil && info.IsDir() {
		return nil
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("create directory %s: %w", dir, err)
	}
	if err := d.mkdirAll(path.Dir(dir)); err != nil {
		return err
	}
	if err := d.root.Mkdir(dir, 0o755); err != nil {
		return fmt.Errorf("create directory %s: %w", dir, err)
	}
	return d.chown(dir)
}

func (d *delivery) chown(name string) error {
	if !d.mustChown() {
		return nil
	}
	return d.root.Lchown(name, d.owner.UID, d.owner.GID)
}

// counting reports what has been read.
type counting struct {
	io.Reader
	done, total int64
	progress    func(done, total int64)
}

func (c *counting) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	if n > 0 {
		c.done += int64(n)
		c.progress(c.done, c.total)
	}
	return n, err
}
