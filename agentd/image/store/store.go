// Package store keeps images on an agent's disk: each layer unpacked once, whatever image it belongs to, and what each image
// says of itself. It owns when an image is brought here and when it goes again: several who want one wait for the same pull,
// a layer that is whole survives every failure and crash, and nothing goes that a container is using. It mounts nothing.
// Start reading at Store.Pull.
//
//	store.go   what is there, and who uses it
//	pull.go    bringing an image here, once for all who wait for it
//	fetch.go   its layers
//	collect.go what goes, and when
//	disk.go    the files
package store

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"codeberg.org/reeve/reeve/agentd/image"
	"codeberg.org/reeve/reeve/agentd/image/source"
	"codeberg.org/reeve/reeve/agentd/sandbox"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/shared/run"
)

// Config is what a store needs.
type Config struct {
	Dir     string // the store's alone; on the file system that containers' own layers are on
	Places  image.Places
	Sources *source.Sources
	Log     *slog.Logger
	Count   func(name string)                  // adds one to a counter of /metrics/snapshot
	Took    func(name string, d time.Duration) // notes how long something took, as a metric
	Keep    Keep
}

// Keep says how much is kept of what no container uses.
type Keep struct {
	Bytes    int64                                // of all layers; 0 for no limit
	Age      time.Duration                        // since an image was used last
	Headroom float64                              // share of the disk that should be free
	Disk     func(dir string) (free, total int64) // of the disk that holds the store
	Interval time.Duration                        // between two looks
}

// Store is the images of one agent. All methods may be called at once.
type Store struct {
	cfg   Config
	group *run.Group
	boot  string // of the host; see layerInfo

	mu     sync.Mutex // guards the fields below, but nothing on the disk that takes time
	images map[string]*record
	layers map[string]*layerInfo // by DiffID: those that are whole
	pins   map[ids.Container]*pin
	pulls  map[string]*pull
	locks  map[string]*layerLock
}

// record is an image that is here whole.
type record struct {
	Version int          `json:"version"`
	Key     string       `json:"key"`
	Name    string       `json:"name"`
	Tag     string       `json:"tag"`    // what the name meant to the registry, maybe an index; "" outside of one
	Digest  string       `json:"digest"` // of the manifest
	Config  image.Config `json:"config"`
	Layers  []string     `json:"layers"` // DiffIDs, topmost first
	Pulled  time.Time    `json:"pulled"`
	Used    time.Time    `json:"used"`
}

// layerInfo is a layer that is here whole.
type layerInfo struct {
	Version int       `json:"version"`
	DiffID  string    `json:"diff_id"`
	Bytes   int64     `json:"bytes"`
	Made    time.Time `json:"made"`
	// Boot is the boot of the host in which it was unpacked, "" once it is known to be on the disk. If the host went down
	// before that, files may be missing in it.
	Boot string `json:"boot,omitempty"`
}

// pin keeps layers for a container.
type pin struct {
	Version   int           `json:"version"`
	Container ids.Container `json:"container"`
	Key       string        `json:"key"`
	Layers    []string      `json:"layers"`         // of all its images
	More      []string      `json:"more,omitempty"` // keys of others that it has as volumes
}

// keys are those of all images that a container uses.
func (p *pin) keys() []string { return append([]string{p.Key}, p.More...) }

// with is the pin when its container has one image more; p may be nil.
func (p *pin) with(r *record, id ids.Container) *pin {
	if p == nil {
		return &pin{Version: version, Container: id, Key: r.Key, Layers: r.Layers}
	}
	out := &pin{Version: version, Container: id, Key: p.Key, Layers: slices.Clone(p.Layers), More: slices.Clone(p.More)}
	if !slices.Contains(p.keys(), r.Key) {
		out.More = append(out.More, r.Key)
	}
	for _, layer := range r.Layers {
		if !slices.Contains(out.Layers, layer) {
			out.Layers = append(out.Layers, layer)
		}
	}
	return out
}

