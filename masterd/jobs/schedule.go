package jobs

import (
	"fmt"
	"strings"
	"time"

	"codeberg.org/reeve/reeve/masterd/jobrecord"
	"codeberg.org/reeve/reeve/masterd/livejob"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// When a periodic job is due next is stored, and a run begins together with the time of the next one in one write: a new
// leader begins what is due, late maybe, and nothing twice.

// queueLimit is how many runs wait for the one that is on.
const queueLimit = 100

func sameSchedule(a, b *reeveapi.JobSchedule) bool { return a != nil && b != nil && *a == *b }

// setClocks sets the timers that belong to a whole job.
func (s *State) setClocks(j *livejob.Job) {
	s.cancelClocks(j)
	if at := j.Record.NextRun; !at.IsZero() && !j.Record.Stopped {
		s.timers.Set(timer{job: j.Name(), what: forSchedule}, at)
	}
	if at := jobrecord.Deadline(&j.Record); !at.IsZero() && !j.Ending() && !j.Idle() {
		s.timers.Set(timer{job: j.Name(), what: forDeadline}, at)
	}
}

func (s *State) cancelClocks(j *livejob.Job) {
	for _, what := range []int{forSchedule, forDeadline, forLook} {
		s.timers.Cancel(timer{job: j.Name(), what: what})
	}
}

// expire ends a job whose deadline has passed.
func (s *State) expire(j *livejob.Job) {
	if j.Over() || j.Idle() || j.Ending() {
		return
	}
	j.Record.Expired = true
	s.markDirty(j)
	s.happened("JOB_DEADLINE", j, fmt.Sprintf("its deadline of %v s has passed", j.Record.Spec.DeadlineSeconds), "")
	s.endAll(j)
}

// endAll ends every instance of a job that is to end.
func (s *State) endAll(j *livejob.Job) {
	for i := range j.Instances {
		s.stopInstance(j, i)
	}
	s.touch(j)
}

// due is the time of a run.
func (s *State) due(j *livejob.Job) {
	scheduled := j.Record.NextRun
	if j.Over() || j.Record.Stopped || scheduled.IsZero() || s.now.Before(scheduled) {
		return
	}
	j.Record.NextRun = jobrecord.NextRun(&j.Record.Spec, s.now)
	s.setClocks(j)
	s.markDirty(j)
	switch overlap := j.Record.Spec.Schedule.Overlap; {
	case j.Idle():
		s.beginRun(j, scheduled)
	case overlap == reeveapi.OverlapSkip || j.Record.Queued >= queueLimit:
		jobrecord.NoteRun(&j.Record, reeveapi.JobRun{
			Scheduled: scheduled, State: reeveapi.RunSkipped, Message: fmt.Sprintf("run %d was still on", j.Record.Run),
		})
		s.happened("RUN_SKIPPED", j, fmt.Sprintf("run %d is still on", j.Record.Run), "")
	case overlap == reeveapi.OverlapQueue:
		jobrecord.Queue(&j.Record, scheduled)
	default:
		j.Record.Queued, j.Record.Due = 0, nil
		jobrecord.Queue(&j.Record, scheduled)
		if !j.Ending() {
			j.Record.Replaced = true
			s.endAll(j)
		}
	}
}

// beginRun makes a periodic job's instances anew. Their tasks have ids of the run.
func (s *State) beginRun(j *livejob.Job, scheduled time.Time) {
	record := &j.Record
	jobrecord.BeginRun(record, scheduled, s.now)
	j.Instances = make([]livejob.Instance, len(record.Instances))
	j.In = [livejob.Phases]int{livejob.Ready: len(j.Instances)}
	for i := range j.Instances {
		s.makeReady(j, i)
	}
	s.setClocks(j)
	s.markDirty(j)
	s.happened("RUN_STARTED", j, fmt.Sprintf("run %d", record.Run), "")
}

// endRun notes how a run went, and begins one that waits.
func (s *State) endRun(j *livejob.Job, state string) {
	record := &j.Record
	if record.Replaced {
		state = reeveapi.RunReplaced
	}
	if run := jobrecord.EndRun(record, state, s.now); run != nil {
		s.happened("RUN_"+strings.ToUpper(state), j, strings.TrimSuffix(fmt.Sprintf("run %d: %s", run.Number, run.Message), ": "), "")
	}
	s.setClocks(j)
	if record.Queued > 0 && !record.Stopped {
		s.beginRun(j, jobrecord.Unqueue(record, s.now))
	}
}

// trigger runs a periodic job now.
func (s *State) trigger(in Trigger) {
	j, err := s.changeable(in.Change)
	switch {
	case err != nil:
	case j.Record.Spec.Kind != reeveapi.Periodic:
		err = fault.New(fault.Conflict, "job %q is of kind %s, only periodic jobs are run by a trigger", in.Name, j.Record.Spec.Kind)
	case !j.Idle():
		err = fault.New(fault.Conflict, "run %d of job %q is still on", j.Record.Run, in.Name)
	}
	if err != nil {
		s.reply(in.Ticket, nil, err)
		return
	}
	s.beginRun(j, s.now)
	s.answerStored(j, in.Change, "run")
}
