package table

import (
	"slices"
	"strings"

	"codeberg.org/reeve/reeve/tui/frame"
	"codeberg.org/reeve/reeve/tui/theme"
)

// Export is the table as text, in its order: the names of columns that are not pictures, and the rows that pass the
// filter, or all of them. Rows that have vanished are left out.
func (t *Table[T]) Export(all bool) (titles []string, rows [][]string) {
	if t.waits() {
		t.settleAll(t.touched) // a file shall be what was asked for last
	}
	t.settle(t.touched)
	cols := t.exported()
	for _, c := range cols {
		titles = append(titles, t.cols[c].Name)
	}
	paper := theme.New(theme.Options{ASCII: true})
	for _, n := range t.view {
		if val := t.lookup(n.ID); val != nil {
			rows = append(rows, t.cells(paper, cols, val))
		}
	}
	if !all || t.keep == nil {
		return titles, rows
	}
	for _, n := range t.order {
		if n.there() && !t.keep(n.val()) {
			rows = append(rows, t.cells(paper, cols, n.val()))
		}
	}
	return titles, rows
}

// exported are the columns of an export: the operator's own set where that is shown, else all; without pictures.
func (t *Table[T]) exported() []int {
	cols := t.picked
	if t.set != Own {
		cols = make([]int, len(t.cols))
		for i := range cols {
			cols[i] = i
		}
	}
	return slices.DeleteFunc(slices.Clone(cols), func(i int) bool { return t.cols[i].Graph })
}

func (t *Table[T]) cells(paper *theme.Theme, cols []int, val *T) []string {
	var out []string
	for _, i := range cols {
		c := &t.cols[i]
		switch {
		case c.Text != nil:
			text, _ := c.Text(val)
			out = append(out, text)
		default:
			f := frame.New(max(c.Max, 40), 1, paper)
			c.Draw(f.Area(), val)
			out = append(out, strings.TrimSpace(f.Plain()))
		}
	}
	return out
}