// Open finds what an earlier agentd left. Pulls end with ctx, or with Close.
func Open(ctx context.Context, cfg Config) (*Store, error) {
	s := &Store{
		cfg: cfg, group: run.NewGroup(ctx), images: map[string]*record{}, layers: map[string]*layerInfo{}, pins: map[ids.Container]*pin{},
		pulls: map[string]*pull{}, locks: map[string]*layerLock{},
	}
	return s, s.load()
}

// Close ends pulls in hand and waits for them. What is whole of them stays.
func (s *Store) Close() error {
	s.group.Stop()
	return s.group.Wait()
}

// use gives an image to a container, if all of it is here.
func (s *Store) use(r *record, id ids.Container) (image.Image, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, layer := range r.Layers {
		if s.layers[layer] == nil {
			return image.Image{}, false, nil
		}
	}
	p := s.pins[id].with(r, id)
	if err := writeJSON(s.pinFile(id), p); err != nil {
		return image.Image{}, false, err
	}
	s.pins[id] = p
	r.Used = time.Now()
	if err := writeJSON(s.imageFile(r.Key), r); err != nil { // only when it was used: it will be collected sooner
		s.cfg.Log.Debug("use of an image not noted", attrImage(r.Name), attrErr(err))
	}
	out := image.Image{Name: r.Name, Digest: r.Digest, Config: r.Config}
	for _, layer := range r.Layers {
		out.Layers = append(out.Layers, s.layerFiles(layer))
	}
	out.Bytes = s.bytesOf(r)
	return out, true, nil
}

// bytesOf is what the layers of an image take. The caller holds mu.
func (s *Store) bytesOf(r *record) (bytes int64) {
	for _, id := range r.Layers {
		if l := s.layers[id]; l != nil {
			bytes += l.Bytes
		}
	}
	return bytes
}

// Release says that a container does not use its images any more. One that never did is no error.
func (s *Store) Release(id ids.Container) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.pins[id] == nil {
		return nil
	}
	if err := os.Remove(s.pinFile(id)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	delete(s.pins, id)
	return nil
}

// Retain releases all containers but those that are there. It is called once, before the first Pull.
func (s *Store) Retain(there []ids.Container) error {
	s.mu.Lock()
	var gone []ids.Container
	for id := range s.pins {
		if !slices.Contains(there, id) {
			gone = append(gone, id)
		}
	}
	s.mu.Unlock()
	for _, id := range gone {
		if err := s.Release(id); err != nil {
			return err
		}
	}
	return nil
}

// Usage is how many images there are and what their layers take.
func (s *Store) Usage() (images int, bytes int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range s.layers {
		bytes += l.Bytes
	}
	return len(s.images), bytes
}

// Names lists the images that are here, by the names under which they were asked for, sorted.
func (s *Store) Names() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	names := make([]string, 0, len(s.images))
	for _, r := range s.images {
		names = append(names, r.Name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// List is all that is here, and on its way, by name.
func (s *Store) List() reeveapi.Images {
	_, bytes := s.Usage()
	out := reeveapi.Images{Images: []reeveapi.Image{}, Pulls: []reeveapi.ImagePull{}, Bytes: bytes}
	s.mu.Lock()
	defer s.mu.Unlock()
	users := map[string]int{}
	for _, p := range s.pins {
		for _, key := range p.keys() {
			users[key]++
		}
	}
	for _, r := range s.images {
		out.Images = append(out.Images, reeveapi.Image{
			Name: r.Name, Digest: r.Digest, Layers: len(r.Layers), Bytes: s.bytesOf(r), Pulled: r.Pulled, Used: r.Used, InUse: users[r.Key],
		})
	}
	for _, p := range s.pulls {
		out.Pulls = append(out.Pulls, reeveapi.ImagePull{Name: p.name, Done: p.done.Load(), Total: p.total.Load(), Waiting: p.waiting})
	}
	slices.SortFunc(out.Images, func(a, b reeveapi.Image) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortFunc(out.Pulls, func(a, b reeveapi.ImagePull) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

// Remove deletes a whole store; nothing may be using it.
func Remove(dir string) error {
	if !filepath.IsAbs(dir) || filepath.Clean(dir) == "/" {
		return fault.New(fault.Invalid, "%q is no directory of images", dir)
	}
	return sandbox.RemoveAll(dir)
}
