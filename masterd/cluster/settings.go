package cluster

import (
	"fmt"
	"slices"
	"strconv"

	"codeberg.org/reeve/reeve/masterd/ledger"
	"codeberg.org/reeve/reeve/masterd/registry"
	"codeberg.org/reeve/reeve/masterd/roles"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// What operators say of roles goes to the registry first, one change at a time, so that each is checked against what is in
// force; then the allocator and the offers that are out follow (spec 3.9).

// settings is what waits for its turn.
type settings struct {
	writing bool
	queue   []Input // SetWeights, SetQuotas and Maintain, oldest first
}

// changeSettings takes its input at once, or after the change that is being written.
func (s *State) changeSettings(in Input) {
	if s.settings.writing {
		s.settings.queue = append(s.settings.queue, in)
		return
	}
	switch in := in.(type) {
	case SetWeights:
		s.setWeights(in)
	case SetQuotas:
		s.setQuotas(in)
	case Maintain:
		s.maintain(in)
	}
}

// settled carries out a change that is in the registry now, and goes on with the next.
func (s *State) settled(w write, err error) {
	s.settings.writing = false
	if err != nil {
		s.turn.Reply(w.ticket, fault.Wrap(fault.Unavailable, err, "write to the registry"))
	} else {
		switch in := w.in.(type) {
		case SetWeights:
			s.applyWeights(in)
		case SetQuotas:
			s.applyQuotas(in)
		case Maintain:
			for _, a := range s.inverse.Apply(in.Change, in.Who) {
				s.takeDown(a)
			}
		}
		s.turn.Reply(w.ticket, nil)
	}
	for len(s.settings.queue) > 0 && !s.settings.writing {
		next := s.settings.queue[0]
		s.settings.queue = s.settings.queue[1:]
		s.changeSettings(next)
	}
}

func (s *State) setWeights(in SetWeights) {
	if len(in.Weights) == 0 {
		s.turn.Reply(in.Ticket, nil)
		return
	}
	s.settings.writing = true
	s.persist(write{kind: writeSettings, ticket: in.Ticket, in: in}, registry.SetWeights{Weights: in.Weights})
}

// applyWeights rescinds everything that is offered if a framework is in one of the roles, so that the next offers are fair.
func (s *State) applyWeights(in SetWeights) {
	before := s.book.Settings
	s.book.SetSettings(before.WithWeights(in.Weights))
	used := false
	for _, role := range ledger.SortedKeys(in.Weights) {
		s.book.Alloc.SetWeight(role, in.Weights[role])
		used = used || s.inUse(role)
		s.turn.Happened(aboutRole("WEIGHT_SET", role, in.Who, fmt.Sprintf("weight %s, was %s",
			strconv.FormatFloat(in.Weights[role], 'g', -1, 64), strconv.FormatFloat(before.Weight(role), 'g', -1, 64))))
	}
	if used {
		s.desk.RescindAll()
	}
}

// inUse says whether a framework is in a role or in one below it.
func (s *State) inUse(role string) bool {
	for _, f := range s.book.Frameworks {
		if slices.ContainsFunc(f.Roles, func(r string) bool { return roles.Below(r, role) }) {
			return true
		}
	}
	return false
}

// aboutRole is an event for people that has a role for its subject.
func aboutRole(kind, role, who, text string) reeveapi.Event {
	return reeveapi.Event{Kind: kind, Subject: role, ID: role, Who: who, Text: text}
}
