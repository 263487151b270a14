package jobs

import (
	"fmt"
	"strings"
	"time"

	"codeberg.org/reeve/reeve/masterd/jobrecord"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// When a periodic job is due next is stored, and a run begins together with the time of the next one in one write: a new
// leader begins what is due, late maybe, and nothing twice.

// queueLimit is how many runs wait for the one that is on.
const queueLimit = 100

func sameSchedule(a, b *reeveapi.JobSchedule) bool { return a != nil && b != nil && *a == *b }

// setClocks sets the timers that belong to a whole job.
func (s *State) setClocks(j *job) {
	s.cancelClocks(j)
	if at := j.record.NextRun; !at.IsZero() && !j.record.Stopped {
		s.timers.Set(timer{job: j.name(), what: forSchedule}, at)
	}
	if at := jobrecord.Deadline(&j.record); !at.IsZero() && !j.ending() && !j.idle() {
		s.timers.Set(timer{job: j.name(), what: forDeadline}, at)
	}
}

func (s *State) cancelClocks(j *job) {
	for _, what := range []int{forSchedule, forDeadline, forLook} {
		s.timers.Cancel(timer{job: j.name(), what: what})
	}
}

// expire ends a job whose deadline has passed.
func (s *State) expire(j *job) {
	if j.over() || j.idle() || j.ending() {
		return
	}
	j.record.Expired = true
	s.markDirty(j)
	s.happened("JOB_DEADLINE", j, fmt.Sprintf("its deadline of %v s has passed", j.record.Spec.DeadlineSeconds), "")
	s.endAll(j)
}

// endAll ends every instance of a job that is to end.
func (s *State) endAll(j *job) {
	for i := range j.instances {
		s.stopInstance(j, i)
	}
	s.touch(j)
}

// due is the time of a run.
func (s *State) due(j *job) {
	scheduled := j.record.NextRun
	if j.over() || j.record.Stopped || scheduled.IsZero() || s.now.Before(scheduled) {
		return
	}
	j.record.NextRun = jobrecord.NextRun(&j.record.Spec, s.now)
	s.setClocks(j)
	s.markDirty(j)
	switch overlap := j.record.Spec.Schedule.Overlap; {
	case j.idle():
		s.beginRun(j, scheduled)
	case overlap == reeveapi.OverlapSkip || j.record.Queued >= queueLimit:
		jobrecord.NoteRun(&j.record, reeveapi.JobRun{
			Scheduled: scheduled, State: reeveapi.RunSkipped, Message: fmt.Sprintf("run %d was still on", j.record.Run),
		})
		s.happened("RUN_SKIPPED", j, fmt.Sprintf("run %d is still on", j.record.Run), "")
	case overlap == reeveapi.OverlapQueue:
		j.record.Queued++
	default:
		j.record.Queued = 1
		if !j.ending() {
			j.record.Replaced = true
			s.endAll(j)
		}
	}
}

// beginRun makes a periodic job's instances anew. Their tasks have ids of the run.
func (s *State) beginRun(j *job, scheduled time.Time) {
	record := &j.record
	jobrecord.BeginRun(record, scheduled, s.now)
	j.instances = make([]instance, len(record.Instances))
	j.in = [phases]int{ready: len(j.instances)}
	for i := range j.instances {
		s.makeReady(j, i)
	}
	s.setClocks(j)
	s.markDirty(j)
	s.happened("RUN_STARTED", j, fmt.Sprintf("run %d", record.Run), "")
}

// endRun notes how a run went, and begins one that waits.
func (s *State) endRun(j *job, state string) {
	record := &j.record
	if record.Replaced {
		state = reeveapi.RunReplaced
	}
	if run := jobrecord.EndRun(record, state, s.now); run != nil {
		s.happened("RUN_"+strings.ToUpper(state), j, strings.TrimSuffix(fmt.Sprintf("run %d: %s", run.Number, run.Message), ": "), "")
	}
	s.setClocks(j)
	if record.Queued > 0 && !record.Stopped {
		record.Queued--
		s.beginRun(j, s.now)
	}
}

// trigger runs a periodic job now.
func (s *State) trigger(in Trigger) {
	j, err := s.changeable(in.Change)
	switch {
	case err != nil:
	case j.record.Spec.Kind != reeveapi.Periodic:
		err = fault.New(fault.Conflict, "job %q is of kind %s, only periodic jobs are run by a trigger", in.Name, j.record.Spec.Kind)
	case !j.idle():
		err = fault.New(fault.Conflict, "run %d of job %q is still on", j.record.Run, in.Name)
	}
	if err != nil {
		s.reply(in.Ticket, nil, err)
		return
	}
	s.beginRun(j, s.now)
	s.answerStored(j, in.Change, "run")
}
