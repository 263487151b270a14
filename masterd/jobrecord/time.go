package jobrecord

import (
	"time"

	"codeberg.org/reeve/reeve/masterd/jobspec"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// NextRun is when a job is due after now, the zero time for never.
func NextRun(spec *reeveapi.JobSpec, now time.Time) time.Time {
	table, err := jobspec.ParseSchedule(*spec.Schedule)
	if err != nil {
		panic("jobrecord: " + err.Error()) // it was checked when the job was submitted
	}
	return table.Next(now).UTC()
}

// Deadline is when a job, or a periodic job's run, must have ended; the zero time for never.
func Deadline(record *reeveapi.Job) time.Time {
	if record.Spec.DeadlineSeconds == 0 {
		return time.Time{}
	}
	from := record.Submitted
	if record.Spec.Kind == reeveapi.Periodic {
		from = record.RunStarted
	}
	return from.Add(Seconds(record.Spec.DeadlineSeconds))
}

// ReplaceAfter is for how long an unreachable agent is waited for; ok is false if that is for ever.
func ReplaceAfter(spec *reeveapi.JobSpec) (after time.Duration, ok bool) {
	switch {
	case spec.ReplaceUnreachableSeconds != nil:
		return Seconds(*spec.ReplaceUnreachableSeconds), true
	case spec.Kind == reeveapi.Service:
		return 0, true
	}
	return 0, false
}

// Seconds is a duration of the API.
func Seconds(seconds float64) time.Duration { return time.Duration(seconds * float64(time.Second)) }

// GiveUpAt is when an instance on an unreachable agent is replaced; ok is false if it is not, or not unreachable.
func GiveUpAt(record *reeveapi.Job, i int) (at time.Time, ok bool) {
	inst := &record.Instances[i]
	after, ok := ReplaceAfter(&record.Spec)
	if !ok || inst.State != mesosv1.TaskState_TASK_UNREACHABLE.String() {
		return time.Time{}, false
	}
	return inst.Changed.Add(after), true
}

// Health sums a service up: how many of its instances are well it has counted; looping ones fail again and again, sick ones
// are not well though they were launched before.
func Health(record *reeveapi.Job, looping, sick int) string {
	switch {
	case looping > 0:
		return reeveapi.HealthCrashing
	case record.Healthy == len(record.Instances):
		return reeveapi.HealthGood
	case sick > 0:
		return reeveapi.HealthDegraded
	}
	return reeveapi.HealthStarting
}

// Observe notes what a status says about whether an instance is well.
func Observe(record *reeveapi.Job, inst *reeveapi.Instance, status *mesosv1.TaskStatus, now time.Time) {
	running := status.GetState() == mesosv1.TaskState_TASK_RUNNING
	if running && inst.Started.IsZero() {
		inst.Started = now
	}
	well := running
	if running && SpecOf(record, inst.Template).Health != nil {
		well = inst.Healthy
		if status.Healthy != nil {
			well = status.GetHealthy()
		}
	}
	if well == inst.Healthy {
		return
	}
	inst.Healthy, inst.Since = well, now
}

// Backoff is how long an instance waits before its next attempt; lost attempts ended through no fault of its own.
func Backoff(record *reeveapi.Job, i, lost int) time.Duration {
	r := record.Spec.Restart
	return Doubled(Seconds(r.BackoffSeconds), Seconds(r.MaxBackoffSeconds), record.Instances[i].Failed+lost-1)
}

// Doubled is first, twice that for each further time, and at most that much.
func Doubled(first, most time.Duration, times int) time.Duration {
	for ; times > 0 && first < most; times-- {
		first *= 2
	}
	return min(most, first)
}
