// Package spark draws a small graph of the newest values, one column each. It never keeps them. Start reading at Draw.
package spark

import (
	"math"

	"codeberg.org/reeve/reeve/tui/frame"
	"codeberg.org/reeve/reeve/tui/theme"
)

// Draw fills one line with the newest values, the last at the right edge. top is what a full column stands for; 0 takes
// the largest value drawn. Columns without a value, and those whose value is no number, stay a faint track.
func Draw(a frame.Area, role theme.Role, values []float64, top float64) {
	g := a.Theme().Glyph
	if len(values) > a.W {
		values = values[len(values)-a.W:]
	}
	if top <= 0 {
		for _, v := range values {
			if v > top { // which no number is not
				top = v
			}
		}
	}
	pad := a.W - len(values)
	for x := range pad {
		a.Text(x, 0, theme.Track, g.Free)
	}
	for i, v := range values {
		if math.IsNaN(v) {
			a.Text(pad+i, 0, theme.Track, g.Free)
			continue
		}
		step := 0
		if top > 0 && v > 0 {
			step = min(int(v/top*7+0.5), 7)
		}
		a.Text(pad+i, 0, role, g.Spark[step])
	}
}

// Chart is Draw over all lines of the area, with eight steps a line.
func Chart(a frame.Area, role theme.Role, values []float64, top float64) {
	g := a.Theme().Glyph
	if len(values) > a.W {
		values = values[len(values)-a.W:]
	}
	if top <= 0 {
		for _, v := range values {
			top = max(top, v)
		}
	}
	pad := a.W - len(values)
	for x := range pad {
		a.Text(x, a.H-1, theme.Track, g.Free)
	}
	for i, v := range values {
		steps := 0
		if top > 0 && v > 0 {
			steps = min(int(v/top*float64(8*a.H)+0.5), 8*a.H)
		}
		for y := a.H - 1; y >= 0; y-- {
			switch {
			case steps >= 8 && y > 0:
				a.Text(pad+i, y, role, g.Full)
			case steps > 0:
				a.Text(pad+i, y, role, g.Spark[min(steps, 7)-1])
			case y == a.H-1:
				a.Text(pad+i, y, theme.Track, g.Spark[0])
			}
			steps = max(steps-8, 0)
		}
	}
}
