package jobs

import (
	"slices"
	"time"

	"codeberg.org/reeve/reeve/masterd/jobrecord"
	"codeberg.org/reeve/reeve/masterd/placement"
	"codeberg.org/reeve/reeve/shared/ids"
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
	rules     placement.Rules
	refused   map[string]placement.Shortage // by agent: why an offer did not hold an instance, since the cluster was last asked for offers
}

// instance is what is not stored of an instance.
type instance struct {
	phase   phase
	task    string // id in State.tasks, from launching to settling
	tries   int    // of asking or killing in a row, for the back-off
	lost    int    // attempts in a row that did not end by themselves, for the back-off
	killing bool   // its task was asked to end, so that another one takes its place
}

func (j *job) name() ids.Job { return ids.Job(j.record.Spec.Name) }

// over says whether the job has ended.
func (j *job) over() bool { return jobrecord.Over(j.record.State) }

func (j *job) ending() bool  { return jobrecord.Ending(&j.record) }
func (j *job) service() bool { return j.record.Spec.Kind == reeveapi.Service }

// idle says whether the job is a periodic one between two runs.
func (j *job) idle() bool { return j.record.State == reeveapi.JobScheduled }

// enter moves an instance to a phase.
func (s *State) enter(j *job, i int, p phase) {
	inst := &j.instances[i]
	if inst.phase == ready && p != ready {
		s.unqueue(j, i)
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
		inst.killing = false
	}
	s.touch(j)
}

// touch says that what is published of a job is old, and that it is to be looked at once at the end of the turn.
func (s *State) touch(j *job) {
	j.published = nil
	s.touched[j.name()] = true
}

// unqueue drops an instance from the queue. It is nearly always the first.
func (s *State) unqueue(j *job, i int) {
	s.roles[j.record.Spec.Role].ready--
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
	record = jobrecord.OfThisVersion(jobrecord.Copy(record))
	j := s.track(record)
	if j.over() {
		return
	}
	for _, l := range record.Leaving {
		s.leavers[l.Task] = &leaver{job: j}
	}
	if !j.idle() {
		for i := range record.Instances {
			s.restoreInstance(j, i)
		}
	}
	s.finishIfOver(j)
}

func (s *State) restoreInstance(j *job, i int) {
	inst := &j.record.Instances[i]
	switch {
	case jobrecord.IsFinal(&j.record, inst):
		s.enter(j, i, ended)
	case inst.State == "":
	case !jobrecord.HasEnded(inst.State):
		s.enter(j, i, asking)
		s.watchTask(j, i, inst.Task)
	case inst.Failed > 0:
		since := inst.Changed
		if since.After(s.now) { // another leader's clock said so, which was ahead of ours
			since = s.now
		}
		if at := since.Add(jobrecord.Backoff(&j.record, i, j.instances[i].lost)); at.After(s.now) {
			s.enter(j, i, waiting)
			s.timers.Set(timer{job: j.name(), index: i}, at)
		}
	}
}

// track adds a job whose instances are all ready, or all ended if it is over or idle.
func (s *State) track(record reeveapi.Job) *job {
	j := &job{record: record, instances: make([]instance, len(record.Instances)), refused: map[string]placement.Shortage{}}
	j.rules = rulesOf(&record.Spec)
	s.jobs[j.name()] = j
	if !j.over() {
		s.joinRole(j)
		s.setClocks(j)
	}
	if j.over() || j.idle() {
		for i := range j.instances {
			j.instances[i].phase = ended
		}
		j.in[ended] = len(j.instances)
		return j
	}
	j.in[ready] = len(j.instances)
	for i := range j.instances {
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
