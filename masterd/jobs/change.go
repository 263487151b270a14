package jobs

import (
	"fmt"
	"slices"

	"codeberg.org/reeve/reeve/masterd/jobspec"
	"codeberg.org/reeve/reeve/masterd/registry"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// revisionLimit is how many versions of a job are remembered.
const revisionLimit = 10

const noteSubmitted = "submitted"

// revised is a version in the making.
type revised struct {
	spec     reeveapi.JobSpec
	template int // of a version that there is, or the new version's number
	note, by string
	back     bool
}

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
func (s *State) change(in Change, kind string, edit func(*job) (*revised, error)) {
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
	next.by = in.By
	s.apply(j, *next)
	s.happened(kind, j, fmt.Sprintf("version %d: %s", j.record.Version, next.note), in.By)
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
	s.change(in.Change, "JOB_UPDATED", func(j *job) (*revised, error) {
		spec := complete(in.Spec)
		if err := check(spec); err != nil {
			return nil, err
		}
		old := &j.record.Spec
		switch {
		case spec.Name != old.Name:
			return nil, fault.New(fault.Invalid, "the spec is of job %q, not of %q", spec.Name, old.Name)
		case spec.Kind != old.Kind || spec.Role != old.Role:
			return nil, fault.New(fault.Conflict, "job %q is of kind %s in role %s, which cannot be changed to %s in %s; stop it first",
				old.Name, old.Kind, old.Role, spec.Kind, spec.Role)
		case len(jobspec.Diff(*old, spec)) == 0:
			return nil, nil
		}
		return &revised{spec: spec, template: j.templateFor(spec), note: "updated"}, nil
	})
}

// templateFor finds a version whose tasks are as the spec wants them: the newest first, then the one before.
func (j *job) templateFor(spec reeveapi.JobSpec) int {
	if jobspec.SameTask(j.record.Spec, spec) {
		return j.record.Template
	}
	if to := j.revisionOf(j.record.Stable); to != nil && jobspec.SameTask(to.Spec, spec) {
		return to.Template
	}
	return j.record.Version + 1
}

func (s *State) scale(in Scale) {
	s.change(in.Change, "JOB_SCALED", func(j *job) (*revised, error) {
		spec := j.record.Spec
		if spec.Instances == in.Instances {
			return nil, nil
		}
		note := fmt.Sprintf("scaled from %d to %d", spec.Instances, in.Instances)
		spec.Instances = in.Instances
		if in.Instances == 0 {
			return nil, fault.New(fault.Invalid, "0 instances asked, it must be at least 1; stop the job instead")
		}
		if err := check(spec); err != nil {
			return nil, err
		}
		return &revised{spec: spec, template: j.record.Template, note: note}, nil
	})
}

func (s *State) restart(in Restart) {
	s.change(in.Change, "JOB_RESTARTED", func(j *job) (*revised, error) {
		if !j.service() {
			return nil, fault.New(fault.Conflict, "job %q is of kind %s, only services are restarted", in.Name, j.record.Spec.Kind)
		}
		return &revised{spec: j.record.Spec, template: j.record.Version + 1, note: "restarted"}, nil
	})
}

func (s *State) rollback(in Rollback) {
	s.change(in.Change, "JOB_ROLLED_BACK", func(j *job) (*revised, error) {
		past := j.record.History
		var to *reeveapi.Revision
		if in.To == 0 && len(past) > 1 {
			to = &past[len(past)-2]
		}
		for k := range past {
			if past[k].Version == in.To {
				to = &past[k]
			}
		}
		if to == nil {
			return nil, fault.New(fault.NotFound, "job %q has no version to roll back to that is remembered; its history lists what there is", in.Name)
		}
		spec := to.Spec
		spec.Instances = j.record.Spec.Instances
		return &revised{spec: spec, template: to.Template, note: fmt.Sprintf("rolled back to version %d", to.Version)}, nil
	})
}

// apply makes a version the newest one. Running instances follow in look.
func (s *State) apply(j *job, next revised) {
	record := &j.record
	renewed := next.template != record.Template
	oldSchedule := record.Spec.Schedule
	record.Version++
	record.Spec, record.Template = next.spec, next.template
	record.History = append(record.History, reeveapi.Revision{
		Version: record.Version, Template: next.template, Spec: next.spec, At: s.now, By: next.by, Note: next.note,
	})
	s.trimRevisions(j)
	j.rules = rulesOf(&record.Spec)
	clear(j.refused)
	switch record.Spec.Kind {
	case reeveapi.Service:
		s.resize(j)
		if renewed {
			why := ""
			if next.back {
				why = next.note
			}
			s.startRollout(j, next.back, why)
		}
	case reeveapi.Batch:
		s.resize(j)
		s.renewPending(j)
	case reeveapi.Periodic: // what runs goes on as it was; the next run is of this version
		if !sameSchedule(oldSchedule, record.Spec.Schedule) {
			record.NextRun = s.nextRun(&record.Spec)
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

// trimRevisions forgets versions that are old and not in use.
func (s *State) trimRevisions(j *job) {
	used := map[int]bool{j.record.Stable: true, j.record.Template: true}
	for i := range j.record.Instances {
		used[j.record.Instances[i].Template] = true
	}
	for _, l := range j.record.Leaving {
		used[l.Template] = true
	}
	excess := len(j.record.History) - revisionLimit
	j.record.History = slices.DeleteFunc(slices.Clone(j.record.History), func(r reeveapi.Revision) bool {
		if excess <= 0 || used[r.Template] {
			return false
		}
		excess--
		return true
	})
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
	if p == launched || p == asking {
		s.addLeaver(j, inst, fmt.Sprintf("the job has %d instances now", j.record.Spec.Instances), false)
	}
	j.in[ended]--
	j.record.Spent = max(j.record.Spent, inst.Attempt+1)
	j.record.Instances = j.record.Instances[:i]
	j.instances = j.instances[:i]
}
