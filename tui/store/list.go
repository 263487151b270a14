package store

import (
	"iter"
	"slices"
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
// later counts, and what is removed is gone.
func (l List[T]) With(changed []T, removed []string, id func(*T) string) List[T] {
	if len(changed) == 0 && len(removed) == 0 {
		return l
	}
	next := List[T]{ids: l.ids, rows: slices.Clone(l.rows)}
	var added []entry[T]
	for i := range changed {
		// Of its own, because a row that stays for long must not keep all that came with it.
		row := new(T)
		*row = changed[i]
		key := id(row)
		at, found := slices.BinarySearch(next.ids, key)
		if found {
			next.rows[at] = row
		} else {
			added = append(added, entry[T]{at, key, row})
		}
	}
	var gone []int
	for _, key := range removed {
		if at, found := slices.BinarySearch(next.ids, key); found {
			gone = append(gone, at)
		}
	}
	if len(added)+len(gone) == 0 {
		return next
	}
	return next.rebuilt(settled(added, removed), slices.Compact(slices.Sorted(slices.Values(gone))))
}

// entry is what is to be added before a row.
type entry[T any] struct {
	at  int
	id  string
	row *T
}

// settled are the added entries in their order, the last of each id, without those that were removed at once.
func settled[T any](added []entry[T], removed []string) []entry[T] {
	slices.SortStableFunc(added, func(a, b entry[T]) int { return strings.Compare(a.id, b.id) })
	out := added[:0]
	for i, e := range added {
		if i+1 < len(added) && added[i+1].id == e.id || len(removed) > 0 && slices.Contains(removed, e.id) {
			continue
		}
		out = append(out, e)
	}
	return out
}

// rebuilt is the list with entries added and the rows at some places left out, both in order.
func (l List[T]) rebuilt(added []entry[T], gone []int) List[T] {
	n := len(l.ids) + len(added) - len(gone)
	out := List[T]{ids: make([]string, 0, n), rows: make([]*T, 0, n)}
	from := 0
	keep := func(to int) {
		out.ids, out.rows = append(out.ids, l.ids[from:to]...), append(out.rows, l.rows[from:to]...)
		from = to
	}
	for len(added) > 0 || len(gone) > 0 {
		if len(gone) == 0 || len(added) > 0 && added[0].at <= gone[0] {
			keep(added[0].at)
			out.ids, out.rows = append(out.ids, added[0].id), append(out.rows, added[0].row)
			added = added[1:]
			continue
		}
		keep(gone[0])
		from++
		gone = gone[1:]
	}
	keep(len(l.ids))
	return out
}

// Change is an entry that is not what it was: Was is nil if it is new, Is if it is gone.
type Change[T any] struct {
	ID  string
	Was *T
	Is  *T
}

// Changes is what makes another list this one, in the order of ids. Lists share what did not change, so looking for what
// did is a walk that compares pointers.
func (l List[T]) Changes(old List[T]) []Change[T] {
	var out []Change[T]
	if len(l.ids) == len(old.ids) && (len(l.ids) == 0 || &l.ids[0] == &old.ids[0]) {
		for i, row := range l.rows {
			if row != old.rows[i] {
				out = append(out, Change[T]{l.ids[i], old.rows[i], row})
			}
		}
		return out
	}
	i, j := 0, 0
	for i < len(l.ids) || j < len(old.ids) {
		switch {
		case i < len(l.ids) && j < len(old.ids) && l.rows[i] == old.rows[j]: // most: a row has one id for ever
			i, j = i+1, j+1
		case j == len(old.ids) || i < len(l.ids) && l.ids[i] < old.ids[j]:
			out = append(out, Change[T]{ID: l.ids[i], Is: l.rows[i]})
			i++
		case i == len(l.ids) || l.ids[i] > old.ids[j]:
			out = append(out, Change[T]{ID: old.ids[j], Was: old.rows[j]})
			j++
		default:
			out = append(out, Change[T]{l.ids[i], old.rows[j], l.rows[i]})
			i, j = i+1, j+1
		}
	}
	return out
}
