package masters

import (
	"fmt"
	"strings"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/frame"
	"codeberg.org/reeve/reeve/tui/store"
	"codeberg.org/reeve/reeve/tui/theme"
	"codeberg.org/reeve/reeve/tui/widget/spark"
)

// trail is what the masters did while the screen was looked at: the stream has no history of it, and nobody is asked for more.
type trail struct {
	ticks  int
	known  bool // last is of a moment before
	last   counts
	writes []float64 // entries of raft's log, a second
	events []float64 // a second
	offers []float64 // that are out
	lag    []float64 // entries that the last follower is behind
}

// counts are figures that only grow, within a term.
type counts struct{ term, index, seq uint64 }

const (
	sampleEvery = 5       // ticks: the stream brings figures at least so often
	keptSamples = 30 * 12 // half an hour of them
	trailRows   = 5       // with the title
)

// sample takes the newest figures, one time in sampleEvery.
func (t *trail) sample(s *store.Snapshot) {
	c := s.Cluster
	if t.ticks++; c == nil || t.known && t.ticks%sampleEvery != 0 {
		return
	}
	now := counts{term: c.Term}
	lag := uint64(0)
	for _, m := range c.Masters {
		now.index = max(now.index, m.Index)
		if m.Behind != nil && m.State != reeveapi.MasterFailed && m.State != reeveapi.MasterLeft {
			lag = max(lag, *m.Behind)
		}
	}
	if n := len(s.Events); n > 0 {
		now.seq = s.Events[n-1].Seq
	}
	was, known := t.last, t.known
	t.last, t.known = now, true
	if !known {
		return
	}
	t.writes = keep(t.writes, rate(was.index, now.index))
	events := 0.0
	if was.term == now.term { // another leader counts anew
		events = rate(was.seq, now.seq)
	}
	t.events = keep(t.events, events)
	t.offers, t.lag = keep(t.offers, float64(s.Offers.Len())), keep(t.lag, float64(lag))
}

func rate(was, is uint64) float64 {
	if is < was {
		return 0
	}
	return float64(is-was) / sampleEvery
}

func keep(list []float64, v float64) []float64 {
	return append(list[max(len(list)-keptSamples+1, 0):], v)
}

// squeeze makes of values at most w, each the mean of those that it stands for.
func squeeze(values []float64, w int) []float64 {
	if len(values) <= w || w <= 0 {
		return values
	}
	each := (len(values) + w - 1) / w
	var out []float64
	for at := 0; at < len(values); at += each {
		sum, n := 0.0, min(each, len(values)-at)
		for _, v := range values[at : at+n] {
			sum += v
		}
		out = append(out, sum/float64(n))
	}
	return out
}

// draw shows the trail in trailRows lines.
func (t *trail) draw(a frame.Area) {
	a.Text(0, 0, theme.Title, "WHILE THIS SCREEN IS LOOKED AT")
	for y, line := range []struct {
		name   string
		values []float64
	}{{"raft entries/s", t.writes}, {"events/s", t.events}, {"offers out", t.offers}, {"entries behind", t.lag}} {
		a.Text(1, y+1, theme.Dim, line.name)
		room := max(min(a.W-28, 90), 0)
		spark.Draw(a.Sub(16, y+1, room, 1), theme.Bar, squeeze(line.values, room), 0)
		text := "-"
		if n := len(line.values); n > 0 {
			text = strings.TrimSuffix(fmt.Sprintf("%.1f", line.values[n-1]), ".0")
		}
		a.Right(16+room, y+1, 9, theme.Text, text)
	}
}
