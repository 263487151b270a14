package jobs

import (
	"time"

	"codeberg.org/reeve/reeve/masterd/jobcall"
	"codeberg.org/reeve/reeve/masterd/jobrecord"
	"codeberg.org/reeve/reeve/masterd/livejob"
)

// Waits between attempts, questions and kills.
const (
	askAfter  = time.Minute // without any word of a launched task
	askFirst  = 500 * time.Millisecond
	askMost   = 30 * time.Second
	askAtMost = 10 * time.Minute // of a task that is known to be staging
	killFirst = 5 * time.Second
	killMost  = time.Minute
)

// timeCame does what an instance has waited for.
func (s *State) timeCame(j *livejob.Job, i int) {
	inst := &j.Instances[i]
	switch inst.Phase {
	case livejob.Waiting:
		s.enter(j, i, livejob.Ready)
	case livejob.Asking, livejob.Launched:
		switch {
		case j.Ending() || inst.Killing:
			s.kill(j, i)
		case s.givenUp(j, i):
			s.stepAside(j, i, "its agent was unreachable for too long", false)
		default:
			s.ask(j, i)
		}
	case livejob.Ready, livejob.Launching, livejob.Settling, livejob.Ended, livejob.Phases:
	}
}

// ask puts an instance's task on the list of the next RECONCILE, and itself on the clock to do it again.
func (s *State) ask(j *livejob.Job, i int) {
	inst := &j.Instances[i]
	s.asks = append(s.asks, jobcall.Question(inst.Task, j.Record.Instances[i].Agent))
	if inst.Phase == livejob.Asking {
		s.setTimer(j, i, jobrecord.Doubled(askFirst, askMost, inst.Tries))
	} else {
		s.waitForAgent(j, i, jobrecord.Doubled(askAfter, askAtMost, inst.Tries))
	}
	inst.Tries++
}

// waitForAgent sets an instance's timer: to ask again, or to give its agent up if that comes sooner.
func (s *State) waitForAgent(j *livejob.Job, i int, ask time.Duration) {
	if at, ok := jobrecord.GiveUpAt(&j.Record, i); ok {
		ask = max(min(ask, at.Sub(s.now)), 0)
	}
	s.setTimer(j, i, ask)
}

func (s *State) givenUp(j *livejob.Job, i int) bool {
	at, ok := jobrecord.GiveUpAt(&j.Record, i)
	return ok && j.Instances[i].Phase == livejob.Launched && !s.now.Before(at)
}

// asksPerCall keeps a RECONCILE below any limit of size.
const asksPerCall = 1000

func (s *State) askAll() {
	for len(s.asks) > 0 && s.subscribed {
		n := min(len(s.asks), asksPerCall)
		s.call(jobcall.Reconcile(s.asks[:n:n]...))
		s.asks = s.asks[n:]
	}
	s.asks = nil
}

// kill asks for the end of a task, and itself again until there is word of it. Of a task that does not exist the answer is
// that of a RECONCILE.
func (s *State) kill(j *livejob.Job, i int) {
	inst := &j.Instances[i]
	if s.subscribed {
		s.call(jobcall.Kill(inst.Task, j.Record.Instances[i].Agent))
	}
	s.setTimer(j, i, jobrecord.Doubled(killFirst, killMost, inst.Tries))
	inst.Tries++
}

// acknowledge confirms an update; those that the master made up have no uuid and want none.
func (s *State) acknowledge(task, agent string, uuid []byte) {
	if len(uuid) == 0 {
		return
	}
	s.call(jobcall.Acknowledge(task, agent, uuid))
}
