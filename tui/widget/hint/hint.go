// Package hint is the last line while something lies over a screen: which keys work, each with a word. Where not all have
// room it says them shorter, and leaves some out, but never those by which one acts or cancels. Start reading at Draw.
package hint

import (
	"slices"
	"strings"

	"codeberg.org/reeve/reeve/tui/frame"
	"codeberg.org/reeve/reeve/tui/theme"
)

// pair is a key and what it does, such as "<enter>press".
type pair struct{ long, short string }

// must says whether the key is one of those that are never left out.
func (p pair) must() bool {
	return strings.HasPrefix(p.long, "<enter>") || strings.HasPrefix(p.long, "<esc>")
}

// parse reads "<key>what it does|<key>word  <key>word": pairs stand apart by two spaces, and what is shorter behind a bar.
func parse(text string) []pair {
	var out []pair
	for one := range strings.SplitSeq(text, "  ") {
		long, short, found := strings.Cut(one, "|")
		if !found {
			short = long
		}
		out = append(out, pair{long, short})
	}
	return out
}

// fit is the line in w columns: as it is, then with less between the pairs, then with short words, then with fewer keys, of which
// the last go first.
func fit(pairs []pair, w int) string {
	line := func(sep string, word func(pair) string) string {
		var words []string
		for _, p := range pairs {
			words = append(words, word(p))
		}
		return strings.Join(words, sep)
	}
	long, short := func(p pair) string { return p.long }, func(p pair) string { return p.short }
	for _, text := range []string{line("  ", long), line(" ", long), line("  ", short)} {
		if frame.Width(text) <= w {
			return text
		}
	}
	pairs = slices.Clone(pairs)
	for i := len(pairs) - 1; i >= 0 && frame.Width(line(" ", short)) > w; i-- {
		if !pairs[i].must() {
			pairs = slices.Delete(pairs, i, i+1)
		}
	}
	return line(" ", short)
}

// Draw draws a hint, as parse reads it, into the area's first line.
func Draw(a frame.Area, text string) {
	x, text := 1, fit(parse(text), a.W-2)
	for text != "" {
		before, rest, found := strings.Cut(text, "<")
		x = a.Text(x, 0, theme.Dim, before)
		if !found {
			return
		}
		key, after, _ := strings.Cut(rest, ">")
		x = a.Text(x, 0, theme.Key, "<"+key+">")
		text = after
	}
}
