package events

import (
	"strings"

	"codeberg.org/reeve/reeve/tui/keys"
)

// ago is how far back the keys go, as the filter has it; "" is as far as events are known.
var ago = map[keys.Verb]string{
	keys.SinceStart: "", keys.Since1m: "1m", keys.Since5m: "5m", keys.Since15m: "15m", keys.Since30m: "30m", keys.Since1h: "1h",
}

// since shows only what is younger, by a word of the filter: there one sees it, can change it, and esc clears it.
func (s *Screen) since(verb keys.Verb) {
	var words []string
	for word := range strings.FieldsSeq(s.List().Filter()) {
		if !strings.HasPrefix(word, "age<") {
			words = append(words, word)
		}
	}
	if ago[verb] != "" {
		words = append(words, "age<"+ago[verb])
	}
	s.List().SetFilter(strings.Join(words, " "))
	s.follow = true
	s.Table().Do(keys.First, s.Env.Now())
}
