package progress_test

import (
	"testing"
	"time"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/progress"
)

// job is a job whose instances are in these states, so many of each.
func job(state string, of ...reeveapi.Instance) *reeveapi.Job {
	j := &reeveapi.Job{State: state, Spec: reeveapi.JobSpec{Kind: reeveapi.Batch}}
	for _, one := range of {
		for range max(one.Index, 1) { // how many
			j.Instances = append(j.Instances, one)
		}
	}
	j.Spec.Instances = len(j.Instances)
	return j
}

func many(n int, state, waiting string, failed int) reeveapi.Instance {
	return reeveapi.Instance{Index: n, State: state, Waiting: waiting, Failed: failed}
}

func TestText(t *testing.T) {
	stopped := job(reeveapi.JobStopped, many(1, "TASK_FINISHED", "", 0), many(2, "", "", 0), many(1, "TASK_KILLED", "", 0))
	stopped.Ended = time.Now()
	service := job(reeveapi.JobRunning, many(2, "TASK_RUNNING", "", 0))
	service.Spec.Kind = reeveapi.Service
	for name, test := range map[string]struct {
		job  *reeveapi.Job
		want string
	}{
		"many": {
			job(reeveapi.JobRunning, many(7, "TASK_FINISHED", "", 0), many(4, "TASK_RUNNING", "", 0), many(1, "TASK_FAILED", "", 3), many(8, "", "a place", 0)),
			"7 of 20 done, 4 running, 1 failed, 8 waiting; 2 earlier attempts failed",
		},
		"all":         {job(reeveapi.JobFinished, many(2, "TASK_FINISHED", "", 0)), "2 of 2 done"},
		"tried again": {job(reeveapi.JobRunning, many(1, "TASK_FAILED", "instance 0 to be tried again", 1), many(1, "TASK_STAGING", "", 0)), "0 of 2 done, 1 starting, 1 waiting; 1 earlier attempt failed"},
		"lost":        {job(reeveapi.JobRunning, many(1, "TASK_UNREACHABLE", "its agent", 0)), "0 of 1 done, 1 unreachable"},
		"gave up":     {job(reeveapi.JobFailed, many(1, "TASK_FAILED", "", 1)), "0 of 1 done, 1 failed"},
		"stopped":     {stopped, "1 of 4 done, 1 killed, 2 not run"},
		"service":     {service, ""},
		"between":     {job(reeveapi.JobScheduled, many(1, "TASK_FINISHED", "", 0)), ""},
		"nothing yet": {job(reeveapi.JobPending), ""},
	} {
		if got := progress.Text(test.job); got != test.want {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
	}
}
