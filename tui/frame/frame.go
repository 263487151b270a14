// Package frame is the paper that screens draw on: a grid of cells of exactly the terminal's size. What is drawn outside
// of an area is cut off, so a line can never be too long or too short, and what foreign text contains can never reach the
// terminal as a command. It never decides what a role looks like: that is theme's. Start reading at Area.
package frame

import (
	"slices"
	"strings"

	"codeberg.org/reeve/reeve/tui/theme"
)

// cell is one column of one line. text is "" for a blank, and for the second column of a wide character, which wide tells.
type cell struct {
	text string
	role theme.Role
	flag theme.Flag
	wide bool
}

// Frame is a grid of cells.
type Frame struct {
	w, h  int
	cells []cell
	theme *theme.Theme
	zones []zone
}

// zone is a part of the frame that can be clicked on: it is called, or its tag is what was clicked on.
type zone struct {
	x, y, w, h int
	click      func(x, y int)
	tag        any
}

// New returns an empty frame. It may be drawn on by one goroutine.
func New(w, h int, t *theme.Theme) *Frame {
	w, h = max(w, 0), max(h, 0)
	return &Frame{w: w, h: h, cells: make([]cell, w*h), theme: t}
}

// Again is an empty frame of the given size that uses this one's memory; this one must not be used any more.
func (f *Frame) Again(w, h int, t *theme.Theme) *Frame {
	w, h = max(w, 0), max(h, 0)
	if f == nil || len(f.cells) != w*h {
		return New(w, h, t)
	}
	clear(f.cells)
	f.zones = f.zones[:0]
	f.w, f.h, f.theme = w, h, t
	return f
}

// Click tells whoever drew at a place, topmost, that it was clicked on, and says whether anybody was told. What has a tag is
// not told: the tag is the answer.
func (f *Frame) Click(x, y int) (tag any, told bool) {
	for _, z := range slices.Backward(f.zones) {
		if x >= z.x && y >= z.y && x < z.x+z.w && y < z.y+z.h {
			if z.click != nil {
				z.click(x-z.x, y-z.y)
			}
			return z.tag, true
		}
	}
	return nil, false
}

// Area is the whole frame as something to draw on.
func (f *Frame) Area() Area { return Area{frame: f, W: f.w, H: f.h} }

// String is the frame as it goes to the terminal: h lines of w columns, with attributes, without a final newline.
func (f *Frame) String() string {
	var b strings.Builder
	b.Grow(len(f.cells) + len(f.cells)/2)
	for y := range f.h {
		if y > 0 {
			b.WriteByte('\n')
		}
		f.line(&b, f.cells[y*f.w:(y+1)*f.w])
	}
	return b.String()
}

// line writes one line and leaves no attribute on, so that bubbletea may skip lines that did not change.
func (f *Frame) line(b *strings.Builder, cells []cell) {
	on := ""
	for _, c := range cells {
		if c.wide && c.text == "" {
			continue
		}
		if want := f.theme.SGR(c.role, c.flag); want != on {
			if on != "" {
				b.WriteString("\x1b[0m")
			}
			if want != "" {
				b.WriteString("\x1b[" + want + "m")
			}
			on = want
		}
		if c.text == "" {
			b.WriteByte(' ')
		} else {
			b.WriteString(c.text)
		}
	}
	if on != "" {
		b.WriteString("\x1b[0m")
	}
}

// Plain is the frame without attributes, for tests and for saving what is on the screen.
func (f *Frame) Plain() string {
	plain := *f
	plain.theme = &theme.Theme{}
	return plain.String()
}
