package stream

import (
	"fmt"
	"io"

	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// remembered is how many events a master keeps, and so how many it may tell again.
const remembered = 2000

// Tail passes every event on once. A stream that is asked for again begins with old events: the same leader's, in whole or in part,
// or those of another leader, which counts anew and whose clock may be behind.
type Tail struct {
	Take  func(reeveapi.Event) error
	Notes io.Writer // is told of events that nobody can tell any more

	seen  map[key]bool
	order []key // of seen, oldest first
	last  reeveapi.Event
	asked bool // the next event is the first of a stream
}

// key is what an event has for its own. Its number is unique only within a term.
type key struct {
	seq      uint64
	at       int64
	kind, id string
}

// Heard says whether there was any event.
func (t *Tail) Heard() bool { return t.seen != nil }

// Again says that the stream was lost, and is asked for once more.
func (t *Tail) Again() { t.asked = true }

// Add takes the next event of the stream.
func (t *Tail) Add(e reeveapi.Event) error {
	if t.seen == nil {
		t.seen = map[key]bool{}
	}
	again := t.asked && t.last.Seq > 0
	t.asked = false
	k := key{e.Seq, e.At.UnixNano(), e.Kind, e.ID}
	if t.seen[k] {
		return nil
	}
	if again && e.Seq > t.last.Seq+1 {
		fmt.Fprintf(t.Notes, "reeve: at least %d events came and went while there was no connection\n", e.Seq-t.last.Seq-1)
	}
	t.seen[k], t.last = true, e
	if t.order = append(t.order, k); len(t.order) > 2*remembered {
		delete(t.seen, t.order[0])
		t.order = t.order[1:]
	}
	return t.Take(e)
}
