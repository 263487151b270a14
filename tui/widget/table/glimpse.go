package table

import (
	"iter"
	"slices"
	"time"

	"codeberg.org/reeve/reeve/tui/keys"
)

// glimpse is what a table has of very many rows until a Job has put them in order: those around the cursor, which are found
// in one walk, in the order that they will have. Only they have nodes. What needs more waits for the job.
type glimpse[T any] struct {
	rows  []Row[T]
	stale bool        // something else is wanted than what was looked for
	known bool        // what was looked for was found
	above int         // how many that pass the filter stand before the first of the view
	total int         // how many pass the filter
	later []keys.Verb // pressed, but they lead to rows that are not in order yet
}

// Bounds of a glimpse.
const (
	nearRows  = 128 // on each side of the cursor; no terminal is as high
	mostLater = 32
)

// best are the first n of rows that come in any order.
type best[T any] struct {
	n       int
	compare func(a, b Row[T]) int
	rows    []Row[T]
	worst   *Row[T] // of the first n so far; nil while there are fewer
}

// beyond says whether a row is surely none of the first.
func (b *best[T]) beyond(r Row[T]) bool { return b.worst != nil && b.compare(r, *b.worst) > 0 }

func (b *best[T]) add(r Row[T]) {
	if b.beyond(r) {
		return
	}
	if b.rows = append(b.rows, r); len(b.rows) == 2*b.n {
		b.cut()
	}
}

// cut puts rows in order and forgets what is not among the first n.
func (b *best[T]) cut() []Row[T] {
	slices.SortFunc(b.rows, b.compare)
	if len(b.rows) >= b.n {
		b.rows = b.rows[:b.n]
		worst := b.rows[b.n-1]
		b.worst = &worst
	}
	return b.rows
}

// peek shows the rows around the cursor as they would stand if all were in order.
func (t *Table[T]) peek() {
	g := t.glimpse
	var by func(a, b *T) int
	if t.sort >= 0 {
		by = t.cols[t.sort].Compare
	}
	compare := func(a, b Row[T]) int { return order(by, t.desc, a.ID, b.ID, a.Val, b.Val) }
	at, top, line := g.above+t.at, g.above+t.top, t.at-t.top
	t.view, t.nodes, g.above, g.total, g.stale, g.known = nil, map[string]*node[T]{}, 0, 0, false, true
	cursor := slices.IndexFunc(g.rows, func(r Row[T]) bool { return r.ID == t.cursor })
	if cursor >= 0 && t.keep != nil && !t.keep(g.rows[cursor].Val) {
		cursor = -1
	}
	before := best[T]{n: t.near, compare: func(a, b Row[T]) int { return compare(b, a) }}
	after := best[T]{n: 2 * t.near, compare: compare}
	head := 0
	for r := range g.scattered() {
		if t.keep != nil && !t.keep(r.Val) {
			continue
		}
		g.total++
		switch {
		case after.beyond(r): // most are
		case cursor >= 0 && compare(r, g.rows[cursor]) < 0:
			head++
			before.add(r)
		default:
			after.add(r)
		}
	}
	rows := before.cut()
	g.above = head - len(rows)
	slices.Reverse(rows)
	if cursor >= 0 {
		t.at = len(rows)
		t.top = max(t.at-line, 0)
	} else if t.at, t.top = max(min(at, g.total-1), 0), top; t.at >= t.near {
		g.known = false // where the cursor goes is not to be seen from here
		return
	}
	for _, r := range append(rows, after.cut()...) {
		n := newNode(r, time.Time{})
		n.placed = r.Val
		t.nodes[r.ID] = n
		t.view = append(t.view, n)
	}
	if t.at < len(t.view) {
		t.cursor = t.view[t.at].ID
	}
}

// scattered ranges over all rows, in runs that stand in an order that has nothing to do with theirs: rows that come the wrong
// way round, each better than all before it, would be the dearest for best.
func (g *glimpse[T]) scattered() iter.Seq[Row[T]] {
	const run = 64
	return func(yield func(Row[T]) bool) {
		runs := (len(g.rows) + run - 1) / run
		step := 7919 // a prime, so that each run has its turn
		if runs%step == 0 {
			step = 7907
		}
		for i, at := 0, 0; i < runs; i, at = i+1, (at+step)%runs {
			for _, r := range g.rows[at*run : min((at+1)*run, len(g.rows))] {
				if !yield(r) {
					return
				}
			}
		}
	}
}

// find is a row that may have no node.
func (g *glimpse[T]) find(id string) *T {
	if i := slices.IndexFunc(g.rows, func(r Row[T]) bool { return r.ID == id }); i >= 0 {
		return g.rows[i].Val
	}
	return nil
}

// wait keeps a key for later if it leads to rows that are not in order yet, or comes after one that did.
func (t *Table[T]) wait(verb keys.Verb) bool {
	g := t.glimpse
	to, goes := t.goal(verb)
	switch {
	case g == nil || !goes && verb != keys.Range && (verb != keys.Unmark || len(g.later) == 0):
		return false
	case len(g.later) > 0 || verb == keys.Range || len(t.view) == 0 && (g.stale || !g.known):
	case to < 0 && g.above > 0 || to >= len(t.view) && g.above+len(t.view) < g.total:
	default:
		return false
	}
	if len(g.later) < mostLater {
		g.later = append(g.later, verb)
	}
	return true
}

// complete puts all rows in order at once, however long it takes. A job that is being done is not wanted any more.
func (t *Table[T]) complete(now time.Time) {
	t.asked++
	j, doing := t.newJob(), t.doing
	j.Run()
	t.Finish(j, now)
	t.doing = doing
}

// build makes nodes of all rows.
func (j *Job[T]) build() {
	const slab = 64 // made at once, and forgotten at once
	j.nodes, j.rows = make(map[string]*node[T], len(j.all)), make([]place[T], 0, len(j.all))
	var free []node[T]
	for _, r := range j.all {
		if n := j.nodes[r.ID]; n != nil {
			n.newest.Store(r.Val)
			continue
		}
		if len(free) == 0 {
			free = make([]node[T], slab)
		}
		n := &free[0]
		free = free[1:]
		n.ID = r.ID
		n.newest.Store(r.Val)
		j.nodes[r.ID] = n
		j.rows = append(j.rows, place[T]{node: n, id: r.ID})
	}
	for i, p := range j.rows {
		p.node.placed = p.node.val()
		j.rows[i].val = p.node.placed
	}
}
