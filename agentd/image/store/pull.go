package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"sync"
	"sync/atomic"
	"time"

	"codeberg.org/reeve/reeve/agentd/image"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/ids"
)

// Progress is how far a pull is, in bytes of blobs.
type Progress struct {
	Done  int64
	Total int64 // of what is not here yet; 0 while that is not known
}

// progressEvery is the time between two words on how far a pull is.
const progressEvery = time.Second

// Pull gives an image to a container: what is here, or else what the place that its name leads to has. Several who ask for
// one at once get it by one pull, which goes on as long as somebody waits. progress may be nil; it is called from time to
// time while there is something to tell. An error names the image and says in one sentence what is wrong with it.
func (s *Store) Pull(ctx context.Context, id ids.Container, ask image.Ask, progress func(Progress)) (image.Image, error) {
	place, err := s.cfg.Places.Parse(ask.Name)
	if err != nil {
		return image.Image{}, err
	}
	out, err := s.pull(ctx, id, place, ask, progress)
	if err != nil {
		if ctx.Err() != nil {
			return image.Image{}, ctx.Err()
		}
		s.cfg.Count("containerizer/mesos/provisioner/docker_store/image_pull_errors")
		return image.Image{}, fault.Wrap(fault.KindOf(err), err, "image %s", ask.Name)
	}
	return out, nil
}

func (s *Store) pull(ctx context.Context, id ids.Container, place image.Place, ask image.Ask, progress func(Progress)) (image.Image, error) {
	if !ask.Force {
		if out, ok, err := s.cached(place.Key(), id); ok || err != nil {
			return out, err
		}
	}
	// Twice: what was just brought may be collected before it is used, once in a blue moon.
	for range 2 {
		p, err := s.join(ctx, place, ask, progress)
		if err != nil {
			return image.Image{}, err
		}
		if out, ok, err := s.use(p.record, id); ok || err != nil {
			out.Pulled, out.Took = p.done.Load(), p.took
			return out, err
		}
	}
	return image.Image{}, fault.New(fault.Unavailable, "its layers were deleted before it could be used")
}

func (s *Store) cached(key string, id ids.Container) (image.Image, bool, error) {
	s.mu.Lock()
	r := s.images[key]
	s.mu.Unlock()
	if r == nil {
		return image.Image{}, false, nil
	}
	return s.use(r, id)
}

// pull is one that is going on.
type pull struct {
	name    string
	waiting int             // guarded by the store's mu
	layers  map[string]bool // that it needs, guarded likewise; nil before they are known
	cancel  context.CancelFunc
	done    atomic.Int64
	total   atomic.Int64
	ended   chan struct{}
	record  *record // set before ended is closed, as are the others below
	took    time.Duration
	err     error
}

// join waits for the pull of an image, and begins it if nobody has. It returns it when it has ended well.
func (s *Store) join(ctx context.Context, place image.Place, ask image.Ask, progress func(Progress)) (*pull, error) {
	key := pullKey(place, ask)
	s.mu.Lock()
	p := s.pulls[key]
	if p == nil {
		p = s.begin(key, place, ask)
	}
	p.waiting++
	s.mu.Unlock()
	defer s.leave(key, p)
	ticker := time.NewTicker(progressEvery)
	defer ticker.Stop()
	var told Progress
	for {
		select {
		case <-p.ended:
			return p, p.err
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-ticker.C:
			if now := (Progress{Done: p.done.Load(), Total: p.total.Load()}); progress != nil && now != told && now.Total > 0 {
				told = now
				progress(now)
			}
		}
	}
}

// pullKey tells pulls apart: those with different credentials may have different ends.
func pullKey(place image.Place, ask image.Ask) string {
	sum := sha256.New()
	for _, part := range []string{ask.Username, ask.Password, string(ask.Config)} {
		sum.Write([]byte(part))
		sum.Write([]byte{0})
	}
	return place.Key() + " " + hex.EncodeToString(sum.Sum(nil))
}

// begin starts a pull. The caller holds mu.
func (s *Store) begin(key string, place image.Place, ask image.Ask) *pull {
	p := &pull{name: ask.Name, ended: make(chan struct{})}
	s.pulls[key] = p
	started := make(chan struct{})
	s.group.Go("pull "+ask.Name, func(ctx context.Context) error {
		ctx, p.cancel = context.WithCancel(ctx)
		defer p.cancel()
		close(started)
		begin := time.Now()
		p.record, p.err = s.bring(ctx, place, ask, p)
		p.took = time.Since(begin)
		s.mu.Lock()
		if s.pulls[key] == p {
			delete(s.pulls, key)
		}
		s.mu.Unlock()
		close(p.ended)
		if p.err == nil {
			s.cfg.Took("containerizer/mesos/provisioner/docker_store/image_pull_ms", p.took)
		}
		return nil
	})
	<-started // so that there is a cancel
	return p
}

// leave gives up waiting. With the last one the pull ends.
func (s *Store) leave(key string, p *pull) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p.waiting--
	if p.waiting == 0 {
		p.cancel()
		if s.pulls[key] == p {
			delete(s.pulls, key) // whoever comes now begins anew
		}
	}
}

// layerLock is held by whoever unpacks a layer.
type layerLock struct {
	held chan struct{} // holds a value while it is
	want int           // guarded by the store's mu
}

// lockLayer waits for its turn with a layer; the layer may be here by then.
func (s *Store) lockLayer(ctx context.Context, id string) (unlock func(), err error) {
	s.mu.Lock()
	l := s.locks[id]
	if l == nil {
		l = &layerLock{held: make(chan struct{}, 1)}
		s.locks[id] = l
	}
	l.want++
	s.mu.Unlock()
	drop := func() {
		s.mu.Lock()
		if l.want--; l.want == 0 {
			delete(s.locks, id)
		}
		s.mu.Unlock()
	}
	select {
	case l.held <- struct{}{}:
		return sync.OnceFunc(func() { <-l.held; drop() }), nil
	case <-ctx.Done():
		drop()
		return nil, ctx.Err()
	}
}
