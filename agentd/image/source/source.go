// Package source opens images where they are: in a registry, in a directory that follows the OCI image layout, in a tarball of
// either kind. It owns the talk with registries (credentials, certificates, patience with slow ones) and what people are told
// when that fails; it checks every manifest and configuration against its digest. It keeps nothing: agentd/image/store does.
// Start reading at Sources.Open.
package source

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	goruntime "runtime"
	"slices"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"codeberg.org/reeve/reeve/agentd/image"
	"codeberg.org/reeve/reeve/shared/fault"
)

// Config is what an agent's operator says of registries.
type Config struct {
	DockerConfig []byte        // credentials, as docker's config.json; nil for none
	CA           []byte        // certificates to trust beside the system's, PEM; nil for none
	Plain        []string      // host:port of registries that may be spoken to without TLS; those on loopback always may
	Stall        time.Duration // a registry that sends nothing for so long is given up
	TempDir      string        // for tarballs that have to be unpacked to be read
}

// Sources opens images.
type Sources struct {
	cfg       Config
	transport http.RoundTripper
}

// New returns sources that have talked to nobody yet.
func New(cfg Config) (*Sources, error) {
	transport, err := newTransport(cfg)
	if err != nil {
		return nil, err
	}
	if _, err := readDockerConfig(cfg.DockerConfig); err != nil {
		return nil, fault.New(fault.Invalid, "the agent's docker config cannot be read: %v", err)
	}
	return &Sources{cfg: cfg, transport: transport}, nil
}

// Image is an image that can be brought here. Close it when that is done.
type Image struct {
	Tag    string // what the name means to its registry: the digest of a manifest, or of an index of some; "" outside of one
	Digest string // of the manifest for this machine: "sha256:…"
	Config image.Config
	Layers []Layer // the lowest first
	Close  func() error
}

// Layer is one layer. Its blob is what DiffID says, or damaged: whoever unpacks it has to look.
type Layer struct {
	DiffID string // "sha256:…" of the unpacked tar stream
	Size   int64  // of the blob, bytes
	Open   func() (io.ReadCloser, error)
}

// maxDocument bounds manifests and configurations, as other runtimes do.
const maxDocument = 4 << 20

// maxLayers is how many layers one mount takes with certainty; docker's own limit is 125.
const maxLayers = 200

// Open finds the image for this machine. ctx has to live until it is closed. Errors say in one sentence what is wrong.
func (s *Sources) Open(ctx context.Context, place image.Place, ask image.Ask) (Image, error) {
	found, tag, closeIt, err := s.find(ctx, place, ask)
	if err != nil {
		return Image{}, s.Explain(err, place)
	}
	out, err := describe(found, place.Kind)
	if err != nil {
		return Image{}, errors.Join(s.Explain(err, place), closeIt())
	}
	out.Tag = tag
	if place.Digest != "" && place.Digest != out.Digest {
		return Image{}, errors.Join(fault.New(fault.Invalid, "%s holds the image %s, not %s", place.Path, out.Digest, place.Digest), closeIt())
	}
	out.Close = closeIt
	return out, nil
}

func nothing() error { return nil }

func (s *Sources) find(ctx context.Context, place image.Place, ask image.Ask) (found v1.Image, tag string, closeIt func() error, err error) {
	switch place.Kind {
	case image.Registry:
		found, tag, err = s.fromRegistry(ctx, place, ask)
		return found, tag, nothing, err
	case image.Layout:
		found, err = fromLayout(place.Path, place.Tag)
		return found, "", nothing, err
	case image.OCITar:
		found, closeIt, err = s.fromOCITar(ctx, place)
		return found, "", closeIt, err
	case image.DockerTar:
		found, err = fromDockerTar(place.Path, place.Tag)
		return found, "", nothing, err
	}
	return nil, "", nil, fault.New(fault.Internal, "image of kind %d", place.Kind)
}

func (s *Sources) fromRegistry(ctx context.Context, place image.Place, ask image.Ask) (v1.Image, string, error) {
	options, err := s.options(ctx, place, ask)
	if err != nil {
		return nil, "", err
	}
	found, err := remote.Get(place.Ref, options...)
	if err != nil {
		return nil, "", err
	}
	out, err := found.Image()
	return out, found.Digest.String(), err
}

