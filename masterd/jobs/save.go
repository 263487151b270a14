package jobs

import (
	"time"

	"codeberg.org/reeve/reeve/masterd/registry"
)

const (
	saveEvery       = 20 * time.Millisecond  // between lazy writes of small jobs
	savePerInstance = 100 * time.Microsecond // more, for each instance in what was written: a record may be a megabyte
	saveRetry       = time.Second
)

// settled is a task's end that is acted on once it is stored.
type settled struct {
	job     *job
	index   int
	uuid    []byte
	agent   string
	task    string
	verdict verdict
}

// write hands ops to the registrar; done runs when it has answered.
func (s *State) write(ops []registry.Op, done func(error)) {
	s.token++
	s.writes[s.token] = done
	s.effect(Persist{Token: s.token, Ops: ops})
}

// markDirty says that the registry's copy of a job is old.
func (s *State) markDirty(j *job) {
	j.published = nil
	s.dirty[j.name()] = true
}

// save writes what is dirty, one write at a time: what changes meanwhile goes with the next one.
func (s *State) save() {
	if s.writing || len(s.dirty) == 0 {
		return
	}
	if s.now.Before(s.nextSave) {
		s.timers.Set(timer{what: forSaving}, s.nextSave)
		return
	}
	var ops []registry.Op
	instances := 0
	names := sortedKeys(s.dirty)
	for _, name := range names {
		j := s.jobs[name]
		instances += len(j.instances)
		ops = append(ops, registry.PutJob{Job: *s.publish(j)})
	}
	clear(s.dirty)
	s.writing = true
	s.nextSave = s.now.Add(saveEvery + time.Duration(instances)*savePerInstance)
	ends := s.settled
	s.settled = nil
	s.write(ops, func(err error) {
		s.writing = false
		if err == nil {
			for _, end := range ends {
				s.resolve(end)
			}
			return
		}
		s.settled = append(ends, s.settled...)
		for _, name := range names {
			if s.jobs[name] != nil && !s.busy[name] {
				s.dirty[name] = true
			}
		}
		s.nextSave = s.now.Add(saveRetry)
	})
}
