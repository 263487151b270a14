package command

import (
	"fmt"
	"time"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/action"
	"codeberg.org/reeve/reeve/tui/store"
)

// agent finds an agent's id by its name or id. Of several with one name it takes one that is not gone.
func agent(s *store.Snapshot, name string) string {
	found, gone := "", true
	for id, a := range s.Agents.All() {
		if id == name {
			return id
		}
		if a.Name == name && (found == "" || gone) {
			found, gone = id, a.State == reeveapi.AgentGone
		}
	}
	return found
}

// steer reads what is to be said of an agent: its name, and for a drain perhaps a grace and "gone".
func steer(s *store.Snapshot, verb string, words []string) (action.Action, error) {
	if len(words) == 0 {
		return action.Action{}, fmt.Errorf("%s whom? write :%s and the agent's name", verb, verb)
	}
	found := s.Agents.Get(agent(s, words[0]))
	if found == nil {
		return action.Action{}, fmt.Errorf("there is no agent %s", words[0])
	}
	agents := []*reeveapi.Agent{found}
	if verb == "drain" {
		how, err := draining(words[1:])
		if err != nil {
			return action.Action{}, err
		}
		return action.Drain(s, agents, 0, how)
	}
	if len(words) > 1 {
		return action.Action{}, fmt.Errorf("%s takes one agent", verb)
	}
	switch verb {
	case "deactivate":
		return action.Deactivate(s, agents, 0)
	case "reactivate":
		return action.Reactivate(s, agents, 0)
	}
	return action.Gone(s, agents, 0)
}

func draining(words []string) (action.Draining, error) {
	how := action.Draining{Grace: -1}
	for _, word := range words {
		if word == "gone" {
			how.Gone = true
			continue
		}
		grace, err := time.ParseDuration(word)
		if err != nil || grace < 0 {
			return how, fmt.Errorf("%q is no grace such as 30s or 5m, and not gone", word)
		}
		how.Grace = grace
	}
	return how, nil
}
