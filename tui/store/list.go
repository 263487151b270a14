package store

import (
	"iter"
	"maps"
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

// Step is some changes of a list at once. Of two changes with one id the later counts, and what is removed is gone.
type Step[T any] struct {
	Changed []T // or added
	Removed []string
}

// With is the list after some steps, one after the other, which cost little more than one. id names an entry.
func (l List[T]) With(id func(*T) string, steps ...Step[T]) List[T] {
	e := l.edit()
	for _, s := range steps {
		for i := range s.Changed {
			e.set(id(&s.Changed[i]), 0, &s.Changed[i])
		}
		for _, key := range s.Removed {
			e.remove(key, 0)
		}
	}
	return e.done()
}

// edit is a list that is being changed.
type edit[T any] struct {
	was   List[T]
	rows  []*T // those of was, or a copy with some that are new
	own   bool // they are a copy
	gone  map[int]struct{}
	added []entry[T] // what was has not, as it came
	index *index     // of was; nil if there is none
	spare *[]*T      // memory for rows, nil if there is none

	found   map[string]int // where the last entry of each id is among the first of added; nil until somebody asks
	indexed int            // how many these are
}

func (l List[T]) edit() *edit[T] {
	return &edit[T]{was: l, rows: l.rows, gone: map[int]struct{}{}}
}

// entry is what is to be added before a row.
type entry[T any] struct {
	at     int
	id     string
	row    *T // nil takes back what was added before
	number int
}

// find is where an entry is in was, or would be.
func (e *edit[T]) find(id string, number int) (at int, found bool) {
	if at, found = e.index.place(number); found && e.was.ids[at] == id {
		return at, true
	}
	return slices.BinarySearch(e.was.ids, id)
}

// set changes or adds an entry. Its row is of its own, because one that stays for long must not keep all that came with it.
func (e *edit[T]) set(id string, number int, val *T) {
	at, found := e.find(id, number)
	if !found {
		row := new(T)
		*row = *val
		e.added = append(e.added, entry[T]{at, id, row, number})
		return
	}
	delete(e.gone, at)
	e.index.set(at, number)
	*e.mine(at) = *val
}

// mine is the row at a place of was, which may be changed: a new one, whose content may be anything, if it is still the old one.
func (e *edit[T]) mine(at int) *T {
	if !e.own {
		var memory []*T
		if e.spare != nil {
			memory = *e.spare
		}
		e.rows, e.own = append(memory[:0], e.rows...), true
		if e.spare != nil {
			*e.spare = e.rows
		}
	}
	if e.rows[at] == e.was.rows[at] {
		e.rows[at] = new(T)
	}
	return e.rows[at]
}

// amend is the entry of an id as it is by now, which may be changed; nil if there is none.
func (e *edit[T]) amend(id string, number int) *T {
	at, found := e.find(id, number)
	if !found {
		return e.fresh(id)
	}
	if _, gone := e.gone[at]; gone {
		return nil
	}
	before := e.rows[at]
	row := e.mine(at)
	if row != before {
		*row = *before
	}
	return row
}

// fresh is an entry that was added, nil if there is none.
func (e *edit[T]) fresh(id string) *T {
	if e.found == nil {
		e.found = map[string]int{}
	}
	for ; e.indexed < len(e.added); e.indexed++ {
		e.found[e.added[e.indexed].id] = e.indexed
	}
	if i, found := e.found[id]; found {
		return e.added[i].row
	}
	return nil
}

func (e *edit[T]) remove(id string, number int) {
	if at, found := e.find(id, number); found {
		e.gone[at] = struct{}{}
	} else if len(e.added) > 0 {
		e.added = append(e.added, entry[T]{at, id, nil, 0})
	}
}

func (e *edit[T]) done() List[T] {
	next := List[T]{ids: e.was.ids, rows: e.rows}
	added := settled(e.added)
	if len(added)+len(e.gone) == 0 {
		if e.own && e.spare != nil {
			next.rows = slices.Clone(e.rows)
		}
		return next
	}
	gone := slices.Sorted(maps.Keys(e.gone))
	if e.index != nil {
		e.index.rebuild(numbered(added), gone)
	}
	return next.rebuilt(added, gone)
}

// settled are the added entries in their order: the last of each id, unless that takes it back.
func settled[T any](added []entry[T]) []entry[T] {
	slices.SortStableFunc(added, func(a, b entry[T]) int { return strings.Compare(a.id, b.id) })
	out := added[:0]
	for i, e := range added {
		if e.row != nil && (i+1 == len(added) || added[i+1].id != e.id) {
			out = append(out, e)
		}
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
func (l List[T]) Changes(old List[T]) []Change[T] { return l.AppendChanges(nil, old) }

// AppendChanges appends what Changes answers to out.
func (l List[T]) AppendChanges(out []Change[T], old List[T]) []Change[T] {
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
