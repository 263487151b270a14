// Package clip says what can be copied of a thing: its ids, addresses, and the command lines that are about it. Start reading at
// Of.
package clip

import (
	"encoding/json"

	"codeberg.org/reeve/reeve/tui/action"
	"codeberg.org/reeve/reeve/tui/screen"
	"codeberg.org/reeve/reeve/tui/store"
)

// Of is what can be copied of a thing; commands reach the cluster as reach says.
func Of(s *store.Snapshot, t screen.Thing, reach []string) []screen.Choice {
	var out []screen.Choice
	add := func(key, what, text string) {
		if text != "" {
			out = append(out, screen.Choice{Key: key, Text: what, Note: text, Msg: screen.Copy{Text: text, What: what}})
		}
	}
	reeve := func(verb string, args ...string) string { return action.CommandLine(reach, verb, args...) }
	switch t.Kind {
	case screen.Task:
		if v := s.Tasks.Get(t.ID); v != nil {
			add("i", "task id", v.ID)
			add("n", "name", v.Name)
			add("f", "framework id", v.Framework)
			add("a", "agent's address", v.AgentHTTP)
			add("c", "container id", v.Container)
			add("p", "sandbox path", v.Sandbox)
			add("l", "command for its log", reeve("logs", "-f", v.ID))
			add("e", "command for a shell", reeve("exec", "-it", v.ID, "--", "sh"))
			add("k", "command that kills it", reeve("kill", v.ID))
			add("j", "JSON", indented(v))
		}
	case screen.Agent:
		if v := s.Agents.Get(t.ID); v != nil {
			add("i", "agent id", v.ID)
			add("n", "name", v.Name)
			add("a", "address", v.HTTP)
			add("d", "command that drains it", reeve("drain", v.ID))
			add("r", "command that uses it again", reeve("reactivate", v.ID))
			add("j", "JSON", indented(v))
		}
	case screen.Frameworks:
		if v := s.Frameworks.Get(t.ID); v != nil {
			add("i", "framework id", v.ID)
			add("n", "name", v.Name)
			add("w", "web page", v.WebUI)
			add("j", "JSON", indented(v))
		}
	case screen.Job:
		if v := s.Jobs.Get(t.ID); v != nil {
			add("n", "name", v.Spec.Name)
			add("s", "command that stops it", reeve("stop", v.Spec.Name))
			add("j", "JSON", indented(v))
		}
	default:
		if !asked(s, t, add, reeve) {
			add("i", "id", t.ID)
		}
	}
	return out
}

func indented(v any) string {
	out, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return ""
	}
	return string(out)
}
