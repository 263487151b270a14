package list

import (
	"slices"

	"codeberg.org/reeve/reeve/tui/store"
	"codeberg.org/reeve/reeve/tui/widget/table"
)

// left is a list as it was when its screen was closed.
type left[T any] struct {
	table  *table.Table[T]
	from   store.List[T]
	tab    int
	counts []int // by tab
}

// Leave lays the rows of the shown list aside, in their order, for the next time that it is opened: people go to and fro, and
// putting ten thousand rows in order takes longer than they should wait.
func (b *Base[T]) Leave() {
	if b.Env.Shelf == nil || b.setup.List == nil || b.shown < 0 {
		return
	}
	l := b.lists[min(b.shown, len(b.lists)-1)]
	was := left[T]{table: l.Table, from: b.from, tab: b.shown}
	if b.Tabs != nil {
		was.counts = b.Tabs.Counts
	}
	b.Env.Shelf[l.Name] = was
}

// resume takes the rows of the shown list from where Leave laid them, with what has changed since; false if all have to be put
// in order anew.
func (b *Base[T]) resume(list store.List[T]) bool {
	name := b.List().Name
	was, found := b.Env.Shelf[name].(left[T])
	delete(b.Env.Shelf, name)
	if !found || was.tab != b.tab() {
		return false
	}
	b.from = was.from
	if b.Tabs != nil {
		b.Tabs.Counts = slices.Clone(was.counts)
	}
	if was.table.Glimpse() { // what has changed is looked at when all rows are in order
		return b.Table().Resume(was.table, nil, nil, b.Env.Now())
	}
	rows, gone := b.changes(list, nil)
	return b.Table().Resume(was.table, rows, gone, b.Env.Now())
}
