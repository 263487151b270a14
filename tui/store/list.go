package store

import (
	"iter"
	"slices"
	"sort"
	"strings"
)

// List is an immutable list sorted by id. A changed list shares everything that did not change; a look-up is a binary
// search, so there is no index to keep in step.
type List[T any] struct {
	ids  []string
	rows []*T
}

// Len is how many entries there are.
func (l List[T]) Len() int { return len(l.rows) }

// Get finds an entry; nil if there is none.
func (l List[T]) Get(id string) *T {
	if i, found := slices.BinarySearch(l.ids, id); found {
		return l.rows[i]
	}
	return nil
}

// Rows are all entries in the order of their ids. The slice must not be changed.
func (l List[T]) Rows() []*T { return l.rows }

// All ranges over ids and entries.
func (l List[T]) All() iter.Seq2[string, *T] {
	return func(yield func(string, *T) bool) {
		for i, id := range l.ids {
			if !yield(id, l.rows[i]) {
				return
			}
		}
	}
}

// With is the list with entries changed or added, and others removed. id names an entry; of two changes with one id the
// later counts.
func (l List[T]) With(changed []T, removed []string, id func(*T) string) List[T] {
	if len(changed) == 0 && len(removed) == 0 {
		return l
	}
	next := List[T]{ids: l.ids, rows: slices.Clone(l.rows)}
	var added []int
	for i := range changed {
		at, found := slices.BinarySearch(next.ids, id(&changed[i]))
		if found {
			next.rows[at] = &changed[i]
		} else {
			added = append(added, i)
		}
	}
	next = next.merge(changed, added, id)
	return next.without(removed)
}

// merge inserts the entries of changed that added names.
func (l List[T]) merge(changed []T, added []int, id func(*T) string) List[T] {
	if len(added) == 0 {
		return l
	}
	sort.SliceStable(added, func(a, b int) bool { return id(&changed[added[a]]) < id(&changed[added[b]]) })
	out := List[T]{ids: make([]string, 0, len(l.ids)+len(added)), rows: make([]*T, 0, len(l.ids)+len(added))}
	from := 0
	for n, i := range added {
		key := id(&changed[i])
		if n+1 < len(added) && id(&changed[added[n+1]]) == key {
			continue // a later one follows
		}
		to := from + sort.SearchStrings(l.ids[from:], key)
		out.ids, out.rows = append(out.ids, l.ids[from:to]...), append(out.rows, l.rows[from:to]...)
		out.ids, out.rows = append(out.ids, strings.Clone(key)), append(out.rows, &changed[i])
		from = to
	}
	out.ids, out.rows = append(out.ids, l.ids[from:]...), append(out.rows, l.rows[from:]...)
	return out
}

// without drops the entries with these ids.
func (l List[T]) without(removed []string) List[T] {
	if len(removed) == 0 {
		return l
	}
	gone := make(map[string]bool, len(removed))
	for _, id := range removed {
		gone[id] = true
	}
	out := List[T]{ids: make([]string, 0, len(l.ids)), rows: make([]*T, 0, len(l.ids))}
	for id, row := range l.All() {
		if !gone[id] {
			out.ids, out.rows = append(out.ids, id), append(out.rows, row)
		}
	}
	return out
}
