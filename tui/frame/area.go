package frame

import (
	"strings"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"

	"codeberg.org/reeve/reeve/tui/theme"
)

// Area is a rectangle of a frame; coordinates are relative to it. It is a small value, to be passed down.
type Area struct {
	frame *Frame
	x, y  int
	W, H  int
	flag  theme.Flag
}

// Theme is what the frame is drawn with.
func (a Area) Theme() *theme.Theme { return a.frame.theme }

// Sub is the part of the area that begins at x, y and is at most w wide and h high.
func (a Area) Sub(x, y, w, h int) Area {
	x, y = min(max(x, 0), a.W), min(max(y, 0), a.H)
	return Area{frame: a.frame, x: a.x + x, y: a.y + y, W: max(min(w, a.W-x), 0), H: max(min(h, a.H-y), 0), flag: a.flag}
}

// With is the same area; what is drawn on it gets the flag too.
func (a Area) With(flag theme.Flag) Area {
	a.flag |= flag
	return a
}

// OnClick has fn called with coordinates of the area when it is clicked on, until the next frame is drawn.
func (a Area) OnClick(fn func(x, y int)) {
	a.frame.zones = append(a.frame.zones, zone{x: a.x, y: a.y, w: a.W, h: a.H, click: fn})
}

// Tag says what the area stands for when it is clicked on, until the next frame is drawn.
func (a Area) Tag(tag any) {
	a.frame.zones = append(a.frame.zones, zone{x: a.x, y: a.y, w: a.W, h: a.H, tag: tag})
}

// Clear blanks the area.
func (a Area) Clear() {
	for y := range a.H {
		a.Fill(0, y, a.W, theme.Text)
	}
}

// Fill blanks n columns of a line with a role.
func (a Area) Fill(x, y, n int, role theme.Role) {
	for i := max(x, 0); i < min(x+n, a.W); i++ {
		a.set(i, y, cell{role: role, flag: a.flag})
	}
}

func (a Area) set(x, y int, c cell) {
	if x < 0 || y < 0 || x >= a.W || y >= a.H {
		return
	}
	line := a.frame.cells[(a.y+y)*a.frame.w : (a.y+y+1)*a.frame.w]
	at := a.x + x
	if old := line[at]; old.wide { // half of a wide character cannot stay
		if old.text == "" && at > 0 {
			line[at-1] = cell{role: line[at-1].role, flag: line[at-1].flag}
		} else if old.text != "" && at+1 < len(line) {
			line[at+1] = cell{role: old.role, flag: old.flag}
		}
	}
	line[at] = c
}

// Text draws s from column x of line y to the area's right edge and answers the column after it. Control bytes appear as
// ^X; escape sequences have no power here.
func (a Area) Text(x, y int, role theme.Role, s string) int {
	for i := 0; i < len(s); {
		if x >= a.W {
			return x
		}
		if c := s[i]; c >= ' ' && c < 0x7f {
			a.set(x, y, cell{text: s[i : i+1], role: role, flag: a.flag})
			x, i = x+1, i+1
			continue
		}
		var n int
		x, n = a.cluster(x, y, role, s[i:])
		i += n
	}
	return x
}

// cluster draws the first character of s, which is not plain ASCII, and answers where the next one goes and how many
// bytes it took.
func (a Area) cluster(x, y int, role theme.Role, s string) (next, size int) {
	if c := s[0]; c < ' ' || c == 0x7f {
		x = a.Text(x, y, role, Caret(c))
		return x, 1
	}
	text, width := first(s)
	if !utf8.ValidString(text) || width == 0 && text[0] >= 0x80 && text[0] < 0xc0 {
		a.set(x, y, cell{text: "?", role: role, flag: a.flag})
		return x + 1, len(text)
	}
	size = len(text)
	if a.Theme().Glyph.ASCII && width > 0 {
		return a.Text(x, y, role, theme.Plain(text, width)), size
	}
	switch {
	case width <= 0:
		return x, size
	case width == 1:
		a.set(x, y, cell{text: text, role: role, flag: a.flag})
	case x+1 >= a.W:
		a.set(x, y, cell{role: role, flag: a.flag})
	default:
		a.setWide(x, y, cell{text: text, role: role, flag: a.flag, wide: true})
	}
	return x + min(width, 2), size
}

