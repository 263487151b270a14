package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"golang.org/x/sys/unix"

	"codeberg.org/reeve/reeve/agentd/image"
	"codeberg.org/reeve/reeve/agentd/image/source"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/imagetest"
	"codeberg.org/reeve/reeve/shared/slowhost"
)

// patience bounds every wait.
var patience = slowhost.Scale(60 * time.Second)

// rig is a store and what it is opened with.
type rig struct {
	*Store
	testing.TB
	cfg Config
}

func newRig(tb testing.TB, edit ...func(*Config)) *rig {
	tb.Helper()
	if os.Geteuid() != 0 {
		tb.Skip("unpacks layers as they are, which needs root")
	}
	r := &rig{TB: tb, cfg: Config{
		Dir: filepath.Join(tb.TempDir(), "images"), Log: slog.New(slog.NewTextHandler(tb.Output(), nil)),
		Count: func(string) {}, Took: func(string, time.Duration) {},
		Keep: Keep{Interval: time.Hour, Disk: func(string) (int64, int64) { return 1, 1 }},
	}}
	for _, e := range edit {
		e(&r.cfg)
	}
	if r.cfg.Sources == nil {
		sources, err := source.New(source.Config{Stall: 2 * time.Second, TempDir: TempDir(r.cfg.Dir)})
		if err != nil {
			tb.Fatal(err)
		}
		r.cfg.Sources = sources
	}
	r.open()
	return r
}

// open opens the store, as after a restart.
func (r *rig) open() {
	r.Helper()
	s, err := Open(context.Background(), r.cfg)
	if err != nil {
		r.Fatal(err)
	}
	r.Store = s
	r.Cleanup(func() {
		if err := s.Close(); err != nil {
			r.Error(err)
		}
	})
}

// get pulls and fails the test if it cannot be done.
func (r *rig) get(id ids.Container, name string) image.Image {
	r.Helper()
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	img, err := r.Pull(ctx, id, image.Ask{Name: name}, nil)
	if err != nil {
		r.Fatal(err)
	}
	return img
}

// content is a file of an image, as a container in it would see it.
func content(t *testing.T, img image.Image, name string) string {
	t.Helper()
	for _, dir := range img.Layers {
		if data, err := os.ReadFile(filepath.Join(dir, name)); err == nil {
			return string(data)
		}
	}
	t.Errorf("%s is in no layer of %s", name, img.Name)
	return ""
}

// files counts what is in one of the store's directories.
func (r *rig) files(dir string) int {
	r.Helper()
	list, err := os.ReadDir(filepath.Join(r.cfg.Dir, dir))
	if err != nil {
		r.Fatal(err)
	}
	return len(list)
}

func simple(tb testing.TB, bodies ...string) v1.Image {
	tb.Helper()
	var layers []v1.Layer
	for i, body := range bodies {
		layers = append(layers, imagetest.Layer(tb, []imagetest.Entry{{Name: fmt.Sprintf("file%d", i), Body: body}}))
	}
	return imagetest.Build(tb, v1.Config{User: "web", WorkingDir: "srv/", Volumes: map[string]struct{}{"/data/": {}}}, layers...)
}

// counting counts requests for blobs.
func counting(n *atomic.Int64) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodGet && strings.Contains(r.URL.Path, "/blobs/") {
				n.Add(1)
			}
			next.ServeHTTP(w, r)
		})
	}
}

