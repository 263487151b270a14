package jobs

import (
	"fmt"
	"slices"
	"time"

	"codeberg.org/reeve/reeve/masterd/jobrecord"
	"codeberg.org/reeve/reeve/masterd/livejob"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// look does what follows from the state of a whole service, once a turn for each that has changed.
func (s *State) look(j *livejob.Job) {
	if j.Over() {
		return
	}
	if j.Service() && !j.Ending() {
		s.moveAway(j)
		s.roll(j)
	}
	s.release(j)
	s.finishIfOver(j)
	s.lookLater(j)
}

// startRollout begins to replace what is not as the newest version wants it.
func (s *State) startRollout(j *livejob.Job, back bool, why string) {
	j.Record.Rollout = &reeveapi.Rollout{
		Version: j.Record.Version, State: reeveapi.RolloutRunning, Back: back, Started: s.now, Progress: s.now, Message: why,
	}
	s.markDirty(j)
}

// roll takes the next steps of an update. What it decides follows from the record alone, so that a new leader goes on
// where the former one was.
func (s *State) roll(j *livejob.Job) {
	if !j.Rolling() {
		return
	}
	at, ok := j.LateAt()
	if why := jobrecord.RolloutFailure(&j.Record, ok && !s.now.Before(at)); why != "" {
		if waits := j.WaitsFor(s.moment(j)); waits != "" {
			why += "; it waits for " + waits
		}
		s.failRollout(j, why)
		return
	}
	s.adopt(j)
	up := j.Record.Spec.Update
	surge, down := s.replacing(j)
	for i := range j.Instances {
		if !j.Outdated(i) {
			continue
		}
		inst := &j.Record.Instances[i]
		switch p := j.Instances[i].Phase; {
		case p == livejob.Ready || p == livejob.Waiting:
			s.renew(j, i)
		case p != livejob.Launched || j.Instances[i].Killing: // there will be word of it
		case inst.State == mesosv1.TaskState_TASK_UNREACHABLE.String():
			s.stepAside(j, i, "an update replaces it", false)
		case !inst.Healthy:
			s.replace(j, i)
		case surge < up.MaxSurge:
			s.stepAside(j, i, "an update replaces it", true)
			surge++
		case down < up.MaxUnavailable:
			s.replace(j, i)
			down++
		}
	}
	s.noteProgress(j)
}

// replacing counts the leavers that an update waits for, and the instances that nothing stands in for.
func (s *State) replacing(j *livejob.Job) (surge, down int) {
	for _, l := range j.Record.Leaving {
		if l.Wait {
			surge++
		}
	}
	for i := range j.Instances {
		well := j.Mature(i, s.now)
		if j.Outdated(i) {
			well = j.Record.Instances[i].Healthy && !j.Instances[i].Killing
		}
		if !well && !j.Covers(i) {
			down++
		}
	}
	return surge, down
}

// replace ends an instance's task; the next one is of the newest version.
func (s *State) replace(j *livejob.Job, i int) {
	j.Instances[i].Killing = true
	j.Instances[i].Tries = 0
	s.kill(j, i)
	s.touch(j)
}

// renew makes the next attempt of an instance that has no task one of the newest version.
func (s *State) renew(j *livejob.Job, i int) {
	inst := &j.Record.Instances[i]
	inst.Template, inst.Failed = j.Record.Template, 0
	j.Instances[i].Lost = 0
	if j.Instances[i].Phase != livejob.Ready {
		s.enter(j, i, livejob.Ready)
	}
	s.markDirty(j)
}

// noteProgress counts the instances that are well and new, and ends the update when all are.
func (s *State) noteProgress(j *livejob.Job) {
	r := j.Record.Rollout
	updated := 0
	for i := range j.Instances {
		if !j.Outdated(i) && j.Mature(i, s.now) {
			updated++
		}
	}
	if updated > r.Updated {
		r.Progress = s.now
	}
	if updated != r.Updated {
		r.Updated = updated
		s.markDirty(j)
	}
	if updated < len(j.Instances) {
		return
	}
	r.State, r.Ended = reeveapi.RolloutDone, s.now
	j.Record.Stable = j.Record.Template
	s.markDirty(j)
	s.happened("ROLLOUT_DONE", j, fmt.Sprintf("version %d, in %v", r.Version, s.now.Sub(r.Started).Round(time.Second)), "")
}

// failRollout gives an update up, and goes back to the version before if that is wanted. What goes back is not gone back
// from.
func (s *State) failRollout(j *livejob.Job, why string) {
	r := j.Record.Rollout
	r.State, r.Ended, r.Message = reeveapi.RolloutFailed, s.now, why
	s.markDirty(j)
	s.happened("ROLLOUT_FAILED", j, fmt.Sprintf("version %d: %s", r.Version, why), "")
	to := jobrecord.RevisionOf(&j.Record, j.Record.Stable)
	if r.Back || to == nil || to.Template == j.Record.Template || j.Record.Spec.Update.OnFailure == reeveapi.OnFailurePause {
		return
	}
	spec := to.Spec
	spec.Instances = j.Record.Spec.Instances
	failed := r.Version
	s.apply(j, jobrecord.Revised{
		Spec: spec, Template: to.Template, Back: true, Note: fmt.Sprintf("rolled back from version %d: %s", failed, why),
	})
	s.happened("JOB_ROLLED_BACK", j, fmt.Sprintf("to version %d, because version %d failed: %s", to.Version, failed, why), "")
}

// adopt makes leavers the current tasks of their instances again where an update that went back wants just them.
func (s *State) adopt(j *livejob.Job) {
	for i := range j.Instances {
		if !j.Outdated(i) {
			continue
		}
		switch j.Instances[i].Phase {
		case livejob.Ready, livejob.Waiting, livejob.Launched, livejob.Asking:
			s.adoptFor(j, i)
		case livejob.Launching, livejob.Settling, livejob.Ended, livejob.Phases: // in a moment
		}
	}
}

// adoptFor adopts for one instance; it says whether there was a leaver for it.
func (s *State) adoptFor(j *livejob.Job, i int) bool {
	k := slices.IndexFunc(j.Record.Leaving, func(l reeveapi.Leaving) bool {
		return l.Wait && l.Index == i && l.Template == j.Record.Template && l.Healthy
	})
	if k < 0 {
		return false
	}
	back, current := j.Record.Leaving[k].Instance, j.Record.Instances[i]
	s.dropLeaver(j, k)
	mayRun := j.Instances[i].Phase == livejob.Launched || j.Instances[i].Phase == livejob.Asking
	s.forgetTask(j, i)
	if mayRun {
		s.addLeaver(j, current, "the update was rolled back", false)
	}
	back.Attempt, back.Failed, back.Message = current.Attempt, 0, ""
	if current.Task == "" {
		back.Attempt-- // it was not used
	}
	j.Record.Instances[i] = back
	s.enter(j, i, livejob.Launched)
	j.Instances[i].Killing = false
	s.watchTask(j, i, back.Task)
	s.setTimer(j, i, askAfter)
	s.markDirty(j)
	return true
}

// lookLater sets the time at which look may find more to do although nothing has happened.
func (s *State) lookLater(j *livejob.Job) {
	var next time.Time
	sooner := func(at time.Time) {
		if at.After(s.now) && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	if !j.Over() && (j.Rolling() || len(j.Record.Leaving) > 0) {
		for i := range j.Instances {
			if at, ok := j.MatureAt(i); ok && !j.Outdated(i) {
				sooner(at)
			}
		}
	}
	if j.Rolling() && !j.Over() {
		if at, ok := j.LateAt(); ok {
			sooner(at)
		}
	}
	key := timer{job: j.Name(), what: forLook}
	if next.IsZero() {
		s.timers.Cancel(key)
		return
	}
	s.timers.Set(key, next)
}
