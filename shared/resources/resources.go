package resources

import "slices"

// Resources is an immutable bag of amounts, sorted by class. The zero value is empty. Methods return new values that may
// share memory with their operands, which is safe because nothing is ever written after it was built.
type Resources struct {
	entries []entry
}

// entry is the amount of one class. Exactly the field that its class's kind names is in use.
type entry struct {
	class  class
	scalar Milli
	ranges []Range  // sorted, disjoint, not adjacent
	set    []string // sorted, each once
	copies int      // of shared resources, at least 1; 1 for all others
}

// Empty reports whether there is nothing in it.
func (r Resources) Empty() bool { return len(r.entries) == 0 }

// Equal reports whether both hold the same amounts of the same classes.
func (r Resources) Equal(o Resources) bool {
	return slices.EqualFunc(r.entries, o.entries, func(a, b entry) bool {
		return compareClass(&a.class, &b.class) == 0 && a.sameAmount(&b) && a.copies == b.copies
	})
}

// Plus returns the sum. Persistent volumes and whole disks stay separate entries.
func (r Resources) Plus(o Resources) Resources {
	if len(r.entries) == 0 {
		return o
	}
	if len(o.entries) == 0 {
		return r
	}
	sum := make([]entry, 0, len(r.entries)+len(o.entries))
	i, j := 0, 0
	for i < len(r.entries) && j < len(o.entries) {
		a, b := &r.entries[i], &o.entries[j]
		switch c := compareEntry(a, b); {
		case c < 0:
			sum = append(sum, *a)
			i++
		case c > 0:
			sum = append(sum, *b)
			j++
		case a.class.whole():
			sum = append(sum, *a, *b)
			i++
			j++
		default:
			sum = append(sum, add(a, b))
			i++
			j++
		}
	}
	sum = append(sum, r.entries[i:]...)
	sum = append(sum, o.entries[j:]...)
	return Resources{entries: sum}
}

// Minus returns what is left of r after o was taken out. What o has and r lacks is ignored, as in Mesos: no amount ever
// becomes negative. Ask Contains first where that matters.
func (r Resources) Minus(o Resources) Resources {
	if len(r.entries) == 0 || len(o.entries) == 0 {
		return r
	}
	left := make([]entry, 0, len(r.entries))
	i, j := 0, 0
	for i < len(r.entries) && j < len(o.entries) {
		a, b := &r.entries[i], &o.entries[j]
		switch c := compareEntry(a, b); {
		case c < 0:
			left = append(left, *a)
			i++
		case c > 0:
			j++
		default:
			if d := subtract(a, b); !d.empty() {
				left = append(left, d)
			}
			i++
			j++
		}
	}
	left = append(left, r.entries[i:]...)
	return Resources{entries: left}
}

// Contains reports whether every amount in o is there in r, class by class: what is unreserved does not stand in for what
// is reserved. It allocates nothing.
func (r Resources) Contains(o Resources) bool {
	if len(o.entries) > len(r.entries) {
		return false
	}
	i := 0
	for j := range o.entries {
		b := &o.entries[j]
		for i < len(r.entries) && compareEntry(&r.entries[i], b) < 0 {
			i++
		}
		if i == len(r.entries) || compareEntry(&r.entries[i], b) != 0 || !covers(&r.entries[i], b) {
			return false
		}
		i++
	}
	return true
}

// add sums two entries of one mergeable class. Shared resources gain copies instead of amount.
func add(a, b *entry) entry {
	sum := entry{class: a.class, copies: 1}
	if a.class.shared() {
		sum = *a
		sum.copies += b.copies
		return sum
	}
	switch a.class.kind {
	case kindScalar:
		sum.scalar = a.scalar + b.scalar
	case kindRanges:
		sum.ranges = unionRanges(a.ranges, b.ranges)
	case kindSet:
		sum.set = unionSets(a.set, b.set)
	}
	return sum
}

// subtract takes b from a, two entries that compareEntry calls equal.
func subtract(a, b *entry) entry {
	if a.class.shared() {
		left := *a
		left.copies = max(0, a.copies-b.copies)
		return left
	}
	if a.class.whole() {
		return entry{class: a.class}
	}
	left := entry{class: a.class, copies: 1}
	switch a.class.kind {
	case kindScalar:
		left.scalar = max(0, a.scalar-b.scalar)
	case kindRanges:
		left.ranges = subtractRanges(a.ranges, b.ranges)
	case kindSet:
		left.set = subtractSets(a.set, b.set)
	}
	return left
}

// covers reports whether a holds all of b, two entries that compareEntry calls equal.
func covers(a, b *entry) bool {
	if a.class.shared() {
		return a.copies >= b.copies
	}
	switch a.class.kind {
	case kindScalar:
		return a.scalar >= b.scalar
	case kindRanges:
		return containsRanges(a.ranges, b.ranges)
	default:
		return containsSet(a.set, b.set)
	}
}

// empty reports whether the entry holds nothing and has to go.
func (e *entry) empty() bool {
	return e.copies == 0 || e.scalar <= 0 && len(e.ranges) == 0 && len(e.set) == 0
}

// sameAmount compares amounts without copies.
func (e *entry) sameAmount(o *entry) bool {
	return e.scalar == o.scalar && slices.Equal(e.ranges, o.ranges) && slices.Equal(e.set, o.set)
}

// build sorts entries and merges those of one class. It owns the slice.
func build(entries []entry) Resources {
	var all Resources
	for _, e := range entries {
		if !e.empty() {
			all = all.Plus(Resources{entries: []entry{e}})
		}
	}
	return all
}
