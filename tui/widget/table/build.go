package table

import (
	"slices"
	"strings"
	"time"
)

// SetRows replaces all rows, which must be sorted by id. A row that has become another has another value, which may not be
// the same pointer. It costs little until the table is drawn or asked.
func (t *Table[T]) SetRows(rows []Row[T], now time.Time) {
	t.compareRows(rows, now)
	for id, g := range t.ghosts {
		if now.Sub(g.gone) > ghostStay && id != t.cursor {
			delete(t.ghosts, id)
			delete(t.marks, id)
			t.note(id, g.Val)
		}
	}
	t.base, t.pending = rows, true
}

// Reset replaces all rows and forgets those that were there, for another tab.
func (t *Table[T]) Reset(rows []Row[T]) {
	t.base, t.pending, t.urgent, t.full = rows, true, true, true
	t.view = nil
	clear(t.ghosts)
}

// SetFilter shows only rows for which keep is true; nil shows all.
func (t *Table[T]) SetFilter(keep func(*T) bool) {
	t.keep, t.pending, t.urgent = keep, true, true
}

// compareRows notes which rows are new, others than before, or gone. Both lists are sorted, so one walk over both is enough.
func (t *Table[T]) compareRows(rows []Row[T], now time.Time) {
	at := 0
	for _, old := range t.base {
		for at < len(rows) && rows[at].ID < old.ID {
			t.come(rows[at].ID)
			at++
		}
		if at < len(rows) && rows[at].ID == old.ID {
			if rows[at].Val != old.Val {
				t.note(old.ID, old.Val)
			}
			at++
			continue
		}
		t.note(old.ID, old.Val)
		if len(t.ghosts) < maxGhosts || old.ID == t.cursor {
			t.ghosts[old.ID] = ghost[T]{old, now}
		}
	}
	for ; at < len(rows); at++ {
		t.come(rows[at].ID)
	}
}

// come notes that a row is there that was not, or is back.
func (t *Table[T]) come(id string) {
	g := t.ghosts[id]
	t.note(id, g.Val)
	delete(t.ghosts, id)
}

// note remembers that a row is not what the order holds: was, or nil if it does not hold it. The first note counts.
func (t *Table[T]) note(id string, was *T) {
	if t.full {
		return
	}
	if _, noted := t.dirty[id]; !noted {
		t.dirty[id] = was
	}
	t.full = len(t.dirty) > len(t.order)/8+few
}

// lookup finds the newest value of a row, nil if it is not there any more.
func (t *Table[T]) lookup(id string) *T {
	i, found := slices.BinarySearchFunc(t.base, id, func(r Row[T], id string) int { return strings.Compare(r.ID, id) })
	if !found {
		return nil
	}
	return t.base[i].Val
}

// settle builds the view if something changed, unless a key was pressed a moment ago: rows stand still under the hand.
// Their values are looked up when they are drawn, so they are new all the same.
func (t *Table[T]) settle(now time.Time) {
	if !t.pending || !t.urgent && len(t.view) > 0 && (now.Sub(t.touched) < sortHold || len(t.base) > t.many && now.Sub(t.built) < manyHold) {
		return
	}
	t.pending, t.urgent, t.built = false, false, now
	line := t.at - t.top
	if t.full || len(t.base) <= t.many || t.sort >= 0 && t.cols[t.sort].Moves || !t.patch() {
		t.rebuild()
	}
	t.full = false
	clear(t.dirty)
	t.filter()
	t.find(line)
}

// rebuild orders all rows.
func (t *Table[T]) rebuild() {
	t.order = slices.Grow(t.order[:0], len(t.base)+len(t.ghosts))
	for _, r := range t.base {
		t.order = append(t.order, entry[T]{Row: r})
		if len(t.ghosts) > 0 {
			delete(t.ghosts, r.ID) // it is back
		}
	}
	for _, g := range t.ghosts {
		t.order = append(t.order, entry[T]{Row: g.Row, gone: true})
	}
	slices.SortFunc(t.order, t.compare)
}

// compare is the order of rows. No two are equal.
func (t *Table[T]) compare(a, b entry[T]) int {
	if t.sort < 0 {
		return strings.Compare(a.ID, b.ID)
	}
	c := t.cols[t.sort].Compare(a.Val, b.Val)
	if t.desc {
		c = -c
	}
	if c == 0 {
		c = Natural(a.ID, b.ID)
	}
	return c
}

// patch brings the order up to date where rows have changed: a long list in which little changes costs little. It says
// whether it could; the order must be made anew otherwise.
func (t *Table[T]) patch() bool {
	var out []int
	var in []entry[T]
	for id, was := range t.dirty {
		if was != nil {
			i, found := slices.BinarySearchFunc(t.order, entry[T]{Row: Row[T]{id, was}}, t.compare)
			if !found {
				return false
			}
			out = append(out, i)
		}
		if val := t.lookup(id); val != nil {
			in = append(in, entry[T]{Row: Row[T]{id, val}})
		} else if g, kept := t.ghosts[id]; kept {
			in = append(in, entry[T]{Row: g.Row, gone: true})
		}
	}
	slices.Sort(out)
	slices.SortFunc(in, t.compare)
	next, at := slices.Grow(t.spare[:0], len(t.order)+len(in)), 0
	upTo := func(end int) {
		for len(out) > 0 && out[0] < end {
			next = append(next, t.order[at:out[0]]...)
			at, out = out[0]+1, out[1:]
		}
		next = append(next, t.order[at:max(end, at)]...)
		at = max(end, at)
	}
	for _, e := range in {
		to, _ := slices.BinarySearchFunc(t.order[at:], e, t.compare)
		upTo(at + to)
		next = append(next, e)
	}
	upTo(len(t.order))
	t.order, t.spare = next, t.order
	return true
}

// filter picks the rows that are shown.
func (t *Table[T]) filter() {
	if t.keep == nil {
		t.view = t.order
		return
	}
	t.passed = t.passed[:0]
	for _, e := range t.order {
		if t.keep(e.Val) {
			t.passed = append(t.passed, e)
		}
	}
	t.view = t.passed
}

// find puts the cursor back on its row, on the same line of the screen. When the row is not there at all, as after a
// filter, the cursor takes the row that is now in its place.
func (t *Table[T]) find(line int) {
	if t.cursor != "" {
		if i := slices.IndexFunc(t.view, func(e entry[T]) bool { return e.ID == t.cursor }); i >= 0 {
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
