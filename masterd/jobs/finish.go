package jobs

import (
	"time"

	"codeberg.org/reeve/reeve/masterd/jobrecord"
	"codeberg.org/reeve/reeve/masterd/livejob"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// historyLimit is how many ended jobs are remembered.
const historyLimit = 200

// finishIfOver ends the job, or the run of a periodic one, once all its instances have and nothing of it runs any more.
func (s *State) finishIfOver(j *livejob.Job) {
	if j.In[livejob.Ended] < len(j.Instances) || len(j.Record.Leaving) > 0 || j.Over() || j.Idle() && !j.Record.Stopped {
		return
	}
	state := jobrecord.Outcome(&j.Record)
	s.markDirty(j)
	if j.Record.Spec.Kind == reeveapi.Periodic {
		s.endRun(j, state)
		if !j.Record.Stopped {
			return
		}
		state = reeveapi.JobStopped
	}
	j.Record.State = state
	j.Record.Ended = s.now
	j.Record.Message = jobrecord.Summary(&j.Record)
	s.cancelClocks(j)
	s.leaveRole(j)
	s.happened(map[string]string{
		reeveapi.JobFinished: "JOB_FINISHED", reeveapi.JobFailed: "JOB_FAILED", reeveapi.JobStopped: "JOB_STOPPED",
	}[state], j, j.Record.Message, "")
	s.trimHistory()
}

// trimHistory forgets the job that ended longest ago when there are too many.
func (s *State) trimHistory() {
	var oldest *livejob.Job
	n := 0
	for _, name := range sortedKeys(s.jobs) {
		j := s.jobs[name]
		if !j.Over() || s.busy[name] {
			continue
		}
		n++
		if oldest == nil || j.Record.Ended.Before(oldest.Record.Ended) {
			oldest = j
		}
	}
	if n > historyLimit {
		s.forget(oldest)
	}
}

// publish returns a copy of the job that never changes.
func (s *State) publish(j *livejob.Job) *reeveapi.Job { return j.Publish(s.moment(j)) }

// moment is what a job's words depend on beside the job.
func (s *State) moment(j *livejob.Job) livejob.Moment {
	return livejob.Moment{
		Subscribed: s.subscribed,
		RetryAt:    func(i int) time.Time { return s.timers.At(timer{job: j.Name(), index: i}) },
	}
}
