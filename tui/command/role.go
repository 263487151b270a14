package command

import (
	"fmt"
	"strconv"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/action"
	"codeberg.org/reeve/reeve/tui/screen"
	"codeberg.org/reeve/reeve/tui/store"
)

func roleNames(s *store.Snapshot) []Choice {
	var out []Choice
	for name, r := range s.Roles.All() {
		text := fmt.Sprintf("weight %g", r.Weight)
		if len(r.Guarantee) > 0 {
			text += ", guaranteed " + r.Guarantee.String()
		}
		if len(r.Limit) > 0 {
			text += ", at most " + r.Limit.String()
		}
		out = append(out, Choice{name, text})
	}
	return out
}

// quota reads "ROLE [guarantee=AMOUNTS] [limit=AMOUNTS] [force]" or "ROLE none".
func quota(s *store.Snapshot, rest string) (tea.Msg, error) {
	words := strings.Fields(rest)
	if len(words) == 0 {
		return nil, fmt.Errorf("say of which role: quota ROLE guarantee=cpus:2,mem:1024 limit=cpus:8")
	}
	q := reeveapi.Quota{Role: words[0]}
	r := s.Roles.Get(q.Role)
	for _, word := range words[1:] {
		name, text, _ := strings.Cut(word, "=")
		amounts, err := reeveapi.ParseQuantities(text)
		switch {
		case word == "none" && len(words) == 2:
			if r == nil {
				return nil, fmt.Errorf("there is no role %s", q.Role)
			}
			act, err := action.RemoveQuota(r)
			return screen.Ask{Action: act}, err
		case word == "force":
			q.Force = true
		case name != "guarantee" && name != "limit":
			return nil, fmt.Errorf("%q is neither guarantee=… nor limit=… nor force", word)
		case err != nil:
			return nil, fmt.Errorf("%s: %w", name, err)
		case name == "guarantee":
			q.Guarantee = amounts
		default:
			q.Limit = amounts
		}
	}
	act, err := action.SetQuota(r, q)
	return screen.Ask{Action: act}, err
}

// weight reads "ROLE WEIGHT".
func weight(s *store.Snapshot, rest string) (tea.Msg, error) {
	words := strings.Fields(rest)
	if len(words) != 2 {
		return nil, fmt.Errorf("say of which role and how much: weight ROLE 2")
	}
	n, err := strconv.ParseFloat(words[1], 64)
	if err != nil || !(n > 0 && n <= 1e9) {
		return nil, fmt.Errorf("%q is no weight; write a number above 0", words[1])
	}
	return screen.Ask{Action: action.SetWeight(s.Roles.Get(words[0]), reeveapi.Weight{Role: words[0], Weight: n})}, nil
}
