package command

import (
	"fmt"
	"strings"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"codeberg.org/reeve/reeve/tui/action"
	"codeberg.org/reeve/reeve/tui/screen"
	"codeberg.org/reeve/reeve/tui/store"
)

// planable are the agents whose machines can be put on the schedule.
func planable(s *store.Snapshot) []Choice {
	out := presentAgents(s)
	for i := range out {
		out[i].Line = "schedule " + out[i].Line
	}
	return out
}

// schedule reads "AGENT… [in=1h|at=22:00] [for=2h]"; without machines it opens the form.
func schedule(s *store.Snapshot, words []string, now time.Time) (tea.Msg, error) {
	if len(words) == 0 {
		return screen.Go{Target: screen.Target{Kind: screen.Window}}, nil
	}
	var w action.Window
	var names []string
	var err error
	begins := ""
	for _, word := range words {
		name, text, set := strings.Cut(word, "=")
		if !set {
			names = append(names, action.Names(word)...)
			continue
		}
		switch {
		case (name == "in" || name == "at") && begins != "":
			return nil, fmt.Errorf("%s and %s both say when it begins; give one", begins, word)
		case name == "in":
			w.Start, err = action.ParseBegin("in "+text, now)
			begins = word
		case name == "at":
			w.Start, err = action.ParseBegin(text, now)
			begins = word
		case name == "for" && text != "":
			w.Length, err = action.ParseLength(text)
		default:
			return nil, fmt.Errorf("%q is neither in=1h nor at=22:00 nor for=2h", word)
		}
		if err != nil {
			return nil, err
		}
	}
	if w.Machines, err = action.Machines(s.Agents.Rows(), names); err != nil {
		return nil, err
	}
	act, err := w.Schedule(s, now)
	return screen.Ask{Action: act}, err
}
