package fetcher

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/shared/slowhost"
)

// origin is a server that counts what is asked for. Paths are sizes in bytes.
type origin struct {
	*httptest.Server
	asked   atomic.Int64
	unsized bool          // it does not say how much comes
	gate    chan struct{} // unless nil, answers wait for it
}

func newOrigin(t *testing.T) *origin {
	t.Helper()
	o := &origin{}
	o.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		o.asked.Add(1)
		if o.gate != nil {
			select {
			case <-o.gate:
			case <-r.Context().Done():
				return
			}
		}
		var size int
		if _, err := fmt.Sscanf(r.URL.Path, "/%d", &size); err != nil {
			http.NotFound(w, r)
			return
		}
		if !o.unsized {
			w.Header().Set("Content-Length", fmt.Sprint(size))
		}
		_, _ = w.Write([]byte(strings.Repeat("x", size)))
	}))
	t.Cleanup(o.Close)
	return o
}

func cached(url string) []*mesosv1.CommandInfo_URI {
	return []*mesosv1.CommandInfo_URI{{Value: &url, Cache: new(true)}}
}

func (o *origin) fetch(t *testing.T, f *Fetcher, path string) {
	t.Helper()
	dir := t.TempDir()
	if err := f.Fetch(t.Context(), dir, cached(o.URL+path), "", nil); err != nil {
		t.Fatal(err)
	}
	var size int64
	if _, err := fmt.Sscanf(path, "/%d", &size); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(filepath.Join(dir, filepath.Base(path))); err != nil || info.Size() != size {
		t.Errorf("%s: %v, %v, want %d bytes", path, info, err, size)
	}
}

// files counts what is in a cache.
func files(t *testing.T, dir string) int {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

func TestCacheEvicts(t *testing.T) {
	o, dir := newOrigin(t), t.TempDir()
	f := newFetcher(t, Config{CacheDir: dir, CacheBytes: 1000})
	want := func(asked, used int64, n int) {
		t.Helper()
		got, total := f.CacheUsed()
		if o.asked.Load() != asked || got != used || total != 1000 || files(t, dir) != n {
			t.Errorf("asked %d times, %d of %d bytes in %d files; want %d times, %d bytes in %d files",
				o.asked.Load(), got, total, files(t, dir), asked, used, n)
		}
	}
	o.fetch(t, f, "/400")
	o.fetch(t, f, "/400")
	want(1, 400, 1)
	o.fetch(t, f, "/500")
	o.fetch(t, f, "/400") // was used later than 500
	want(2, 900, 2)
	o.fetch(t, f, "/300")
	want(3, 700, 2)
	o.fetch(t, f, "/400")
	want(3, 700, 2)
	o.fetch(t, f, "/500")
	want(4, 900, 2) // 300 has gone
	o.fetch(t, f, "/1001")
	o.fetch(t, f, "/1001") // by-passes the cache, after a look at how large it is
	want(8, 900, 2)
}

func TestCacheOfUnknownSize(t *testing.T) {
	o := newOrigin(t)
	o.unsized = true
	f := newFetcher(t, Config{CacheDir: t.TempDir(), CacheBytes: 4 << 20})
	o.fetch(t, f, "/3000000")
	o.fetch(t, f, "/3000000")
	if used, _ := f.CacheUsed(); used != 3000000 || o.asked.Load() != 1 {
		t.Errorf("%d bytes, asked %d times; want 3000000 and once", used, o.asked.Load())
	}
	o.fetch(t, f, "/5000000")
	if used, _ := f.CacheUsed(); used > 4<<20 {
		t.Errorf("%d bytes are more than the cache may hold", used)
	}
}

// Many tasks that want the same at once are one download, which goes on when the first of them is killed.
func TestCacheShares(t *testing.T) {
	o := newOrigin(t)
	o.gate = make(chan struct{})
	f := newFetcher(t, Config{CacheDir: t.TempDir(), CacheBytes: 1000})
	first, giveUp := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	gone := make(chan error, 1)
	wg.Go(func() { gone <- f.Fetch(first, t.TempDir(), cached(o.URL+"/100"), "", nil) })
	eventually(t, "the download", func() bool { return o.asked.Load() == 1 })
	for range 5 {
		wg.Go(func() { o.fetch(t, f, "/100") })
	}
	eventually(t, "all waiting", func() bool {
		f.cache.mu.Lock()
		defer f.cache.mu.Unlock()
		for _, e := range f.cache.entries {
			return e.users == 6
		}
		return false
	})
	giveUp()
	if err := <-gone; err == nil || !strings.Contains(err.Error(), "canceled") {
		t.Errorf("the first: %v, want it cancelled", err)
	}
	close(o.gate)
	wg.Wait()
	if o.asked.Load() != 1 {
		t.Errorf("asked %d times, want once", o.asked.Load())
	}
}

// A download that nobody waits for ends, and leaves nothing; a failure is not kept.
func TestCacheGivesUp(t *testing.T) {
	o, dir := newOrigin(t), t.TempDir()
	o.gate = make(chan struct{})
	f := newFetcher(t, Config{CacheDir: dir, CacheBytes: 1000})
	only, giveUp := context.WithCancel(t.Context())
	gone := make(chan error, 1)
	var wg sync.WaitGroup
	wg.Go(func() { gone <- f.Fetch(only, t.TempDir(), cached(o.URL+"/100"), "", nil) })
	eventually(t, "the download", func() bool { return o.asked.Load() == 1 })
	giveUp()
	if err := <-gone; err == nil {
		t.Error("it was cancelled, and succeeded")
	}
	wg.Wait()
	eventually(t, "an empty cache", func() bool { return files(t, dir) == 0 })
	close(o.gate)
	o.fetch(t, f, "/100")
	for range 2 {
		err := f.Fetch(t.Context(), t.TempDir(), cached(o.URL+"/none"), "", nil)
		if err == nil || !strings.Contains(err.Error(), "404 Not Found") {
			t.Errorf("got %v, want 404", err)
		}
	}
	if o.asked.Load() != 4 || files(t, dir) != 1 {
		t.Errorf("asked %d times, %d files; want 4 and one", o.asked.Load(), files(t, dir))
	}
}

// An archive is unpacked out of the cache, and an executable is one.
func TestCacheExtracts(t *testing.T) {
	from := filepath.Join(t.TempDir(), "a.tar.bz2")
	if err := os.WriteFile(from, decoded(t, bzipped), 0o644); err != nil {
		t.Fatal(err)
	}
	f := newFetcher(t, Config{CacheDir: t.TempDir(), CacheBytes: 1 << 20})
	for range 2 {
		dir := t.TempDir()
		uris := append(cached(from), &mesosv1.CommandInfo_URI{Value: &from, Cache: new(true), Executable: new(true), OutputFile: new("bin/tool")})
		if err := f.Fetch(t.Context(), dir, uris, "", nil); err != nil {
			t.Fatal(err)
		}
		checkFile(t, dir, "d/a=d/a 755")
		checkFile(t, dir, "bin/tool=* 755")
		if _, err := os.Stat(filepath.Join(dir, "a.tar.bz2")); err == nil {
			t.Error("the archive is in the sandbox, too")
		}
	}
	wrong := from + "#sha256=" + strings.Repeat("0", 64)
	if err := f.Fetch(t.Context(), t.TempDir(), cached(wrong), "", nil); err == nil || !strings.Contains(err.Error(), "not what was asked for") {
		t.Errorf("got %v, want the sum refused", err)
	}
}

// The cache of an earlier agentd is emptied, and nothing else in its directory is touched.
func TestCacheStartsEmpty(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{strings.Repeat("a", 64) + "-7", "somebody's"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	newFetcher(t, Config{CacheDir: dir, CacheBytes: 1000})
	if list, err := os.ReadDir(dir); err != nil || len(list) != 1 || list[0].Name() != "somebody's" {
		t.Errorf("left: %v, %v", list, err)
	}
}

// TestStall: a server that goes silent is given up.
func TestStall(t *testing.T) {
	block := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = w.Write([]byte("start"))
		_ = http.NewResponseController(w).Flush()
		<-block
	}))
	defer server.Close()
	defer close(block)
	var counts []string
	f := newFetcher(t, Config{Stall: 2 * time.Second, Count: func(name string) { counts = append(counts, name) }})
	err := f.Fetch(t.Context(), t.TempDir(), []*mesosv1.CommandInfo_URI{{Value: new(server.URL + "/f")}}, "", nil)
	if err == nil || !strings.Contains(err.Error(), server.URL+"/f: the download broke off: the download stalled: nothing came for 2s") {
		t.Errorf("got %v, want the URI and that it stalled", err)
	}
	if len(counts) != 1 || counts[0] != "containerizer/fetcher/task_fetches_failed" {
		t.Errorf("counted %q", counts)
	}
}

