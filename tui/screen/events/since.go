package events

import (
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"codeberg.org/reeve/reeve/tui/keys"
	"codeberg.org/reeve/reeve/tui/screen"
)

// ago is what a line of the menu answers: how far back, as the filter has it. "" is as far as events are known.
type ago string

// chooseSince opens the menu of times. Its digits are those that choose the same in a log: there they need no menu, but this is
// a list, from which digits lead to other screens.
func (s *Screen) chooseSince() tea.Cmd {
	choices := []screen.Choice{
		{Key: "0", Text: "follow", Note: "the newest, whatever they are", Msg: s.Env.Self(following{})},
		{Key: "1", Text: "all that is known", Note: "as far as the masters remember", Msg: s.Env.Self(ago(""))},
	}
	for i, span := range []string{"1m", "5m", "15m", "30m", "1h"} {
		choices = append(choices, screen.Choice{Key: string(rune('2' + i)), Text: "the last " + span, Note: "age<" + span, Msg: s.Env.Self(ago(span))})
	}
	return screen.Send(screen.Choose{Title: "Events since", Choices: choices})
}

// following is the menu's line that follows the newest.
type following struct{}

// since shows only what is younger, by a word of the filter: there one sees it, can change it, and esc clears it.
func (s *Screen) since(span ago) {
	var words []string
	for word := range strings.FieldsSeq(s.List().Filter()) {
		if !strings.HasPrefix(word, "age<") {
			words = append(words, word)
		}
	}
	if span != "" {
		words = append(words, "age<"+string(span))
	}
	s.List().SetFilter(strings.Join(words, " "))
	s.follow = true
	s.Table().Do(keys.First, s.Env.Now())
}