// An image is fetched once, its layers are shared with others, and it is there without its registry and after a restart.
func TestPull(t *testing.T) {
	var blobs atomic.Int64
	registry := imagetest.Serve(t, counting(&blobs))
	one := registry.Push(t, "one:1", simple(t, "base", "one"))
	two := registry.Push(t, "two:1", simple(t, "base", "two"))
	r := newRig(t)
	img := r.get("c1", one)
	if content(t, img, "file0") != "base" || content(t, img, "file1") != "one" || img.Config.User != "web" || img.Config.WorkDir != "/srv" || img.Config.Volumes[0] != "/data" {
		t.Errorf("got %+v", img)
	}
	const files = int64(len("base") + len("one"))
	if img.Bytes < files || img.Pulled <= 0 || img.Took <= 0 {
		t.Errorf("it took %s to bring %d bytes of %d, want all three known", img.Took, img.Pulled, img.Bytes)
	}
	fetched := blobs.Load()
	if other := r.get("c2", two); content(t, other, "file1") != "two" || other.Layers[1] != img.Layers[1] {
		t.Errorf("got %+v, want the lowest layer shared with %+v", other, img)
	} else if other.Bytes != img.Bytes || other.Pulled <= 0 || other.Pulled >= img.Pulled {
		t.Errorf("the second image of %d bytes took %d, want less than %d", other.Bytes, other.Pulled, img.Pulled)
	}
	if n := blobs.Load() - fetched; n != 2 { // its configuration, and one layer
		t.Errorf("the second image took %d blobs, want 2", n)
	}
	if r.files("layers") != 3 || r.files("images") != 2 || r.files("pins") != 2 || r.files("tmp") != 0 {
		t.Errorf("%d layers, %d images, %d pins, %d temporary files", r.files("layers"), r.files("images"), r.files("pins"), r.files("tmp"))
	}
	registry.Close()
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	r.open()
	if again := r.get("c3", one); again.Digest != img.Digest || content(t, again, "file1") != "one" || again.Bytes != img.Bytes || again.Pulled != 0 || again.Took != 0 {
		t.Errorf("after a restart: %+v", again)
	}
}

// Many who want an image at once get it by one pull; those who leave don't end it for the others.
func TestPullOnceForAll(t *testing.T) {
	var blobs atomic.Int64
	gate := make(chan struct{})
	registry := imagetest.Serve(t, func(next http.Handler) http.Handler {
		return counting(&blobs)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodGet && strings.Contains(r.URL.Path, "/blobs/") {
				<-gate
			}
			next.ServeHTTP(w, r)
		}))
	})
	name := registry.Push(t, "one:1", simple(t, "base"))
	r := newRig(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	left := make(chan error, 1)
	var wg sync.WaitGroup
	wg.Go(func() {
		_, err := r.Pull(ctx, "leaver", image.Ask{Name: name}, nil)
		left <- err
	})
	for i := range 20 {
		wg.Go(func() { r.get(ids.Container(fmt.Sprint("c", i)), name) })
	}
	waiting := func() int {
		r.mu.Lock()
		defer r.mu.Unlock()
		for _, p := range r.pulls {
			return p.waiting
		}
		return 0
	}
	for end := time.Now().Add(patience); waiting() < 21 && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	cancel()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Errorf("who left got %v", err)
	}
	close(gate)
	wg.Wait()
	if n := blobs.Load(); n != 2 {
		t.Errorf("%d blobs were fetched, want the configuration and the layer once", n)
	}
	if r.files("pins") != 20 {
		t.Errorf("%d pins, want 20", r.files("pins"))
	}
}

// With nobody left who waits a pull ends, and leaves nothing that is not whole.
func TestPullGivenUp(t *testing.T) {
	reached := make(chan struct{}, 10)
	registry := imagetest.Serve(t, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodGet && strings.Contains(r.URL.Path, "/blobs/") {
				reached <- struct{}{}
				if len(reached) > 1 { // the configuration comes first
					<-r.Context().Done()
					return
				}
			}
			next.ServeHTTP(w, r)
		})
	})
	name := registry.Push(t, "one:1", simple(t, "base"))
	r := newRig(t)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		_, err := r.Pull(ctx, "c1", image.Ask{Name: name}, nil)
		ended <- err
	}()
	for end := time.Now().Add(patience); len(reached) < 2 && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if err := r.Close(); err != nil { // waits for what was being done
		t.Fatal(err)
	}
	if r.files("tmp") != 0 || r.files("images") != 0 || r.files("layers") != 0 || r.files("pins") != 0 {
		t.Errorf("%d temporary files, %d images, %d layers, %d pins are left", r.files("tmp"), r.files("images"), r.files("layers"), r.files("pins"))
	}
}

