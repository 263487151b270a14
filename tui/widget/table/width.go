package table

import "codeberg.org/reeve/reeve/tui/frame"

// layout picks the columns that fit and gives what is left to those that can use it.
func (t *Table[T]) layout(room int) (cols []int, widths []int) {
	candidates := t.current()
	if t.skip > 0 { // the first column stays
		n := min(t.skip, len(candidates)-1)
		candidates = append(candidates[:1:1], candidates[1+n:]...)
	}
	cols = t.fitting(candidates, room)
	t.hidden = len(candidates) - len(cols)
	widths = t.spread(cols, room)
	t.even(cols, widths)
	return cols, widths
}

// fitting drops the columns with the highest rank, the last first, until the others fit.
func (t *Table[T]) fitting(cols []int, room int) []int {
	for t.need(cols) > room && len(cols) > 1 {
		drop := len(cols) - 1
		for i := len(cols) - 1; i > 0; i-- {
			if t.rank(cols[i]) > t.rank(cols[drop]) {
				drop = i
			}
		}
		cols = append(cols[:drop:drop], cols[drop+1:]...)
	}
	return cols
}

// spread gives what is left to the columns that can use it, one by one.
func (t *Table[T]) spread(cols []int, room int) []int {
	widths := make([]int, len(cols))
	left := room - t.need(cols)
	most := make([]int, len(cols))
	for i, c := range cols {
		widths[i], most[i] = t.bounds(c)
	}
	if len(cols) == 1 {
		return []int{max(min(most[0], room), 0)}
	}
	for left > 0 {
		before := left
		for i := range cols {
			if left > 0 && widths[i] < most[i] {
				widths[i]++
				left--
			}
		}
		if left == before {
			break
		}
	}
	return widths
}

func (t *Table[T]) need(cols []int) int {
	n := 0
	for _, c := range cols {
		least, _ := t.bounds(c)
		n += least + 1
	}
	return n - 1
}

// even takes from the columns what they do not need, and gives it to those whose texts would be cut off.
func (t *Table[T]) even(cols, widths []int) {
	narrow := false
	for i, c := range cols {
		narrow = narrow || t.takes(c) && widths[i] < t.most(c)
	}
	if !narrow {
		return
	}
	t.measure(cols)
	for moved := true; moved; {
		moved = false
		for i, c := range cols {
			if !t.takes(c) || widths[i] >= min(t.needs[c], t.most(c)) {
				continue
			}
			from := t.richest(cols, widths)
			if from < 0 {
				return
			}
			widths[from]--
			widths[i]++
			moved = true
		}
	}
}

// richest is the place of the column that has most more than it needs, -1 if none has.
func (t *Table[T]) richest(cols, widths []int) int {
	best, most := -1, 0
	for i, c := range cols {
		if spare := widths[i] - t.needs[c]; t.gives(c) && spare > most {
			best, most = i, spare
		}
	}
	return best
}

func (t *Table[T]) most(col int) int {
	_, most := t.bounds(col)
	return most
}

// takes says whether more room than the least may be worth something for a column.
func (t *Table[T]) takes(col int) bool {
	least, most := t.bounds(col)
	return most > least && t.written(col)
}

// gives says whether a column can do with less than it got. Figures stay as wide as they are, because they change all the time.
func (t *Table[T]) gives(col int) bool {
	return t.written(col) && !t.cols[col].Right && !t.fixed(col)
}

// written says whether all there is in a column is its text.
func (t *Table[T]) written(col int) bool { return t.cols[col].Text != nil && t.cols[col].Draw == nil }

// measure finds out how wide the texts of the rows in sight are. What was needed once stays: rows that come into sight must not
// move the columns to and fro.
func (t *Table[T]) measure(cols []int) {
	if t.needs == nil {
		t.needs = make([]int, len(t.cols))
		for i, c := range t.cols {
			t.needs[i] = frame.Width(c.Title)
			if c.Compare != nil {
				t.needs[i]++ // the arrow
			}
		}
	}
	for _, n := range t.view[min(t.top, len(t.view)):min(t.top+t.height, len(t.view))] {
		val := t.lookup(n.ID)
		if val == nil {
			val = t.latest(n)
		}
		for _, c := range cols {
			if t.written(c) {
				text, _ := t.cols[c].Text(val)
				t.needs[c] = max(t.needs[c], frame.Width(text))
			}
		}
	}
}
