package clip

import (
	"strings"

	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/action"
	"codeberg.org/reeve/reeve/tui/lookup"
	"codeberg.org/reeve/reeve/tui/screen"
	"codeberg.org/reeve/reeve/tui/store"
)

// asked adds what can be copied of what is not in the store; false if t is none of that.
func asked(s *store.Snapshot, t screen.Thing, add func(key, what, text string), reeve func(verb string, args ...string) string) bool {
	switch v := t.Value.(type) {
	case *lookup.Machine:
		name := action.CallMachine(s.Agents.Rows(), reeveapi.MachineID{Hostname: v.Hostname, IP: v.IP})
		add("n", "machine", v.Hostname)
		add("a", "address", v.IP)
		add("i", "ids of its agents", strings.Join(v.Agents, " "))
		add("t", "command that takes it down", reeve("maintenance start", name))
		add("b", "command that brings it back", reeve("maintenance stop", name))
		add("x", "command that cancels it", reeve("maintenance cancel", name))
		add("j", "JSON", indented(v))
	case *reeveapi.Member:
		add("n", "name", v.Name)
		add("i", "id", v.ID)
		add("a", "gossip's address", v.Address)
		add("h", "its API's address", v.HTTP)
		add("j", "JSON", indented(v))
	case *mesosv1.FileInfo:
		key, below := lookup.FileOf(t.ID)
		_, task, _ := strings.Cut(key, "/")
		add("p", "path on the agent", v.GetPath())
		add("n", "path in the sandbox", below)
		add("g", "command that fetches it", reeve("files get", task, below))
		add("j", "JSON", indented(v))
	case *reeveapi.Secret:
		add("n", "name", v.Name)
		add("s", "command that stores a new value", reeve("secrets set", v.Name)+" < FILE")
		add("r", "command that removes it", reeve("secrets remove", v.Name))
		add("j", "JSON", indented(v))
	default:
		return false
	}
	return true
}
