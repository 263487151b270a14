package livejob

import (
	"fmt"
	"strings"
	"time"

	"codeberg.org/reeve/reeve/masterd/jobrecord"
	"codeberg.org/reeve/reeve/masterd/placement"
	"codeberg.org/reeve/reeve/shared/mesosv1"
)

// WaitsFor says in one sentence what keeps the job from going on, "" if nothing does.
func (j *Job) WaitsFor(m Moment) string {
	switch {
	case j.Over():
		return ""
	case j.Idle():
		return j.waitsForRun()
	case j.Ending():
		return fmt.Sprintf("the end of %s", tasks(j.In[Launching]+j.In[Asking]+j.In[Launched]+j.In[Settling]+len(j.Record.Leaving)))
	case j.In[Asking] > 0:
		return fmt.Sprintf("word of %s that may run since before the change of leader", tasks(j.In[Asking]))
	case j.In[Ready] > 0:
		return j.waitsForOffer(m)
	case j.In[Waiting] > 0:
		return j.waitsForTime(m)
	}
	for i := range j.Record.Instances {
		if inst := &j.Record.Instances[i]; inst.State == mesosv1.TaskState_TASK_UNREACHABLE.String() {
			return jobrecord.WaitsForAgent(&j.Record, inst)
		}
	}
	return ""
}

func (j *Job) waitsForRun() string {
	if j.Record.NextRun.IsZero() {
		return "nothing: its schedule names no more dates"
	}
	return "its next run at " + j.Record.NextRun.UTC().Format(time.DateTime) + " UTC"
}

func tasks(n int) string {
	if n == 1 {
		return "1 task"
	}
	return fmt.Sprintf("%d tasks", n)
}

// How the reasons of those begin that wait for an offer.
const (
	noOffer = "no offer"
	aPlace  = "a place"
)

// WantsPlace says whether what a job or an instance waits for is a place.
func WantsPlace(waiting string) bool {
	return strings.HasPrefix(waiting, noOffer) || strings.HasPrefix(waiting, aPlace)
}

// waitsForOffer says what stood in the way on how many agents.
func (j *Job) waitsForOffer(m Moment) string {
	if j.Lacks != "" {
		return j.Lacks
	}
	role := j.Record.Spec.Role
	if !m.Subscribed || len(j.Refused) == 0 {
		return noOffer + " in role " + role + " yet"
	}
	ask := placement.DemandOf(j.SpecOf(j.Queue[0]))
	agents := "1 agent"
	if n := len(j.Refused); n > 1 {
		agents = fmt.Sprintf("%d agents", n)
	}
	return fmt.Sprintf(aPlace+"; of %s that offered in role %s, %s", agents, role, placement.Explain(j.Refused, ask))
}

func (j *Job) waitsForTime(m Moment) string {
	first := -1
	var at time.Time
	for i := range j.Instances {
		if j.Instances[i].Phase != Waiting {
			continue
		}
		if t := m.RetryAt(i); first < 0 || t.Before(at) {
			first, at = i, t
		}
	}
	inst := &j.Record.Instances[first]
	text := fmt.Sprintf("instance %d to be tried again at %s after %s", first, at.UTC().Format(time.TimeOnly), inst.State)
	if inst.Failed >= LoopsAfter {
		text += fmt.Sprintf(", %d failures in a row", inst.Failed)
	}
	return text
}
