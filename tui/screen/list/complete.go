package list

import (
	"slices"
	"strings"
	"unicode"

	"codeberg.org/reeve/reeve/tui/widget/filter"
	"codeberg.org/reeve/reeve/tui/widget/input"
)

// completion is what tab goes through in the filter line.
type completion struct {
	before  string   // the text in front of the word
	choices []string // what the word can become
	at      int
}

// mostChoices bounds what tab goes through.
const mostChoices = 50

// complete puts the next way to go on in the place of the last word: names of fields, and behind one the values that rows
// have in it.
func (l *List[T]) complete() {
	if l.tab == nil || l.tab.at >= len(l.tab.choices) || l.in.Value() != l.tab.before+l.tab.choices[l.tab.at] {
		before, word := cutWord(l.in.Value())
		l.tab = &completion{before: before, choices: l.choices(word), at: -1}
	}
	if len(l.tab.choices) == 0 {
		return
	}
	l.tab.at = (l.tab.at + 1) % len(l.tab.choices)
	l.in = input.New(l.tab.before + l.tab.choices[l.tab.at])
	l.SetFilter(l.in.Value())
}

// cutWord cuts the last word off, without the sign that turns it round.
func cutWord(text string) (before, word string) {
	at := strings.LastIndexByte(text, ' ') + 1
	if strings.HasPrefix(text[at:], "!") {
		at++
	}
	return text[:at], text[at:]
}

func (l *List[T]) choices(word string) []string {
	name, value, valued := strings.Cut(word, ":")
	var out []string
	for _, f := range l.fields {
		switch {
		case f.Name == "":
		case valued && f.Name == name && f.Text != nil:
			return l.values(f, value)
		case valued || !strings.HasPrefix(f.Name, word):
		case f.Number != nil:
			out = append(out, f.Name+">")
		default:
			out = append(out, f.Name+":")
		}
	}
	return out
}

// values are what rows have in a field that begins so. What a filter could not ask for, because it has a space in it, is left out.
func (l *List[T]) values(f filter.Field[T], begin string) []string {
	seen := map[string]bool{}
	for row := range l.Table.All() {
		v := f.Text(row)
		if len(v) >= len(begin) && strings.EqualFold(v[:len(begin)], begin) && !strings.ContainsFunc(v, unicode.IsSpace) && v != "" {
			seen[f.Name+":"+v] = true
		}
	}
	out := make([]string, 0, len(seen))
	for v := range seen {
		out = append(out, v)
	}
	slices.Sort(out)
	return out[:min(len(out), mostChoices)]
}
