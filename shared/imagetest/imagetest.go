// Package imagetest makes container images for tests, and starts registries that serve them: real ones, on loopback. It is
// for tests only. Start reading at Build.
package imagetest

import (
	"archive/tar"
	"bytes"
	"cmp"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// Entry is one entry of a layer: a file, unless its name ends with "/" or it has a link.
type Entry struct {
	Name   string
	Body   string
	Link   string // what a symbolic link leads to
	Hard   string // what a hard link leads to
	Mode   int64  // 0 for 0644, or 0755 of a directory
	UID    int
	GID    int
	Type   byte  // of a tar header, for what is none of these
	Major  int64 // of a device
	Minor  int64
	Xattrs map[string]string
}

// Tar is the tar stream of a layer.
func Tar(tb testing.TB, entries ...Entry) []byte {
	tb.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, e := range entries {
		if err := w.WriteHeader(e.header()); err != nil {
			tb.Fatal(err)
		}
		if _, err := io.WriteString(w, e.Body); err != nil {
			tb.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

func (e Entry) header() *tar.Header {
	h := &tar.Header{
		Name: e.Name, Mode: cmp.Or(e.Mode, 0o644), Uid: e.UID, Gid: e.GID, Typeflag: tar.TypeReg, Size: int64(len(e.Body)), Format: tar.FormatPAX,
		Devmajor: e.Major, Devminor: e.Minor,
	}
	switch {
	case e.Type != 0:
		h.Typeflag = e.Type
	case e.Link != "":
		h.Typeflag, h.Linkname, h.Mode = tar.TypeSymlink, e.Link, 0o777
	case e.Hard != "":
		h.Typeflag, h.Linkname = tar.TypeLink, e.Hard
	case strings.HasSuffix(e.Name, "/"):
		h.Typeflag, h.Mode = tar.TypeDir, cmp.Or(e.Mode, 0o755)
	}
	for key, value := range e.Xattrs {
		if h.PAXRecords == nil {
			h.PAXRecords = map[string]string{}
		}
		h.PAXRecords["SCHILY.xattr."+key] = value
	}
	return h
}

// Layer is a layer, compressed by gzip unless options say otherwise.
func Layer(tb testing.TB, entries []Entry, options ...tarball.LayerOption) v1.Layer {
	tb.Helper()
	return Stream(tb, Tar(tb, entries...), options...)
}

// Stream is Layer for a tar stream that is there already.
func Stream(tb testing.TB, data []byte, options ...tarball.LayerOption) v1.Layer {
	tb.Helper()
	options = append(slices.Clone(options), tarball.WithCompressedCaching) // with the race detector it takes long
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }, options...)
	if err != nil {
		tb.Fatal(err)
	}
	return layer
}

// applets are the programs that Busybox has.
var applets = []string{
	"cat", "dd", "echo", "env", "head", "id", "kill", "ln", "ls", "mkdir", "mount", "pwd", "rm", "sh", "sleep", "stat", "test", "touch", "true", "wc",
}

// packed is the layer of Busybox: all tests of a process share it.
var packed struct {
	sync.Once
	layer v1.Layer
}

// Busybox is a layer with a shell, for images in which something is to run. It skips the test on a machine without a static
// busybox.
func Busybox(tb testing.TB) v1.Layer {
	tb.Helper()
	path, err := exec.LookPath("busybox")
	if err != nil {
		tb.Skip("needs a static busybox, which bash shared/needs.sh test installs")
	}
	packed.Do(func() { packed.layer = pack(tb, path) })
	if packed.layer == nil {
		tb.Fatal("another test could not pack busybox, and says why")
	}
	return packed.layer
}

func pack(tb testing.TB, path string) v1.Layer {
	tb.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	entries := []Entry{
		{Name: "bin/"},
		{Name: "bin/busybox", Body: string(data), Mode: 0o755},
		{Name: "etc/"},
		{Name: "etc/group", Body: "root:x:0:\nweb:x:4712:\nextra:x:4713:web\n"},
		{Name: "etc/passwd", Body: "root:x:0:0:root:/root:/bin/sh\nweb:x:4711:4712:Web:/srv/web:/bin/sh\n"},
		{Name: "tmp/", Mode: 0o1777},
	}
	for _, applet := range applets {
		entries = append(entries, Entry{Name: "bin/" + applet, Link: "busybox"})
	}
	return Layer(tb, entries)
}

// Build is an image of this machine's kind.
func Build(tb testing.TB, config v1.Config, layers ...v1.Layer) v1.Image {
	tb.Helper()
	return For(tb, v1.Platform{OS: "linux", Architecture: runtime.GOARCH}, config, layers...)
}

// For is an image for another kind of machine.
func For(tb testing.TB, platform v1.Platform, config v1.Config, layers ...v1.Layer) v1.Image {
	tb.Helper()
	img, err := mutate.AppendLayers(empty.Image, layers...)
	if err != nil {
		tb.Fatal(err)
	}
	file, err := img.ConfigFile()
	if err != nil {
		tb.Fatal(err)
	}
	file = file.DeepCopy()
	file.OS, file.Architecture, file.Variant, file.Config = platform.OS, platform.Architecture, platform.Variant, config
	if img, err = mutate.ConfigFile(img, file); err != nil {
		tb.Fatal(err)
	}
	return img
}

// Registry is a registry on loopback that speaks HTTP.
type Registry struct {
	*httptest.Server
	Host string // host:port
}

// Serve starts a registry that ends with the test. around, if it is not nil, is put around it.
func Serve(tb testing.TB, around func(http.Handler) http.Handler) *Registry {
	tb.Helper()
	server := httptest.NewServer(Handler(around))
	tb.Cleanup(server.Close)
	return &Registry{server, server.Listener.Addr().String()}
}

// Handler is a registry.
func Handler(around func(http.Handler) http.Handler) http.Handler {
	handler := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	if around != nil {
		handler = around(handler)
	}
	return handler
}

// Push puts an image into a registry and returns its full name.
func (r *Registry) Push(tb testing.TB, as string, img v1.Image, options ...remote.Option) string {
	tb.Helper()
	ref, err := name.ParseReference(r.Host + "/" + as)
	if err != nil {
		tb.Fatal(err)
	}
	if err := remote.Write(ref, img, options...); err != nil {
		tb.Fatal(err)
	}
	return ref.Name()
}
