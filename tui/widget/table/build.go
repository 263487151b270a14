package table

import (
	"slices"
	"strings"
	"time"
)

// SetRows replaces all rows, which must be sorted by id. It costs nothing until the table is drawn or asked.
func (t *Table[T]) SetRows(rows []Row[T], now time.Time) {
	t.haunt(rows, now)
	t.base, t.pending = rows, true
}

// Reset replaces all rows and forgets those that were there, for another tab.
func (t *Table[T]) Reset(rows []Row[T]) {
	t.base, t.pending, t.urgent = rows, true, true
	t.view = nil
	clear(t.ghosts)
}

// SetFilter shows only rows for which keep is true; nil shows all.
func (t *Table[T]) SetFilter(keep func(*T) bool) {
	t.keep, t.pending, t.urgent = keep, true, true
}

// haunt remembers rows that the new list lacks. Both lists are sorted, so one walk over both is enough.
func (t *Table[T]) haunt(rows []Row[T], now time.Time) {
	at := 0
	for _, old := range t.base {
		for at < len(rows) && rows[at].ID < old.ID {
			at++
		}
		if at < len(rows) && rows[at].ID == old.ID {
			delete(t.ghosts, old.ID)
			continue
		}
		if len(t.ghosts) < 200 || old.ID == t.cursor {
			t.ghosts[old.ID] = entry[T]{Row: old, gone: now}
		}
	}
	for id, g := range t.ghosts {
		if now.Sub(g.gone) > ghostStay && id != t.cursor {
			delete(t.ghosts, id)
			delete(t.marks, id)
			t.pending = true
		}
	}
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
	if !t.pending || !t.urgent && len(t.view) > 0 && (now.Sub(t.touched) < sortHold || len(t.base) > manyRows && now.Sub(t.built) < manyHold) {
		return
	}
	t.pending, t.urgent, t.built = false, false, now
	line := t.at - t.top
	view := t.view[:0:0]
	for _, r := range t.base {
		if t.keep == nil || t.keep(r.Val) {
			view = append(view, entry[T]{Row: r})
			delete(t.ghosts, r.ID) // it is back
		}
	}
	for _, g := range t.ghosts {
		if t.keep == nil || t.keep(g.Val) {
			view = append(view, g)
		}
	}
	t.order(view)
	t.view = view
	t.find(line)
}

func (t *Table[T]) order(view []entry[T]) {
	if t.sort < 0 {
		return
	}
	compare := t.cols[t.sort].Compare
	slices.SortFunc(view, func(a, b entry[T]) int {
		c := compare(a.Val, b.Val)
		if t.desc {
			c = -c
		}
		if c == 0 {
			c = Natural(a.ID, b.ID)
		}
		return c
	})
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
