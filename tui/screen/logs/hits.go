package logs

import (
	"fmt"
	"time"
)

// hits are the lines that a search has found in what is loaded, as of the last key.
type hits struct{ at, of int }

func (h hits) text() string {
	if h.at == 0 {
		return fmt.Sprintf("%d matches", h.of)
	}
	return fmt.Sprintf("match %d of %d", h.at, h.of)
}

// count looks through all that is loaded, once the search is typed: letter by letter would be too often.
func (s *Screen) count() {
	s.hits = hits{}
	st := s.stream()
	if s.match.Empty() {
		return
	}
	for i := range st.text.Len() {
		if begin, _ := s.match.In(st.text.Line(i), 0); begin >= 0 {
			s.hits.of++
			if i == st.hit {
				s.hits.at = s.hits.of
			}
		}
	}
}

// paceOf is how fast a stream comes.
type paceOf struct {
	came []arrival // oldest first
}

// arrival is when some lines came.
type arrival struct {
	at    time.Time
	lines int
}

// rateSpan is how far back a pace looks.
const rateSpan = 10 * time.Second

// note takes lines that came.
func (p *paceOf) note(lines int, now time.Time) {
	for len(p.came) > 0 && now.Sub(p.came[0].at) > rateSpan {
		p.came = p.came[1:]
	}
	p.came = append(p.came, arrival{now, lines})
}

// rate is how many lines came a second lately.
func (p *paceOf) rate(now time.Time) float64 {
	sum := 0
	for _, a := range p.came {
		if now.Sub(a.at) <= rateSpan {
			sum += a.lines
		}
	}
	return float64(sum) / rateSpan.Seconds()
}
