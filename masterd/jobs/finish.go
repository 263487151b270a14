package jobs

import (
	"fmt"

	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// historyLimit is how many ended jobs are remembered.
const historyLimit = 200

// finishIfOver ends the job, or the run of a periodic one, once all its instances have and nothing of it runs any more.
func (s *State) finishIfOver(j *job) {
	if j.in[ended] < len(j.instances) || len(j.record.Leaving) > 0 || j.over() || j.idle() && !j.record.Stopped {
		return
	}
	state := s.outcome(j)
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
	j.record.Message = s.summary(j)
	s.cancelClocks(j)
	s.leaveRole(j)
	s.happened(map[string]string{
		reeveapi.JobFinished: "JOB_FINISHED", reeveapi.JobFailed: "JOB_FAILED", reeveapi.JobStopped: "JOB_STOPPED",
	}[state], j, j.record.Message, "")
	s.trimHistory()
}

// outcome is the state in which a job's instances leave it.
func (s *State) outcome(j *job) string {
	for i := range j.record.Instances {
		if j.record.Instances[i].State == mesosv1.TaskState_TASK_FINISHED.String() {
			continue
		}
		if j.record.Stopped {
			return reeveapi.JobStopped
		}
		return reeveapi.JobFailed
	}
	if j.service() || len(j.instances) == 0 {
		return reeveapi.JobStopped
	}
	return reeveapi.JobFinished
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

// summary says how an ended job went.
func (s *State) summary(j *job) string {
	if j.service() {
		return ""
	}
	bad := 0
	var worst *reeveapi.Instance
	for i := range j.record.Instances {
		if inst := &j.record.Instances[i]; inst.State != mesosv1.TaskState_TASK_FINISHED.String() {
			bad++
			if worst == nil {
				worst = inst
			}
		}
	}
	switch {
	case bad == 0:
		return ""
	case j.record.Expired:
		return fmt.Sprintf("its deadline of %v s has passed; %d of %d instances did not finish", j.record.Spec.DeadlineSeconds, bad, len(j.instances))
	case len(j.instances) == 1 && worst.Message != "":
		return worst.Message
	case worst.Message != "":
		return fmt.Sprintf("%d of %d instances did not finish, the first: %s", bad, len(j.instances), worst.Message)
	}
	return fmt.Sprintf("%d of %d instances did not finish", bad, len(j.instances))
}

// publish returns a copy of the job that never changes.
func (s *State) publish(j *job) *reeveapi.Job {
	if j.published == nil {
		record := copyOf(j.record)
		record.Waiting = s.waitingFor(j)
		s.describe(j, &record)
		j.published = &record
	}
	return j.published
}
