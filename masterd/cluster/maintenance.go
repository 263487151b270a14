package cluster

import (
	"codeberg.org/reeve/reeve/masterd/registry"
	"codeberg.org/reeve/reeve/masterd/status"
)

// maintain writes what an operator says of maintenance; it takes effect when it is written, as settings do.
func (s *State) maintain(in Maintain) {
	next, err := in.Change.Apply(s.book.Maintenance)
	if err != nil {
		s.turn.Reply(in.Ticket, err)
		return
	}
	s.settings.writing = true
	s.persist(write{kind: writeSettings, ticket: in.Ticket, in: in}, registry.SetMaintenance{State: next})
}

// takeDown removes an agent whose machine is down, and says whether it did.
func (s *State) takeDown(a *agent) bool {
	if !a.Down || !a.Present() || a.Writing || s.isAdmitting(a.ID) {
		return false
	}
	s.write(a, write{kind: writeRemove, agent: a.ID, loss: status.TakenDown}, registry.RemoveAgent{Agent: a.ID})
	return true
}
