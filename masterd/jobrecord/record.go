package jobrecord

import (
	"slices"
	"time"

	"codeberg.org/reeve/reeve/masterd/jobspec"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

const (
	revisionLimit = 10 // versions of a job that are remembered
	runLimit      = 20 // runs that are
)

// NoteSubmitted is the note of a job's first version.
const NoteSubmitted = "submitted"

// New is a job at its beginning.
func New(spec reeveapi.JobSpec, by string, now time.Time) reeveapi.Job {
	record := reeveapi.Job{
		Spec: spec, State: reeveapi.JobPending, Submitted: now, By: by, Version: 1, Template: 1, Stable: 1,
		History:   []reeveapi.Revision{{Version: 1, Template: 1, Spec: spec, At: now, By: by, Note: NoteSubmitted}},
		Instances: []reeveapi.Instance{},
	}
	if spec.Kind == reeveapi.Periodic {
		record.State, record.NextRun = reeveapi.JobScheduled, NextRun(&spec, now)
		return record
	}
	for i := range spec.Instances {
		record.Instances = append(record.Instances, reeveapi.Instance{Index: i, Template: 1})
	}
	return record
}

// Succeed makes a new job go on with the numbers of a former one of the same name: its tasks must get other ids, and who has
// seen a version of the former one must not take this one for it. What the former one was can be gone back to.
func Succeed(record, former *reeveapi.Job) {
	record.Run = former.Run + 1
	record.Version = former.Version + 1
	record.Template, record.Stable = record.Version, record.Version
	record.History[0].Version, record.History[0].Template = record.Version, record.Version
	for i := range record.Instances {
		record.Instances[i].Template = record.Version
	}
	record.History = append(slices.Clone(former.History), record.History...)
	trimRevisions(record)
	if record.Spec.Kind == reeveapi.Periodic {
		record.Runs = slices.Clone(former.Runs)
	}
}

// Over says whether a job in that state has ended.
func Over(state string) bool {
	return state == reeveapi.JobFinished || state == reeveapi.JobFailed || state == reeveapi.JobStopped
}

// Ending says whether nothing of the job, or of a periodic job's run, is to be launched any more.
func Ending(record *reeveapi.Job) bool { return record.Stopped || record.Expired || record.Replaced }

// OfThisVersion completes a record that was stored before jobs had versions.
func OfThisVersion(record reeveapi.Job) reeveapi.Job {
	if record.Version > 0 {
		return record
	}
	record.Spec = jobspec.Complete(record.Spec)
	record.Version, record.Template, record.Stable = 1, 1, 1
	record.History = []reeveapi.Revision{{
		Version: 1, Template: 1, Spec: record.Spec, At: record.Submitted, By: record.By, Note: NoteSubmitted,
	}}
	for i := range record.Instances {
		record.Instances[i].Template = 1
	}
	return record
}

// HasEnded says whether a stored state is one after which the next attempt may follow.
func HasEnded(state string) bool {
	v, ok := mesosv1.TaskState_value[state]
	return ok && Judge(mesosv1.TaskState(v)) != Alive
}

// IsFinal says whether an instance is not to be tried again.
func IsFinal(record *reeveapi.Job, inst *reeveapi.Instance) bool {
	switch {
	case inst.State == "":
		return Ending(record)
	case !HasEnded(inst.State):
		return false
	case Ending(record):
		return true
	case record.Spec.Kind == reeveapi.Service:
		return false
	}
	return inst.State == mesosv1.TaskState_TASK_FINISHED.String() ||
		inst.State == mesosv1.TaskState_TASK_ERROR.String() ||
		inst.Failed > record.Spec.Retries
}

// Copy is a record that shares nothing that changes in place.
func Copy(record reeveapi.Job) reeveapi.Job {
	record.Instances = slices.Clone(record.Instances)
	record.Leaving = slices.Clone(record.Leaving)
	record.History = slices.Clone(record.History)
	record.Runs = slices.Clone(record.Runs)
	record.Due = slices.Clone(record.Due)
	if record.Rollout != nil {
		rollout := *record.Rollout
		record.Rollout = &rollout
	}
	return record
}

// trimRevisions forgets versions that are old and not in use.
func trimRevisions(record *reeveapi.Job) {
	used := map[int]bool{record.Stable: true, record.Template: true}
	for i := range record.Instances {
		used[record.Instances[i].Template] = true
	}
	for _, l := range record.Leaving {
		used[l.Template] = true
	}
	excess := len(record.History) - revisionLimit
	record.History = slices.DeleteFunc(slices.Clone(record.History), func(r reeveapi.Revision) bool {
		if excess <= 0 || used[r.Template] {
			return false
		}
		excess--
		return true
	})
}

// RevisionOf is the newest version with a template, nil if none is remembered.
func RevisionOf(record *reeveapi.Job, template int) *reeveapi.Revision {
	for k := len(record.History) - 1; k >= 0; k-- {
		if record.History[k].Template == template {
			return &record.History[k]
		}
	}
	return nil
}

// SpecOf is what an instance's task is made from: the newest spec, unless an update has stopped before the instance.
func SpecOf(record *reeveapi.Job, template int) *reeveapi.JobSpec {
	if template != record.Template {
		for k := len(record.History) - 1; k >= 0; k-- {
			if record.History[k].Template == template {
				return &record.History[k].Spec
			}
		}
	}
	return &record.Spec
}

// Queue makes a run wait for the one that is on; it was due at that time.
func Queue(record *reeveapi.Job, due time.Time) {
	record.Queued++
	record.Due = append(record.Due, due)
}

// Unqueue takes the first run that waits, and says when it was due.
func Unqueue(record *reeveapi.Job, now time.Time) (due time.Time) {
	record.Queued--
	if len(record.Due) == 0 {
		return now // it was queued by a master that did not note the time
	}
	due = record.Due[0]
	record.Due = record.Due[1:]
	return due
}

// NoteRun remembers a run.
func NoteRun(record *reeveapi.Job, run reeveapi.JobRun) {
	record.Runs = append(record.Runs, run)
	if n := len(record.Runs); n > runLimit {
		record.Runs = append([]reeveapi.JobRun(nil), record.Runs[n-runLimit:]...)
	}
}

// BeginRun makes the instances of a periodic job anew, for the next run.
func BeginRun(record *reeveapi.Job, scheduled, now time.Time) {
	record.Run++
	record.RunStarted, record.State = now, reeveapi.JobRunning
	record.Expired, record.Replaced, record.Spent = false, false, 0
	NoteRun(record, reeveapi.JobRun{Number: record.Run, Scheduled: scheduled, Started: now, State: reeveapi.JobRunning})
	record.Instances = make([]reeveapi.Instance, record.Spec.Instances)
	for i := range record.Instances {
		record.Instances[i] = reeveapi.Instance{Index: i, Template: record.Template}
	}
}

// EndRun notes how the run of a periodic job went, and returns it; nil if none was on.
func EndRun(record *reeveapi.Job, state string, now time.Time) *reeveapi.JobRun {
	var ended *reeveapi.JobRun
	for k := range record.Runs { // skipped ones may have come after it
		if run := &record.Runs[k]; run.Number == record.Run && run.State == reeveapi.JobRunning {
			run.State, run.Ended, run.Message = state, now, Summary(record)
			ended = run
		}
	}
	record.State, record.Expired, record.Replaced = reeveapi.JobScheduled, false, false
	return ended
}
