package e2e

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// lastRun is the newest run of a periodic job that is, or was, in a state; nil if there is none.
func lastRun(j *reeveapi.Job, state string) *reeveapi.JobRun {
	for k := len(j.Runs) - 1; k >= 0; k-- {
		if j.Runs[k].State == state {
			return &j.Runs[k]
		}
	}
	return nil
}

// Every kind of job does what it says, and goes on doing so when its leader is killed: retries wait longer each time, deadlines
// end what runs, runs that are due meet the last one as overlap says, and an update that is not well by its deadline stops.
func TestKindsOfJobs(t *testing.T) {
	t.Parallel()
	needRoot(t)
	r := start(t, 3, 2)
	line := func(n int) string { return fmt.Sprintf("sleep 2%d%d", os.Getpid(), n) } // nobody else's
	small := reeveapi.Amounts{CPUs: 0.1, Mem: 32}

	r.submit(reeveapi.JobSpec{Name: "flaky", Command: "exit 4", Retries: 2, Restart: &reeveapi.JobRestart{BackoffSeconds: 0.5}})
	r.submit(reeveapi.JobSpec{Name: "late", Command: "exec sleep 1000", Instances: 2, DeadlineSeconds: 1})
	for n, overlap := range []string{reeveapi.OverlapSkip, reeveapi.OverlapQueue, reeveapi.OverlapReplace} {
		r.submit(reeveapi.JobSpec{
			Name: overlap, Kind: reeveapi.Periodic, Command: "exec " + line(n), Schedule: &reeveapi.JobSchedule{Cron: "@every 1s", Overlap: overlap},
		})
	}
	gate := reeveapi.JobSpec{
		Name: "gate", Kind: reeveapi.Service, Command: "touch well; exec " + line(3), Instances: 2, Resources: small,
		Health: &reeveapi.JobHealth{Command: "test -e well", IntervalSeconds: 0.2, GraceSeconds: 1000},
		Update: &reeveapi.JobUpdate{MaxUnavailable: 1, HealthySeconds: 0.2, DeadlineSeconds: 4, OnFailure: reeveapi.OnFailurePause},
	}
	r.submit(gate)
	r.submit(reeveapi.JobSpec{Name: "tokyo", Kind: reeveapi.Periodic, Command: "true", Schedule: &reeveapi.JobSchedule{Cron: "30 4 * * *", TimeZone: "Asia/Tokyo"}})

	r.awaitRetries("flaky")
	late := r.awaitJob("late", "its deadline", func(j *reeveapi.Job) bool { return j.State == reeveapi.JobFailed })
	if late.Message != "its deadline of 1 s has passed; 2 of 2 instances did not finish" {
		t.Errorf("it says %q", late.Message)
	}
	skipped := func(j *reeveapi.Job) bool {
		return lastRun(j, reeveapi.RunSkipped) != nil && j.Instances[0].State == "TASK_RUNNING"
	}
	before := r.awaitJob("skip", "a run that is skipped, because the first is still on", skipped)
	queued := r.awaitJob("queue", "a run that waits for the first", func(j *reeveapi.Job) bool { return j.Queued > 0 && j.Instances[0].State == "TASK_RUNNING" })
	first := r.awaitJob("gate", "two healthy instances", healthy(2))
	gate.Command = "exec " + line(4) // which is never well
	if _, err := r.client.UpdateJob(t.Context(), gate, first.Version); err != nil {
		t.Fatal(err)
	}
	r.awaitJob("gate", "an instance of the next version", func(j *reeveapi.Job) bool {
		return slices.ContainsFunc(j.Instances, func(i reeveapi.Instance) bool { return i.Template == 2 && i.State == "TASK_RUNNING" })
	})
	r.killLeader()

	after := r.awaitJob("skip", "the same run under the next leader", skipped)
	if after.Instances[0].Task != before.Instances[0].Task || running(t, line(0)) != 1 {
		t.Errorf("%s, %d processes; before it was %s", describe(after), running(t, line(0)), describe(before))
	}
	r.await("the next leader to know the run's task", func(ts []reeveapi.Task) bool {
		return slices.ContainsFunc(ts, func(task reeveapi.Task) bool { return task.ID == queued.Instances[0].Task })
	})
	r.must("kill", "--yes", queued.Instances[0].Task)
	next := r.awaitJob("queue", "the run that has waited", func(j *reeveapi.Job) bool {
		run := lastRun(j, reeveapi.JobRunning)
		return run != nil && run.Number > queued.Run && j.Instances[0].State == "TASK_RUNNING"
	})
	if run := lastRun(next, reeveapi.JobRunning); !run.Scheduled.Equal(queued.Due[0]) || !run.Scheduled.Before(run.Started) {
		t.Errorf("it was due at %s and began at %s, want that of %s", run.Scheduled, run.Started, queued.Due)
	}
	replaced := r.awaitJob("replace", "a run that ended for the next one", func(j *reeveapi.Job) bool {
		return lastRun(j, reeveapi.RunReplaced) != nil && lastRun(j, reeveapi.JobRunning) != nil
	})
	if lastRun(replaced, reeveapi.RunSkipped) != nil || lastRun(after, reeveapi.RunReplaced) != nil {
		t.Errorf("runs are %+v and %+v", replaced.Runs, after.Runs)
	}
	if got := r.reeve("trigger", "skip"); got.code != 1 || !strings.Contains(got.stderr, "is still on") {
		t.Errorf("a trigger while it runs: %+v", got)
	}
	if tokyo := r.awaitJob("tokyo", "its next run", func(j *reeveapi.Job) bool { return !j.NextRun.IsZero() }); tokyo.NextRun.UTC().Format(time.TimeOnly) != "19:30:00" {
		t.Errorf("half past four in Tokyo is %s", tokyo.NextRun)
	}
	r.awaitGate(first)
	for _, name := range []string{"skip", "queue", "replace"} {
		r.must("stop", "--yes", name)
	}
}

