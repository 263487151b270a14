// Package pager shows a text of any length: it scrolls, searches, and keeps its place when the text is replaced. It never
// reads files and knows no domain. Start reading at Pager.
package pager

import (
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"codeberg.org/reeve/reeve/tui/frame"
	"codeberg.org/reeve/reeve/tui/keys"
	"codeberg.org/reeve/reeve/tui/theme"
	"codeberg.org/reeve/reeve/tui/widget/input"
	"codeberg.org/reeve/reeve/tui/widget/ring"
)

// Pager is a text with a place in it. The zero value is an empty one.
type Pager struct {
	lines  []string
	top    int
	left   int // columns scrolled away
	height int // lines on the screen at the last Render

	match  ring.Match
	hit    int
	typing bool
	in     input.Input
}

// Set replaces the text; the place stays.
func (p *Pager) Set(text string) {
	p.lines = strings.Split(strings.TrimRight(text, "\n"), "\n")
	p.clamp()
}

// Text is all of it.
func (p *Pager) Text() string { return strings.Join(p.lines, "\n") + "\n" }

// Typing says whether keys go into the search line.
func (p *Pager) Typing() bool { return p.typing }

// Type takes a key while Typing. The search goes on while it is typed.
func (p *Pager) Type(key tea.KeyMsg) {
	switch key.Type {
	case tea.KeyEnter:
		p.typing = false
	case tea.KeyEsc:
		p.typing = false
		p.match = ring.Match{}
	default:
		if p.in.Type(key) {
			p.match = ring.NewMatch(p.in.Value())
			p.jump(p.top, 1)
		}
	}
}

// Do takes a verb and says whether it was for the pager.
func (p *Pager) Do(verb keys.Verb) bool {
	switch verb {
	case keys.Search:
		p.typing, p.in = true, input.New(p.match.Text())
	case keys.NextHit:
		p.jump(p.hit+1, 1)
	case keys.PrevHit:
		p.jump(p.hit-1, -1)
	case keys.Back:
		if p.match.Empty() {
			return false
		}
		p.match = ring.Match{}
	case keys.Left:
		p.left = max(p.left-16, 0)
	case keys.Right:
		p.left += 16
	default:
		return p.move(verb)
	}
	return true
}

func (p *Pager) move(verb keys.Verb) bool {
	switch verb {
	case keys.Up:
		p.top--
	case keys.Down:
		p.top++
	case keys.HalfUp:
		p.top -= p.height / 2
	case keys.HalfDown:
		p.top += p.height / 2
	case keys.PageUp:
		p.top -= p.height
	case keys.PageDown:
		p.top += p.height
	case keys.First:
		p.top = 0
	case keys.Bottom:
		p.top = len(p.lines)
	default:
		return false
	}
	p.clamp()
	return true
}

func (p *Pager) clamp() { p.top = max(min(p.top, len(p.lines)-p.height), 0) }

// jump goes to the nearest match from line i on, and round the end if there is none.
func (p *Pager) jump(i, step int) {
	n := len(p.lines)
	for k := range n {
		at := ((i+step*k)%n + n) % n
		if begin, _ := p.match.In(p.lines[at], 0); begin >= 0 {
			p.hit = at
			if at < p.top || at >= p.top+p.height {
				p.top = at - p.height/2
			}
			p.clamp()
			return
		}
	}
}

// Place is the first line on the screen from 1, the last, and how many there are.
func (p *Pager) Place() (from, to, of int) {
	return p.top + 1, min(p.top+p.height, len(p.lines)), len(p.lines)
}

// Render draws the text, and the search below it while there is one.
func (p *Pager) Render(a frame.Area) {
	searching := p.typing || !p.match.Empty()
	p.height = a.H
	if searching {
		p.height--
		p.searchLine(a.Sub(1, a.H-1, a.W-2, 1))
	}
	p.height = max(p.height, 1)
	p.clamp()
	for y := 0; y < p.height && p.top+y < len(p.lines); y++ {
		p.line(a.Sub(0, y, a.W, 1), p.top+y)
	}
}

func (p *Pager) searchLine(a frame.Area) {
	x := a.Text(0, 0, theme.Accent, "/ ")
	if p.typing {
		p.in.Draw(a.Sub(x, 0, min(40, a.W-x), 1), true)
		return
	}
	x = a.Text(x, 0, theme.Strong, p.match.Text()) + 3
	a.Text(x, 0, theme.Dim, a.Clip("n next  N before  esc ends", max(a.W-x, 0)))
}

func (p *Pager) line(a frame.Area, at int) {
	text := p.lines[at]
	begin, end := p.match.In(text, 0)
	if begin >= 0 && at == p.hit {
		a.Text(0, 0, theme.Accent, a.Theme().Glyph.Hit)
	}
	body := a.Sub(1, 0, a.W-1, 1)
	if p.left > 0 {
		cut := 0
		for cut < len(text) && frame.Width(text[:cut]) < p.left {
			cut++
		}
		body.Text(0, 0, theme.Text, text[cut:])
		return
	}
	x, from := 0, 0
	for begin >= 0 {
		x = body.Text(x, 0, role(text), text[from:begin])
		x = body.Text(x, 0, theme.Match, text[begin:end])
		from = end
		begin, end = p.match.In(text, from)
	}
	body.Text(x, 0, role(text), text[from:])
}

// role makes headings, which begin at the margin and hold no value, stand out.
func role(text string) theme.Role {
	if text != "" && text == strings.ToUpper(text) && text[0] != ' ' && !strings.ContainsAny(text, ":{}[]") {
		return theme.Strong
	}
	return theme.Text
}