// setWide sets a character of two columns; x+1 is inside the area.
func (a Area) setWide(x, y int, c cell) {
	if x < 0 || y < 0 || y >= a.H {
		return
	}
	blank := cell{role: c.role, flag: c.flag}
	a.set(x, y, blank) // frees the other halves of what was here
	a.set(x+1, y, blank)
	at := (a.y+y)*a.frame.w + a.x + x
	a.frame.cells[at] = c
	c.text = ""
	a.frame.cells[at+1] = c
}

// first cuts the first character off s: its text and its width.
func first(s string) (text string, width int) {
	r, size := utf8.DecodeRuneInString(s)
	if r == utf8.RuneError && size <= 1 || r >= 0x80 && r < 0xa0 {
		return "\xff"[:min(size, 1)], 0
	}
	text, width, _, _ = ansi.GraphemeWidth.DecodeSequenceInString(s, 0, nil)
	if text == "" {
		return s[:size], 0
	}
	return text, width
}

// Caret is how a control byte is shown: ^C, ^[, and ^? for delete.
func Caret(c byte) string { return "^" + string(rune(c^0x40)) }

// step is how many bytes the first character of s has, and how many columns it takes when it is drawn.
func step(s string) (size, width int) {
	switch c := s[0]; {
	case c >= ' ' && c < 0x7f:
		return 1, 1
	case c < ' ' || c == 0x7f:
		return 1, 2
	}
	text, width := first(s)
	if !utf8.ValidString(text) {
		width = 1
	}
	return len(text), min(width, 2)
}

// Width is how many columns s takes when it is drawn.
func Width(s string) int {
	n := 0
	for i := 0; i < len(s); {
		size, width := step(s[i:])
		n, i = n+width, i+size
	}
	return n
}

// Clip shortens s to at most w columns; what was cut is shown by the theme's ellipsis.
func (a Area) Clip(s string, w int) string {
	if 2*len(s) <= w || Width(s) <= w {
		return s
	}
	if w <= 1 {
		return strings.Repeat(a.Theme().Glyph.More, max(w, 0))
	}
	n, i := 0, 0
	for i < len(s) {
		size, width := step(s[i:])
		if n+width > w-1 {
			break
		}
		n, i = n+width, i+size
	}
	return s[:i] + a.Theme().Glyph.More
}

// Left draws s clipped to w columns and fills up to w, so that what was there before is gone.
func (a Area) Left(x, y, w int, role theme.Role, s string) int {
	end := a.Sub(0, y, x+w, 1).Text(x, 0, role, a.Clip(s, w))
	a.Fill(end, y, x+w-end, role)
	return x + w
}

// Right is Left, aligned to the right.
func (a Area) Right(x, y, w int, role theme.Role, s string) int {
	s = a.Clip(s, w)
	pad := max(w-Width(s), 0)
	a.Fill(x, y, pad, role)
	return a.Text(x+pad, y, role, s)
}

// Box draws a border along the area's edge with a title in it and answers the area inside, one column of air at each side.
func (a Area) Box(title string) Area {
	if a.W < 4 || a.H < 2 {
		return a.Sub(0, 0, 0, 0)
	}
	g := a.Theme().Glyph.Box
	for y := range a.H {
		a.Text(0, y, theme.Border, g[5])
		a.Text(a.W-1, y, theme.Border, g[5])
	}
	line := strings.Repeat(g[4], a.W-2)
	a.Text(0, 0, theme.Border, g[0]+line+g[1])
	a.Text(0, a.H-1, theme.Border, g[3]+line+g[2])
	if title != "" {
		a.Text(2, 0, theme.Title, " "+a.Clip(title, a.W-6)+" ")
	}
	return a.Sub(2, 1, a.W-4, a.H-2)
}

// Center is a sub-area of the given size in the middle, or as much of it as there is.
func (a Area) Center(w, h int) Area {
	w, h = min(w, a.W), min(h, a.H)
	return a.Sub((a.W-w)/2, (a.H-h)/2, w, h)
}
