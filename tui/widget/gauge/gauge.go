// Package gauge draws how much of something is used, allocated and free, and writes amounts for people. It never knows
// what it measures. Start reading at Draw.
package gauge

import (
	"fmt"
	"math"
	"strings"
	"time"

	"codeberg.org/reeve/reeve/tui/frame"
	"codeberg.org/reeve/reeve/tui/theme"
)

// Draw fills one line: used, then held beyond used, then free. Both are shares of the whole, held includes used. What is
// not nothing gets at least one column.
func Draw(a frame.Area, used, held float64) {
	g := a.Theme().Glyph
	u := columns(used, a.W)
	h := max(columns(held, a.W)-u, 0)
	x := a.Text(0, 0, level(used), strings.Repeat(g.Used, u))
	x = a.Text(x, 0, theme.Hold, strings.Repeat(g.Held, h))
	a.Text(x, 0, theme.Track, strings.Repeat(g.Free, max(a.W-x, 0)))
}

// level turns a gauge to warn and bad when little is left.
func level(share float64) theme.Role {
	switch {
	case share >= 0.95:
		return theme.Bad
	case share >= 0.85:
		return theme.Warn
	}
	return theme.Bar
}

func columns(share float64, w int) int {
	if share <= 0 || math.IsNaN(share) {
		return 0
	}
	return min(max(int(math.Round(share*float64(w))), 1), w)
}

// CPUs writes a number of cores.
func CPUs(v float64) string {
	switch {
	case v == 0:
		return "0"
	case v >= 1000:
		return fmt.Sprintf("%.0f", v)
	case v >= 10 || math.Abs(v*10-math.Round(v*10)) < 0.01:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

// MB writes an amount that is given in MB.
func MB(v float64) string { return Bytes(int64(v * (1 << 20))) }

// Bytes writes a number of bytes in at most five columns: 0, 512B, 1.2K, 340M, 12.5G.
func Bytes(n int64) string {
	if n == 0 {
		return "0"
	}
	v, unit := float64(n), 0
	for v >= 999.5 && unit < 6 {
		v /= 1024
		unit++
	}
	suffix := string("BKMGTPE"[unit])
	switch {
	case unit > 0 && v < 9.95 && math.Abs(v-math.Round(v)) >= 0.05:
		return fmt.Sprintf("%.1f%s", v, suffix)
	case unit > 2 && v < 99.5 && math.Abs(v-math.Round(v)) >= 0.05:
		return fmt.Sprintf("%.1f%s", v, suffix)
	}
	return fmt.Sprintf("%.0f%s", v, suffix)
}

// Age writes a duration in at most six columns: 4s, 2m11s, 3h07m, 3d4h, 31d.
func Age(d time.Duration) string {
	s := int64(d / time.Second)
	switch {
	case s < 0:
		return "0s"
	case s < 60:
		return fmt.Sprintf("%ds", s)
	case s < 600:
		return fmt.Sprintf("%dm%02ds", s/60, s%60)
	case s < 3600:
		return fmt.Sprintf("%dm", s/60)
	case s < 86400:
		return fmt.Sprintf("%dh%02dm", s/3600, s%3600/60)
	case s < 10*86400:
		return fmt.Sprintf("%dd%dh", s/86400, s%86400/3600)
	}
	return fmt.Sprintf("%dd", s/86400)
}

// Since is the age of a moment, "-" if it never was.
func Since(now, at time.Time) string {
	if at.IsZero() {
		return "-"
	}
	return Age(now.Sub(at))
}

// Percent writes a share.
func Percent(share float64) string { return fmt.Sprintf("%.0f%%", share*100) }

// Progress is Draw for work: being full is good.
func Progress(a frame.Area, done, begun float64) {
	g := a.Theme().Glyph
	d := columns(done, a.W)
	b := max(columns(begun, a.W)-d, 0)
	x := a.Text(0, 0, theme.Bar, strings.Repeat(g.Used, d))
	x = a.Text(x, 0, theme.Hold, strings.Repeat(g.Held, b))
	a.Text(x, 0, theme.Track, strings.Repeat(g.Free, max(a.W-x, 0)))
}
