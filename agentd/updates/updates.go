// Package updates holds the status updates of an agent on their way to frameworks: for each task in order, one in flight,
// sent again with the same uuid until it is acknowledged (spec 3.6; pitfall 16). It owns order and retries; it is pure, and
// neither fills statuses in nor writes them down: agentd/workload does, before they come here. Start reading at Outbox.
package updates

import (
	"bytes"
	"maps"
	"slices"
	"time"

	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
)

// Outbox is the updates of all tasks that have not been acknowledged. Make it with New.
type Outbox struct {
	retry, retryMax time.Duration
	connected       bool
	streams         map[ids.Framework]map[string]*stream // by task id; none is empty
}

// stream is the updates of one task.
type stream struct {
	pending []*mesosv1.TaskStatus // the first is in flight
	retryAt time.Time             // zero while the master is not there
	wait    time.Duration         // the retry's, doubling
}

// Sending is an update that has to be sent now.
type Sending struct {
	Framework ids.Framework
	Status    *mesosv1.TaskStatus
	Latest    mesosv1.TaskState // of the task, which may be later than the status
}

// New returns an empty outbox without a master. An update is sent again after retry, then after twice that, up to retryMax.
func New(retry, retryMax time.Duration) *Outbox {
	return &Outbox{retry: retry, retryMax: retryMax, streams: map[ids.Framework]map[string]*stream{}}
}

// Add puts a status at the end of its task's stream.
func (o *Outbox) Add(now time.Time, task ids.Task, status *mesosv1.TaskStatus) []Sending {
	streams := o.streams[task.Framework]
	if streams == nil {
		streams = map[string]*stream{}
		o.streams[task.Framework] = streams
	}
	s := streams[task.ID]
	if s == nil {
		s = &stream{}
		streams[task.ID] = s
	}
	s.pending = append(s.pending, status)
	if len(s.pending) > 1 {
		return nil
	}
	return o.first(now, task.Framework, s)
}

// Acknowledge takes the status in flight off its stream and returns it, with what is to be sent next. Anything but the
// uuid in flight is a late duplicate: nil is returned and nothing changes.
func (o *Outbox) Acknowledge(now time.Time, task ids.Task, uuid []byte) (*mesosv1.TaskStatus, []Sending) {
	s := o.streams[task.Framework][task.ID]
	if s == nil || !bytes.Equal(s.pending[0].GetUuid(), uuid) {
		return nil, nil
	}
	head := s.pending[0]
	s.pending = s.pending[1:]
	if len(s.pending) > 0 {
		return head, o.first(now, task.Framework, s)
	}
	delete(o.streams[task.Framework], task.ID)
	if len(o.streams[task.Framework]) == 0 {
		delete(o.streams, task.Framework)
	}
	return head, nil
}

// Pending is how many updates of a task wait, the one in flight among them.
func (o *Outbox) Pending(task ids.Task) int {
	if s := o.streams[task.Framework][task.ID]; s != nil {
		return len(s.pending)
	}
	return 0
}

// first sends a stream's first status for the first time in this connection.
func (o *Outbox) first(now time.Time, fw ids.Framework, s *stream) []Sending {
	s.wait = o.retry
	return o.send(now, fw, s)
}

func (o *Outbox) send(now time.Time, fw ids.Framework, s *stream) []Sending {
	if !o.connected {
		s.retryAt = time.Time{}
		return nil
	}
	s.retryAt = now.Add(s.wait)
	return []Sending{{Framework: fw, Status: s.pending[0], Latest: s.pending[len(s.pending)-1].GetState()}}
}

// Resume starts every stream anew: a master has accepted us.
func (o *Outbox) Resume(now time.Time) (all []Sending) {
	o.connected = true
	o.each(func(fw ids.Framework, s *stream) { all = append(all, o.first(now, fw, s)...) })
	return all
}

// Suspend stops all retries: the master is not there.
func (o *Outbox) Suspend() {
	o.connected = false
	o.each(func(_ ids.Framework, s *stream) { s.retryAt = time.Time{} })
}

// Due returns what has waited long enough for its acknowledgement, to be sent again.
func (o *Outbox) Due(now time.Time) (due []Sending) {
	o.each(func(fw ids.Framework, s *stream) {
		if !s.retryAt.IsZero() && !now.Before(s.retryAt) {
			s.wait = min(2*s.wait, o.retryMax)
			due = append(due, o.send(now, fw, s)...)
		}
	})
	return due
}

// Deadline is when something will be due, zero for never.
func (o *Outbox) Deadline() (next time.Time) {
	for _, streams := range o.streams {
		for _, s := range streams {
			if !s.retryAt.IsZero() && (next.IsZero() || s.retryAt.Before(next)) {
				next = s.retryAt
			}
		}
	}
	return next
}

// Drop forgets everything of a framework: there is nobody to tell any more.
func (o *Outbox) Drop(fw ids.Framework) { delete(o.streams, fw) }

// Waiting says whether anything of a framework has not been acknowledged.
func (o *Outbox) Waiting(fw ids.Framework) bool { return len(o.streams[fw]) > 0 }

// InFlight is a task's oldest status that has not been acknowledged, nil without one.
func (o *Outbox) InFlight(task ids.Task) *mesosv1.TaskStatus {
	if s := o.streams[task.Framework][task.ID]; s != nil {
		return s.pending[0]
	}
	return nil
}

// Has says whether a status with this uuid waits.
func (o *Outbox) Has(task ids.Task, uuid []byte) bool {
	s := o.streams[task.Framework][task.ID]
	return s != nil && slices.ContainsFunc(s.pending, func(p *mesosv1.TaskStatus) bool { return bytes.Equal(p.GetUuid(), uuid) })
}

// All lists a framework's statuses, each task's in order.
func (o *Outbox) All(fw ids.Framework) []*mesosv1.TaskStatus {
	var all []*mesosv1.TaskStatus
	for _, task := range slices.Sorted(maps.Keys(o.streams[fw])) {
		all = append(all, o.streams[fw][task].pending...)
	}
	return all
}

// each visits every stream, always in the same order.
func (o *Outbox) each(fn func(fw ids.Framework, s *stream)) {
	for _, fw := range slices.Sorted(maps.Keys(o.streams)) {
		for _, task := range slices.Sorted(maps.Keys(o.streams[fw])) {
			fn(fw, o.streams[fw][task])
		}
	}
}