// A name that means something newer is only asked for by force, and then only what is missing is fetched.
func TestPullForce(t *testing.T) {
	var blobs atomic.Int64
	registry := imagetest.Serve(t, counting(&blobs))
	name := registry.Push(t, "one:latest", simple(t, "base", "old"))
	r := newRig(t)
	r.get("c1", name)
	before := blobs.Load()
	force := func(id ids.Container) image.Image {
		img, err := r.Pull(t.Context(), id, image.Ask{Name: name, Force: true}, nil)
		if err != nil {
			t.Fatal(err)
		}
		return img
	}
	if force("c2"); blobs.Load()-before > 1 { // the configuration at most
		t.Errorf("%d blobs fetched of what had not changed", blobs.Load()-before)
	}
	registry.Push(t, "one:latest", simple(t, "base", "new"))
	if img := r.get("c3", name); content(t, img, "file1") != "old" {
		t.Error("without force the name means something else")
	}
	if img := force("c4"); content(t, img, "file1") != "new" {
		t.Error("with force the name means what it meant")
	}
	if img := r.get("c5", name); content(t, img, "file1") != "new" {
		t.Error("afterwards the name means what it meant before")
	}
	if r.files("layers") != 3 {
		t.Errorf("%d layers, want 3: the old one is in use", r.files("layers"))
	}
}

// A registry that breaks off is asked again, and what was whole is not fetched twice.
func TestPullResumes(t *testing.T) {
	var blobs, broken atomic.Int64
	registry := imagetest.Serve(t, func(next http.Handler) http.Handler {
		return counting(&blobs)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodGet && strings.Contains(r.URL.Path, "/blobs/") && blobs.Load() == 3 && broken.Add(1) == 1 {
				w.Header().Set("Content-Length", "100000")
				w.WriteHeader(http.StatusOK)
				panic(http.ErrAbortHandler)
			}
			next.ServeHTTP(w, r)
		}))
	})
	name := registry.Push(t, "one:1", simple(t, strings.Repeat("a", 1000), strings.Repeat("b", 1000)))
	r := newRig(t)
	img := r.get("c1", name)
	if content(t, img, "file1") != strings.Repeat("b", 1000) || broken.Load() != 1 || r.files("tmp") != 0 {
		t.Errorf("broken %d times, %d temporary files", broken.Load(), r.files("tmp"))
	}
	if n := blobs.Load(); n != 4 {
		t.Errorf("%d blobs fetched, want 4: one of three again", n)
	}
}

