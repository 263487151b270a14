package dialog

import (
	"fmt"
	"slices"

	"codeberg.org/reeve/reeve/tui/frame"
	"codeberg.org/reeve/reeve/tui/keys"
	"codeberg.org/reeve/reeve/tui/theme"
	"codeberg.org/reeve/reeve/tui/widget/prose"
)

const (
	edges     = 4  // columns and blanks of the box
	narrowest = 44 // box
	leastList = 3  // lines of the list, below which all text scrolls as one
)

// Scrolls says whether not all that is said had room when it was drawn last.
func (d *Dialog) Scrolls() bool { return d.count > d.page }

// scroll moves through what scrolls. The last line of a page is the first of the next, so that none is missed.
func (d *Dialog) scroll(verb keys.Verb) {
	step := map[keys.Verb]int{
		keys.PageDown: max(d.page-1, 1), keys.PageUp: -max(d.page-1, 1),
		keys.HalfDown: max(d.page/2, 1), keys.HalfUp: -max(d.page/2, 1), keys.First: -d.count, keys.Bottom: d.count,
	}[verb]
	d.top = min(max(d.top+step, 0), max(d.count-d.page, 0))
}

// layout is how a dialog's parts stand below each other.
type layout struct {
	w, h        int
	list, lines []Line // as they have room
	gap         int    // blank lines between the parts
	below       int    // lines of choices, word and buttons, with their gaps
}

// lay finds out how large the box is, and what stands where. What is said counts more than how it is set: where it is tight, blank
// lines go first.
func (d *Dialog) lay(a frame.Area) layout {
	w := frame.Width(d.Title) + 8
	for _, l := range slices.Concat(d.List, d.Lines) {
		w = max(w, frame.Width(l.Text)+edges)
	}
	for _, c := range d.Choices {
		w = max(w, d.label()+7+width(c.Options))
	}
	out := layout{w: max(min(w, a.W-4), min(narrowest, a.W)), gap: 1}
	out.list, out.lines = wrapped(d.List, out.w-edges), wrapped(d.Lines, out.w-edges)
	if len(out.list) > 0 && len(out.lines) > 0 {
		out.list = append(out.list, Line{})
	}
	out.fit(d)
	if out.h > a.H {
		blank := func(l Line) bool { return l.Text == "" }
		out.list, out.lines, out.gap = slices.DeleteFunc(out.list, blank), slices.DeleteFunc(out.lines, blank), 0
		out.fit(d)
	}
	out.h = min(out.h, a.H)
	return out
}

// fit computes the heights.
func (l *layout) fit(d *Dialog) {
	l.below = 1 + l.gap
	if len(d.Choices) > 0 {
		l.below += len(d.Choices) + l.gap
	}
	if d.Word != "" {
		l.below += 1 + l.gap
	}
	l.h = 2 + l.gap + len(l.list) + len(l.lines) + l.below
}

// wrapped breaks lines that are too long.
func wrapped(lines []Line, w int) []Line {
	var out []Line
	for _, l := range lines {
		for _, one := range prose.Wrap(l.Text, w) {
			out = append(out, Line{one, l.Role})
		}
	}
	return out
}

func (d *Dialog) label() int {
	w := 0
	for _, c := range d.Choices {
		w = max(w, frame.Width(c.Label))
	}
	return w
}

// Render draws the dialog in the middle of the area.
func (d *Dialog) Render(a frame.Area) {
	l := d.lay(a)
	room := l.h - 2 - l.gap - l.below
	list, lines := l.list, l.lines
	if rows := room - len(lines); len(list) == 0 || rows < min(leastList, len(list)) {
		list, lines = slices.Concat(list, lines), nil
	}
	d.page, d.count = max(room-len(lines), 0), len(list)
	d.page = min(d.page, d.count)
	d.top = min(d.top, d.count-d.page)
	title := d.Title
	if d.Scrolls() {
		title += fmt.Sprintf("   %d-%d of %d", d.top+1, d.top+d.page, d.count)
	}
	box := a.Center(l.w, l.h)
	box.Clear()
	in := box.Box(title)
	for y, one := range slices.Concat(list[d.top:d.top+d.page], lines) {
		in.Text(0, l.gap+y, one.Role, in.Clip(one.Text, in.W))
	}
	for i := range d.Choices {
		d.choice(in.Sub(0, in.H-l.below+l.gap+i, in.W, 1), i, d.label())
	}
	if d.Word != "" {
		y := in.H - 2 - l.gap
		x := in.Text(0, y, theme.Warn, "type "+d.Word+" to go on: ")
		d.typed.Draw(in.Sub(x, y, in.W-x, 1), true)
	}
	d.buttons(in.Sub(0, in.H-1, in.W, 1))
}
