// Package sheet is what the screens that are forms have in common: which keys go through the fields, and that nothing is sent before
// all of them are right. It never sends. Start reading at Sheet.
package sheet

import (
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"codeberg.org/reeve/reeve/tui/keys"
	"codeberg.org/reeve/reeve/tui/screen"
	"codeberg.org/reeve/reeve/tui/theme"
	"codeberg.org/reeve/reeve/tui/widget/form"
)

// Sheet is embedded by such a screen.
type Sheet struct {
	Form *form.Form
}

// Start has nothing to ask for.
func (s *Sheet) Start() tea.Cmd { return nil }

// Typing is always true: letters belong to the fields.
func (s *Sheet) Typing() bool { return true }

// Type gives a key to the focused field.
func (s *Sheet) Type(key tea.KeyMsg) tea.Cmd {
	s.Form.Type(key)
	return nil
}

// Walk takes a verb that leads to another field, and says whether it is one.
func (s *Sheet) Walk(verb keys.Verb) bool {
	switch verb {
	case keys.NextField:
		s.Form.Step(1)
	case keys.PrevField:
		s.Form.Step(-1)
	default:
		return false
	}
	return true
}

// Unsent says that what was typed goes with the console.
func (s *Sheet) Unsent() string {
	if !s.Form.Touched() {
		return ""
	}
	return "What was typed is not kept."
}

// Refuse says what must be put right before the form can be sent, and shows it in the fields; false if nothing is wrong.
func (s *Sheet) Refuse() (tea.Cmd, bool) {
	wrong := s.Form.Wrong()
	if len(wrong) == 0 {
		return nil, false
	}
	s.Form.Reveal()
	return screen.Say(theme.Bad, "not yet: "+strings.Join(wrong, ", ")+" must be put right"), true
}
