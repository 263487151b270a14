package jobs

import (
	"fmt"
	"time"

	"codeberg.org/reeve/reeve/masterd/jobrecord"
	"codeberg.org/reeve/reeve/masterd/placement"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// waitingFor says in one sentence what keeps a job from going on, "" if nothing does.
func (s *State) waitingFor(j *job) string {
	switch {
	case j.over():
		return ""
	case j.idle():
		return s.waitingForRun(j)
	case j.ending():
		return fmt.Sprintf("the end of %s", tasks(j.in[launching]+j.in[asking]+j.in[launched]+j.in[settling]+len(j.record.Leaving)))
	case j.in[asking] > 0:
		return fmt.Sprintf("word of %s that may run since before the change of leader", tasks(j.in[asking]))
	case j.in[ready] > 0:
		return s.waitingForOffer(j)
	case j.in[waiting] > 0:
		return s.waitingForTime(j)
	}
	for i := range j.record.Instances {
		if inst := &j.record.Instances[i]; inst.State == mesosv1.TaskState_TASK_UNREACHABLE.String() {
			return jobrecord.WaitsForAgent(&j.record, inst)
		}
	}
	return ""
}

func (s *State) waitingForRun(j *job) string {
	if j.record.NextRun.IsZero() {
		return "nothing: its schedule names no more dates"
	}
	return "its next run at " + j.record.NextRun.UTC().Format(time.DateTime) + " UTC"
}

func tasks(n int) string {
	if n == 1 {
		return "1 task"
	}
	return fmt.Sprintf("%d tasks", n)
}

// waitingForOffer says what stood in the way on how many agents.
func (s *State) waitingForOffer(j *job) string {
	role := j.record.Spec.Role
	if !s.subscribed || len(j.refused) == 0 {
		return fmt.Sprintf("no offer in role %s yet", role)
	}
	ask := placement.DemandOf(jobrecord.SpecOf(&j.record, j.record.Instances[j.queue[0]].Template))
	agents := "1 agent"
	if n := len(j.refused); n > 1 {
		agents = fmt.Sprintf("%d agents", n)
	}
	return fmt.Sprintf("a place; of %s that offered in role %s, %s", agents, role, placement.Explain(j.refused, ask))
}

func (s *State) waitingForTime(j *job) string {
	first := -1
	var at time.Time
	for i := range j.instances {
		if j.instances[i].phase != waiting {
			continue
		}
		if t := s.timers.At(timer{job: j.name(), index: i}); first < 0 || t.Before(at) {
			first, at = i, t
		}
	}
	inst := &j.record.Instances[first]
	text := fmt.Sprintf("instance %d to be tried again at %s after %s", first, at.UTC().Format(time.TimeOnly), inst.State)
	if inst.Failed >= loopsAfter {
		text += fmt.Sprintf(", %d failures in a row", inst.Failed)
	}
	return text
}

// reeveEvent is an event that is about no job.
func reeveEvent(now time.Time, kind, text string) reeveapi.Event {
	return reeveapi.Event{At: now, Kind: kind, Subject: string(FrameworkID), ID: string(FrameworkID), Text: text}
}