// TestSilentServer: one that takes the connection and never answers.
func TestSilentServer(t *testing.T) {
	o := newOrigin(t)
	o.gate = make(chan struct{})
	f := newFetcher(t, Config{Stall: 100 * time.Millisecond})
	err := f.Fetch(t.Context(), t.TempDir(), []*mesosv1.CommandInfo_URI{{Value: new(o.URL + "/1")}}, "", nil)
	if err == nil || !strings.Contains(err.Error(), "the server cannot be reached") {
		t.Errorf("got %v, want it given up", err)
	}
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(slowhost.Scale(90 * time.Second)); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// TestWatch: whoever waits for a download into the cache hears how far it is, and whoever finds it there that it was.
func TestWatch(t *testing.T) {
	const size, first = 3 << 20, 2 << 20
	heard := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", fmt.Sprint(size))
		_, _ = w.Write(make([]byte, first))
		_ = http.NewResponseController(w).Flush()
		select {
		case <-heard:
		case <-r.Context().Done():
		}
		_, _ = w.Write(make([]byte, size-first))
	}))
	t.Cleanup(server.Close)
	f := newFetcher(t, Config{CacheDir: t.TempDir(), CacheBytes: 4 << 20})
	var got []reeveapi.Artifact
	told := false
	watch := &Watch{
		Progress: func(uri string, done, total int64) {
			if uri != server.URL+"/f" || done > size || total != size && total != -1 {
				t.Errorf("progress %s %d of %d", uri, done, total)
			}
			if done > 0 && done < size && !told {
				told = true
				close(heard)
			}
		},
		Fetched: func(a reeveapi.Artifact) { got = append(got, a) },
	}
	for range 2 {
		if err := f.Fetch(t.Context(), t.TempDir(), cached(server.URL+"/f?token=x"), "", watch); err != nil {
			t.Fatal(err)
		}
	}
	if len(got) != 2 || got[0].Seconds <= 0 || got[0].Seconds < got[1].Seconds {
		t.Fatalf("got %+v, want two, the first of which took longer", got)
	}
	got[0].Seconds, got[1].Seconds = 0, 0
	want := reeveapi.Artifact{URI: server.URL + "/f", Bytes: size}
	if got[0] != want {
		t.Errorf("downloaded: %+v, want %+v", got[0], want)
	}
	if want.Cached = true; got[1] != want {
		t.Errorf("cached: %+v, want %+v", got[1], want)
	}
}