// Every way in which an image cannot be had ends in one sentence that says which, and leaves nothing.
func TestPullFailures(t *testing.T) {
	var mode atomic.Value
	mode.Store("")
	registry := imagetest.Serve(t, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			layer := r.Method == http.MethodGet && strings.Contains(r.URL.Path, "/blobs/")
			switch m := mode.Load(); {
			case m == "hang" && layer, m == "hang at once" && r.Method == http.MethodGet:
				<-r.Context().Done()
			case m == "corrupt" && layer:
				next.ServeHTTP(&flipper{ResponseWriter: w}, r)
			case m == "half" && layer:
				w.Header().Set("Content-Length", "100000")
				w.WriteHeader(http.StatusOK)
				panic(http.ErrAbortHandler)
			case m == "auth" && r.Method == http.MethodGet:
				w.Header().Set("WWW-Authenticate", `Basic realm="x"`)
				w.WriteHeader(http.StatusUnauthorized)
			case m == "ill" && layer:
				w.WriteHeader(http.StatusBadRequest)
			default:
				next.ServeHTTP(w, r)
			}
		})
	})
	name := registry.Push(t, "one:1", simple(t, strings.Repeat("content ", 1000)))
	registry.Push(t, "arm:1", imagetest.For(t, v1.Platform{OS: "linux", Architecture: "s390x"}, v1.Config{}, imagetest.Layer(t, nil)))
	registry.Push(t, "empty:1", imagetest.Build(t, v1.Config{}))
	for _, test := range []struct {
		mode, image, want string
		kind              fault.Kind
	}{
		{"hang", name, "has sent nothing for 2s", fault.Exhausted},
		{"hang at once", name, "has sent nothing for 2s", fault.Exhausted},
		{"corrupt", name, "sent it damaged", fault.Invalid},
		{"half", name, "broke the connection off", fault.Unavailable},
		{"auth", name, "refuses access to one", fault.Unauthenticated},
		{"ill", name, "answered with status 400", fault.Unavailable},
		{"", registry.Host + "/one:2", "has no one 2", fault.NotFound},
		{"", registry.Host + "/two", "has no two latest", fault.NotFound},
		{"", registry.Host + "/arm:1", "it is for linux/s390x, and this machine is linux/", fault.Invalid},
		{"", registry.Host + "/empty:1", "it has no layers", fault.Invalid},
		{"", "127.0.0.1:1/x", "registry 127.0.0.1:1 cannot be reached", fault.Unavailable},
		{"", "reeve.invalid/x", "registry reeve.invalid cannot be reached", fault.Unavailable},
		{"", "Nonsense", "is not a name of the form", fault.Invalid},
	} {
		t.Run(test.mode+test.want, func(t *testing.T) {
			mode.Store(test.mode)
			r := newRig(t)
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			_, err := r.Pull(ctx, "c1", image.Ask{Name: test.image}, nil)
			if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), test.image) {
				t.Fatalf("got %v, want %q in one line", err, test.want)
			}
			if fault.KindOf(err) != test.kind {
				t.Errorf("%v is %v, want %v", err, fault.KindOf(err), test.kind)
			}
			if r.files("tmp") != 0 || r.files("images") != 0 || r.files("layers") != 0 || r.files("pins") != 0 {
				t.Errorf("%d temporary files, %d images, %d layers, %d pins are left", r.files("tmp"), r.files("images"), r.files("layers"), r.files("pins"))
			}
		})
	}
}

// flipper changes a byte of what is sent.
type flipper struct {
	http.ResponseWriter
	done bool
}

func (f *flipper) Write(p []byte) (int, error) {
	if !f.done && len(p) > 20 {
		p = bytes.Clone(p)
		p[len(p)/2] ^= 0xff
		f.done = true
	}
	return f.ResponseWriter.Write(p)
}

// A disk that is full is said to be so; unused images go first to make room.
func TestPullWithoutRoom(t *testing.T) {
	registry := imagetest.Serve(t, nil)
	one := registry.Push(t, "one:1", simple(t, strings.Repeat("x", 8<<20)))
	two := registry.Push(t, "two:1", simple(t, strings.Repeat("y", 8<<20)))
	three := registry.Push(t, "three:1", simple(t, "z"))
	base := t.TempDir()
	r := newRig(t, func(c *Config) {
		c.Dir = filepath.Join(base, "images")
		if err := unix.Mount("tmpfs", base, "tmpfs", 0, "size=70m"); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = unix.Unmount(base, unix.MNT_DETACH) })
	})
	r.get("c1", one)
	if err := r.Release("c1"); err != nil {
		t.Fatal(err)
	}
	r.get("c2", two)
	if n := r.files("images"); n != 1 {
		t.Errorf("%d images; the unused one should have made room", n)
	}
	_, err := r.Pull(t.Context(), "c3", image.Ask{Name: three}, nil)
	if fault.KindOf(err) != fault.Exhausted || !strings.Contains(err.Error(), "no space is left") {
		t.Errorf("got %v", err)
	}
	if r.files("tmp") != 0 || r.files("layers") != 1 || r.files("pins") != 1 {
		t.Errorf("%d temporary files, %d layers, %d pins are left", r.files("tmp"), r.files("layers"), r.files("pins"))
	}
}

