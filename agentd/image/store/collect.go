package store

import (
	"cmp"
	"context"
	"slices"
	"time"

	"codeberg.org/reeve/reeve/agentd/image/layer"
	"codeberg.org/reeve/reeve/agentd/sandbox"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/logkey"
)

// Run collects until ctx ends, and returns its error.
func (s *Store) Run(ctx context.Context) error {
	ticker := time.NewTicker(s.cfg.Keep.Interval)
	defer ticker.Stop()
	for {
		s.settle()
		s.Collect(time.Now())
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// orphanAge is how long a layer stays that belongs to no image: that of a pull that failed, for the next one.
const orphanAge = time.Hour

// Collect deletes what has not been used for too long, and more, the least recently used first, while the images take more
// than they may or the disk is too full. What containers use stays.
func (s *Store) Collect(now time.Time) {
	keep := s.cfg.Keep
	for _, r := range s.unused() {
		if keep.Age > 0 && now.Sub(r.Used) >= keep.Age {
			s.forget(r)
		}
	}
	s.sweep(now.Add(-orphanAge))
	for _, r := range s.unused() {
		if !s.overfull() {
			return
		}
		s.forget(r)
		s.sweep(now)
	}
}

// overfull says whether images have to go for want of space.
func (s *Store) overfull() bool {
	keep := s.cfg.Keep
	if _, bytes := s.Usage(); keep.Bytes > 0 && bytes > keep.Bytes {
		return true
	}
	free, total := keep.Disk(s.cfg.Dir)
	return total > 0 && float64(free) < keep.Headroom*float64(total)
}

// unpackedSize is about how much larger a layer is than its blob.
const unpackedSize = 3

// makeRoom deletes unused images before bytes of blobs are unpacked, if there may be too little space.
func (s *Store) makeRoom(bytes int64) error {
	free, err := layer.Free(s.cfg.Dir)
	for err == nil && free < unpackedSize*bytes && s.evict() {
		free, err = layer.Free(s.cfg.Dir)
	}
	if err == nil && free < bytes {
		err = fault.New(fault.Exhausted, "no space is left on the disk that holds the agent's images: %d MB are free, and its layers have %d MB even packed",
			free>>20, bytes>>20)
	}
	return err
}

// evict deletes the image that was used longest ago, and layers of failed pulls; false if there is no such image.
func (s *Store) evict() bool {
	list := s.unused()
	if len(list) > 0 {
		s.forget(list[0])
	}
	s.sweep(time.Now())
	return len(list) > 0
}

// unused lists the images that no container uses, the one that was used longest ago first.
func (s *Store) unused() []*record {
	s.mu.Lock()
	defer s.mu.Unlock()
	used := map[string]bool{}
	for _, p := range s.pins {
		for _, key := range p.keys() {
			used[key] = true
		}
	}
	var list []*record
	for _, r := range s.images {
		if !used[r.Key] {
			list = append(list, r)
		}
	}
	slices.SortFunc(list, func(a, b *record) int { return cmp.Or(a.Used.Compare(b.Used), cmp.Compare(a.Key, b.Key)) })
	return list
}

// forget drops an image. Its layers go with the next sweep.
func (s *Store) forget(r *record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.images[r.Key] != r {
		return
	}
	if err := sandbox.RemoveAll(s.imageFile(r.Key)); err != nil {
		s.cfg.Log.Warn("image could not be deleted", attrImage(r.Name), attrErr(err))
		return
	}
	delete(s.images, r.Key)
	s.cfg.Log.Info("image deleted", attrImage(r.Name))
}

// sweep deletes layers that belong to no image, no container and no pull, if they were made before a time.
func (s *Store) sweep(before time.Time) {
	s.mu.Lock()
	needed := s.needed()
	var gone []string
	for id, l := range s.layers {
		if needed[id] || l.Made.After(before) {
			continue
		}
		delete(s.layers, id)
		tmp, err := s.putAway(s.layerDir(id))
		if err != nil {
			s.cfg.Log.Warn("layer could not be deleted", logkey.ID(id), attrErr(err))
			continue
		}
		gone = append(gone, tmp)
	}
	s.mu.Unlock()
	for _, tmp := range gone {
		if err := sandbox.RemoveAll(tmp); err != nil {
			s.cfg.Log.Warn("layer could not be deleted; the next start tries again", logkey.Path(tmp), attrErr(err))
		}
	}
}

// needed are the layers that must stay. The caller holds mu.
func (s *Store) needed() map[string]bool {
	needed := map[string]bool{}
	for _, r := range s.images {
		for _, id := range r.Layers {
			needed[id] = true
		}
	}
	for _, p := range s.pins {
		for _, id := range p.Layers {
			needed[id] = true
		}
	}
	for _, p := range s.pulls {
		for id := range p.layers {
			needed[id] = true
		}
	}
	return needed
}

// Prune deletes every image that no container uses, but those with the names to keep.
func (s *Store) Prune(names []string) error {
	kept := map[string]bool{}
	for _, name := range names {
		place, err := s.cfg.Places.Parse(name)
		if err != nil {
			return err
		}
		kept[place.Key()] = true
	}
	for _, r := range s.unused() {
		if !kept[r.Key] {
			s.forget(r)
		}
	}
	s.sweep(time.Now())
	return nil
}
