package jobs

import (
	"fmt"

	"codeberg.org/reeve/reeve/masterd/jobrecord"
	"codeberg.org/reeve/reeve/masterd/livejob"
	"codeberg.org/reeve/reeve/masterd/registry"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// changeable returns the job that an operator wants to change, or why it cannot be.
func (s *State) changeable(in Change) (*livejob.Job, error) {
	j := s.jobs[in.Name]
	switch {
	case j == nil:
		return nil, unknown(in.Name)
	case s.busy[in.Name]:
		return nil, fault.New(fault.Conflict, "job %q is being submitted or removed", in.Name)
	case j.Over():
		return nil, fault.New(fault.Conflict, "job %q has ended: it is %s; run it again instead", in.Name, j.Record.State)
	case j.Record.Stopped:
		return nil, fault.New(fault.Conflict, "job %q is being stopped; run it again when it has ended", in.Name)
	}
	return j, in.seen(j)
}

// seen refuses a change that was made for another version than the newest: somebody else was quicker.
func (in Change) seen(j *livejob.Job) error {
	if in.Expect != 0 && in.Expect != j.Record.Version {
		return fault.New(fault.Conflict, "job %q is at version %d now, the change was made for version %d; look at it again",
			in.Name, j.Record.Version, in.Expect)
	}
	return nil
}

// change applies an operator's change and answers when it is stored. edit says what is to be; nil is for nothing.
func (s *State) change(in Change, kind string, edit func(*livejob.Job) (*jobrecord.Revised, error)) {
	j, err := s.changeable(in)
	if err != nil {
		s.reply(in.Ticket, nil, err)
		return
	}
	next, err := edit(j)
	if err == nil && next != nil {
		err = s.secrets.Check(&next.Spec)
	}
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
	s.happened(kind, j, fmt.Sprintf("version %d: %s", j.Record.Version, next.Note), in.By)
	s.answerStored(j, in, "changed")
}

// answerStored stores a job at once and answers then.
func (s *State) answerStored(j *livejob.Job, in Change, done string) {
	s.write([]registry.Op{j.Put()}, func(err error) {
		if err != nil {
			err = fault.Wrap(fault.Unavailable, err, "job %q is being %s, but that could not be stored; look at it before you try again", in.Name, done)
		}
		s.reply(in.Ticket, s.publish(j), err)
	})
}

func (s *State) update(in Update) {
	s.change(in.Change, "JOB_UPDATED", func(j *livejob.Job) (*jobrecord.Revised, error) { return jobrecord.Update(&j.Record, in.Spec) })
}

func (s *State) scale(in Scale) {
	s.change(in.Change, "JOB_SCALED", func(j *livejob.Job) (*jobrecord.Revised, error) { return jobrecord.Scale(&j.Record, in.Instances) })
}

func (s *State) restart(in Restart) {
	s.change(in.Change, "JOB_RESTARTED", func(j *livejob.Job) (*jobrecord.Revised, error) { return jobrecord.Restart(&j.Record) })
}

func (s *State) rollback(in Rollback) {
	s.change(in.Change, "JOB_ROLLED_BACK", func(j *livejob.Job) (*jobrecord.Revised, error) { return jobrecord.Rollback(&j.Record, in.To) })
}

// apply makes a version the newest one. Running instances follow in look.
func (s *State) apply(j *livejob.Job, next jobrecord.Revised) {
	record := &j.Record
	renewed := next.Template != record.Template
	oldSchedule := record.Spec.Schedule
	jobrecord.Revise(record, next, s.now)
	j.Rules = rulesOf(&record.Spec)
	clear(j.Refused)
	j.Lacks = ""
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
func (s *State) renewPending(j *livejob.Job) {
	for i := range j.Instances {
		if p := j.Instances[i].Phase; p == livejob.Ready || p == livejob.Waiting {
			j.Record.Instances[i].Template = j.Record.Template
		}
	}
}

// resize makes as many instances as the spec wants. Those with the highest numbers go.
func (s *State) resize(j *livejob.Job) {
	want := j.Record.Spec.Instances
	for i := len(j.Instances); i < want; i++ {
		j.Record.Instances = append(j.Record.Instances, reeveapi.Instance{
			Index: i, Attempt: j.Record.Spent, Template: j.Record.Template,
		})
		j.Instances = append(j.Instances, livejob.Instance{})
		j.In[livejob.Ready]++
		s.makeReady(j, i)
	}
	for i := len(j.Instances) - 1; i >= want; i-- {
		s.dropInstance(j, i)
	}
	s.touch(j)
}

// dropInstance removes the last instance. Its task, if there may be one, becomes a leaver.
func (s *State) dropInstance(j *livejob.Job, i int) {
	inst := j.Record.Instances[i]
	p := j.Instances[i].Phase
	s.enter(j, i, livejob.Ended)
	if p == livejob.Settling { // what the agent repeats is acknowledged when the end is stored
		s.leavers[inst.Task] = &leaver{job: j, ended: true}
	}
	if p == livejob.Launched || p == livejob.Asking {
		s.addLeaver(j, inst, fmt.Sprintf("the job has %d instances now", j.Record.Spec.Instances), false)
	}
	j.In[livejob.Ended]--
	j.Record.Spent = max(j.Record.Spent, inst.Attempt+1)
	j.Record.Instances = j.Record.Instances[:i]
	j.Instances = j.Instances[:i]
}
