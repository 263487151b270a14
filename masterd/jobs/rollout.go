package jobs

import (
	"fmt"
	"slices"
	"time"

	"codeberg.org/reeve/reeve/masterd/jobrecord"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// look does what follows from the state of a whole service, once a turn for each that has changed.
func (s *State) look(j *job) {
	if j.over() {
		return
	}
	if j.service() && !j.ending() {
		s.moveAway(j)
		s.roll(j)
	}
	s.release(j)
	s.finishIfOver(j)
	s.lookLater(j)
}

func (j *job) rolling() bool {
	return j.record.Rollout != nil && j.record.Rollout.State == reeveapi.RolloutRunning
}

func (j *job) outdated(i int) bool { return j.record.Instances[i].Template != j.record.Template }

// startRollout begins to replace what is not as the newest version wants it.
func (s *State) startRollout(j *job, back bool, why string) {
	j.record.Rollout = &reeveapi.Rollout{
		Version: j.record.Version, State: reeveapi.RolloutRunning, Back: back, Started: s.now, Progress: s.now, Message: why,
	}
	s.markDirty(j)
}

// roll takes the next steps of an update. What it decides follows from the record alone, so that a new leader goes on
// where the former one was.
func (s *State) roll(j *job) {
	if !j.rolling() {
		return
	}
	if why := jobrecord.RolloutFailure(&j.record, s.now); why != "" {
		if waits := s.waitingFor(j); waits != "" {
			why += "; it waits for " + waits
		}
		s.failRollout(j, why)
		return
	}
	s.adopt(j)
	up := j.record.Spec.Update
	surge, down := s.replacing(j)
	for i := range j.instances {
		if !j.outdated(i) {
			continue
		}
		inst := &j.record.Instances[i]
		switch p := j.instances[i].phase; {
		case p == ready || p == waiting:
			s.renew(j, i)
		case p != launched || j.instances[i].killing: // there will be word of it
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
func (s *State) replacing(j *job) (surge, down int) {
	for _, l := range j.record.Leaving {
		if l.Wait {
			surge++
		}
	}
	for i := range j.instances {
		well := s.mature(j, i)
		if j.outdated(i) {
			well = j.record.Instances[i].Healthy && !j.instances[i].killing
		}
		if !well && !j.covers(i) {
			down++
		}
	}
	return surge, down
}

// replace ends an instance's task; the next one is of the newest version.
func (s *State) replace(j *job, i int) {
	j.instances[i].killing = true
	j.instances[i].tries = 0
	s.kill(j, i)
	s.touch(j)
}

// renew makes the next attempt of an instance that has no task one of the newest version.
func (s *State) renew(j *job, i int) {
	inst := &j.record.Instances[i]
	inst.Template, inst.Failed = j.record.Template, 0
	j.instances[i].lost = 0
	if j.instances[i].phase != ready {
		s.enter(j, i, ready)
	}
	s.markDirty(j)
}

// noteProgress counts the instances that are well and new, and ends the update when all are.
func (s *State) noteProgress(j *job) {
	r := j.record.Rollout
	updated := 0
	for i := range j.instances {
		if !j.outdated(i) && s.mature(j, i) {
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
	if updated < len(j.instances) {
		return
	}
	r.State, r.Ended = reeveapi.RolloutDone, s.now
	j.record.Stable = j.record.Template
	s.markDirty(j)
	s.happened("ROLLOUT_DONE", j, fmt.Sprintf("version %d, in %v", r.Version, s.now.Sub(r.Started).Round(time.Second)), "")
}

// failRollout gives an update up, and goes back to the version before if that is wanted. What goes back is not gone back
// from.
func (s *State) failRollout(j *job, why string) {
	r := j.record.Rollout
	r.State, r.Ended, r.Message = reeveapi.RolloutFailed, s.now, why
	s.markDirty(j)
	s.happened("ROLLOUT_FAILED", j, fmt.Sprintf("version %d: %s", r.Version, why), "")
	to := jobrecord.RevisionOf(&j.record, j.record.Stable)
	if r.Back || to == nil || to.Template == j.record.Template || j.record.Spec.Update.OnFailure == reeveapi.OnFailurePause {
		return
	}
	spec := to.Spec
	spec.Instances = j.record.Spec.Instances
	failed := r.Version
	s.apply(j, jobrecord.Revised{
		Spec: spec, Template: to.Template, Back: true, Note: fmt.Sprintf("rolled back from version %d: %s", failed, why),
	})
	s.happened("JOB_ROLLED_BACK", j, fmt.Sprintf("to version %d, because version %d failed: %s", to.Version, failed, why), "")
}

// adopt makes leavers the current tasks of their instances again where an update that went back wants just them.
func (s *State) adopt(j *job) {
	for i := range j.instances {
		if !j.outdated(i) {
			continue
		}
		switch j.instances[i].phase {
		case ready, waiting, launched, asking:
			s.adoptFor(j, i)
		case launching, settling, ended, phases: // in a moment
		}
	}
}

// adoptFor adopts for one instance; it says whether there was a leaver for it.
func (s *State) adoptFor(j *job, i int) bool {
	k := slices.IndexFunc(j.record.Leaving, func(l reeveapi.Leaving) bool {
		return l.Wait && l.Index == i && l.Template == j.record.Template && l.Healthy
	})
	if k < 0 {
		return false
	}
	back, current := j.record.Leaving[k].Instance, j.record.Instances[i]
	s.dropLeaver(j, k)
	mayRun := j.instances[i].phase == launched || j.instances[i].phase == asking
	s.forgetTask(j, i)
	if mayRun {
		s.addLeaver(j, current, "the update was rolled back", false)
	}
	back.Attempt, back.Failed, back.Message = current.Attempt, 0, ""
	if current.Task == "" {
		back.Attempt-- // it was not used
	}
	j.record.Instances[i] = back
	s.enter(j, i, launched)
	j.instances[i].killing = false
	s.watchTask(j, i, back.Task)
	s.setTimer(j, i, askAfter)
	s.markDirty(j)
	return true
}

// lookLater sets the time at which look may find more to do although nothing has happened.
func (s *State) lookLater(j *job) {
	var next time.Time
	sooner := func(at time.Time) {
		if at.After(s.now) && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	if !j.over() && (j.rolling() || len(j.record.Leaving) > 0) {
		for i := range j.instances {
			if at, ok := s.matureAt(j, i); ok && !j.outdated(i) {
				sooner(at)
			}
		}
	}
	if j.rolling() && !j.over() {
		sooner(j.record.Rollout.Progress.Add(jobrecord.Seconds(j.record.Spec.Update.DeadlineSeconds)))
	}
	key := timer{job: j.name(), what: forLook}
	if next.IsZero() {
		s.timers.Cancel(key)
		return
	}
	s.timers.Set(key, next)
}
