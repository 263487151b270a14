package jobs

import (
	"codeberg.org/reeve/reeve/masterd/jobrecord"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// historyLimit is how many ended jobs are remembered.
const historyLimit = 200

// finishIfOver ends the job, or the run of a periodic one, once all its instances have and nothing of it runs any more.
func (s *State) finishIfOver(j *job) {
	if j.in[ended] < len(j.instances) || len(j.record.Leaving) > 0 || j.over() || j.idle() && !j.record.Stopped {
		return
	}
	state := jobrecord.Outcome(&j.record)
	s.markDirty(j)
	if j.record.Spec.Kind == reeveapi.Periodic {
		s.endRun(j, state)
		if !j.record.Stopped {
			return
		}
		state = reeveapi.JobStopped
	}
	j.record.State = state
	j.record.Ended = s.now
	j.record.Message = jobrecord.Summary(&j.record)
	s.cancelClocks(j)
	s.leaveRole(j)
	s.happened(map[string]string{
		reeveapi.JobFinished: "JOB_FINISHED", reeveapi.JobFailed: "JOB_FAILED", reeveapi.JobStopped: "JOB_STOPPED",
	}[state], j, j.record.Message, "")
	s.trimHistory()
}

// trimHistory forgets the job that ended longest ago when there are too many.
func (s *State) trimHistory() {
	var oldest *job
	n := 0
	for _, name := range sortedKeys(s.jobs) {
		j := s.jobs[name]
		if !j.over() || s.busy[name] {
			continue
		}
		n++
		if oldest == nil || j.record.Ended.Before(oldest.record.Ended) {
			oldest = j
		}
	}
	if n > historyLimit {
		s.forget(oldest)
	}
}

// publish returns a copy of the job that never changes.
func (s *State) publish(j *job) *reeveapi.Job {
	if j.published == nil {
		record := jobrecord.Copy(j.record)
		record.Waiting = s.waitingFor(j)
		s.describe(j, &record)
		j.published = &record
	}
	return j.published
}
