package store

// index says where in a list an entry is that has a number in the stream: to look for its id means to wait for memory a dozen
// times. What it says of a number that has become another's is wrong, so whoever asks compares ids. A nil index knows nothing.
type index struct {
	numbers []int32 // by place; 0 for none
	places  []int32 // by number, from 1; 0 for none
	spare   []int32 // memory for numbers
}

// forget is for a list that begins anew.
func (x *index) forget() {
	x.numbers = x.numbers[:0]
	clear(x.places)
}

// place is where an entry with a number is.
func (x *index) place(number int) (at int, found bool) {
	if x == nil || number <= 0 || number >= len(x.places) {
		return 0, false
	}
	at = int(x.places[number]) - 1
	return at, at >= 0 && at < len(x.numbers)
}

// set notes the number of the entry at a place.
func (x *index) set(at, number int) {
	if x == nil || number <= 0 {
		return
	}
	x.numbers[at] = int32(number)
	x.put(at, number)
}

func (x *index) put(at, number int) {
	if missing := number + 1 - len(x.places); missing > 0 {
		x.places = append(x.places, make([]int32, missing)...)
	}
	x.places[number] = int32(at + 1)
}

// newcomer is an entry that is added before the one at a place.
type newcomer struct{ at, number int }

func numbered[T any](added []entry[T]) []newcomer {
	out := make([]newcomer, len(added))
	for i := range added {
		out[i] = newcomer{added[i].at, added[i].number}
	}
	return out
}

// rebuild does to places what List.rebuilt does to the list.
func (x *index) rebuild(added []newcomer, gone []int) {
	out, from := x.spare[:0], 0
	for len(added) > 0 || len(gone) > 0 {
		if len(gone) == 0 || len(added) > 0 && added[0].at <= gone[0] {
			out, from = append(out, x.numbers[from:added[0].at]...), added[0].at
			out = append(out, int32(added[0].number))
			added = added[1:]
			continue
		}
		out, from = append(out, x.numbers[from:gone[0]]...), gone[0]+1
		if number := x.numbers[gone[0]]; number > 0 {
			x.places[number] = 0
		}
		gone = gone[1:]
	}
	x.numbers, x.spare = append(out, x.numbers[from:]...), x.numbers
	for at, number := range x.numbers {
		if number > 0 {
			x.put(at, int(number))
		}
	}
}
