package resources

// What quota counts and chops is ordinary: scalars that no role has reserved, that stay with a task until it ends, and that
// only one task has.

func (c *class) ordinary() bool {
	return c.kind == kindScalar && (c.extra == nil || len(c.extra.reservations) == 0 && !c.extra.revocable && !c.extra.shared)
}

// Ordinary sums the scalars that are neither reserved, revocable nor shared. Its count of ports is 0.
func (r Resources) Ordinary() Vector {
	var v Vector
	for i := range r.entries {
		e := &r.entries[i]
		if place := int(e.class.rank); place < Ports && e.class.ordinary() {
			v[place] += int64(e.scalar)
		}
	}
	return v
}

// AtMost returns r with no more ordinary scalars than most has of each kind; everything else stays. A disk that cannot be
// split is left out if it is too much, and GPUs are given whole.
func (r Resources) AtMost(most Vector) Resources {
	kept := make([]entry, 0, len(r.entries))
	for i := range r.entries {
		e := r.entries[i]
		place := int(e.class.rank)
		if place >= Ports || !e.class.ordinary() {
			kept = append(kept, e)
			continue
		}
		take := min(int64(e.scalar), max(0, most[place]))
		switch {
		case take < int64(e.scalar) && e.class.whole():
			take = 0
		case place == GPUs:
			take -= take % 1000
		}
		most[place] -= take
		if e.scalar = Milli(take); take > 0 {
			kept = append(kept, e)
		}
	}
	return Resources{entries: kept}
}
