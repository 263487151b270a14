package jobs

import (
	"slices"
	"time"

	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// phase is where an instance is on the way drawn in doc.go.
type phase int

const (
	ready     phase = iota // wants an offer
	waiting                // wants an offer, but not before its time
	launching              // has an offer; that is being stored
	asking                 // its task may exist: a former leader was about to launch it, or did
	launched               // its task exists, as far as is known
	settling               // its task has ended; that is being stored
	ended                  // for good
	phases                 // how many there are
)

// job is one job. Its record changes in place; publish makes the copies that leave the machine.
type job struct {
	record    reeveapi.Job
	published *reeveapi.Job // a copy of record, nil once record has changed
	instances []instance    // beside record.Instances
	in        [phases]int   // how many instances are in each phase
	queue     []int         // ready instances, in the order in which they became so
	tooSmall  int           // offers that did not hold an instance, since the cluster was last asked for offers
	most      demand        // of each resource, in one of those
}

// instance is what is not stored of an instance.
type instance struct {
	phase phase
	task  string // id in State.tasks, from launching to settling
	tries int    // of asking or killing in a row, for the back-off
	lost  int    // attempts in a row that did not end by themselves, for the back-off
}

func (j *job) name() ids.Job { return ids.Job(j.record.Spec.Name) }

// over says whether the job has ended.
func (j *job) over() bool { return over(j.record.State) }

func over(state string) bool {
	return state == reeveapi.JobFinished || state == reeveapi.JobFailed || state == reeveapi.JobStopped
}

// enter moves an instance to a phase.
func (s *State) enter(j *job, i int, p phase) {
	inst := &j.instances[i]
	role := s.roles[j.record.Spec.Role]
	if inst.phase == ready && p != ready {
		j.unqueue(i)
		role.ready--
	}
	if inst.phase != ready && p == ready {
		s.makeReady(j, i)
	}
	j.in[inst.phase]--
	j.in[p]++
	inst.phase = p
	inst.tries = 0
	s.timers.Cancel(timer{job: j.name(), index: i})
	if p == ready || p == waiting || p == ended {
		s.forgetTask(j, i)
	}
	j.published = nil
}

// unqueue drops an instance from the queue. It is nearly always the first.
func (j *job) unqueue(i int) {
	if j.queue[0] == i {
		j.queue = j.queue[1:]
		return
	}
	j.queue = slices.DeleteFunc(j.queue, func(k int) bool { return k == i })
}

func (s *State) makeReady(j *job, i int) {
	role := s.roles[j.record.Spec.Role]
	j.queue = append(j.queue, i)
	role.ready++
	role.revive = true
}

func (s *State) setTimer(j *job, i int, after time.Duration) {
	s.timers.Set(timer{job: j.name(), index: i}, s.now.Add(after))
}

func (s *State) forgetTask(j *job, i int) {
	if id := j.instances[i].task; id != "" {
		delete(s.tasks, id)
		j.instances[i].task = ""
	}
}

func (s *State) watchTask(j *job, i int, id string) {
	s.forgetTask(j, i)
	j.instances[i].task = id
	s.tasks[id] = ref{j, i}
}

// restore takes a job out of the registry. What it says was launched may run, or not: the leader may have died in between.
func (s *State) restore(record reeveapi.Job) {
	record.Instances = slices.Clone(record.Instances)
	j := s.track(record)
	if j.over() {
		return
	}
	for i := range record.Instances {
		inst := &j.record.Instances[i]
		switch {
		case isFinal(&j.record, inst):
			s.enter(j, i, ended)
		case inst.State != "" && !hasEnded(inst.State):
			s.enter(j, i, asking)
			s.watchTask(j, i, inst.Task)
		}
	}
	s.finishIfOver(j)
}

// track adds a job whose instances are all ready, or all ended if it is over.
func (s *State) track(record reeveapi.Job) *job {
	j := &job{record: record, instances: make([]instance, len(record.Instances))}
	s.jobs[j.name()] = j
	if j.over() {
		for i := range j.instances {
			j.instances[i].phase = ended
		}
		j.in[ended] = len(j.instances)
		return j
	}
	s.joinRole(j)
	j.in[ready] = len(j.instances)
	for i := range j.instances {
		s.makeReady(j, i)
	}
	return j
}

// hasEnded says whether a stored state is one after which the next attempt may follow.
func hasEnded(state string) bool {
	v, ok := mesosv1.TaskState_value[state]
	return ok && judge(mesosv1.TaskState(v)) != alive
}

// isFinal says whether an instance is not to be tried again.
func isFinal(record *reeveapi.Job, inst *reeveapi.Instance) bool {
	switch {
	case inst.State == "":
		return record.Stopped
	case !hasEnded(inst.State):
		return false
	case record.Stopped:
		return true
	}
	return inst.State == mesosv1.TaskState_TASK_FINISHED.String() ||
		inst.State == mesosv1.TaskState_TASK_ERROR.String() ||
		inst.Failed > record.Spec.Retries
}

// historyLimit is how many ended jobs are remembered.
const historyLimit = 200

// finishIfOver ends the job once all its instances have.
func (s *State) finishIfOver(j *job) {
	if j.in[ended] < len(j.instances) || j.over() {
		return
	}
	state, kind := reeveapi.JobFinished, "JOB_FINISHED"
	for i := range j.record.Instances {
		inst := &j.record.Instances[i]
		if inst.State == mesosv1.TaskState_TASK_FINISHED.String() {
			continue
		}
		if j.record.Stopped {
			state, kind = reeveapi.JobStopped, "JOB_STOPPED"
			break
		}
		state, kind = reeveapi.JobFailed, "JOB_FAILED"
	}
	j.record.State = state
	j.record.Ended = s.now
	s.leaveRole(j)
	s.markDirty(j)
	s.happened(kind, j, s.summary(j), "")
	s.trimHistory()
}

// trimHistory forgets the job that ended longest ago when there are too many.
func (s *State) trimHistory() {
	var oldest *job
	n := 0
	for _, name := range sortedKeys(s.jobs) {
		j := s.jobs[name]
		if !j.over() || s.busy[name] {
			continue
		}
		n++
		if oldest == nil || j.record.Ended.Before(oldest.record.Ended) {
			oldest = j
		}
	}
	if n > historyLimit {
		s.forget(oldest)
	}
}

// publish returns a copy of the job that never changes.
func (s *State) publish(j *job) *reeveapi.Job {
	if j.published == nil {
		record := j.record
		record.Instances = slices.Clone(record.Instances)
		record.Waiting = s.waitingFor(j)
		j.published = &record
	}
	return j.published
}
