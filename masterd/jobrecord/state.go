package jobrecord

import (
	"fmt"

	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// Verdict is what a task's state says about its attempt.
type Verdict int

// The verdicts.
const (
	Alive     Verdict = iota // it runs, is about to, or may come back
	Succeeded                // nothing is left to do
	Failed                   // it ran and failed: a retry, if there are any left
	Refused                  // it is not valid, and never will be
	Lost                     // it does not run, through no fault of its own: another attempt
)

// Judge reads a state. Everything that is not Alive proves that the task does not run.
func Judge(state mesosv1.TaskState) Verdict {
	switch state {
	case mesosv1.TaskState_TASK_FINISHED:
		return Succeeded
	case mesosv1.TaskState_TASK_FAILED, mesosv1.TaskState_TASK_KILLED:
		return Failed
	case mesosv1.TaskState_TASK_ERROR:
		return Refused
	case mesosv1.TaskState_TASK_LOST, mesosv1.TaskState_TASK_DROPPED, mesosv1.TaskState_TASK_GONE,
		mesosv1.TaskState_TASK_GONE_BY_OPERATOR, mesosv1.TaskState_TASK_UNKNOWN:
		return Lost
	case mesosv1.TaskState_TASK_STAGING, mesosv1.TaskState_TASK_STARTING, mesosv1.TaskState_TASK_RUNNING,
		mesosv1.TaskState_TASK_KILLING, mesosv1.TaskState_TASK_UNREACHABLE:
		return Alive
	}
	return Alive
}

// Outcome is the state in which a job's instances leave it.
func Outcome(record *reeveapi.Job) string {
	for i := range record.Instances {
		if record.Instances[i].State == mesosv1.TaskState_TASK_FINISHED.String() {
			continue
		}
		if record.Stopped {
			return reeveapi.JobStopped
		}
		return reeveapi.JobFailed
	}
	if record.Spec.Kind == reeveapi.Service || len(record.Instances) == 0 {
		return reeveapi.JobStopped
	}
	return reeveapi.JobFinished
}

// Summary says how an ended job went.
func Summary(record *reeveapi.Job) string {
	if record.Spec.Kind == reeveapi.Service {
		return ""
	}
	bad := 0
	var worst *reeveapi.Instance
	for i := range record.Instances {
		if inst := &record.Instances[i]; inst.State != mesosv1.TaskState_TASK_FINISHED.String() {
			bad++
			if worst == nil {
				worst = inst
			}
		}
	}
	switch {
	case bad == 0:
		return ""
	case record.Expired:
		return fmt.Sprintf("its deadline of %v s has passed; %d of %d instances did not finish", record.Spec.DeadlineSeconds, bad, len(record.Instances))
	case record.Replaced:
		return fmt.Sprintf("the next run was due; %d of %d instances did not finish", bad, len(record.Instances))
	case len(record.Instances) == 1 && worst.Message != "":
		return worst.Message
	case worst.Message != "":
		return fmt.Sprintf("%d of %d instances did not finish, the first: %s", bad, len(record.Instances), worst.Message)
	}
	return fmt.Sprintf("%d of %d instances did not finish", bad, len(record.Instances))
}

// TaskID names the task of an attempt: "web.0", "web.0.2" for the third attempt. A job that was submitted again under the
// same name says how often, "web.0.0.1": an agent may still repeat the last word of the former one. Names never end in a
// number of their own (see masterd/jobspec), so that no two tasks share an id.
func TaskID(job *reeveapi.Job, index, attempt int) string {
	switch {
	case job.Run > 0:
		return fmt.Sprintf("%s.%d.%d.%d", job.Spec.Name, index, attempt, job.Run)
	case attempt > 0:
		return fmt.Sprintf("%s.%d.%d", job.Spec.Name, index, attempt)
	}
	return fmt.Sprintf("%s.%d", job.Spec.Name, index)
}
