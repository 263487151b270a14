package livejob

import (
	"fmt"
	"time"

	"codeberg.org/reeve/reeve/masterd/jobrecord"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// LoopsAfter is how many failures in a row make a crash loop.
const LoopsAfter = 3

// mostReasons bounds how many instances of a job say themselves why they do not run: the others say the same.
const mostReasons = 50

// Moment is what a job's words depend on beside the job.
type Moment struct {
	Subscribed bool                  // the cluster makes offers
	RetryAt    func(i int) time.Time // when an instance in Waiting is tried again
}

// Publish returns a copy of the job that never changes, with what is not stored because it follows from the rest.
func (j *Job) Publish(m Moment) *reeveapi.Job {
	if j.Published == nil {
		record := jobrecord.Copy(j.Record)
		record.Waiting = j.WaitsFor(m)
		j.describe(m, &record)
		j.Published = &record
	}
	return j.Published
}

func (j *Job) describe(m Moment, record *reeveapi.Job) {
	if j.Over() || j.Idle() {
		return
	}
	offers, reasons, sick, looping := "", 0, 0, 0
	for i := range record.Instances {
		inst := &record.Instances[i]
		if inst.Healthy {
			record.Healthy++
			continue
		}
		if inst.Failed >= LoopsAfter {
			looping++
		}
		if inst.Failed > 0 || !inst.Since.IsZero() || inst.State == mesosv1.TaskState_TASK_UNREACHABLE.String() {
			sick++
		}
		if reasons++; reasons > mostReasons {
			continue
		}
		if j.Instances[i].Phase == Ready && offers == "" {
			offers = j.waitsForOffer(m)
		}
		inst.Waiting = j.reason(m, i, offers)
	}
	if !j.Service() || j.Ending() {
		return
	}
	record.Health = jobrecord.Health(record, looping, sick)
}

// reason says why an instance does not run, or is not well; "" if it has ended or is about to run.
func (j *Job) reason(m Moment, i int, offers string) string {
	inst := &j.Record.Instances[i]
	switch j.Instances[i].Phase {
	case Ready:
		return offers
	case Waiting:
		text := fmt.Sprintf("tried again at %s after %s", m.RetryAt(i).UTC().Format(time.TimeOnly), inst.State)
		if inst.Failed > 1 {
			text += fmt.Sprintf(", %d failures in a row", inst.Failed)
		}
		return text
	case Asking:
		return fmt.Sprintf("word from agent %s, where it may run since before the change of leader", inst.Agent)
	case Launched:
		if inst.State == mesosv1.TaskState_TASK_UNREACHABLE.String() {
			return jobrecord.WaitsForAgent(&j.Record, inst)
		}
		if inst.State == mesosv1.TaskState_TASK_RUNNING.String() && j.SpecOf(i).Health != nil {
			return "its health check to succeed"
		}
	case Launching, Settling, Ended, Phases:
	}
	return ""
}
