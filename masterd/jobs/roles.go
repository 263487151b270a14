package jobs

import (
	"slices"

	"codeberg.org/reeve/reeve/masterd/jobcall"
	"codeberg.org/reeve/reeve/masterd/livejob"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/mesosv1/scheduler"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// role is one role that unfinished jobs are in.
type role struct {
	jobs   []*livejob.Job // in the order in which they were submitted
	ready  int            // instances that want an offer
	revive bool           // some began to since the cluster was last asked for offers
}

func (s *State) joinRole(j *livejob.Job) {
	r := s.roles[j.Record.Spec.Role]
	if r == nil {
		r = &role{}
		s.roles[j.Record.Spec.Role] = r
	}
	r.jobs = append(r.jobs, j)
}

func (s *State) leaveRole(j *livejob.Job) {
	r := s.roles[j.Record.Spec.Role]
	r.jobs = slices.DeleteFunc(r.jobs, func(o *livejob.Job) bool { return o == j })
	if len(r.jobs) == 0 {
		delete(s.roles, j.Record.Spec.Role)
	}
}

func (s *State) frameworkInfo() *mesosv1.FrameworkInfo {
	return jobcall.FrameworkInfo(string(s.cfg.FrameworkID), s.cfg.User, s.cfg.Hostname, sortedKeys(s.roles))
}

// call makes a call in the framework's name.
func (s *State) call(c *scheduler.Call) {
	c.FrameworkId = &mesosv1.FrameworkID{Value: new(string(s.cfg.FrameworkID))}
	s.effect(Call{c})
}

// suppressed lists the roles in which nothing wants an offer, and notes all of them as what the cluster was told.
func (s *State) suppressed() []string {
	clear(s.told)
	var none []string
	for _, name := range sortedKeys(s.roles) {
		r := s.roles[name]
		s.told[name] = r.ready == 0
		if r.ready == 0 {
			none = append(none, name)
		}
		r.asked()
	}
	return none
}

// asked begins to count the offers that do not help.
func (r *role) asked() {
	r.revive = false
	for _, j := range r.jobs {
		clear(j.Refused)
		j.Published = nil
	}
}

func (s *State) subscribe() {
	s.subscribed = false
	s.call(jobcall.Subscribe(s.frameworkInfo(), s.suppressed()))
}

// subscribedAgain begins to work, with questions about every task that may exist.
func (s *State) subscribedAgain() {
	s.subscribed = true
	for _, name := range sortedKeys(s.jobs) {
		j := s.jobs[name]
		if j.Over() {
			continue
		}
		s.askLeavers(j)
		for i := range j.Instances {
			if p := j.Instances[i].Phase; p == livejob.Asking || p == livejob.Launched {
				j.Instances[i].Tries = 0
				s.timeCame(j, i)
			}
		}
	}
	s.lookAround()
}

// refused tries again later: the cluster does not want the framework, which only an operator can have caused.
func (s *State) refused(reason string) {
	s.subscribed = false
	clear(s.told)
	s.timers.Cancel(timer{what: forLookingAround})
	s.timers.Set(timer{what: forSubscribing}, s.now.Add(resubscribeAfter))
	s.effect(Happened{reeveapi.Event{
		At: s.now, Kind: "JOBS_DISCONNECTED", Subject: string(FrameworkID), ID: string(FrameworkID), Text: reason,
	}})
}

// lookAround asks for all tasks of the framework, to find those that nobody here knows (see stranger).
func (s *State) lookAround() {
	if len(s.roles) > 0 {
		s.call(jobcall.Reconcile())
	}
	s.timers.Set(timer{what: forLookingAround}, s.now.Add(lookAroundEvery))
}

// tellRoles tells the cluster which roles the jobs are in, and in which of them something wants an offer.
func (s *State) tellRoles() {
	if !s.subscribed {
		return
	}
	if !s.sameRoles() {
		s.call(jobcall.Change(s.frameworkInfo(), s.suppressed()))
		return
	}
	var revive, suppress []string
	for _, name := range sortedKeys(s.roles) {
		r := s.roles[name]
		switch {
		case r.ready == 0 && !s.told[name]:
			suppress = append(suppress, name)
		case r.ready > 0 && (r.revive || s.told[name]):
			revive = append(revive, name)
			r.asked()
		default:
			continue
		}
		s.told[name] = r.ready == 0
	}
	if len(suppress) > 0 {
		s.call(jobcall.Suppress(suppress))
	}
	if len(revive) > 0 {
		s.call(jobcall.Revive(revive))
	}
}

func (s *State) sameRoles() bool {
	if len(s.roles) != len(s.told) {
		return false
	}
	for name := range s.roles {
		if _, ok := s.told[name]; !ok {
			return false
		}
	}
	return true
}
