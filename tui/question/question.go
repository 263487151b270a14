// Package question is a dialog about an action: what it is to be done to, how, and what is known of that. It knows keys and what an
// action would do, and never does it. Start reading at Question.
package question

import (
	"maps"

	tea "github.com/charmbracelet/bubbletea"

	"codeberg.org/reeve/reeve/tui/action"
	"codeberg.org/reeve/reeve/tui/frame"
	"codeberg.org/reeve/reeve/tui/glance"
	"codeberg.org/reeve/reeve/tui/keys"
	"codeberg.org/reeve/reeve/tui/theme"
	"codeberg.org/reeve/reeve/tui/widget/dialog"
)

// Question is a dialog, of an action if it is made by Of. The targets were fixed when the action was made, so nothing that
// happens to the list behind changes them.
type Question struct {
	Dialog *dialog.Dialog
	Act    action.Action // with the answers that hold in its choices

	word func(action.Action) string
	busy glance.Busy
}

// Of asks whether to do an action. word is what has to be typed for one.
func Of(act action.Action, word func(action.Action) string) *Question {
	q := &Question{Dialog: &dialog.Dialog{}, Act: act, word: word, busy: glance.Busy{}}
	for _, c := range act.Choices {
		q.Dialog.Choices = append(q.Dialog.Choices, dialog.Choice(c))
	}
	q.tell()
	return q
}

// Failures lists what went wrong with an action, to be closed.
func Failures(r action.Result, succeeded string) *Question {
	d := &dialog.Dialog{Title: r.Title + ": not all went well", Buttons: []string{"Close"}}
	for _, f := range r.Failed {
		d.List = append(d.List, dialog.Line{Text: f.Target + ": " + f.Err.Error(), Role: theme.Bad})
	}
	if succeeded != "" {
		d.Lines = []dialog.Line{{Text: succeeded, Role: theme.Dim}}
	}
	return &Question{Dialog: d}
}

// Plain asks what is about no action.
func Plain(title, button string, lines ...string) *Question {
	d := &dialog.Dialog{Title: title, Buttons: []string{"Cancel", button}}
	for _, l := range lines {
		d.Lines = append(d.Lines, dialog.Line{Text: l, Role: theme.Text})
	}
	return &Question{Dialog: d}
}

// Quit asks whether to end the console in spite of what that would leave unfinished or unsent; nil if there is neither.
func Quit(unfinished, unsent string) *Question {
	title, lines := "Quit while something is being done?", []string{unfinished}
	switch {
	case unfinished == "" && unsent == "":
		return nil
	case unfinished == "":
		title, lines = "Quit with a form that was not sent?", []string{unsent}
	case unsent != "":
		lines = append(lines, unsent)
	}
	return Plain(title, "Quit", lines...)
}

// Heard takes what agents told of the targets.
func (q *Question) Heard(busy glance.Busy) {
	maps.Copy(q.busy, busy)
	q.tell()
}

// tell has the dialog say what the action would do.
func (q *Question) tell() {
	d := q.Dialog
	d.Title, d.Buttons, d.Word, d.List, d.Lines = q.Act.Title, []string{"Cancel", q.Act.Button}, q.word(q.Act), nil, nil
	for _, l := range q.Act.Targets {
		if more := q.busy[l.Task]; more != "" {
			l.Text += ", " + more
		}
		d.List = append(d.List, line(l))
	}
	for _, l := range q.Act.Preview {
		d.Lines = append(d.Lines, line(l))
	}
	for n := len(d.Lines); n > 0 && d.Lines[n-1].Text == ""; n-- {
		d.Lines = d.Lines[:n-1] // there is a blank line anyway
	}
}

func line(l action.Line) dialog.Line {
	role := theme.Text
	switch {
	case l.Warn:
		role = theme.Warn
	case l.Note:
		role = theme.Dim
	}
	return dialog.Line{Text: l.Text, Role: role}
}

// Typing says whether letters go into the dialog.
func (q *Question) Typing() bool { return q.Dialog.Typing() }

// Key takes a key: over says that the dialog is, agreed that what it asks for is to be done.
func (q *Question) Key(msg tea.KeyMsg) (over, agreed bool) {
	if q.Typing() && (msg.Type == tea.KeyRunes || msg.Type == tea.KeySpace || msg.Type == tea.KeyBackspace) {
		q.Dialog.Type(msg)
		return false, false
	}
	b, ok := keys.Lookup([]keys.Scope{keys.Dialog}, msg.String())
	if !ok || b.Scope != keys.Dialog {
		return false, false
	}
	switch q.Dialog.Do(b.Verb) {
	case dialog.Cancelled:
		return true, false
	case dialog.Agreed:
		return true, true
	case dialog.Chosen:
		if q.Act.With != nil {
			q.Act = q.Act.With(q.Dialog.Picked())
		}
		q.tell()
	case dialog.Nothing:
	}
	return false, false
}

// Render draws the dialog.
func (q *Question) Render(a frame.Area) { q.Dialog.Render(a) }

// Hint names the keys, as far as they do something.
func (q *Question) Hint() string {
	scrolls, choices := q.Dialog.Scrolls(), len(q.Dialog.Choices) > 0
	switch {
	case len(q.Dialog.Buttons) == 1 && scrolls:
		return "<pgdn pgup>scroll  <enter>close"
	case len(q.Dialog.Buttons) == 1:
		return "<enter>close"
	case choices && scrolls:
		return "<pgdn pgup>scroll|<pgdn>more  <tab>next  <← →>answer  <enter>press  <esc>cancel"
	case choices:
		return "<tab>next line or button|<tab>next  <← →>other answer|<← →>answer  <enter>press  <esc>cancel"
	case scrolls:
		return "<pgdn pgup>scroll|<pgdn>more  <tab>other button  <enter>press  <esc>cancel"
	}
	return "<tab>other button  <enter>press the focused one|<enter>press  <esc>cancel"
}
