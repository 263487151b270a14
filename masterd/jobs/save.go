package jobs

import (
	"time"

	"codeberg.org/reeve/reeve/masterd/livejob"
	"codeberg.org/reeve/reeve/masterd/registry"
	"codeberg.org/reeve/reeve/shared/ids"
)

const (
	saveEvery       = 20 * time.Millisecond  // between lazy writes of small jobs
	savePerInstance = 100 * time.Microsecond // more, for each instance in what was written: a record may be a megabyte
	saveRetry       = time.Second
)

// settled is a task's end that is acted on once it is stored.
type settled struct {
	job   *livejob.Job
	index int // noInstance for a leaver
	uuid  []byte
	agent string
	task  string
}

// write hands ops to the registrar; done runs when it has answered.
func (s *State) write(ops []registry.Op, done func(error)) {
	s.token++
	s.writes[s.token] = done
	s.effect(Persist{Token: s.token, Ops: ops})
}

// markDirty says that the registry's copy of a job is old.
func (s *State) markDirty(j *livejob.Job) {
	s.touch(j)
	s.dirty[j.Name()] = true
}

// save writes what is dirty, one write at a time: what changes meanwhile goes with the next one. Launches wait for it, so
// they don't let it wait.
func (s *State) save() {
	if s.writing || len(s.dirty) == 0 {
		return
	}
	at := s.nextSave
	if len(s.launches) > 0 {
		at = s.retrySave
	}
	if s.now.Before(at) {
		s.timers.Set(timer{what: forSaving}, at)
		return
	}
	var ops []registry.Op
	instances := 0
	names := sortedKeys(s.dirty)
	for _, name := range names {
		j := s.jobs[name]
		instances += len(j.Instances)
		ops = append(ops, j.Put())
	}
	clear(s.dirty)
	s.writing = true
	s.nextSave = s.now.Add(saveEvery + time.Duration(instances)*savePerInstance)
	ends, launches := s.settled, s.launches
	s.settled, s.launches = nil, nil
	s.write(ops, func(err error) {
		s.writing = false
		if err != nil {
			s.settled, s.launches = append(ends, s.settled...), append(launches, s.launches...)
			s.saveAgain(names)
			return
		}
		for _, end := range ends {
			s.resolve(end)
		}
		for _, l := range launches {
			s.accept(l)
		}
	})
}

// saveAgain is for the time until the term ends because its registrar failed.
func (s *State) saveAgain(names []ids.Job) {
	for _, name := range names {
		if s.jobs[name] != nil && !s.busy[name] {
			s.dirty[name] = true
		}
	}
	s.retrySave = s.now.Add(saveRetry)
	s.nextSave = s.retrySave
}
