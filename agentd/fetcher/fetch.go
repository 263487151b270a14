package fetcher

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path"
	"strings"
	"time"

	"codeberg.org/reeve/reeve/agentd/sandbox"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/mesosv1"
)

// Fetch brings uris into sandboxDir one after another, in order, and gives everything to user (as sandbox.Lookup reads it);
// the first failure ends it. progress may be nil; it is told of each URI's bytes, with a total of -1 while that is unknown.
// An error says which URI and why in one sentence, without passwords and query strings.
func Fetch(ctx context.Context, sandboxDir string, uris []*mesosv1.CommandInfo_URI, user string, progress func(done, total int64)) error {
	if len(uris) == 0 {
		return nil
	}
	owner, err := sandbox.Lookup(user)
	if err != nil {
		return err
	}
	root, err := os.OpenRoot(sandboxDir)
	if err != nil {
		return fmt.Errorf("open sandbox: %w", err)
	}
	if progress == nil {
		progress = func(int64, int64) {}
	}
	f := &fetcher{root: root, dir: sandboxDir, owner: owner, progress: progress, alwaysFits: alwaysFits}
	for _, uri := range uris {
		if err = f.fetch(ctx, uri); err != nil {
			err = fault.Wrap(fault.KindOf(err), err, "fetch %s", shown(uri.GetValue()))
			break
		}
	}
	return errors.Join(err, root.Close())
}

type fetcher struct {
	root     *os.Root
	dir      string
	owner    sandbox.Owner
	progress func(done, total int64)

	alwaysFits int64 // what an archive may unpack to however small it is
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

func (f *fetcher) fetch(ctx context.Context, uri *mesosv1.CommandInfo_URI) error {
	u, err := url.Parse(uri.GetValue())
	if err != nil {
		return fault.New(fault.Invalid, "it is not a URI")
	}
	name, err := outputName(u, uri.GetOutputFile())
	if err != nil {
		return err
	}
	if err := f.mkdirAll(path.Dir(name)); err != nil {
		return err
	}
	source, err := f.open(ctx, u)
	if err != nil {
		return err
	}
	mode := source.mode
	if uri.GetExecutable() {
		mode = 0o755
	}
	size, err := f.write(name, source, mode, f.progress)
	if err = errors.Join(err, source.Close()); err != nil {
		return err
	}
	if uri.GetExecutable() || !uri.GetExtract() {
		return nil
	}
	return f.extract(ctx, name, size)
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

func (f *fetcher) open(ctx context.Context, u *url.URL) (*source, error) {
	switch {
	case u.Scheme == "http" || u.Scheme == "https":
		return download(ctx, u)
	case u.Scheme == "file" && (u.Host == "" || u.Host == "localhost"), u.Scheme == "" && path.IsAbs(u.Path):
		return f.openLocal(u.Path)
	case u.Scheme == "":
		return nil, fault.New(fault.Invalid, "it is a relative path; give an absolute one, or a URI of scheme http, https or file")
	}
	return nil, fault.New(fault.Unsupported, "scheme %q is not supported; use http, https or file", u.Scheme)
}

// client follows redirects and verifies certificates as usual. It takes what the server has as it is: a file that was
// compressed on purpose must not be unpacked on the way.
var client = &http.Client{Transport: &http.Transport{
	Proxy: http.ProxyFromEnvironment, DisableCompression: true, ForceAttemptHTTP2: true,
	TLSHandshakeTimeout: stallTimeout, ResponseHeaderTimeout: stallTimeout, IdleConnTimeout: 5 * time.Second,
}}

// stallTimeout ends a download that brings nothing for so long (spec 4.2).
const stallTimeout = time.Minute

func download(ctx context.Context, u *url.URL) (*source, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), http.NoBody)
	if err != nil {
		cancel(nil)
		return nil, fault.New(fault.Invalid, "it is not a URI that can be downloaded")
	}
	resp, err := client.Do(req)
	if err != nil {
		cancel(nil)
		return nil, fault.Wrap(fault.Unavailable, reason(ctx, err), "the server cannot be reached")
	}
	if resp.StatusCode != http.StatusOK {
		cancel(nil)
		return nil, errors.Join(fault.New(fault.Unavailable, "the server answered %s, and only 200 counts", resp.Status), resp.Body.Close())
	}
	body := &stalling{body: resp.Body, cancel: cancel, reason: func(err error) error { return reason(ctx, err) }}
	body.timer = time.AfterFunc(stallTimeout, func() {
		body.cancel(fault.New(fault.Unavailable, "the download stalled: nothing came for %v", stallTimeout))
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
	timer  *time.Timer
}

func (s *stalling) Read(p []byte) (int, error) {
	n, err := s.body.Read(p)
	if n > 0 {
		s.timer.Reset(stallTimeout)
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

// write stores a source as a file of the sandbox. A file that is there is replaced; a link is not followed.
func (f *fetcher) write(name string, from *source, mode fs.FileMode, progress func(done, total int64)) (int64, error) {
	if err := f.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, fmt.Errorf("replace %s: %w", name, err)
	}
	to, err := f.root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return 0, fmt.Errorf("create %s: %w", name, err)
	}
	n, err := io.Copy(to, &counting{Reader: from, total: from.size, progress: progress})
	if err == nil {
		err = to.Chmod(mode.Perm() &^ 0o022) // as with the usual umask: others never write
	}
	if err == nil && f.mustChown() {
		err = to.Chown(f.owner.UID, f.owner.GID)
	}
	if err == nil && from.size >= 0 && n != from.size {
		err = fault.New(fault.Unavailable, "only %d of %d bytes came", n, from.size)
	}
	return n, errors.Join(err, to.Close())
}

func (f *fetcher) mustChown() bool { return f.owner.UID != os.Geteuid() || f.owner.GID != os.Getegid() }

// mkdirAll makes a directory of the sandbox and those above it, each the user's.
func (f *fetcher) mkdirAll(dir string) error {
	if dir == "." {
		return nil
	}
	if info, err := f.root.Stat(dir); err == nil && info.IsDir() {
		return nil
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("create directory %s: %w", dir, err)
	}
	if err := f.mkdirAll(path.Dir(dir)); err != nil {
		return err
	}
	if err := f.root.Mkdir(dir, 0o755); err != nil {
		return fmt.Errorf("create directory %s: %w", dir, err)
	}
	return f.chown(dir)
}

func (f *fetcher) chown(name string) error {
	if !f.mustChown() {
		return nil
	}
	return f.root.Lchown(name, f.owner.UID, f.owner.GID)
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