// awaitRetries awaits the end of a job that fails three times, and checks that it waited longer each time.
func (r *rig) awaitRetries(name string) {
	r.t.Helper()
	job := r.awaitJob(name, "its end", func(j *reeveapi.Job) bool { return j.State == reeveapi.JobFailed })
	if job.Instances[0].Attempt != 2 || job.Message != "Command exited with status 4" {
		r.t.Errorf("%s %q", describe(job), job.Message)
	}
	var tries []reeveapi.Task
	r.await("its three tasks", func(ts []reeveapi.Task) bool {
		tries = slices.DeleteFunc(slices.Clone(ts), func(x reeveapi.Task) bool { return x.Job != name })
		return all(tries, 3, "TASK_FAILED")
	})
	slices.SortFunc(tries, func(a, b reeveapi.Task) int { return a.Launched.Compare(b.Launched) })
	for n, least := range []time.Duration{450 * time.Millisecond, 950 * time.Millisecond} { // times are cut on their way
		if waited := tries[n+1].Launched.Sub(tries[n].Ended); waited < least {
			r.t.Errorf("attempt %d came %v after the failure before it, want at least %v", n+2, waited, least)
		}
	}
}

// awaitGate awaits that an update which is never well has stopped with one instance as it was, goes back, and runs it again.
func (r *rig) awaitGate(first *reeveapi.Job) {
	r.t.Helper()
	paused := r.awaitJob("gate", "the update to be given up", func(j *reeveapi.Job) bool { return j.Rollout.State == reeveapi.RolloutFailed })
	if paused.Rollout.Message != "no new instance became well within 4 s" || paused.Healthy != 1 || paused.Version != 2 {
		r.t.Errorf("%s, healthy %d", describe(paused), paused.Healthy)
	}
	r.must("rollback", "gate", "--yes")
	back := r.awaitJob("gate", "both as they were", func(j *reeveapi.Job) bool { return healthy(2)(j) && j.Rollout.State == reeveapi.RolloutDone })
	if !slices.ContainsFunc(back.Instances, func(i reeveapi.Instance) bool {
		return i.Task == first.Instances[0].Task || i.Task == first.Instances[1].Task
	}) {
		r.t.Errorf("%s: want the instance that was left alone: %s", describe(back), describe(first))
	}
	r.must("stop", "gate", "--yes")
	r.awaitJob("gate", "its end", func(j *reeveapi.Job) bool { return j.State == reeveapi.JobStopped })
	again := back.Spec
	again.Command = "touch well; exec sleep 1000"
	r.submit(again)
	if got := r.must("jobs", "history", "gate", "-o", "name"); got != "1\n2\n3\n4\n" {
		r.t.Errorf("its versions are\n%s", got)
	}
	r.must("stop", "gate", "--yes")
}