// Progress counts up to the size of what is missing.
func TestProgress(t *testing.T) {
	step := make(chan struct{})
	registry := imagetest.Serve(t, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodGet && strings.Contains(r.URL.Path, "/blobs/") {
				w = &slow{w, step}
			}
			next.ServeHTTP(w, r)
		})
	})
	img := simple(t, strings.Repeat("progress", 100))
	layers, err := img.Layers()
	if err != nil {
		t.Fatal(err)
	}
	size, err := layers[0].Size()
	if err != nil {
		t.Fatal(err)
	}
	name := registry.Push(t, "one:1", img)
	r := newRig(t)
	told := make(chan Progress, 100)
	var wg sync.WaitGroup
	wg.Go(func() {
		_, err := r.Pull(t.Context(), "c1", image.Ask{Name: name}, func(p Progress) { told <- p })
		if err != nil {
			t.Error(err)
		}
	})
	step <- struct{}{} // the configuration
	first := <-told    // the layer waits
	if first.Total != size || first.Done >= size {
		t.Errorf("got %+v, want less than %d of that", first, size)
	}
	close(step)
	wg.Wait()
}

// slow waits before what is sent.
type slow struct {
	http.ResponseWriter
	step chan struct{}
}

func (s *slow) Write(p []byte) (int, error) {
	<-s.step
	return s.ResponseWriter.Write(p)
}

// What is not used goes by age, by size, by the disk's room, and when an operator says so; what is used stays.
func TestCollect(t *testing.T) {
	registry := imagetest.Serve(t, nil)
	var names []string
	for i := range 4 {
		names = append(names, registry.Push(t, fmt.Sprintf("i%d:1", i), simple(t, "base", strings.Repeat(fmt.Sprint(i), 100_000))))
	}
	fill := func(keep Keep) *rig {
		keep.Interval = time.Hour
		if keep.Disk == nil {
			keep.Disk = func(string) (int64, int64) { return 1, 1 }
		}
		r := newRig(t, func(c *Config) { c.Keep = keep })
		for i, name := range names {
			r.get(ids.Container(fmt.Sprint("c", i)), name)
			if i != 1 {
				if err := r.Release(ids.Container(fmt.Sprint("c", i))); err != nil {
					t.Fatal(err)
				}
			}
		}
		return r
	}
	left := func(r *rig) (found []int) {
		for i, name := range names {
			if r.images[name] != nil {
				found = append(found, i)
			}
		}
		if r.files("images") != len(found) || r.files("layers") != len(found)+1 || r.files("tmp") != 0 {
			t.Errorf("%v are left, with %d files and %d layers", found, r.files("images"), r.files("layers"))
		}
		return found
	}
	t.Run("nothing", func(t *testing.T) {
		r := fill(Keep{Age: time.Hour, Bytes: 1 << 30, Headroom: 0.1})
		if r.Collect(time.Now()); fmt.Sprint(left(r)) != "[0 1 2 3]" {
			t.Errorf("%v are left", left(r))
		}
	})
	t.Run("age", func(t *testing.T) {
		r := fill(Keep{Age: time.Hour})
		if r.Collect(time.Now().Add(2 * time.Hour)); fmt.Sprint(left(r)) != "[1]" {
			t.Errorf("%v are left", left(r))
		}
		if err := r.Release("c1"); err != nil {
			t.Fatal(err)
		}
		if r.Collect(time.Now().Add(2 * time.Hour)); r.files("images") != 0 || r.files("layers") != 0 {
			t.Errorf("%d images and %d layers are left of nothing", r.files("images"), r.files("layers"))
		}
	})
	t.Run("size", func(t *testing.T) {
		r := fill(Keep{Bytes: 250_000})
		if r.Collect(time.Now()); fmt.Sprint(left(r)) != "[1 3]" {
			t.Errorf("%v are left", left(r))
		}
	})
	t.Run("room", func(t *testing.T) {
		looks := 0
		r := fill(Keep{Headroom: 0.1, Disk: func(string) (int64, int64) {
			if looks++; looks > 1 {
				return 100, 1000
			}
			return 99, 1000
		}})
		if r.Collect(time.Now()); fmt.Sprint(left(r)) != "[1 2 3]" {
			t.Errorf("%v are left", left(r))
		}
	})
	t.Run("prune", func(t *testing.T) {
		r := fill(Keep{})
		if err := r.Prune([]string{names[2]}); err != nil || fmt.Sprint(left(r)) != "[1 2]" {
			t.Errorf("%v are left, %v", left(r), err)
		}
	})
}

