package jobs

import (
	"fmt"

	"codeberg.org/reeve/reeve/masterd/jobrecord"
	"codeberg.org/reeve/reeve/masterd/registry"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// changeable returns the job that an operator wants to change, or why it cannot be.
func (s *State) changeable(in Change) (*job, error) {
	j := s.jobs[in.Name]
	switch {
	case j == nil:
		return nil, unknown(in.Name)
	case s.busy[in.Name]:
		return nil, fault.New(fault.Conflict, "job %q is being submitted or removed", in.Name)
	case j.over():
		return nil, fault.New(fault.Conflict, "job %q has ended: it is %s; run it again instead", in.Name, j.record.State)
	case j.record.Stopped:
		return nil, fault.New(fault.Conflict, "job %q is being stopped; run it again when it has ended", in.Name)
	case in.Expect != 0 && in.Expect != j.record.Version:
		return nil, fault.New(fault.Conflict, "job %q is at version %d now, the change was made for version %d; look at it again",
			in.Name, j.record.Version, in.Expect)
	}
	return j, nil
}

// change applies an operator's change and answers when it is stored. edit says what is to be; nil is for nothing.
func (s *State) change(in Change, kind string, edit func(*job) (*jobrecord.Revised, error)) {
	j, err := s.changeable(in)
	if err != nil {
		s.reply(in.Ticket, nil, err)
		return
	}
	next, err := edit(j)
	if err != nil {
		s.reply(in.Ticket, nil, err)
		return
	}
	if next == nil {
		s.reply(in.Ticket, s.publish(j), nil)
		return
	}
	next.By = in.By
	s.apply(j, *next)
	s.happened(kind, j, fmt.Sprintf("version %d: %s", j.record.Version, next.Note), in.By)
	s.answerStored(j, in, "changed")
}

// answerStored stores a job at once and answers then.
func (s *State) answerStored(j *job, in Change, done string) {
	s.write([]registry.Op{j.put()}, func(err error) {
		if err != nil {
			err = fault.Wrap(fault.Unavailable, err, "job %q is being %s, but that could not be stored; look at it before you try again", in.Name, done)
		}
		s.reply(in.Ticket, s.publish(j), err)
	})
}

func (s *State) update(in Update) {
	s.change(in.Change, "JOB_UPDATED", func(j *job) (*jobrecord.Revised, error) { return jobrecord.Update(&j.record, in.Spec) })
}

func (s *State) scale(in Scale) {
	s.change(in.Change, "JOB_SCALED", func(j *job) (*jobrecord.Revised, error) { return jobrecord.Scale(&j.record, in.Instances) })
}

func (s *State) restart(in Restart) {
	s.change(in.Change, "JOB_RESTARTED", func(j *job) (*jobrecord.Revised, error) { return jobrecord.Restart(&j.record) })
}

func (s *State) rollback(in Rollback) {
	s.change(in.Change, "JOB_ROLLED_BACK", func(j *job) (*jobrecord.Revised, error) { return jobrecord.Rollback(&j.record, in.To) })
}

// apply makes a version the newest one. Running instances follow in look.
func (s *State) apply(j *job, next jobrecord.Revised) {
	record := &j.record
	renewed := next.Template != record.Template
	oldSchedule := record.Spec.Schedule
	jobrecord.Revise(record, next, s.now)
	j.rules = rulesOf(&record.Spec)
	clear(j.refused)
	switch record.Spec.Kind {
	case reeveapi.Service:
		s.resize(j)
		if renewed {
			why := ""
			if next.Back {
				why = next.Note
			}
			s.startRollout(j, next.Back, why)
		}
	case reeveapi.Batch:
		s.resize(j)
		s.renewPending(j)
	case reeveapi.Periodic: // what runs goes on as it was; the next run is of this version
		if !sameSchedule(oldSchedule, record.Spec.Schedule) {
			record.NextRun = jobrecord.NextRun(&record.Spec, s.now)
		}
	}
	s.setClocks(j)
	s.markDirty(j)
	if role := s.roles[record.Spec.Role]; role != nil && role.ready > 0 {
		role.revive = true // other offers may do now
	}
}

// renewPending makes what was not launched one of the newest version.
func (s *State) renewPending(j *job) {
	for i := range j.instances {
		if p := j.instances[i].phase; p == ready || p == waiting {
			j.record.Instances[i].Template = j.record.Template
		}
	}
}

// resize makes as many instances as the spec wants. Those with the highest numbers go.
func (s *State) resize(j *job) {
	want := j.record.Spec.Instances
	for i := len(j.instances); i < want; i++ {
		j.record.Instances = append(j.record.Instances, reeveapi.Instance{
			Index: i, Attempt: j.record.Spent, Template: j.record.Template,
		})
		j.instances = append(j.instances, instance{})
		j.in[ready]++
		s.makeReady(j, i)
	}
	for i := len(j.instances) - 1; i >= want; i-- {
		s.dropInstance(j, i)
	}
	s.touch(j)
}

// dropInstance removes the last instance. Its task, if there may be one, becomes a leaver.
func (s *State) dropInstance(j *job, i int) {
	inst := j.record.Instances[i]
	p := j.instances[i].phase
	s.enter(j, i, ended)
	if p == settling { // what the agent repeats is acknowledged when the end is stored
		s.leavers[inst.Task] = &leaver{job: j, ended: true}
	}
	if p == launched || p == asking {
		s.addLeaver(j, inst, fmt.Sprintf("the job has %d instances now", j.record.Spec.Instances), false)
	}
	j.in[ended]--
	j.record.Spent = max(j.record.Spent, inst.Attempt+1)
	j.record.Instances = j.record.Instances[:i]
	j.instances = j.instances[:i]
}
