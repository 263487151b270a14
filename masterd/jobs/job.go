package jobs

import (
	"slices"
	"time"

	"codeberg.org/reeve/reeve/masterd/jobrecord"
	"codeberg.org/reeve/reeve/masterd/livejob"
	"codeberg.org/reeve/reeve/masterd/placement"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// enter moves an instance to a phase.
func (s *State) enter(j *livejob.Job, i int, p livejob.Phase) {
	inst := &j.Instances[i]
	if inst.Phase == livejob.Ready && p != livejob.Ready {
		s.unqueue(j, i)
	}
	if inst.Phase != livejob.Ready && p == livejob.Ready {
		s.makeReady(j, i)
	}
	j.In[inst.Phase]--
	j.In[p]++
	if inst.Phase == livejob.Asking && j.In[livejob.Asking] == 0 {
		j.Heard = s.now
	}
	inst.Phase = p
	inst.Tries = 0
	s.timers.Cancel(timer{job: j.Name(), index: i})
	if p == livejob.Ready || p == livejob.Waiting || p == livejob.Ended {
		s.forgetTask(j, i)
		inst.Killing = false
	}
	s.touch(j)
}

// touch says that what is published of a job is old, and that it is to be looked at once at the end of the turn.
func (s *State) touch(j *livejob.Job) {
	j.Published = nil
	s.touched[j.Name()] = true
}

// unqueue drops an instance from the queue. It is nearly always the first.
func (s *State) unqueue(j *livejob.Job, i int) {
	s.roles[j.Record.Spec.Role].ready--
	if j.Queue[0] == i {
		j.Queue = j.Queue[1:]
		return
	}
	j.Queue = slices.DeleteFunc(j.Queue, func(k int) bool { return k == i })
}

func (s *State) makeReady(j *livejob.Job, i int) {
	role := s.roles[j.Record.Spec.Role]
	j.Queue = append(j.Queue, i)
	role.ready++
	role.revive = true
}

func (s *State) setTimer(j *livejob.Job, i int, after time.Duration) {
	s.timers.Set(timer{job: j.Name(), index: i}, s.now.Add(after))
}

func (s *State) forgetTask(j *livejob.Job, i int) {
	if id := j.Instances[i].Task; id != "" {
		delete(s.tasks, id)
		j.Instances[i].Task = ""
	}
}

func (s *State) watchTask(j *livejob.Job, i int, id string) {
	s.forgetTask(j, i)
	j.Instances[i].Task = id
	s.tasks[id] = ref{j, i}
}

// restore takes a job out of the registry. What it says was launched may run, or not: the leader may have died in between.
func (s *State) restore(record reeveapi.Job) {
	record = jobrecord.OfThisVersion(jobrecord.Copy(record))
	j := s.track(record)
	if j.Over() {
		return
	}
	for _, l := range record.Leaving {
		s.leavers[l.Task] = &leaver{job: j}
	}
	if !j.Idle() {
		for i := range record.Instances {
			s.restoreInstance(j, i)
		}
	}
	s.finishIfOver(j)
}

func (s *State) restoreInstance(j *livejob.Job, i int) {
	inst := &j.Record.Instances[i]
	switch {
	case jobrecord.IsFinal(&j.Record, inst):
		s.enter(j, i, livejob.Ended)
	case inst.State == "":
	case !jobrecord.HasEnded(inst.State):
		s.enter(j, i, livejob.Asking)
		s.watchTask(j, i, inst.Task)
	case inst.Failed > 0:
		since := inst.Changed
		if since.After(s.now) { // another leader's clock said so, which was ahead of ours
			since = s.now
		}
		if at := since.Add(jobrecord.Backoff(&j.Record, i, j.Instances[i].Lost)); at.After(s.now) {
			s.enter(j, i, livejob.Waiting)
			s.timers.Set(timer{job: j.Name(), index: i}, at)
		}
	}
}

// track adds a job whose instances are all ready, or all ended if it is over or idle.
func (s *State) track(record reeveapi.Job) *livejob.Job {
	j := &livejob.Job{Record: record, Instances: make([]livejob.Instance, len(record.Instances)), Refused: map[string]placement.Shortage{}}
	j.Rules = rulesOf(&record.Spec)
	s.jobs[j.Name()] = j
	if !j.Over() {
		s.joinRole(j)
		s.setClocks(j)
	}
	if j.Over() || j.Idle() {
		for i := range j.Instances {
			j.Instances[i].Phase = livejob.Ended
		}
		j.In[livejob.Ended] = len(j.Instances)
		return j
	}
	j.In[livejob.Ready] = len(j.Instances)
	for i := range j.Instances {
		s.makeReady(j, i)
	}
	return j
}

// rulesOf compiles constraints that were checked when they were submitted.
func rulesOf(spec *reeveapi.JobSpec) placement.Rules {
	rules, err := placement.Compile(spec.Constraints)
	if err != nil {
		panic("jobs: " + err.Error())
	}
	return rules
}
