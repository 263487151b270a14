package table

import (
	"fmt"
	"iter"
	"slices"
	"time"

	"codeberg.org/reeve/reeve/tui/frame"
	"codeberg.org/reeve/reeve/tui/theme"
)

const gutter = 3 // cursor and mark

// Render draws heads and as many rows as there is room for.
func (t *Table[T]) Render(a frame.Area, now time.Time) {
	t.settle(now)
	t.height = max(a.H-1, 1)
	below := t.totaled() && len(t.view) > 0 && a.H > leastTotaled
	if below {
		t.height--
	}
	t.scroll()
	cols, widths := t.layout(a.W - gutter - 1)
	t.drawn = cols
	t.heads(a, cols, widths)
	a.OnClick(func(x, y int) { t.click(x, y, cols, widths, now) })
	if len(t.view) == 0 {
		a.Text(gutter, 2, theme.Dim, t.emptyText())
		return
	}
	for y := 0; y < t.height && t.top+y < len(t.view); y++ {
		t.row(a.Sub(0, y+1, a.W, 1), t.top+y, cols, widths, now)
	}
	if below {
		t.total(a.Sub(0, min(len(t.view)+2, a.H-1), a.W, 1), cols, widths)
	}
}

// leastTotaled is the height from which on a line of totals is worth its place.
const leastTotaled = 6

func (t *Table[T]) totaled() bool {
	return slices.ContainsFunc(t.cols, func(c Column[T]) bool { return c.Total != nil })
}

// total draws the line of totals. They are counted when the rows have been put in order, not at every frame.
func (t *Table[T]) total(a frame.Area, cols, widths []int) {
	if t.totals == nil {
		t.totals = make([]string, len(t.cols))
		for i, c := range t.cols {
			if c.Total != nil {
				t.totals[i] = c.Total(t.shown())
			}
		}
	}
	x := gutter
	for n, c := range cols {
		if t.cols[c].Right {
			a.Right(x, 0, widths[n], theme.Strong, t.totals[c])
		} else {
			a.Left(x, 0, widths[n], theme.Strong, t.totals[c])
		}
		x += widths[n] + 1
	}
}

// shown are the rows that pass the filter and are there.
func (t *Table[T]) shown() iter.Seq[*T] {
	return func(yield func(*T) bool) {
		for _, n := range t.view {
			if n.there() && !yield(n.val()) {
				return
			}
		}
	}
}

// OnScreen ranges over the rows that were drawn last and are there.
func (t *Table[T]) OnScreen() iter.Seq[*T] {
	return func(yield func(*T) bool) {
		for _, n := range t.view[min(t.top, len(t.view)):min(t.top+t.height, len(t.view))] {
			if n.there() && !yield(n.val()) {
				return
			}
		}
	}
}

// Draws says whether a column was drawn last.
func (t *Table[T]) Draws(name string) bool {
	return slices.ContainsFunc(t.drawn, func(i int) bool { return t.cols[i].Name == name })
}

// click puts the cursor on a row, or sorts by the column whose head was clicked on, and turns the order the second time.
func (t *Table[T]) click(x, y int, cols, widths []int, now time.Time) {
	if y > 0 {
		if t.top+y-1 < len(t.view) {
			t.move(t.top + y - 1)
			t.touched = now
		}
		return
	}
	x -= gutter
	for i, c := range cols {
		if x >= 0 && x < widths[i] && t.cols[c].Compare != nil {
			t.SortBy(t.cols[c].Name, t.sort == c && !t.desc)
			return
		}
		x -= widths[i] + 1
	}
}

func (t *Table[T]) emptyText() string {
	if t.pending && t.waits() && (t.glimpse == nil || !t.glimpse.known) {
		return fmt.Sprintf("looking through %d rows", t.count)
	}
	if t.keep != nil && t.count > 0 {
		return "nothing passes the filter; esc clears it"
	}
	return t.empty
}

// scroll moves the window so that the cursor is in it, with as little movement as possible.
func (t *Table[T]) scroll() {
	if t.glimpse != nil && !t.glimpse.known {
		return // it will be known where the cursor is
	}
	t.top = min(t.top, max(len(t.view)-t.height, 0))
	t.top = max(min(t.top, t.at), t.at-t.height+1, 0)
}

func (t *Table[T]) heads(a frame.Area, cols, widths []int) {
	x := gutter
	for i, c := range cols {
		title, role := t.cols[c].Title, theme.Dim
		if c == t.sort {
			role = theme.Title
			if arrow := t.arrow(a); frame.Width(title)+1 <= widths[i] {
				title += arrow
			}
		}
		if t.cols[c].Right {
			a.Right(x, 0, widths[i], role, title)
		} else {
			a.Left(x, 0, widths[i], role, title)
		}
		x += widths[i] + 1
	}
}

func (t *Table[T]) arrow(a frame.Area) string {
	if t.desc {
		return a.Theme().Glyph.Down
	}
	return a.Theme().Glyph.Up
}

// latest is the last that is known of a row that has vanished.
func (t *Table[T]) latest(n *node[T]) *T {
	if t.Latest != nil {
		if val := t.Latest(n.ID); val != nil {
			return val
		}
	}
	return n.val()
}

func (t *Table[T]) row(a frame.Area, i int, cols, widths []int, now time.Time) {
	shown := t.view[i]
	val := t.lookup(shown.ID)
	if val == nil {
		val = t.latest(shown)
		a = a.With(theme.Faded)
	}
	if i == t.at {
		a = a.With(theme.Cursor)
		a.Clear()
		a.Text(1, 0, theme.Accent, a.Theme().Glyph.Cursor)
	}
	switch {
	case now.Sub(shown.came) < newsStay:
		a.Text(0, 0, theme.Good, "+")
	case now.Sub(shown.turned) < newsStay:
		a.Text(0, 0, theme.Info, "~")
	}
	if t.marks[shown.ID] {
		a.Text(2, 0, theme.Warn, a.Theme().Glyph.Mark)
	}
	x := gutter
	for n, c := range cols {
		col := &t.cols[c]
		w := widths[n]
		switch {
		case col.Draw != nil:
			col.Draw(a.Sub(x, 0, w, 1), val)
		case col.Right:
			text, role := col.Text(val)
			a.Right(x, 0, w, role, text)
		default:
			text, role := col.Text(val)
			a.Left(x, 0, w, role, text)
		}
		x += w + 1
	}
}
