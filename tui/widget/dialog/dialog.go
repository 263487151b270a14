// Package dialog asks a question. What it asks about is fixed when it opens, the first button is always the harmless one
// and has the focus. It never does what it asks about. Start reading at Dialog.
package dialog

import (
	tea "github.com/charmbracelet/bubbletea"

	"codeberg.org/reeve/reeve/tui/frame"
	"codeberg.org/reeve/reeve/tui/keys"
	"codeberg.org/reeve/reeve/tui/theme"
	"codeberg.org/reeve/reeve/tui/widget/input"
)

// Line is one line of a dialog's text.
type Line struct {
	Text string
	Role theme.Role
}

// Dialog is a question with buttons.
type Dialog struct {
	Title   string
	List    []Line   // what it is about, one by one. Where not all have room it scrolls
	Lines   []Line   // what else is to be said; it scrolls with List where it leaves that no room
	Buttons []string // the first is the harmless one
	Word    string   // must be typed before any other button works; "" for none
	Choices []Choice // lines above the buttons, of which each has an answer

	focus int // among the buttons and, before the first, the choices: -1 is the last one
	typed input.Input
	ready bool

	top, page, count int // of what scrolls: its first visible line, how many are visible, and of how many
}

// Choice is a line with several answers, of which one holds.
type Choice struct {
	Label   string
	Options []string
	At      int
}

// Pressed is what a key did.
type Pressed int

// What a key did.
const (
	Nothing   Pressed = iota
	Cancelled         // the dialog is over and nothing is to be done
	Agreed            // the dialog is over, and the second button was pressed
	Chosen            // another answer holds in one of the choices
)

// Focus is the number of the focused button.
func (d *Dialog) Focus() int { return d.focus }

// Typing says whether letters go into the dialog rather than to its buttons.
func (d *Dialog) Typing() bool { return d.Word != "" && d.focus >= 0 }

// Picked is the answer that holds in each choice.
func (d *Dialog) Picked() []int {
	var all []int
	for _, c := range d.Choices {
		all = append(all, c.At)
	}
	return all
}

// Type takes a key while Typing.
func (d *Dialog) Type(key tea.KeyMsg) {
	if !d.ready {
		d.typed, d.ready = input.New(""), true
	}
	d.typed.Type(key)
}

// Do takes a verb of the Dialog scope.
func (d *Dialog) Do(verb keys.Verb) Pressed {
	switch verb {
	case keys.Cancel:
		return Cancelled
	case keys.NextButton, keys.PrevButton:
		d.move(verb == keys.NextButton)
	case keys.PageDown, keys.PageUp, keys.HalfDown, keys.HalfUp, keys.First, keys.Bottom:
		d.scroll(verb)
	case keys.Right, keys.Left:
		if d.focus < 0 {
			return d.choose(verb == keys.Right)
		}
		d.focus = (d.focus + 1) % len(d.Buttons)
	case keys.Mark:
		if d.focus < 0 {
			return d.choose(true)
		}
	case keys.Press:
		switch {
		case d.focus < 0:
			return d.choose(true)
		case d.focus == 0:
			return Cancelled
		case d.agreed():
			return Agreed
		}
	default:
	}
	return Nothing
}

// move puts the focus on the next line or button: from the last button on to the first choice.
func (d *Dialog) move(on bool) {
	n, all := len(d.Choices), len(d.Choices)+len(d.Buttons)
	step := all - 1
	if on {
		step = 1
	}
	d.focus = (d.focus+n+step)%all - n
}

// choose takes the next answer of the focused choice, or the one before.
func (d *Dialog) choose(on bool) Pressed {
	c := &d.Choices[len(d.Choices)+d.focus]
	step := len(c.Options) - 1
	if on {
		step = 1
	}
	c.At = (c.At + step) % len(c.Options)
	return Chosen
}

func (d *Dialog) agreed() bool { return d.Word == "" || d.ready && d.typed.Value() == d.Word }

// width is what options take beside each other.
func width(options []string) int {
	w := 0
	for _, o := range options {
		w += frame.Width(o) + 6
	}
	return w
}

// choice draws a line of answers: all of them where they have room, else the one that holds, between arrows.
func (d *Dialog) choice(a frame.Area, i, label int) {
	c, role := d.Choices[i], theme.Text
	focused := d.focus == i-len(d.Choices)
	if focused {
		a = a.With(theme.Cursor)
		a.Clear()
		a.Text(0, 0, theme.Accent, a.Theme().Glyph.Cursor)
	}
	a.Left(2, 0, label, theme.Dim, c.Label)
	x := label + 4
	if x+width(c.Options) > a.W+2 {
		a.Text(x, 0, role, a.Clip("< "+c.Options[c.At]+" >", a.W-x))
		return
	}
	for at, option := range c.Options {
		mark, role := "( ) ", theme.Dim
		if at == c.At {
			mark, role = "(*) ", theme.Text
		}
		x = a.Text(x, 0, role, mark+option) + 2
	}
}

func (d *Dialog) buttons(a frame.Area) {
	total := 0
	for _, b := range d.Buttons {
		total += frame.Width(b) + 6
	}
	x := max((a.W-total+2)/2, 0)
	for i, b := range d.Buttons {
		role, text := theme.Text, "  "+b+"  "
		if i > 0 && !d.agreed() {
			role = theme.Dim
		}
		if i == d.focus {
			role, text = theme.Button, "[ "+b+" ]"
		}
		x = a.Text(x, 0, role, text) + 2
	}
}
