package livejob

import (
	"slices"
	"time"

	"codeberg.org/reeve/reeve/masterd/jobrecord"
	"codeberg.org/reeve/reeve/masterd/placement"
	"codeberg.org/reeve/reeve/masterd/registry"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// Phase is where an instance is on the way drawn in masterd/jobs.
type Phase int

// The phases.
const (
	Ready     Phase = iota // wants an offer
	Waiting                // wants an offer, but not before its time
	Launching              // has an offer; that is being stored
	Asking                 // its task may exist: a former leader was about to launch it, or did
	Launched               // its task exists, as far as is known
	Settling               // its task has ended; that is being stored
	Ended                  // for good
	Phases                 // how many there are
)

// Job is one job. Its record changes in place; what leaves the machine are copies.
type Job struct {
	Record    reeveapi.Job
	Published *reeveapi.Job // a copy of Record, nil once Record has changed
	Instances []Instance    // beside Record.Instances
	In        [Phases]int   // how many instances are in each phase
	Queue     []int         // ready instances, in the order in which they became so
	Rules     placement.Rules
	Lacks     string                        // what is missing before it can be placed anywhere, "" if nothing is
	Refused   map[string]placement.Shortage // by agent: why an offer did not hold an instance, since the cluster was last asked for offers
	Heard     time.Time                     // when this leader first had word of all tasks that may have run before it led; zero if there were none
}

// Instance is what is not stored of an instance.
type Instance struct {
	Phase   Phase
	Task    string // id of its task, from Launching to Settling
	Tries   int    // of asking or killing in a row, for the back-off
	Lost    int    // attempts in a row that did not end by themselves, for the back-off
	Killing bool   // its task was asked to end, so that another one takes its place
}

// Name is what the job is known by.
func (j *Job) Name() ids.Job { return ids.Job(j.Record.Spec.Name) }

// Over says whether the job has ended.
func (j *Job) Over() bool { return jobrecord.Over(j.Record.State) }

// Ending says whether nothing of the job, or of its run, is to be launched any more.
func (j *Job) Ending() bool { return jobrecord.Ending(&j.Record) }

// Service says whether it is one.
func (j *Job) Service() bool { return j.Record.Spec.Kind == reeveapi.Service }

// Idle says whether the job is a periodic one between two runs.
func (j *Job) Idle() bool { return j.Record.State == reeveapi.JobScheduled }

// Rolling says whether an update is on.
func (j *Job) Rolling() bool {
	return j.Record.Rollout != nil && j.Record.Rollout.State == reeveapi.RolloutRunning
}

// LateAt is when the update that is on is late; ok is false while there is no word of a task that may run since before the change
// of leader: it may be well. With the last word the update has all its time again, as nobody has looked meanwhile.
func (j *Job) LateAt() (at time.Time, ok bool) {
	from := j.Record.Rollout.Progress
	if j.Heard.After(from) {
		from = j.Heard
	}
	return from.Add(jobrecord.Seconds(j.Record.Spec.Update.DeadlineSeconds)), j.In[Asking] == 0
}

// Outdated says whether an instance is not as the newest version wants it.
func (j *Job) Outdated(i int) bool { return j.Record.Instances[i].Template != j.Record.Template }

// Covers says whether a leaver does an instance's work until it is well.
func (j *Job) Covers(i int) bool {
	return slices.ContainsFunc(j.Record.Leaving, func(l reeveapi.Leaving) bool { return l.Wait && l.Index == i && l.Healthy })
}

// IsAt says whether an instance is still there and in a phase with that task: it may have been scaled away.
func (j *Job) IsAt(i int, task string, p Phase) bool {
	return i >= 0 && i < len(j.Instances) && j.Instances[i].Task == task && j.Instances[i].Phase == p
}

// Put stores the job as it is now.
func (j *Job) Put() registry.Op { return registry.PutJob{Job: jobrecord.Copy(j.Record)} }

// SpecOf is what an instance's next task is made from.
func (j *Job) SpecOf(i int) *reeveapi.JobSpec {
	return jobrecord.SpecOf(&j.Record, j.Record.Instances[i].Template)
}

// Mature says whether an instance has been well for as long as an update asks.
func (j *Job) Mature(i int, now time.Time) bool {
	at, ok := j.MatureAt(i)
	return ok && !now.Before(at)
}

// MatureAt is when it will have been; ok is false if it is not well.
func (j *Job) MatureAt(i int) (at time.Time, ok bool) {
	inst := &j.Record.Instances[i]
	if j.Instances[i].Phase != Launched || !inst.Healthy || j.Instances[i].Killing {
		return time.Time{}, false
	}
	wait := 0.0
	if u := j.Record.Spec.Update; u != nil {
		wait = u.HealthySeconds
	}
	return inst.Since.Add(jobrecord.Seconds(wait)), true
}
