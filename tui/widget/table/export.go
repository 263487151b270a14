package table

import (
	"strings"

	"codeberg.org/reeve/reeve/tui/frame"
	"codeberg.org/reeve/reeve/tui/theme"
)

// Export is the table as text, in its order: the names of all columns that are not pictures, and the rows that pass the
// filter, or all of them. Rows that have vanished are left out.
func (t *Table[T]) Export(all bool) (titles []string, rows [][]string) {
	t.settle(t.touched)
	for _, c := range t.cols {
		if !c.Graph {
			titles = append(titles, c.Name)
		}
	}
	paper := theme.New(theme.Options{ASCII: true})
	for _, e := range t.view {
		if val := t.lookup(e.ID); val != nil {
			rows = append(rows, t.cells(paper, val))
		}
	}
	if !all || t.keep == nil {
		return titles, rows
	}
	for _, r := range t.base {
		if !t.keep(r.Val) {
			rows = append(rows, t.cells(paper, r.Val))
		}
	}
	return titles, rows
}

func (t *Table[T]) cells(paper *theme.Theme, val *T) []string {
	var out []string
	for _, c := range t.cols {
		switch {
		case c.Graph:
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
