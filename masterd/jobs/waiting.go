package jobs

import (
	"fmt"
	"time"

	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/shared/resources"
)

// waitingFor says in one sentence what keeps a job from going on, "" if nothing does.
func (s *State) waitingFor(j *job) string {
	switch {
	case j.over():
		return ""
	case j.record.Stopped:
		return fmt.Sprintf("the end of %s", tasks(j.in[launching]+j.in[asking]+j.in[launched]+j.in[settling]))
	case j.in[asking] > 0:
		return fmt.Sprintf("word of %s that may run since before the change of leader", tasks(j.in[asking]))
	case j.in[ready] > 0:
		return s.waitingForOffer(j)
	case j.in[waiting] > 0:
		return s.waitingForTime(j)
	}
	for i := range j.record.Instances {
		if inst := &j.record.Instances[i]; inst.State == mesosv1.TaskState_TASK_UNREACHABLE.String() {
			return fmt.Sprintf("agent %s, which is unreachable, to come back with %s or to be marked gone", inst.Agent, inst.Task)
		}
	}
	return ""
}

func tasks(n int) string {
	if n == 1 {
		return "1 task"
	}
	return fmt.Sprintf("%d tasks", n)
}

func (s *State) waitingForOffer(j *job) string {
	if !s.subscribed || j.tooSmall == 0 {
		return fmt.Sprintf("no offer in role %s yet", j.record.Spec.Role)
	}
	ask := demandOf(&j.record.Spec)
	for i := range ask {
		if ask[i] <= j.most[i] {
			continue
		}
		if j.most[i] == 0 {
			return fmt.Sprintf("no offer in role %s had %s left, %s asked", j.record.Spec.Role, names[i], bare(i, ask[i]))
		}
		return fmt.Sprintf("the largest offer in role %s had %s, %s asked", j.record.Spec.Role, amount(i, j.most[i]), bare(i, ask[i]))
	}
	return fmt.Sprintf("no single offer in role %s had %s and %s free together", j.record.Spec.Role,
		amount(resources.CPUs, ask[resources.CPUs]), amount(resources.Mem, ask[resources.Mem]))
}

// amount writes "1.5 cpus", "512 MB of mem".
func amount(place int, n int64) string {
	switch place {
	case resources.Mem, resources.Disk:
		return fmt.Sprintf("%s MB of %s", bare(place, n), names[place])
	default:
		return fmt.Sprintf("%s %s", bare(place, n), names[place])
	}
}

func bare(place int, n int64) string {
	if place == resources.Ports {
		return fmt.Sprint(n)
	}
	return fmt.Sprint(resources.Milli(n).Float())
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
	return fmt.Sprintf("instance %d to be tried again at %s after %s", first, at.UTC().Format(time.TimeOnly), inst.State)
}

// reeveEvent is an event that is about no job.
func reeveEvent(now time.Time, kind, text string) reeveapi.Event {
	return reeveapi.Event{At: now, Kind: kind, Subject: string(FrameworkID), ID: string(FrameworkID), Text: text}
}
