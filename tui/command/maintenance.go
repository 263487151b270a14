package command

import (
	"fmt"
	"slices"
	"strings"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"codeberg.org/reeve/reeve/tui/action"
	"codeberg.org/reeve/reeve/tui/screen"
	"codeberg.org/reeve/reeve/tui/store"
)

// upkeep are the words behind "maintenance" that do something. Without one of them it shows the schedule.
var upkeep = map[string]func(s *store.Snapshot, words []string, now time.Time) (tea.Msg, error){"schedule": schedule, "cancel": cancel}

// upkeepWords completes a line about maintenance: the agents that are not named yet, and of a window when it begins and how long it is.
func upkeepWords(s *store.Snapshot, before []string) []Choice {
	if len(before) == 0 {
		return []Choice{{"schedule", "AGENT… [in=1h|at=22:00] [for=2h]: ask frameworks to leave…"}, {"cancel", "AGENT…: off the schedule…"}}
	}
	var out []Choice
	switch before[0] {
	case "schedule":
		out = natural(presentAgents(s))
	case "cancel":
		out = natural(scheduledAgents(s))
	default:
		return nil
	}
	out = slices.DeleteFunc(out, func(c Choice) bool { return slices.Contains(before[1:], c.Line) })
	if before[0] == "schedule" && len(before) > 1 {
		out = append(out, windowWords(before[1:])...)
	}
	return out
}

// windowWords are what has not been said of a window yet.
func windowWords(said []string) (out []Choice) {
	has := func(names ...string) bool {
		return slices.ContainsFunc(said, func(word string) bool {
			name, _, set := strings.Cut(word, "=")
			return set && slices.Contains(names, name)
		})
	}
	if !has("in", "at") {
		out = append(out, Choice{"in=1h", "it begins in an hour"}, Choice{"at=22:00", "it begins then"})
	}
	if !has("for") {
		out = append(out, Choice{"for=2h", "how long it takes"})
	}
	return out
}

// scheduledAgents are those of whose maintenance is known here. Others may be on the schedule, too: of an agent that is not
// connected the masters tell nothing.
func scheduledAgents(s *store.Snapshot) []Choice {
	var out []Choice
	for _, a := range s.Agents.Rows() {
		if m := a.Maintenance; m != nil {
			out = append(out, Choice{a.Name, "from " + m.Start.Local().Format("2006-01-02 15:04")})
		}
	}
	return out
}

// cancel reads "AGENT…".
func cancel(s *store.Snapshot, words []string, _ time.Time) (tea.Msg, error) {
	machines, err := action.Scheduled(s.Agents.Rows(), action.Names(strings.Join(words, " ")))
	if err != nil {
		return nil, err
	}
	act, err := action.CancelMaintenance(machines)
	return screen.Ask{Action: act}, err
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
