package jobs

import (
	"fmt"
	"time"

	"codeberg.org/reeve/reeve/masterd/jobrecord"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// loopsAfter is how many failures in a row make a crash loop.
const loopsAfter = 3

// mostReasons bounds how many instances of a job say themselves why they do not run: the others say the same.
const mostReasons = 50

// describe adds to a published record what is not stored because it follows from the rest.
func (s *State) describe(j *job, record *reeveapi.Job) {
	if j.over() || j.idle() {
		return
	}
	offers, reasons, sick, looping := "", 0, 0, 0
	for i := range record.Instances {
		inst := &record.Instances[i]
		if inst.Healthy {
			record.Healthy++
			continue
		}
		if inst.Failed >= loopsAfter {
			looping++
		}
		if inst.Failed > 0 || !inst.Since.IsZero() || inst.State == mesosv1.TaskState_TASK_UNREACHABLE.String() {
			sick++
		}
		if reasons++; reasons > mostReasons {
			continue
		}
		if j.instances[i].phase == ready && offers == "" {
			offers = s.waitingForOffer(j)
		}
		inst.Waiting = s.reason(j, i, offers)
	}
	if !j.service() || j.ending() {
		return
	}
	record.Health = jobrecord.Health(record, looping, sick)
}

// reason says why an instance does not run, or is not well; "" if it has ended or is about to run.
func (s *State) reason(j *job, i int, offers string) string {
	inst := &j.record.Instances[i]
	switch j.instances[i].phase {
	case ready:
		return offers
	case waiting:
		at := s.timers.At(timer{job: j.name(), index: i})
		text := fmt.Sprintf("tried again at %s after %s", at.UTC().Format(time.TimeOnly), inst.State)
		if inst.Failed > 1 {
			text += fmt.Sprintf(", %d failures in a row", inst.Failed)
		}
		return text
	case asking:
		return fmt.Sprintf("word from agent %s, where it may run since before the change of leader", inst.Agent)
	case launched:
		if inst.State == mesosv1.TaskState_TASK_UNREACHABLE.String() {
			return jobrecord.WaitsForAgent(&j.record, inst)
		}
		if inst.State == mesosv1.TaskState_TASK_RUNNING.String() && jobrecord.SpecOf(&j.record, inst.Template).Health != nil {
			return "its health check to succeed"
		}
	case launching, settling, ended, phases:
	}
	return ""
}

// mature says whether an instance has been well for as long as an update asks.
func (s *State) mature(j *job, i int) bool {
	at, ok := s.matureAt(j, i)
	return ok && !s.now.Before(at)
}

func (s *State) matureAt(j *job, i int) (time.Time, bool) {
	inst := &j.record.Instances[i]
	if j.instances[i].phase != launched || !inst.Healthy || j.instances[i].killing {
		return time.Time{}, false
	}
	wait := 0.0
	if u := j.record.Spec.Update; u != nil {
		wait = u.HealthySeconds
	}
	return inst.Since.Add(jobrecord.Seconds(wait)), true
}
