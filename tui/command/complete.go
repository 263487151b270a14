package command

import (
	"slices"
	"strings"
	"unicode/utf8"

	"codeberg.org/reeve/reeve/tui/frame"
	"codeberg.org/reeve/reeve/tui/store"
	"codeberg.org/reeve/reeve/tui/widget/table"
)

// Choice is one way to complete a line.
type Choice struct {
	Line string // the whole line
	Help string
}

// room for the lines of choices, in columns, where they need more than least: what helps stands beside them.
const (
	least = 26
	help  = 24
)

// Widest is how many of w columns the lines of choices get.
func Widest(choices []Choice, w int) int {
	wide := least
	for _, c := range choices {
		wide = max(wide, frame.Width(c.Line))
	}
	return min(wide, max(w-help, least))
}

// Short is the line in w columns: of one that is longer the words at its end, which are what one chooses.
func (c Choice) Short(w int) string {
	short, rest, more := c.Line, c.Line, true
	for frame.Width(short) > w && more {
		if _, rest, more = strings.Cut(rest, " "); more {
			short = "… " + rest
		}
	}
	return short
}

// wordy are the verbs that are completed word by word: what can follow, after the words before.
var wordy = map[string]func(s *store.Snapshot, before []string) []Choice{"maintenance": upkeepWords}

// most is how many ways to complete a line are shown.
const most = 8

// Complete lists ways to go on from a line: those that begin as it does first, then those that contain it, then those that
// have its letters in their order.
func Complete(s *store.Snapshot, line string) []Choice {
	name, rest, args := strings.Cut(strings.TrimLeft(line, " "), " ")
	if !args {
		var all []Choice
		for _, v := range verbs {
			all = append(all, Choice{v.name, v.help})
		}
		return matching(all, name, "")
	}
	v := find(name)
	if v == nil {
		return nil
	}
	if next := wordy[v.name]; next != nil {
		at := strings.LastIndexAny(rest, " ,") + 1
		return matching(next(s, strings.FieldsFunc(rest[:at], apart)), rest[at:], name+" "+rest[:at])
	}
	if v.args == nil {
		return nil
	}
	return matching(natural(v.args(s)), strings.TrimLeft(rest, " "), name+" ")
}

// apart says whether names stand apart by r.
func apart(r rune) bool { return r == ' ' || r == ',' }

func natural(all []Choice) []Choice {
	slices.SortStableFunc(all, func(a, b Choice) int { return table.Natural(a.Line, b.Line) })
	return all
}

func matching(all []Choice, text, prefix string) []Choice {
	text = strings.ToLower(text)
	var first, then, last []Choice
	for _, c := range all {
		lower := strings.ToLower(c.Line)
		switch {
		case strings.HasPrefix(lower, text):
			first = append(first, Choice{prefix + c.Line, c.Help})
		case strings.Contains(lower, text):
			then = append(then, Choice{prefix + c.Line, c.Help})
		case fuzzy(lower, text):
			last = append(last, Choice{prefix + c.Line, c.Help})
		}
		if len(first) >= most {
			break
		}
	}
	out := slices.Concat(first, then, last)
	return out[:min(len(out), most)]
}

// fuzzy says whether text has all letters of part in their order.
func fuzzy(text, part string) bool {
	for _, r := range part {
		i := strings.IndexRune(text, r)
		if i < 0 {
			return false
		}
		text = text[i+utf8.RuneLen(r):]
	}
	return true
}
