package table

import (
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// node is a row and its place in the order.
type node[T any] struct {
	ID     string            // never changes
	newest atomic.Pointer[T] // or the last of a row that has vanished; jobs look at it, too
	placed *T                // the value by which it got its place; nil while it has none
	gone   time.Time         // when it vanished; zero while it is there
	came   time.Time         // when it appeared, zero if it always was there
	turned time.Time         // when it changed so that somebody should see
	leaves bool              // it has no place in the next order
	dirty  bool              // its place has to be looked at
	round  uint64            // of the last SetRows that had it
	judged *T                // the value of which passes tells
	passes bool              // whether it passes the filter
}

// newNode is a row that has no place yet.
func newNode[T any](r Row[T], came time.Time) *node[T] {
	n := &node[T]{ID: r.ID, came: came}
	n.newest.Store(r.Val)
	return n
}

func (n *node[T]) val() *T { return n.newest.Load() }

func (n *node[T]) there() bool { return n.gone.IsZero() }

// SetRows replaces all rows. A row that has become another has another value, which may not be the same pointer. Rows get
// their places when the table is drawn or asked.
func (t *Table[T]) SetRows(rows []Row[T], now time.Time) {
	if t.glimpse != nil {
		t.complete(now)
	}
	t.round++
	if len(t.nodes) == 0 {
		now = time.Time{} // all that there is: nothing of it is news
	}
	for _, r := range rows {
		t.put(r, now).round = t.round
	}
	if t.count > len(rows) {
		for _, n := range t.nodes {
			if n.there() && n.round != t.round {
				t.vanish(n, now)
			}
		}
	}
	t.expire(now)
	t.pending = true
}

// Change changes or adds rows, and removes those with some ids: SetRows for whoever knows what is not as it was.
func (t *Table[T]) Change(rows []Row[T], gone []string, now time.Time) {
	if t.glimpse != nil {
		t.complete(now)
	}
	for _, r := range rows {
		t.put(r, now)
	}
	for _, id := range gone {
		if n := t.nodes[id]; n != nil && n.there() {
			t.vanish(n, now)
		}
	}
	t.expire(now)
	t.pending = true
}

// Reset replaces all rows and forgets those that were there, for another tab.
func (t *Table[T]) Reset(rows []Row[T]) {
	t.forget()
	if t.Jobs && len(rows) > t.far && !t.totaled() {
		t.glimpse, t.count = &glimpse[T]{rows: rows}, len(rows)
	} else {
		t.nodes, t.dirty = make(map[string]*node[T], len(rows)), make([]*node[T], 0, len(rows))
		for _, r := range rows {
			t.put(r, time.Time{})
		}
	}
	t.full = true
	t.ask()
}

// forget lets go of all rows, but not of where the cursor was.
func (t *Table[T]) forget() {
	if t.glimpse != nil {
		t.at, t.top = t.glimpse.above+t.at, t.glimpse.above+t.top
	}
	t.nodes, t.count, t.glimpse = map[string]*node[T]{}, 0, nil
	clear(t.ghosts)
	t.order, t.view, t.dirty = nil, nil, nil
}

// Glimpse says whether only some rows can be seen so far: then changes had better wait for Finish.
func (t *Table[T]) Glimpse() bool { return t.glimpse != nil }

// ask has the view built soon: the operator wants another. A job that runs is not for it.
func (t *Table[T]) ask() {
	t.pending, t.urgent = true, true
	t.asked++
	if t.glimpse != nil {
		t.glimpse.stale = true
	}
}

// SetFilter shows only rows for which keep is true; nil shows all. If it moves, it may answer otherwise for the same row later.
func (t *Table[T]) SetFilter(keep func(*T) bool, moves bool) {
	t.keep, t.moves, t.judge = keep, moves, true
	t.ask()
}

// put takes a row that is there.
func (t *Table[T]) put(r Row[T], now time.Time) *node[T] {
	n := t.nodes[r.ID]
	if n == nil {
		n = newNode(r, now)
		t.nodes[r.ID] = n
		t.count++
		t.look(n)
		return n
	}
	if !n.there() {
		n.gone = time.Time{}
		delete(t.ghosts, r.ID)
		t.count++
		t.look(n)
	}
	if was := n.val(); was != r.Val {
		if t.Differs != nil && t.Differs(was, r.Val) {
			n.turned = now
		}
		n.newest.Store(r.Val)
		t.look(n)
	}
	return n
}

// vanish notes that a row is not there any more. It keeps its place for a while, if there are not too many of its kind.
func (t *Table[T]) vanish(n *node[T], now time.Time) {
	n.gone = now
	t.count--
	t.look(n)
	if len(t.ghosts) < maxGhosts || n.ID == t.cursor {
		t.ghosts[n.ID] = n
		return
	}
	n.leaves = true
	delete(t.nodes, n.ID)
}

// expire lets go of rows that vanished long ago.
func (t *Table[T]) expire(now time.Time) {
	for id, n := range t.ghosts {
		if now.Sub(n.gone) > ghostStay && id != t.cursor {
			delete(t.ghosts, id)
			delete(t.nodes, id)
			delete(t.marks, id)
			n.leaves = true
			t.look(n)
		}
	}
}

// look remembers that a row's place has to be looked at.
func (t *Table[T]) look(n *node[T]) {
	if !n.dirty {
		n.dirty = true
		t.dirty = append(t.dirty, n)
	}
}

// lookup finds the newest value of a row, nil if it is not there any more.
func (t *Table[T]) lookup(id string) *T {
	n := t.nodes[id]
	if n == nil && t.glimpse != nil {
		return t.glimpse.find(id)
	}
	if n != nil && n.there() {
		return n.val()
	}
	return nil
}

// settle builds the view if something changed, unless a key was pressed a moment ago: rows stand still under the hand.
// Their values are drawn as they are, so they are new all the same. What waits for a job is built by Finish.
func (t *Table[T]) settle(now time.Time) {
	switch {
	case !t.due(now):
	case !t.waits():
		t.settleAll(now)
	case t.glimpse != nil && t.glimpse.stale:
		t.peek()
	}
}

// due says whether the view shall be built.
func (t *Table[T]) due(now time.Time) bool {
	hold := now.Sub(t.touched) < sortHold || t.count > t.many && now.Sub(t.built) < manyHold
	return t.pending && (t.urgent || len(t.view) == 0 || !hold)
}

// settleAll builds the view, however long it takes.
func (t *Table[T]) settleAll(now time.Time) {
	if t.glimpse != nil {
		t.complete(now)
		return
	}
	t.asked++ // a job that is being done does not know of what gets its place now
	t.arrange(now, t.full || t.count <= t.many || t.sort >= 0 && t.cols[t.sort].Moves, t.judge || t.moves || t.count <= t.many)
}

// arrange builds the view. anew says that all rows get their places, judge that the filter is asked for all of them.
func (t *Table[T]) arrange(now time.Time, anew, judge bool) {
	t.pending, t.urgent, t.built, t.totals = false, false, now, nil
	line := t.at - t.top
	if anew {
		t.rebuild()
	} else {
		t.patch()
	}
	t.full = false
	for _, n := range t.dirty {
		n.dirty = false
	}
	t.dirty = t.dirty[:0]
	t.filter(judge)
	t.find(line)
}

// rebuild puts all rows in their places.
func (t *Table[T]) rebuild() {
	t.order = slices.DeleteFunc(t.order, func(n *node[T]) bool { return n.leaves })
	for _, n := range t.dirty {
		if n.leaves {
			continue
		}
		if n.placed == nil {
			t.order = append(t.order, n)
		}
		n.placed = n.val()
	}
	slices.SortFunc(t.order, t.compare)
}

// patch puts those rows in their places that have changed, so that a long list in which little changes costs little. Most
// changes do not concern the column that is sorted by.
func (t *Table[T]) patch() {
	var in []*node[T]
	out := 0
	for _, n := range t.dirty {
		switch {
		case n.leaves:
			out++
			continue
		case n.placed == nil:
			in = append(in, n)
		case t.sort >= 0 && t.cols[t.sort].Compare(n.placed, n.val()) != 0:
			in = append(in, n)
			n.leaves = true // its old place
			out++
		}
	}
	if len(in) > len(t.order)/4+few {
		for _, n := range in {
			n.leaves = false
		}
		t.rebuild()
		return
	}
	if out > 0 {
		t.order = slices.DeleteFunc(t.order, func(n *node[T]) bool { return n.leaves })
	}
	for _, n := range t.dirty {
		n.placed = n.val()
	}
	for _, n := range in {
		n.leaves = false
	}
	slices.SortFunc(in, t.compare)
	t.insert(in)
}

// insert puts sorted rows between those that have a place.
func (t *Table[T]) insert(in []*node[T]) {
	end := len(t.order)
	t.order = append(t.order, in...) // room; what is there is moved up from the end
	for i, n := range slices.Backward(in) {
		at, _ := slices.BinarySearchFunc(t.order[:end], n, t.compare)
		copy(t.order[at+i+1:], t.order[at:end])
		t.order[at+i] = n
		end = at
	}
}

// compare is the order of rows, by the values of their places. No two are equal.
func (t *Table[T]) compare(a, b *node[T]) int {
	var compare func(a, b *T) int
	if t.sort >= 0 {
		compare = t.cols[t.sort].Compare
	}
	return order(compare, t.desc, a.ID, b.ID, a.placed, b.placed)
}

func order[T any](compare func(a, b *T) int, desc bool, idA, idB string, a, b *T) int {
	if compare == nil {
		return strings.Compare(idA, idB)
	}
	return decide(compare(a, b), desc, idA, idB)
}

// decide is the order of two rows of which a column says c.
func decide(c int, desc bool, idA, idB string) int {
	switch {
	case c == 0:
		return Natural(idA, idB)
	case desc:
		return -c
	}
	return c
}

// turn turns the order round; rows that the column does not tell apart stay in the order of their ids.
func (t *Table[T]) turn() {
	t.desc = !t.desc
	t.ask()
	if t.Jobs && t.count > t.far {
		t.full = true
		return
	}
	if t.sort < 0 {
		return
	}
	slices.Reverse(t.order)
	compare := t.cols[t.sort].Compare
	for from, to := 0, 0; from < len(t.order); from = to {
		for to = from + 1; to < len(t.order) && compare(t.order[from].placed, t.order[to].placed) == 0; {
			to++
		}
		slices.Reverse(t.order[from:to])
	}
}

// filter picks the rows that are shown. What was said of a row holds until that is another.
func (t *Table[T]) filter(again bool) {
	if t.keep == nil {
		t.view = t.order
		return
	}
	t.passed = t.passed[:0]
	for _, n := range t.order {
		if again || n.judged != n.placed {
			n.judged, n.passes = n.placed, t.keep(n.placed)
		}
		if n.passes {
			t.passed = append(t.passed, n)
		}
	}
	t.view, t.judge = t.passed, false
}

// index is where a row is in the view, -1 if it is not there.
func (t *Table[T]) index(id string) int {
	if n := t.nodes[id]; n != nil {
		if i := slices.Index(t.view, n); i >= 0 {
			return i
		}
	}
	return slices.IndexFunc(t.view, func(n *node[T]) bool { return n.ID == id })
}

// find puts the cursor back on its row, on the same line of the screen. When the row is not there at all, as after a
// filter, the cursor takes the row that is now in its place.
func (t *Table[T]) find(line int) {
	if t.cursor != "" {
		if i := t.index(t.cursor); i >= 0 {
			t.at = i
			t.top = max(i-line, 0)
			return
		}
	}
	t.at = max(min(t.at, len(t.view)-1), 0)
	if len(t.view) > 0 {
		t.cursor = t.view[t.at].ID
	}
}
