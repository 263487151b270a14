package logs

import (
	"sort"
	"time"

	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// text is lines to be shown: one stream's, or both streams' together.
type text interface {
	Len() int
	Line(i int) string
}

// both is two streams as one, in the order in which their lines were written. How exactly that is known is the agent's
// word: to a second. Lines of one second keep the order of their stream, those of stdout first.
type both struct {
	parts [2]*stream
	refs  []ref
}

// ref is a line of a stream.
type ref struct {
	part, line int
	at         int64 // where it begins in the stream; its number changes when others go
}

// Len is how many lines there are.
func (b *both) Len() int { return len(b.refs) }

// Line is a line.
func (b *both) Line(i int) string {
	r := b.refs[i]
	return b.parts[r.part].ring.Line(r.line)
}

// merge takes the lines that the streams hold now.
func (b *both) merge() {
	n := [2]int{b.parts[0].ring.Len(), b.parts[1].ring.Len()}
	b.refs = make([]ref, 0, n[0]+n[1])
	var at [2]int
	when := [2]clock{b.parts[0].clock(), b.parts[1].clock()}
	for at[0] < n[0] || at[1] < n[1] {
		part := 0
		switch {
		case at[0] == n[0]:
			part = 1
		case at[1] < n[1] && when[1].of(at[1]).Before(when[0].of(at[0])):
			part = 1
		}
		b.refs = append(b.refs, ref{part, at[part], b.parts[part].ring.At(at[part])})
		at[part]++
	}
}

// place is where a line is now; a line near it if it is gone.
func (b *both) place(old ref) int {
	best := 0
	for i, r := range b.refs {
		if r.part == old.part && r.at <= old.at {
			best = i
		}
	}
	return best
}

// clock tells when the lines of a stream were written. It is asked for lines in ascending order.
type clock struct {
	st *stream
	i  int
}

func (st *stream) clock() clock { return clock{st: st} }

// farFuture is when lines were written of which nobody knows that yet: they have just come.
var farFuture = time.Unix(1<<40, 0)

func (c *clock) of(line int) time.Time {
	at := c.st.ring.At(line)
	for c.i < len(c.st.times) && c.st.times[c.i].Below <= at {
		c.i++
	}
	if c.i == len(c.st.times) {
		return farFuture
	}
	return c.st.times[c.i].At
}

// when is when a line of a stream was written; the zero time if that is not known.
func (st *stream) when(line int) time.Time {
	at := st.ring.At(line)
	i := sort.Search(len(st.times), func(i int) bool { return st.times[i].Below > at })
	if i == len(st.times) {
		return time.Time{}
	}
	return st.times[i].At
}

// timed is up to where it is known when a stream was written.
func (st *stream) timed() int64 {
	if n := len(st.times); n > 0 {
		return st.times[n-1].Below
	}
	return st.begin
}

// learn takes what an agent said of the times from an offset on.
func (st *stream) learn(from int64, times []reeveapi.LogTime) {
	if from < st.timed() || len(st.times) == 0 {
		st.times, st.timesFrom = nil, from // what was before has been loaded meanwhile
	}
	st.times = append(st.times, times...)
	st.timeless = len(times) == 0
}

// unknown is from where on times are to be asked for. now says whether that is worth a question although nothing came: what was
// written in the last second is not known at once.
func (st *stream) unknown() (from int64, now bool) {
	if len(st.times) == 0 || st.begin < st.timesFrom {
		return st.begin, st.next > st.begin && !st.timeless
	}
	return st.timed(), st.timed() < st.next && !st.timeless
}
