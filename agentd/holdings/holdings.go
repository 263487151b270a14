// Package holdings is what an agent has: the resources it was started with, as operations have converted them since, and
// how those operations went until their frameworks know it (spec 3.4 and 3.6). It owns that arithmetic, what is saved of it, and
// the retries; it is pure, writes nothing down and makes no directory: agentd/workload carries its effects on, agentd/volume
// keeps the files. Start reading at Set, then Set.Carry.
package holdings

import (
	"bytes"
	"fmt"
	"slices"
	"time"

	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/operation"
	"codeberg.org/reeve/reeve/shared/resources"
)

// Set is the holdings of an agent. Make it with New.
type Set struct {
	base, total resources.Resources

	retry, retryMax time.Duration
	connected       bool
	pending         []*feedback // in the order in which they were done
}

// feedback is an operation that waits for its acknowledgement.
type feedback struct {
	op      *mesosv1.Operation
	retryAt time.Time // zero while the master is not there
	wait    time.Duration
}

// New returns the holdings of an agent that was started with base. A status is sent again after retry, then after twice
// that, up to retryMax.
func New(base resources.Resources, retry, retryMax time.Duration) *Set {
	return &Set{base: base, total: base, retry: retry, retryMax: retryMax}
}

// Total is what the agent has now.
func (s *Set) Total() resources.Resources { return s.total }

// Changed is the part of Total that operations have made. With it, Restore makes Total again.
func (s *Set) Changed() resources.Resources { return operation.Changed(s.total) }

// Restore puts what operations have made in place of what it was made of.
func (s *Set) Restore(changed []*mesosv1.Resource) error {
	made, err := resources.FromProto(changed)
	if err != nil {
		return fmt.Errorf("saved reservations: %w", err)
	}
	original := operation.Original(made)
	if !s.base.Contains(original) {
		return fault.New(fault.Conflict, "%s are reserved or in volumes on this agent, more than it is started with: %s; give it back what it had (--resources), or remove the reservations first",
			made, s.base)
	}
	s.total = s.base.Minus(original).Plus(made)
	return nil
}

// Apply carries out an operation. The error says why it can't be; nothing has changed then.
func (s *Set) Apply(op *mesosv1.Offer_Operation) (operation.Conversion, error) {
	c, err := operation.Of(op)
	if err != nil {
		return c, err
	}
	c = c.Unallocate()
	total, ok := c.Apply(s.total)
	if !ok {
		return c, fmt.Errorf("the agent does not have %s, it has %s", c.Consumed, s.total)
	}
	s.total = total
	return c, nil
}

// Add keeps an operation until the status that it has is acknowledged. What has to be sent now is returned.
func (s *Set) Add(now time.Time, op *mesosv1.Operation) []*mesosv1.Operation {
	f := &feedback{op: op}
	s.pending = append(s.pending, f)
	return s.first(now, f)
}

func (s *Set) first(now time.Time, f *feedback) []*mesosv1.Operation {
	f.wait = s.retry
	return s.send(now, f)
}

func (s *Set) send(now time.Time, f *feedback) []*mesosv1.Operation {
	if !s.connected {
		f.retryAt = time.Time{}
		return nil
	}
	f.retryAt = now.Add(f.wait)
	return []*mesosv1.Operation{f.op}
}

// Acknowledge forgets an operation whose status is known, and says whether it did: anything else is a late duplicate.
func (s *Set) Acknowledge(uuid, status []byte) bool {
	before := len(s.pending)
	s.pending = slices.DeleteFunc(s.pending, func(f *feedback) bool {
		return bytes.Equal(f.op.GetUuid().GetValue(), uuid) &&
			(status == nil || bytes.Equal(f.op.GetLatestStatus().GetUuid().GetValue(), status))
	})
	return len(s.pending) < before
}

// Has says whether an operation with this uuid waits.
func (s *Set) Has(uuid []byte) bool {
	return slices.ContainsFunc(s.pending, func(f *feedback) bool { return bytes.Equal(f.op.GetUuid().GetValue(), uuid) })
}

// Pending lists the operations that wait. They are not to be changed.
func (s *Set) Pending() []*mesosv1.Operation {
	list := make([]*mesosv1.Operation, 0, len(s.pending))
	for _, f := range s.pending {
		list = append(list, f.op)
	}
	return list
}

// Resume sends everything anew: a master has accepted us.
func (s *Set) Resume(now time.Time) (all []*mesosv1.Operation) {
	s.connected = true
	for _, f := range s.pending {
		all = append(all, s.first(now, f)...)
	}
	return all
}

// Suspend stops all retries: the master is not there.
func (s *Set) Suspend() {
	s.connected = false
	for _, f := range s.pending {
		f.retryAt = time.Time{}
	}
}

// Due returns what has waited long enough, to be sent again.
func (s *Set) Due(now time.Time) (due []*mesosv1.Operation) {
	for _, f := range s.pending {
		if !f.retryAt.IsZero() && !now.Before(f.retryAt) {
			f.wait = min(2*f.wait, s.retryMax)
			due = append(due, s.send(now, f)...)
		}
	}
	return due
}

// Deadline is when something will be due, zero for never.
func (s *Set) Deadline() (next time.Time) {
	for _, f := range s.pending {
		if !f.retryAt.IsZero() && (next.IsZero() || f.retryAt.Before(next)) {
			next = f.retryAt
		}
	}
	return next
}
