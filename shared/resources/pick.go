package resources

import (
	"slices"
	"strings"
)

// ToUnreserved returns the same amounts as if nobody had reserved them.
func (r Resources) ToUnreserved() Resources {
	entries := slices.Clone(r.entries)
	changed := false
	for i := range entries {
		if len(entries[i].class.reservations()) > 0 {
			entries[i].class.extra = entries[i].class.extra.unreserved()
			changed = true
		}
	}
	if !changed {
		return r
	}
	return build(entries)
}

// Pick takes what is wanted, which is written without reservations, out of what role was offered: first what is reserved
// to the role, then to those above it, then what is not reserved. It reports false if there is not enough. Allocation
// roles are kept.
func (r Resources) Pick(wanted Resources, role string) (Resources, bool) {
	sources := []Resources{r.ReservedTo(role)}
	for at := strings.LastIndexByte(role, '/'); at > 0; at = strings.LastIndexByte(role[:at], '/') {
		sources = append(sources, r.ReservedTo(role[:at]))
	}
	sources = append(sources, r.Unreserved())
	var picked Resources
	for _, missing := range wanted.Split() {
		for _, source := range sources {
			for _, part := range source.Minus(picked).Split() {
				if missing.Empty() {
					break
				}
				taken := part.common(missing)
				picked = picked.Plus(taken)
				missing = missing.Minus(taken.ToUnreserved().Unallocate())
			}
		}
		if !missing.Empty() {
			return Resources{}, false
		}
	}
	return picked, true
}

// common returns the part of a single entry that a single wanted entry of the same kind of thing asks for.
func (r Resources) common(wanted Resources) Resources {
	have, want := r.entries[0], &wanted.entries[0]
	like := r.ToUnreserved().Unallocate().entries[0].class
	if compareClass(&like, &want.class) != 0 || have.class.whole() || have.class.shared() {
		return Resources{}
	}
	switch have.class.kind {
	case kindScalar:
		have.scalar = min(have.scalar, want.scalar)
	case kindRanges:
		have.ranges = subtractRanges(have.ranges, subtractRanges(have.ranges, want.ranges))
	case kindSet:
		have.set = subtractSets(have.set, subtractSets(have.set, want.set))
	}
	return build([]entry{have})
}

// unreserved returns the extra without its reservations, nil if nothing else is special.
func (x *extra) unreserved() *extra {
	plain := *x
	plain.reservations = nil
	if plain.key = plain.canonical(); plain.key == "" {
		return nil
	}
	return &plain
}
