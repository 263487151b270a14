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
	Lines   []Line
	Buttons []string // the first is the harmless one
	Word    string   // must be typed before any other button works; "" for none

	focus int
	typed input.Input
	ready bool
}

// Pressed is what a key did.
type Pressed int

// What a key did.
const (
	Nothing   Pressed = iota
	Cancelled         // the dialog is over and nothing is to be done
	Agreed            // the dialog is over, and the second button was pressed
)

// Focus is the number of the focused button.
func (d *Dialog) Focus() int { return d.focus }

// Typing says whether letters go into the dialog rather than to its buttons.
func (d *Dialog) Typing() bool { return d.Word != "" }

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
		d.focus = (d.focus + 1) % len(d.Buttons)
	case keys.Press:
		switch {
		case d.focus == 0:
			return Cancelled
		case d.agreed():
			return Agreed
		}
	default:
	}
	return Nothing
}

func (d *Dialog) agreed() bool { return d.Word == "" || d.ready && d.typed.Value() == d.Word }

// Render draws the dialog in the middle of the area.
func (d *Dialog) Render(a frame.Area) {
	w, h := frame.Width(d.Title)+8, len(d.Lines)+5
	for _, l := range d.Lines {
		w = max(w, frame.Width(l.Text)+4)
	}
	if d.Word != "" {
		h += 2
	}
	box := a.Center(max(min(w, a.W-4), min(44, a.W)), min(h, a.H))
	box.Clear()
	in := box.Box(d.Title)
	for y, l := range d.Lines {
		if y+1 < in.H-2 {
			in.Text(0, y+1, l.Role, in.Clip(l.Text, in.W))
		}
	}
	if d.Word != "" {
		x := in.Text(0, in.H-4, theme.Warn, "type "+d.Word+" to go on: ")
		d.typed.Draw(in.Sub(x, in.H-4, in.W-x, 1), true)
	}
	d.buttons(in.Sub(0, in.H-1, in.W, 1))
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
