package table

import (
	"slices"

	"codeberg.org/reeve/reeve/tui/keys"
)

// ages are the columns that say how old something is, by the name that fits what it is.
var ages = []string{"AGE", "UP", "SINCE", "ENDED", "CHANGED", "TIME", "FROM", "STORED"}

// means says whether a verb sorts by the column of that number and name: names are in the first one.
func means(verb keys.Verb, i int, name string) bool {
	switch verb {
	case keys.SortName:
		return i == 0
	case keys.SortState:
		return name == "STATE"
	default:
		return slices.Contains(ages, name)
	}
}

// sortTo sorts by the column that verb means: that of names, of ages or of states. A second time turns the order.
func (t *Table[T]) sortTo(verb keys.Verb) {
	for i, c := range t.cols {
		if c.Compare == nil || !means(verb, i, c.Name) {
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
