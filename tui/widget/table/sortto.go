package table

import (
	"slices"

	"codeberg.org/reeve/reeve/tui/keys"
)

// ages are the columns that say how old something is, by the name that fits what it is.
var ages = []string{"AGE", "UP", "SINCE", "ENDED", "CHANGED", "TIME", "FROM", "STORED"}

// sortTo sorts by the column that verb means: that of names, which is the first, or that of ages. A second time turns the order.
func (t *Table[T]) sortTo(verb keys.Verb) {
	for i, c := range t.cols {
		if c.Compare == nil || (verb == keys.SortName && i > 0) || (verb == keys.SortAge && !slices.Contains(ages, c.Name)) {
			continue
		}
		if t.sort == i {
			t.turn()
		} else {
			t.SortBy(c.Name, false)
		}
		return
	}
}
