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

// put adds or removes i.
func (b *bits) put(i int32, in bool) {
	if in {
		b.add(i)
	} else {
		b.remove(i)
	}
}
