package bench

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"codeberg.org/reeve/reeve/shared/run"
)

// Registry is a registry on loopback with the images that benchmarks pull.
type Registry struct {
	Small string // an image with a shell
	Large string // the same with LargeMB of this machine's own files, in several layers

	server *http.Server
	group  *run.Group
}

// LargeMB is how large the large image is, unpacked.
const LargeMB = 200

// largeLayers is how many layers the large image has beside the shell's.
const largeLayers = 4

// OpenRegistry makes the images and serves them. It needs a static busybox.
func OpenRegistry() (*Registry, error) {
	shell, err := shellLayer()
	if err != nil {
		return nil, err
	}
	var lc net.ListenConfig
	listener, err := lc.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	r := &Registry{
		server: &http.Server{Handler: registry.New(registry.Logger(log.New(io.Discard, "", 0))), ReadHeaderTimeout: time.Minute},
		group:  run.NewGroup(context.Background()),
		Small:  listener.Addr().String() + "/small:1", Large: listener.Addr().String() + "/large:1",
	}
	r.group.Go("registry", func(context.Context) error {
		if err := r.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	if err := r.fill(shell); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

// Close ends the registry.
func (r *Registry) Close() error {
	err := r.server.Close()
	r.group.Stop()
	return errors.Join(err, r.group.Wait())
}

func (r *Registry) fill(shell v1.Layer) error {
	if err := push(r.Small, shell); err != nil {
		return err
	}
	layers, err := systemLayers()
	if err != nil {
		return err
	}
	return push(r.Large, append([]v1.Layer{shell}, layers...)...)
}

func push(as string, layers ...v1.Layer) error {
	img, err := mutate.AppendLayers(empty.Image, layers...)
	if err != nil {
		return err
	}
	file, err := img.ConfigFile()
	if err != nil {
		return err
	}
	file = file.DeepCopy()
	file.OS, file.Architecture = "linux", runtime.GOARCH
	if img, err = mutate.ConfigFile(img, file); err != nil {
		return err
	}
	ref, err := name.ParseReference(as)
	if err != nil {
		return err
	}
	return remote.Write(ref, img)
}

// archive writes one layer.
type archive struct {
	bytes.Buffer
	*tar.Writer
}

func newArchive() *archive {
	a := &archive{}
	a.Writer = tar.NewWriter(&a.Buffer)
	return a
}

func (a *archive) layer() (v1.Layer, error) {
	if err := a.Close(); err != nil {
		return nil, err
	}
	data := a.Bytes()
	return tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil })
}

func shellLayer() (v1.Layer, error) {
	path, err := exec.LookPath("busybox")
	if err != nil {
		return nil, fmt.Errorf("images need a static busybox, which bash shared/needs.sh test installs: %w", err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	a := newArchive()
	err = errors.Join(
		a.WriteHeader(&tar.Header{Name: "bin/sh", Mode: 0o755, Size: int64(len(data))}),
		func() error { _, err := a.Writer.Write(data); return err }(),
		a.WriteHeader(&tar.Header{Name: "bin/true", Typeflag: tar.TypeSymlink, Linkname: "sh"}))
	if err != nil {
		return nil, err
	}
	return a.layer()
}

// errEnough ends the walk through the system's files.
var errEnough = errors.New("enough")

// systemLayers packs files of this machine: what images are made of.
func systemLayers() (layers []v1.Layer, err error) {
	const each = LargeMB << 20 / largeLayers
	a := newArchive()
	err = filepath.WalkDir("/usr", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() && !d.IsDir() {
			return nil // what cannot be read is left out
		}
		if err := a.add(path, d); err != nil {
			return err
		}
		if a.Len() < each {
			return nil
		}
		layer, err := a.layer()
		if err != nil {
			return err
		}
		layers, a = append(layers, layer), newArchive()
		if len(layers) == largeLayers {
			return errEnough
		}
		return nil
	})
	if err == nil {
		return nil, fmt.Errorf("/usr has less than %d MB, too little for the large image", LargeMB)
	}
	if !errors.Is(err, errEnough) {
		return nil, err
	}
	return layers, nil
}

func (a *archive) add(path string, d fs.DirEntry) error {
	info, err := d.Info()
	if err != nil || info.Size() > 20<<20 {
		return nil // as above; one file should not be a layer
	}
	header, err := tar.FileInfoHeader(info, "")
	if err != nil {
		return err
	}
	header.Name = strings.TrimPrefix(path, "/")
	if d.IsDir() {
		header.Name += "/"
		return a.WriteHeader(header)
	}
	data, err := os.ReadFile(path)
	if err != nil || int64(len(data)) != info.Size() {
		return nil // as above
	}
	if err := a.WriteHeader(header); err != nil {
		return err
	}
	_, err = a.Writer.Write(data)
	return err
}

// Peers says why skopeo and umoci cannot be measured, "" if they can.
func Peers() string {
	for _, tool := range []string{"skopeo", "umoci"} {
		if _, err := exec.LookPath(tool); err != nil {
			return tool + " is not installed here: nothing to compare a pull with"
		}
	}
	return ""
}

// PeerPull has skopeo fetch an image and umoci unpack it below dir, which is deleted afterwards, and returns how long that took.
func PeerPull(ctx context.Context, image, dir string) (took time.Duration, err error) {
	if dir, err = os.MkdirTemp(dir, "peer-"); err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	start := time.Now()
	for _, args := range [][]string{
		{"skopeo", "copy", "--quiet", "--src-tls-verify=false", "docker://" + image, "oci:" + dir + "/layout:1"},
		{"umoci", "unpack", "--image", dir + "/layout:1", dir + "/bundle"},
	} {
		if out, err := exec.CommandContext(ctx, args[0], args[1:]...).CombinedOutput(); err != nil {
			return 0, fmt.Errorf("%s: %w: %s", args[0], err, bytes.TrimSpace(out))
		}
	}
	return time.Since(start), nil
}