// A store comes up again after every kind of crash, with what was whole.
// A container may have several images: all of them stay as long as it does, also over a restart.
func TestSeveralImagesOfAContainer(t *testing.T) {
	registry := imagetest.Serve(t, nil)
	r := newRig(t)
	for _, name := range []string{"root:1", "tools:1", "conf:1"} {
		r.get("c1", registry.Push(t, name, simple(t, "base", name)))
	}
	r.get("c1", registry.Host+"/tools:1") // twice
	for range 2 {
		if err := r.Prune(nil); err != nil {
			t.Fatal(err)
		}
		for _, i := range r.List().Images {
			if i.InUse != 1 {
				t.Errorf("%s is used by %d, want one", i.Name, i.InUse)
			}
		}
		if r.files("images") != 3 || r.files("layers") != 4 || r.files("pins") != 1 {
			t.Fatalf("%d images, %d layers, %d pins, want 3, 4, 1", r.files("images"), r.files("layers"), r.files("pins"))
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		r.open()
	}
	if err := errors.Join(r.Release("c1"), r.Prune(nil)); err != nil {
		t.Fatal(err)
	}
	if r.files("images")+r.files("layers")+r.files("pins") != 0 {
		t.Errorf("%d images, %d layers, %d pins are left", r.files("images"), r.files("layers"), r.files("pins"))
	}
}

func TestRecovery(t *testing.T) {
	registry := imagetest.Serve(t, nil)
	name := registry.Push(t, "one:1", simple(t, "base", "one"))
	other := registry.Push(t, "two:1", simple(t, "base", "two"))
	r := newRig(t)
	img := r.get("c1", name)
	r.get("c2", other)
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	write := func(path, text string) {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(r.cfg.Dir, path)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(r.cfg.Dir, path), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("tmp/layer-1/fs/half", "half")         // a pull was going on
	write("layers/0123/fs/file", "x")            // no info
	write("images/cut.json", `{"version":1,"ke`) // the host crashed
	write("images/x.json.tmp", `{}`)             // agentd did
	write("images/newer.json", `{"version":99}`) // of a later version
	write("pins/c9.json", "")                    // empty after a crash
	info := filepath.Join(filepath.Dir(img.Layers[0]), infoFile)
	var l layerInfo
	if err := readJSON(info, &l); err != nil {
		t.Fatal(err)
	}
	l.Boot = "an earlier boot" // in which it was not synced
	if err := writeJSON(info, l); err != nil {
		t.Fatal(err)
	}
	r.open()
	if err := r.Retain([]ids.Container{"c1"}); err != nil {
		t.Fatal(err)
	}
	if r.files("tmp") != 0 || r.files("layers") != 2 || r.files("pins") != 1 || r.files("images") != 2 {
		t.Errorf("%d temporary files, %d layers, %d pins, %d images", r.files("tmp"), r.files("layers"), r.files("pins"), r.files("images"))
	}
	if again := r.get("c3", name); content(t, again, "file1") != "one" || r.files("layers") != 3 {
		t.Errorf("%d layers; the one that may be cut should have been fetched again", r.files("layers"))
	}
	r.settle()
	var settled layerInfo
	if err := readJSON(info, &settled); err != nil || settled.Boot != "" {
		t.Errorf("after a sync the layer is of boot %q, %v", settled.Boot, err)
	}
}
