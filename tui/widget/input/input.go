// Package input is a line of text that somebody types: bubbles' editing keys, drawn on our frames. It never decides what
// the text means. Start reading at Input.
package input

import (
	"slices"
	"strings"

	"github.com/charmbracelet/bubbles/textinput"
	tea "github.com/charmbracelet/bubbletea"

	"codeberg.org/reeve/reeve/tui/frame"
	"codeberg.org/reeve/reeve/tui/theme"
)

// maxLength bounds what a line takes, so that a pasted file does not freeze the screen.
const maxLength = 64 << 10

// Input is one line of text with a cursor.
type Input struct {
	Hidden  bool // the text is not shown, but how long it is
	offered bool // the text goes with the first letter that is typed, as a selected one does
	model   textinput.Model
}

// New returns an input that holds text, its cursor at the end.
func New(text string) Input {
	m := textinput.New()
	m.CharLimit = maxLength
	m.Focus() // the command that this returns makes the cursor blink; ours stands still
	m.SetValue(text)
	m.CursorEnd()
	return Input{model: m}
}

// Value is the text.
func (in *Input) Value() string { return in.model.Value() }

// Offer sets a text that nobody has chosen yet: a letter replaces it, any other key makes it a text like others.
func (in *Input) Offer(text string) {
	in.Set(text)
	in.offered = text != ""
}

// Set replaces the text and puts the cursor at its end.
func (in *Input) Set(text string) {
	in.offered = false
	in.model.SetValue(text)
	in.model.CursorEnd()
}

// Type takes a key and says whether the text changed.
func (in *Input) Type(key tea.KeyMsg) bool {
	before := in.model.Value()
	if in.offered && !key.Alt && (key.Type == tea.KeyRunes || key.Type == tea.KeySpace) {
		in.model.SetValue("")
	}
	in.offered = false
	key.Runes = slices.Clone(key.Runes) // the model writes into them, and those of a space are the same for all consoles of a process
	in.model, _ = in.model.Update(key)  // the only command it has reads the clipboard of the machine we run on
	return in.model.Value() != before
}

// Draw shows the text on the area's first line, scrolled so that the cursor is seen. Without focus there is no cursor.
func (in *Input) Draw(a frame.Area, focus bool) {
	text := []rune(in.model.Value())
	if in.Hidden {
		text = []rune(strings.Repeat("*", len(text)))
	}
	if !focus {
		a.Text(0, 0, theme.Text, a.Clip(string(text), a.W))
		return
	}
	if in.offered {
		a.With(theme.Cursor).Text(0, 0, theme.Text, a.Clip(string(text), a.W))
		return
	}
	at := in.model.Position()
	from := 0
	for from < at && frame.Width(string(text[from:at])) > a.W-1 {
		from++
	}
	x := a.Text(0, 0, theme.Text, string(text[from:at]))
	caret := " "
	if at < len(text) {
		caret = string(text[at])
	}
	next := a.With(theme.Cursor).Text(x, 0, theme.Text, caret)
	if at < len(text) {
		a.Text(next, 0, theme.Text, string(text[at+1:]))
	}
}
