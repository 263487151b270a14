package jobs

import (
	"cmp"
	"maps"
	"slices"

	"codeberg.org/reeve/reeve/masterd/jobrecord"
	"codeberg.org/reeve/reeve/masterd/jobspec"
	"codeberg.org/reeve/reeve/masterd/livejob"
	"codeberg.org/reeve/reeve/masterd/registry"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// submit stores a job; it begins to exist when the registry has it.
func (s *State) submit(in Submit) {
	spec := jobspec.Complete(in.Spec)
	if err := jobspec.Check(spec); err != nil {
		s.reply(in.Ticket, nil, err)
		return
	}
	if err := s.secrets.Check(&spec); err != nil {
		s.reply(in.Ticket, nil, err)
		return
	}
	name := ids.Job(spec.Name)
	former := s.jobs[name]
	if s.busy[name] || former != nil && !former.Over() {
		s.reply(in.Ticket, nil, fault.New(fault.Conflict, "there is a job %q already; stop it or choose another name", name))
		return
	}
	record := jobrecord.New(spec, in.By, s.now)
	if former != nil {
		jobrecord.Succeed(&record, &former.Record)
	}
	s.busy[name] = true
	delete(s.dirty, name) // the former job of that name must not be written over this one
	s.write([]registry.Op{registry.PutJob{Job: jobrecord.Copy(record)}}, func(err error) {
		delete(s.busy, name)
		if err != nil {
			s.reply(in.Ticket, nil, fault.Wrap(fault.Unavailable, err, "job %q may or may not have been stored; look for it before you submit it again", name))
			return
		}
		j := s.track(record)
		s.happened("JOB_SUBMITTED", j, "", in.By)
		s.reply(in.Ticket, s.publish(j), nil)
	})
}

// stop begins to end a job at once, and answers when that has been stored: a new leader would go on with it.
func (s *State) stop(in Stop) {
	j := s.jobs[in.Name]
	switch {
	case j == nil:
		s.reply(in.Ticket, nil, unknown(in.Name))
		return
	case j.Over():
		s.reply(in.Ticket, nil, fault.New(fault.Conflict, "job %q has ended already: it is %s", in.Name, j.Record.State))
		return
	}
	if err := in.seen(j); err != nil {
		s.reply(in.Ticket, nil, err)
		return
	}
	if !j.Record.Stopped {
		j.Record.Stopped = true
		j.Published = nil
		s.happened("JOB_STOPPING", j, "", in.By)
		if r := j.Record.Rollout; r != nil && j.Rolling() {
			r.State, r.Ended, r.Message = reeveapi.RolloutFailed, s.now, "the job was stopped"
		}
		s.endAll(j)
		s.finishIfOver(j)
	}
	s.write([]registry.Op{j.Put()}, func(err error) {
		if err != nil {
			err = fault.Wrap(fault.Unavailable, err, "job %q is being stopped, but that could not be stored; stop it again", in.Name)
		}
		s.reply(in.Ticket, s.publish(j), err)
	})
}

// stopInstance ends an instance that has no task, and kills the task that it may have.
func (s *State) stopInstance(j *livejob.Job, i int) {
	switch j.Instances[i].Phase {
	case livejob.Ready, livejob.Waiting:
		s.enter(j, i, livejob.Ended)
	case livejob.Asking, livejob.Launched:
		j.Instances[i].Tries = 0
		s.kill(j, i)
	case livejob.Launching, livejob.Settling, livejob.Ended, livejob.Phases: // these end, or are launched no more, once they are stored
	}
}

// remove forgets an ended job once the registry has.
func (s *State) remove(in Remove) {
	j := s.jobs[in.Name]
	switch {
	case j == nil:
		s.reply(in.Ticket, nil, unknown(in.Name))
		return
	case s.busy[in.Name]:
		s.reply(in.Ticket, nil, fault.New(fault.Conflict, "job %q is being submitted or removed", in.Name))
		return
	case !j.Over():
		s.reply(in.Ticket, nil, fault.New(fault.Conflict, "job %q is %s; stop it before you remove it", in.Name, j.Record.State))
		return
	}
	if err := in.seen(j); err != nil {
		s.reply(in.Ticket, nil, err)
		return
	}
	s.busy[in.Name] = true
	delete(s.dirty, in.Name)
	s.write([]registry.Op{registry.RemoveJob{Job: in.Name}}, func(err error) {
		delete(s.busy, in.Name)
		if err != nil {
			s.reply(in.Ticket, nil, fault.Wrap(fault.Unavailable, err, "job %q may or may not have been removed", in.Name))
			return
		}
		delete(s.jobs, in.Name)
		s.reply(in.Ticket, s.publish(j), nil)
	})
}

// forget drops an ended job from the history.
func (s *State) forget(j *livejob.Job) {
	delete(s.jobs, j.Name())
	delete(s.dirty, j.Name())
	s.write([]registry.Op{registry.RemoveJob{Job: j.Name()}}, func(error) {}) // one job too many in the registry does no harm
}

func (s *State) reply(ticket Ticket, j *reeveapi.Job, err error) {
	if err != nil {
		j = nil
	}
	s.effect(Reply{Ticket: ticket, Job: j, Err: err})
}

func unknown(name ids.Job) error {
	return fault.New(fault.NotFound, "there is no job %q", name)
}

// sortedKeys fixes the order in which maps are walked: equal inputs must give equal effects.
func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
