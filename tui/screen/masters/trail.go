package masters

import (
	"context"
	"fmt"
	"slices"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/frame"
	"codeberg.org/reeve/reeve/tui/screen"
	"codeberg.org/reeve/reeve/tui/theme"
	"codeberg.org/reeve/reeve/tui/widget/spark"
)

// trail is what the masters measure of themselves, by the address of each. They keep half an hour of it, so that what was
// before the screen was opened is there, too.
type trail struct {
	ticks int
	of    map[string]*known
}

// known is the newest of one master.
type known struct {
	figures reeveapi.MasterFigures // with all samples
	asking  bool
	err     error // of the last question, nil if it was answered
}

// answered is a master's answer.
type answered struct {
	peer    string
	figures *reeveapi.MasterFigures
	err     error
}

const (
	sampleEvery = 5       // ticks: masters measure so often
	keptSamples = 30 * 12 // half an hour of them
	trailRows   = 7       // with the title
)

// ask asks every master that is there for what is new, unless one has yet to answer.
func (t *trail) ask(env screen.Env, masters []reeveapi.Master) tea.Cmd {
	var all []tea.Cmd
	for _, m := range masters {
		if !m.There() {
			continue
		}
		if t.of == nil {
			t.of = make(map[string]*known)
		}
		k := t.of[m.HTTP]
		if k == nil {
			k = &known{}
			t.of[m.HTTP] = k
		}
		if k.asking {
			continue
		}
		k.asking = true
		peer, since := m.HTTP, time.Time{}
		if n := len(k.figures.Samples); n > 0 {
			since = k.figures.Samples[n-1].At
		}
		all = append(all, env.Async(func(ctx context.Context) tea.Msg {
			f, err := env.MasterFigures(ctx, peer, since)
			return answered{peer, f, err}
		}))
	}
	return tea.Batch(all...)
}

// take keeps an answer.
func (t *trail) take(a answered) {
	k := t.of[a.peer]
	k.asking, k.err = false, a.err
	if a.err != nil {
		return
	}
	samples := k.figures.Samples
	if !a.figures.Started.Equal(k.figures.Started) {
		samples = nil // another process
	}
	k.figures = *a.figures
	samples = append(slices.Clip(samples), a.figures.Samples...)
	k.figures.Samples = samples[max(len(samples)-keptSamples, 0):]
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

// lines are what is drawn of samples: a name, how a value is written, and where it is.
var lines = []struct {
	name string
	text func(float64) string
	of   func(reeveapi.MasterSample) float64
}{
	{"raft entries/s", number, func(s reeveapi.MasterSample) float64 { return s.Entries }},
	{"fsync p99", duration, func(s reeveapi.MasterSample) float64 { return s.Fsync }},
	{"requests/s", number, func(s reeveapi.MasterSample) float64 { return s.Requests }},
	{"answers p99", duration, func(s reeveapi.MasterSample) float64 { return s.Latency }},
	{"gossip p99", duration, func(s reeveapi.MasterSample) float64 { return s.Gossip }},
	{"entries behind", number, func(s reeveapi.MasterSample) float64 {
		most := uint64(0)
		for _, n := range s.Behind {
			most = max(most, n)
		}
		return float64(most)
	}},
}

func number(v float64) string {
	if v == float64(int(v)) || v >= 100 {
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.1f", v)
}

func duration(seconds float64) string {
	switch {
	case seconds == 0:
		return "-"
	case seconds < 0.0095:
		return fmt.Sprintf("%.1f ms", seconds*1000)
	case seconds < 1:
		return fmt.Sprintf("%.0f ms", seconds*1000)
	}
	return fmt.Sprintf("%.1f s", seconds)
}

// draw shows the half an hour of a master in trailRows lines; entries behind are those of the others, as the leader knows them.
func (t *trail) draw(a frame.Area, m *master, leader string) {
	k, led := t.of[m.HTTP], t.of[leader]
	x := a.Text(0, 0, theme.Title, "LAST 30 MINUTES OF "+m.Name)
	switch {
	case k == nil:
	case k.err != nil:
		a.Text(x+2, 0, theme.Warn, a.Clip("it does not say: "+k.err.Error(), a.W-x-2))
	case !k.figures.At.IsZero():
		text := fmt.Sprintf("%d requests, %d streams  %d MB heap  %d goroutines", k.figures.Open-k.figures.Streams, k.figures.Streams, k.figures.Heap>>20, k.figures.Goroutines)
		a.Text(x+2, 0, theme.Dim, a.Clip(text, a.W-x-2))
	}
	for y, line := range lines {
		from := k
		if line.name == "entries behind" {
			from = led
		}
		var values []float64
		text := "-"
		if from != nil {
			for _, s := range from.figures.Samples {
				values = append(values, line.of(s))
			}
			if n := len(values); n > 0 {
				text = line.text(values[n-1])
			}
		}
		a.Text(1, y+1, theme.Dim, line.name)
		room := max(min(a.W-28, 90), 0)
		spark.Draw(a.Sub(16, y+1, room, 1), theme.Bar, squeeze(values, room), 0)
		a.Right(16+room, y+1, 10, theme.Text, text)
	}
}
