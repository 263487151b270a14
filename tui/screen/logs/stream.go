package logs

import (
	"sort"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/widget/ring"
)

// stream is one file and where one is in it.
type stream struct {
	name    string
	ring    *ring.Ring
	text    text  // what is shown: the ring, or both streams' lines
	begin   int64 // offset of the first byte that is loaded
	next    int64 // offset of the next byte to read
	size    int64 // of the file, when it was looked at last
	known   bool  // whether the size was ever told
	turn    int   // counts how often it began anew: who was sent out before is not heard
	reading bool

	times     []reeveapi.LogTime // when it was written, as far as that was asked for
	timesFrom int64              // from where on
	timeless  bool               // the agent knew no more

	since string // from when on it was asked for, for people; "" is its end
	pace  paceOf

	older bool // whether what comes before is being read
	err   string

	follow bool
	top    int // first line on the screen, of those that are shown
	fresh  int // lines that came since one scrolled up
	hit    int // line of the ring that the last search found, -1 for none

	filter bool
	lines  []int // those that match, when filter is on
	match  ring.Match
}

// count is how many lines can be shown.
func (st *stream) count() int {
	if st.filter {
		return len(st.lines)
	}
	return st.text.Len()
}

// line is the number in the text of the shown line i.
func (st *stream) line(i int) int {
	if st.filter {
		return st.lines[i]
	}
	return i
}

// shown is where a line of the text, or the first after it, is among those that are shown.
func (st *stream) shown(line int) int {
	if st.filter {
		return sort.SearchInts(st.lines, line)
	}
	return line
}

// dropped is how many lines had to go.
func (st *stream) dropped() int {
	if st.ring == nil {
		return 0
	}
	return st.ring.Dropped()
}

// bottom is the line of the ring behind the last one on the screen.
func (st *stream) bottom(height int) int {
	if st.follow || st.count() == 0 {
		return st.text.Len()
	}
	return st.line(min(st.top+height, st.count())-1) + 1
}

// window is the first and the last line to draw.
func (st *stream) window(height int) (from, to int) {
	if st.follow {
		st.top, st.fresh = max(st.count()-height, 0), 0
	}
	st.top = max(min(st.top, st.count()-height), 0)
	return st.top, min(st.top+height, st.count())
}

// scroll moves and says whether the beginning was met.
func (st *stream) scroll(by, height int) bool {
	last := max(st.count()-height, 0)
	if st.follow {
		st.top = last
	}
	st.top += by
	st.follow = st.top >= last && by > 0
	beyond := st.top <= 0
	st.top = max(min(st.top, last), 0)
	return beyond
}

// show puts a line of the ring in the middle of the screen.
func (st *stream) show(line, height int) {
	at := line
	if st.filter {
		at = 0
		for at < len(st.lines)-1 && st.lines[at] < line {
			at++
		}
	}
	if at >= st.top && at < st.top+height && !st.follow {
		return
	}
	st.follow = false
	st.top = max(min(at-height/2, st.count()-height), 0)
}

// filtered shows only lines that match, or all.
func (st *stream) filtered(m ring.Match, on bool) {
	st.filter, st.match, st.lines = on && !m.Empty(), m, nil
	if st.filter {
		st.gather(0)
	}
}

// gather looks for matches from a line of the ring on.
func (st *stream) gather(from int) {
	for i := from; i < st.text.Len(); i++ {
		if begin, _ := st.match.In(st.text.Line(i), 0); begin >= 0 {
			st.lines = append(st.lines, i)
		}
	}
}

// find is the first line at or after from (going down, or up for step -1) that has a match; -1 if there is none.
func (st *stream) find(m ring.Match, from, step int) int {
	for i := from; i >= 0 && i < st.text.Len(); i += step {
		if begin, _ := m.In(st.text.Line(i), 0); begin >= 0 {
			return i
		}
	}
	return -1
}

// begins is where the stream is read from next: nothing that came before is held.
func (st *stream) begins(from int64) {
	st.ring = ring.New(ring.Default)
	st.ring.Begin(from)
	st.text, st.lines, st.times = st.ring, nil, nil
	st.begin, st.next, st.known, st.hit = from, from, true, -1
}

// append takes bytes that follow.
func (st *stream) append(data []byte) {
	before := st.ring.Len()
	dropped := st.ring.Append(data)
	st.next += int64(len(data))
	st.moved(-dropped)
	added := st.ring.Len() + dropped - before
	if !st.follow {
		st.fresh += added
	}
	if st.filter {
		if n := len(st.lines); n > 0 && st.lines[n-1] >= before-dropped-1 {
			st.lines = st.lines[:n-1] // the last line may have grown
		}
		st.gather(max(before-dropped-1, 0))
	}
}

// prepend takes bytes that come before.
func (st *stream) prepend(data []byte) {
	added := st.ring.Prepend(data)
	st.begin -= int64(len(data))
	st.moved(added)
	if st.filter {
		st.lines = nil
		st.gather(0)
	}
}

// moved keeps positions on their lines when lines come or go at the beginning.
func (st *stream) moved(by int) {
	if by == 0 {
		return
	}
	if !st.filter {
		st.top = max(st.top+by, 0)
	}
	if st.hit >= 0 {
		st.hit += by
	}
	kept := st.lines[:0]
	for _, l := range st.lines {
		if l+by >= 0 {
			kept = append(kept, l+by)
		}
	}
	st.lines = kept
}
