package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"codeberg.org/reeve/reeve/agentd/image"
	"codeberg.org/reeve/reeve/agentd/image/layer"
	"codeberg.org/reeve/reeve/agentd/image/source"
	"codeberg.org/reeve/reeve/agentd/sandbox"
	"codeberg.org/reeve/reeve/shared/backoff"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/run"
)

// layersAtOnce is how many layers of one image are fetched side by side: a registry's answer takes longer than its bytes.
const layersAtOnce = 3

// bring makes an image whole.
func (s *Store) bring(ctx context.Context, place image.Place, ask image.Ask, p *pull) (*record, error) {
	found, err := s.cfg.Sources.Open(ctx, place, ask)
	if err != nil {
		return nil, err
	}
	if r := s.unchanged(place.Key(), found.Tag); r != nil {
		return r, found.Close()
	}
	err = s.fetchLayers(ctx, place, found, p)
	if err = errors.Join(err, found.Close()); err != nil {
		return nil, err
	}
	r := &record{
		Version: version, Key: place.Key(), Name: ask.Name, Tag: found.Tag, Digest: found.Digest, Config: found.Config, Pulled: time.Now(), Used: time.Now(),
	}
	for _, l := range slices.Backward(found.Layers) {
		r.Layers = append(r.Layers, l.DiffID)
	}
	if err := writeJSON(s.imageFile(r.Key), r); err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.images[r.Key] = r
	s.mu.Unlock()
	s.group.Go("sync images", func(context.Context) error { s.settle(); return nil })
	return r, nil
}

// unchanged is what is here of a name that still means the same to its registry, nil for nothing.
func (s *Store) unchanged(key, tag string) *record {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.images[key]
	if r == nil || tag == "" || r.Tag != tag {
		return nil
	}
	for _, id := range r.Layers {
		if s.layers[id] == nil {
			return nil
		}
	}
	return r
}

// missing lists the layers that are not here, each once. From now on those that are stay.
func (s *Store) missing(layers []source.Layer, p *pull) (list []source.Layer, bytes int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p.layers = map[string]bool{}
	for _, l := range layers {
		if s.layers[l.DiffID] == nil && !p.layers[l.DiffID] {
			list = append(list, l)
			bytes += l.Size
		}
		p.layers[l.DiffID] = true
	}
	return list, bytes
}

func (s *Store) fetchLayers(ctx context.Context, place image.Place, found source.Image, p *pull) error {
	list, bytes := s.missing(found.Layers, p)
	p.total.Store(bytes)
	if err := s.makeRoom(bytes); err != nil {
		return err
	}
	group := run.NewGroup(ctx)
	slots := make(chan struct{}, layersAtOnce)
	for _, l := range list {
		slots <- struct{}{}
		group.Go("layer", func(ctx context.Context) error {
			defer func() { <-slots }()
			return s.fetchLayer(ctx, place, l, p)
		})
	}
	err := group.Wait()
	if err == nil {
		err = ctx.Err()
	}
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return f // without the group's word for it
	}
	return err
}

// attempts is how often a layer is asked for before a registry that breaks off is given up.
const attempts = 3

var again = backoff.Policy{Base: 300 * time.Millisecond, Cap: 3 * time.Second}

func (s *Store) fetchLayer(ctx context.Context, place image.Place, l source.Layer, p *pull) error {
	unlock, err := s.lockLayer(ctx, l.DiffID)
	if err != nil {
		return err
	}
	defer unlock()
	s.mu.Lock()
	here := s.layers[l.DiffID] != nil
	s.mu.Unlock()
	if here { // another image has brought it
		p.done.Add(l.Size)
		return nil
	}
	for attempt := 0; ; attempt++ {
		before := p.done.Load()
		err = s.unpackLayer(ctx, place, l, p)
		if errors.Is(err, layer.ErrNoSpace) && s.evict() {
			attempt = -1 // there is room now, and fewer images than before
		} else if err == nil || ctx.Err() != nil || attempt+1 == attempts || fault.KindOf(err) != fault.Unavailable {
			return err
		}
		p.done.Store(before) // other layers' bytes may go with it: it is what people are shown, no more
		if err := again.Sleep(ctx, max(0, attempt)); err != nil {
			return err
		}
	}
}

func (s *Store) unpackLayer(ctx context.Context, place image.Place, l source.Layer, p *pull) error {
	tmp, err := os.MkdirTemp(s.tempDir(), "layer-")
	if err != nil {
		return fmt.Errorf("make room for a layer: %w", err)
	}
	err = s.unpackInto(ctx, place, l, tmp, p)
	if err == nil {
		return nil
	}
	return errors.Join(err, sandbox.RemoveAll(tmp))
}

func (s *Store) unpackInto(ctx context.Context, place image.Place, l source.Layer, tmp string, p *pull) error {
	files := filepath.Join(tmp, filesDir)
	if err := os.Mkdir(files, 0o755); err != nil {
		return fmt.Errorf("make room for a layer: %w", err)
	}
	blob, err := l.Open()
	if err != nil {
		return s.cfg.Sources.Explain(err, place)
	}
	got, err := layer.Unpack(ctx, &counted{blob, p}, files)
	if err = errors.Join(err, blob.Close()); err != nil {
		return s.cfg.Sources.Explain(err, place)
	}
	if got.DiffID != l.DiffID {
		return fault.New(fault.Invalid, "a layer of it is damaged: it should be %s and is %s", l.DiffID, got.DiffID)
	}
	info := &layerInfo{Version: version, DiffID: l.DiffID, Bytes: got.Bytes, Made: time.Now(), Boot: s.boot}
	if err := writeJSON(filepath.Join(tmp, infoFile), info); err != nil {
		return err
	}
	if err := os.Rename(tmp, s.layerDir(l.DiffID)); err != nil {
		return fmt.Errorf("keep a layer: %w", err)
	}
	s.mu.Lock()
	s.layers[l.DiffID] = info
	s.mu.Unlock()
	return nil
}

// counted is a blob whose bytes are counted for those who wait.
type counted struct {
	io.Reader
	p *pull
}

func (c *counted) Read(b []byte) (int, error) {
	n, err := c.Reader.Read(b)
	c.p.done.Add(int64(n))
	return n, err
}
