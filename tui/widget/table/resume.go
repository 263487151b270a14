package table

import (
	"cmp"
	"time"
)

// mostResumed is the share of rows that may be others when a list is opened again; with more, putting all in order costs less.
const mostResumed = 8

// Resume takes over the rows of a table of the same columns that nobody looks at any more, as they stand there, and what has
// become of them since: rows that have changed or come, and the ids of those that are gone. It is Reset for who opens a list
// again, without putting all in order again. False means that this cannot be, because there other rows stand first, or a
// filter asks for some; then nothing has happened. The other table is of no use afterwards.
func (t *Table[T]) Resume(old *Table[T], rows []Row[T], gone []string, now time.Time) bool {
	switch same := len(t.cols) == len(old.cols) && t.sort == old.sort && t.desc == old.desc; {
	case !same || t.sort >= 0 && t.cols[t.sort].Moves || t.keep != nil || t.doing != nil:
		return false
	case old.glimpse != nil && old.keep == nil:
		t.resumeGlimpse(old)
		return true
	case old.glimpse != nil || old.full || old.doing != nil || len(rows)+len(gone) > old.count/mostResumed+few:
		return false
	}
	t.forget()
	t.nodes, t.count, t.order, t.dirty, t.full = old.nodes, old.count, old.order, old.dirty, false
	for _, n := range old.ghosts {
		t.leave(n)
	}
	for _, r := range rows {
		t.put(r, time.Time{})
	}
	for _, id := range gone {
		if n := t.nodes[id]; n != nil && n.there() {
			n.gone = now
			t.count--
			t.leave(n)
		}
	}
	t.ask()
	return true
}

// leave lets go of a row at once.
func (t *Table[T]) leave(n *node[T]) {
	n.leaves = true
	delete(t.nodes, n.ID)
	t.look(n)
}

// resumeGlimpse takes over rows that are not in order yet, and the job that puts them in order. What has become of them is
// for later, as with every glimpse.
func (t *Table[T]) resumeGlimpse(old *Table[T]) {
	t.forget()
	g := *old.glimpse
	g.later = nil
	t.glimpse, t.count, t.full = &g, old.count, true
	full := old.at+old.height <= len(old.view) || g.above+len(old.view) == g.total // a page from the cursor on
	if g.known && !g.stale && t.cursor == old.cursor && full {
		t.nodes, t.view, t.at, t.top = old.nodes, old.view, old.at, old.at
	} else {
		g.above, g.total, g.known, g.stale = 0, 0, false, true
	}
	t.pending, t.urgent = true, true
	t.asked, t.again = old.asked, cmp.Or(old.doing, old.again)
}
