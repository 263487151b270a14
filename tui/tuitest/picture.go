package tuitest

import (
	"fmt"
	"html"
	"strings"

	"github.com/hinshun/vt10x"
)

// Cells of a picture, in its units.
const (
	cellW, cellH = 8.4, 18
	fontSize     = 14
	margin       = 10
)

const (
	paperColour = "#16181d"
	inkColour   = "#d8dee9"
)

// The attribute bits of vt10x, which it keeps to itself.
const (
	attrReverse = 1 << iota
	attrUnderline
	attrBold
)

// Picture is the screen as an SVG image: what one sees, with its colours, in any viewer.
func (c *Console) Picture() string {
	c.vt.mu.Lock()
	defer c.vt.mu.Unlock()
	w, h := c.vt.vt.Size()
	var b strings.Builder
	width, height := float64(w)*cellW+2*margin, float64(h)*cellH+2*margin
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.1f %.1f" width="%.1f" height="%.1f" font-family="'DejaVu Sans Mono', Menlo, Consolas, monospace" font-size="%d">`+"\n",
		width, height, width, height, fontSize)
	fmt.Fprintf(&b, `<rect width="100%%" height="100%%" rx="6" fill="%s"/>`+"\n", paperColour)
	for y := range h {
		for x := 0; x < w; {
			first := c.vt.vt.Cell(x, y)
			run := []rune{max(first.Char, ' ')}
			for x+len(run) < w && sameLook(first, c.vt.vt.Cell(x+len(run), y)) {
				run = append(run, max(c.vt.vt.Cell(x+len(run), y).Char, ' '))
			}
			drawRun(&b, first, string(run), len(run), x, y)
			x += len(run)
		}
	}
	b.WriteString("</svg>\n")
	return b.String()
}

func sameLook(a, b vt10x.Glyph) bool { return a.FG == b.FG && a.BG == b.BG && a.Mode == b.Mode }

// drawRun draws cells that look the same. Its length is told, so that the columns meet whatever the viewer's font is.
func drawRun(b *strings.Builder, g vt10x.Glyph, text string, n, x, y int) {
	ink, paper := colour(g.FG, inkColour), colour(g.BG, paperColour)
	if g.Mode&attrReverse != 0 {
		ink, paper = paper, ink
	}
	left, top := margin+float64(x)*cellW, margin+float64(y)*cellH
	if paper != paperColour {
		fmt.Fprintf(b, `<rect x="%.1f" y="%.0f" width="%.1f" height="%d" fill="%s"/>`+"\n", left, top, float64(n)*cellW, cellH, paper)
	}
	trimmed := strings.TrimLeft(text, " ")
	left += float64(len(text)-len(trimmed)) * cellW
	trimmed = strings.TrimRight(trimmed, " ")
	if trimmed == "" {
		return
	}
	more := ""
	if g.Mode&attrBold != 0 {
		more += ` font-weight="bold"`
	}
	if g.Mode&attrUnderline != 0 {
		more += ` text-decoration="underline"`
	}
	fmt.Fprintf(b, `<text x="%.1f" y="%.0f" fill="%s" textLength="%.1f" xml:space="preserve"%s>%s</text>`+"\n",
		left, top+13, ink, float64(len([]rune(trimmed)))*cellW, more, html.EscapeString(trimmed))
}

// colour is one of the 256 colours of terminals; anything else is otherwise.
func colour(c vt10x.Color, otherwise string) string {
	sixteen := [16]string{
		"#2e3440", "#bf616a", "#a3be8c", "#ebcb8b", "#81a1c1", "#b48ead", "#88c0d0", "#e5e9f0",
		"#6c7a96", "#d06f79", "#b1d196", "#f0d399", "#8cafd2", "#c895bf", "#93ccdc", "#eceff4",
	}
	switch {
	case c < 16:
		return sixteen[c]
	case c < 232:
		level := func(n vt10x.Color) int {
			if n == 0 {
				return 0
			}
			return 55 + 40*int(n)
		}
		n := c - 16
		return fmt.Sprintf("#%02x%02x%02x", level(n/36), level(n/6%6), level(n%6))
	case c < 256:
		grey := 8 + 10*int(c-232)
		return fmt.Sprintf("#%02x%02x%02x", grey, grey, grey)
	}
	return otherwise
}
