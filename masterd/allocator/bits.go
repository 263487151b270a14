package allocator

// bits is a set of leaf indices. The zero value is empty.
type bits []uint64

func (b bits) has(i int32) bool {
	word := int(i >> 6)
	return word < len(b) && b[word]&(1<<(uint(i)&63)) != 0
}

func (b *bits) add(i int32) {
	word := int(i >> 6)
	for len(*b) <= word {
		*b = append(*b, 0)
	}
	(*b)[word] |= 1 << (uint(i) & 63)
}

func (b bits) remove(i int32) {
	if word := int(i >> 6); word < len(b) {
		b[word] &^= 1 << (uint(i) & 63)
	}
}

// addAll adds the members of o.
func (b *bits) addAll(o bits) {
	for len(*b) < len(o) {
		*b = append(*b, 0)
	}
	for i, word := range o {
		(*b)[i] |= word
	}
}

// removeAll removes the members of o, and says whether there were any.
func (b bits) removeAll(o bits) bool {
	var gone uint64
	for i := range min(len(b), len(o)) {
		gone |= b[i] & o[i]
		b[i] &^= o[i]
	}
	return gone != 0
}

// keep removes what is not in o, and says whether there was any.
func (b bits) keep(o bits) bool {
	var gone uint64
	for i := range b {
		var word uint64
		if i < len(o) {
			word = o[i]
		}
		gone |= b[i] &^ word
		b[i] &= word
	}
	return gone != 0
}

// intersection returns what is in both, in b's memory.
func (b bits) intersection(x, y bits) bits {
	b = append(b[:0], x...)
	b.keep(y)
	return b
}

// any says whether there is a member.
func (b bits) any() bool {
	for _, word := range b {
		if word != 0 {
			return true
		}
	}
	return false
}

// put adds or removes i.
func (b *bits) put(i int32, in bool) {
	if in {
		b.add(i)
	} else {
		b.remove(i)
	}
}
