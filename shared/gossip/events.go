package gossip

import (
	"context"
	"maps"
	"time"

	"github.com/hashicorp/serf/serf"

	"codeberg.org/reeve/reeve/shared/logkey"
)

// EventKind says what changed about a member.
type EventKind int

// Joined: the member is alive and was not before. Updated: its tags or address changed. Failed, Left: it is in that state
// now. Gone: it is no longer remembered.
const (
	EventJoined EventKind = iota
	EventUpdated
	EventFailed
	EventLeft
	EventGone
)

// String names the kind in lower case.
func (k EventKind) String() string {
	return [...]string{"joined", "updated", "failed", "left", "gone"}[k]
}

// Event is a change of one member.
type Event struct {
	Kind   EventKind
	Member Member
}

// watcher is one Watch: what it has not been told yet.
type watcher struct {
	queue []Event       // guarded by Gossip.mu
	wake  chan struct{} // capacity 1: "the queue is not empty"
}

// Watch calls fn for every known member (as joined, failed or left) and then for every change, in order and from this
// goroutine, until ctx ends; it returns ctx's error. fn may take its time: what it has not seen waits in a queue.
func (g *Gossip) Watch(ctx context.Context, fn func(Event)) error {
	w := &watcher{wake: make(chan struct{}, 1)}
	g.mu.Lock()
	for _, m := range g.members {
		w.queue = append(w.queue, Event{Kind: kindOf(m), Member: m})
	}
	g.watchers[w] = struct{}{}
	g.mu.Unlock()
	defer func() {
		g.mu.Lock()
		delete(g.watchers, w)
		g.mu.Unlock()
	}()
	for {
		g.mu.Lock()
		queue := w.queue
		w.queue = nil
		g.mu.Unlock()
		for _, e := range queue {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			fn(e)
		}
		select {
		case <-w.wake:
		case <-ctx.Done():
			return ctx.Err()
		case <-g.group.Done():
			<-ctx.Done() // closed: nothing will change any more
			return ctx.Err()
		}
	}
}

func kindOf(m Member) EventKind {
	switch m.State {
	case Failed:
		return EventFailed
	case Left:
		return EventLeft
	case Alive:
	}
	return EventJoined
}

// reconcileInterval: events can be lost on our side too.
const reconcileInterval = 60 * time.Second

// drain takes Serf's events as they come. Serf holds its lock while it sends: nothing here may wait for anybody.
func (g *Gossip) drain(ctx context.Context) error {
	ticker := time.NewTicker(reconcileInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case e := <-g.events:
			if me, ok := e.(serf.MemberEvent); ok {
				for _, m := range me.Members {
					g.note(memberOf(m), me.Type == serf.EventMemberReap)
				}
			}
		case <-ticker.C:
			// In a goroutine of its own, because Members waits for a lock that Serf may hold while it sends to us.
			g.group.Go("gossip reconcile", func(context.Context) error { g.reconcile(); return nil })
		}
	}
}

// reconcile compares the copy with Serf's own list.
func (g *Gossip) reconcile() {
	seen := make(map[string]bool)
	for _, m := range g.serf.Members() {
		seen[m.Name] = true // Serf's name: our Node
		g.note(memberOf(m), false)
	}
	g.mu.Lock()
	var gone []Member
	for node, m := range g.members {
		if !seen[node] {
			gone = append(gone, m)
		}
	}
	g.mu.Unlock()
	for _, m := range gone {
		g.note(m, true)
	}
}

// note takes in what a member is now, and tells the watchers if that is news.
func (g *Gossip) note(m Member, gone bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	old, known := g.members[m.Node]
	m.Since = old.Since
	if !known || old.State != m.State {
		m.Since = time.Now()
	}
	e := Event{Kind: kindOf(m), Member: m}
	switch {
	case gone && !known:
		return
	case gone:
		e.Kind = EventGone
		delete(g.members, m.Node)
		if g.trips != nil {
			g.trips.forget(m.Node)
		}
	case !known:
	case old.State == m.State && old.Addr == m.Addr && maps.Equal(old.Tags, m.Tags):
		return
	case old.State == m.State:
		e.Kind = EventUpdated
	}
	if !gone {
		g.members[m.Node] = m
	}
	if m.Node != g.node {
		g.log.Info("member changed", logkey.Member(m.Node), logkey.To(e.Kind.String()), logkey.Addr(m.Addr))
	}
	for w := range g.watchers {
		w.queue = append(w.queue, e)
		select {
		case w.wake <- struct{}{}:
		default:
		}
	}
	if e.Kind == EventFailed || e.Kind == EventGone {
		g.wantJoin()
	}
}
