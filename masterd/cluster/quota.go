package cluster

import (
	"codeberg.org/reeve/reeve/masterd/allocator"
	"codeberg.org/reeve/reeve/masterd/ledger"
	"codeberg.org/reeve/reeve/masterd/registry"
	"codeberg.org/reeve/reeve/masterd/roles"
	"codeberg.org/reeve/reeve/masterd/turn"
	"codeberg.org/reeve/reeve/shared/fault"
)

// The rules of a change of quotas.
const (
	QuotaEither  = turn.QuotaEither
	QuotaMissing = turn.QuotaMissing
	QuotaPresent = turn.QuotaPresent
)

func (s *State) setQuotas(in SetQuotas) {
	if err := s.judgeQuotas(in); err != nil {
		s.turn.Reply(in.Ticket, err)
		return
	}
	if len(in.Quotas) == 0 {
		s.turn.Reply(in.Ticket, nil)
		return
	}
	s.settings.writing = true
	s.persist(write{kind: writeSettings, ticket: in.Ticket, in: in}, registry.SetQuotas{Quotas: in.Quotas})
}

// judgeQuotas says why a change of quotas can't be (spec 3.9); the sentences are Mesos's.
func (s *State) judgeQuotas(in SetQuotas) error {
	for _, role := range ledger.SortedKeys(in.Quotas) {
		_, has := s.book.Settings.Quotas[role]
		switch {
		case has && in.Rule == QuotaMissing:
			return fault.New(fault.Invalid, "Failed to validate set quota request: Quota can not be set for a role that already has quota")
		case !has && in.Rule == QuotaPresent:
			return fault.New(fault.Invalid, "Failed to remove quota for role '%s': Role '%s' has no quota set", role, role)
		}
	}
	after := s.book.Settings.WithQuotas(in.Quotas).Quotas
	if err := roles.CheckTree(after); err != nil {
		return err
	}
	if in.Force {
		return nil
	}
	if in.Rule == QuotaEither { // the old call and the taking away say nothing of limits
		for _, role := range ledger.SortedKeys(in.Quotas) {
			if consumed, limit := s.book.Consumed(role), in.Quotas[role].Limit; !limit.Allows(consumed) {
				return fault.New(fault.Invalid, "Invalid QuotaConfig: Role '%s' is already consuming '%s'; this exceeds the requested limits '%s'"+
					" (use 'force' flag to bypass this check)", role, consumed, limit)
			}
		}
	}
	guaranteed, capacity := roles.TotalGuarantee(after), s.book.Capacity()
	if in.Rule == QuotaPresent || capacity.Contains(guaranteed) || s.lessGuaranteed(in) {
		return nil
	}
	if in.Rule == QuotaMissing {
		return fault.New(fault.Conflict, "Heuristic capacity check for set quota request failed: Not enough available cluster capacity"+
			" to reasonably satisfy quota request; the force flag can be used to override this check")
	}
	return fault.New(fault.Invalid, "Invalid QuotaConfig: total quota guarantees '%s' exceed cluster capacity '%s'"+
		" (use 'force' flag to bypass this check)", guaranteed, capacity)
}

// lessGuaranteed says that a change guarantees nobody more than before: it is allowed while the cluster is too small, too.
func (s *State) lessGuaranteed(in SetQuotas) bool {
	for role, q := range in.Quotas {
		if !s.book.Settings.Quotas[role].Guarantee.Contains(q.Guarantee) {
			return false
		}
	}
	return true
}

// applyQuotas takes back the offers that the new quotas do not allow.
func (s *State) applyQuotas(in SetQuotas) {
	s.book.SetSettings(s.book.Settings.WithQuotas(in.Quotas))
	s.tellAllocator()
	for _, role := range ledger.SortedKeys(in.Quotas) {
		kind := "QUOTA_SET"
		if in.Quotas[role].Empty() {
			kind = "QUOTA_REMOVED"
		}
		s.turn.Happened(aboutRole(kind, role, in.Who, in.Quotas[role].String()))
	}
	s.desk.EnforceQuota()
}

func (s *State) tellAllocator() {
	quotas := make(map[string]allocator.Quota, len(s.book.Settings.Quotas))
	for role, q := range s.book.Settings.Quotas {
		quotas[role] = allocator.Quota{Guarantee: q.Guarantee.Vector(0), Limit: q.Limit.Vector(allocator.NoLimit)}
	}
	s.book.Alloc.SetQuotas(quotas)
}

// A new term knows nothing of what runs until agents tell it. With quotas in force it offers nothing before it has heard of
// most of them: it would give away what is guaranteed to others, and pass limits (spec 3.4).

// holdOffers begins that wait.
func (s *State) holdOffers() {
	expected := s.book.In(AgentRecovered)
	if len(s.book.Settings.Quotas) == 0 || expected == 0 {
		return
	}
	s.expected, s.desk.Held = expected, true
	s.timer.Set(timer{kind: timerHold}, s.turn.Now.Add(s.cfg.QuotaHold))
}

// releaseOffers ends it once four agents in five have come back or are given up.
func (s *State) releaseOffers() {
	if s.desk.Held && s.book.In(AgentRecovered)*5 <= s.expected {
		s.timer.Cancel(timer{kind: timerHold})
		s.desk.Held = false
	}
}

// recoverSettings takes the settings over from the registry.
func (s *State) recoverSettings(from roles.Settings) {
	s.book.SetSettings(from)
	for _, role := range ledger.SortedKeys(from.Weights) {
		s.book.Alloc.SetWeight(role, from.Weights[role])
	}
	if len(from.Quotas) > 0 {
		s.tellAllocator()
	}
}