func (s *Sources) options(ctx context.Context, place image.Place, ask image.Ask) ([]remote.Option, error) {
	login, err := s.login(place.Ref.Context(), ask)
	if err != nil {
		return nil, err
	}
	return []remote.Option{
		remote.WithContext(ctx), remote.WithTransport(s.transport), remote.WithAuth(login), remote.WithPlatform(platform()),
		remote.WithUserAgent("reeve"),
	}, nil
}

// platform is what this machine runs.
func platform() v1.Platform {
	p := v1.Platform{OS: "linux", Architecture: goruntime.GOARCH}
	if p.Architecture == "arm64" {
		p.Variant = "v8"
	}
	return p
}

// describe reads manifest and configuration, and checks what the library does not.
func describe(found v1.Image, kind image.Kind) (Image, error) {
	if err := checkSize(found, kind); err != nil {
		return Image{}, err
	}
	config, err := found.RawConfigFile()
	if err != nil {
		return Image{}, err
	}
	file, err := found.ConfigFile()
	if err != nil {
		return Image{}, err
	}
	if file.OS != "" && file.OS != "linux" || file.Architecture != "" && file.Architecture != goruntime.GOARCH {
		return Image{}, fault.New(fault.Invalid, "it is for %s/%s, and this machine is linux/%s", file.OS, file.Architecture, goruntime.GOARCH)
	}
	out := Image{Digest: digestOf(config), Config: configOf(file.Config)}
	var blobs []v1.Descriptor
	if kind != image.DockerTar { // which has no manifest: the library would compress everything to make one
		raw, err := found.RawManifest()
		if err != nil {
			return Image{}, err
		}
		manifest, err := found.Manifest()
		if err != nil {
			return Image{}, err
		}
		if sum := out.Digest; sum != manifest.Config.Digest.String() {
			return Image{}, fault.New(fault.Invalid, "its configuration is damaged: it should be %s and is %s", manifest.Config.Digest, sum)
		}
		out.Digest, blobs = digestOf(raw), manifest.Layers
	}
	out.Layers, err = layersOf(found, blobs, file)
	return out, err
}

// checkSize looks at what a manifest says before it is believed: the configuration is read into memory.
func checkSize(found v1.Image, kind image.Kind) error {
	if kind == image.DockerTar {
		return nil
	}
	manifest, err := found.Manifest()
	if err != nil {
		return err
	}
	if manifest.Config.Size > maxDocument {
		return fault.New(fault.Invalid, "its configuration has %d MB; the most is %d", manifest.Config.Size>>20, maxDocument>>20)
	}
	for _, l := range manifest.Layers {
		if len(l.URLs) > 0 {
			return fault.New(fault.Invalid, "a layer of it is not in its registry but elsewhere, and is not fetched from there")
		}
	}
	return nil
}

func digestOf(data []byte) string {
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:])
}

func configOf(c v1.Config) image.Config {
	out := image.Config{Entrypoint: c.Entrypoint, Cmd: c.Cmd, Env: c.Env, User: c.User, WorkDir: image.Inside(c.WorkingDir), StopSignal: c.StopSignal}
	for dir := range c.Volumes {
		if dir = image.Inside(dir); dir != "" && dir != "/" {
			out.Volumes = append(out.Volumes, dir)
		}
	}
	slices.Sort(out.Volumes)
	return out
}

// layersOf lists the layers; blobs is nil for what has no manifest.
func layersOf(found v1.Image, blobs []v1.Descriptor, file *v1.ConfigFile) ([]Layer, error) {
	layers, err := found.Layers()
	if err != nil {
		return nil, err
	}
	ids := file.RootFS.DiffIDs
	switch {
	case len(layers) != len(ids):
		return nil, fault.New(fault.Invalid, "it is damaged: it has %d layers, and its configuration names %d", len(layers), len(ids))
	case len(layers) > maxLayers:
		return nil, fault.New(fault.Invalid, "it has %d layers; the most is %d", len(layers), maxLayers)
	case len(layers) == 0:
		return nil, fault.New(fault.Invalid, "it has no layers, so there is nothing in it to run")
	}
	var out []Layer
	for i, l := range layers {
		if ids[i].Algorithm != "sha256" || len(ids[i].Hex) != 2*sha256.Size {
			return nil, fault.New(fault.Invalid, "it is damaged: %q is no digest of a layer", ids[i])
		}
		layer := Layer{DiffID: ids[i].String(), Open: l.Uncompressed}
		if blobs != nil {
			layer.Open, layer.Size = l.Compressed, blobs[i].Size
		}
		out = append(out, layer)
	}
	return out, nil
}
