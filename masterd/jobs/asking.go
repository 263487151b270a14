package jobs

import (
	"time"

	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/mesosv1/scheduler"
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

// doubled is first, twice that for each further time, and at most that much.
func doubled(first, most time.Duration, times int) time.Duration {
	for ; times > 0 && first < most; times-- {
		first *= 2
	}
	return min(most, first)
}

// backoff is how long an instance waits before its next attempt.
func (s *State) backoff(j *job, i int) time.Duration {
	r := j.record.Spec.Restart
	times := j.record.Instances[i].Failed + j.instances[i].lost
	return doubled(inSeconds(r.BackoffSeconds), inSeconds(r.MaxBackoffSeconds), times-1)
}

// timeCame does what an instance has waited for.
func (s *State) timeCame(j *job, i int) {
	inst := &j.instances[i]
	switch inst.phase {
	case waiting:
		s.enter(j, i, ready)
	case asking, launched:
		switch {
		case j.ending() || inst.killing:
			s.kill(j, i)
		case s.givenUp(j, i):
			s.stepAside(j, i, "its agent was unreachable for too long", false)
		default:
			s.ask(j, i)
		}
	case ready, launching, settling, ended, phases:
	}
}

// ask puts an instance's task on the list of the next RECONCILE, and itself on the clock to do it again.
func (s *State) ask(j *job, i int) {
	inst := &j.instances[i]
	question := &scheduler.Call_Reconcile_Task{
		TaskId:  &mesosv1.TaskID{Value: new(inst.task)},
		AgentId: &mesosv1.AgentID{Value: new(j.record.Instances[i].Agent)},
	}
	s.asks = append(s.asks, question)
	if inst.phase == asking {
		s.setTimer(j, i, doubled(askFirst, askMost, inst.tries))
	} else {
		s.waitForAgent(j, i, doubled(askAfter, askAtMost, inst.tries))
	}
	inst.tries++
}

// waitForAgent sets an instance's timer: to ask again, or to give its agent up if that comes sooner.
func (s *State) waitForAgent(j *job, i int, ask time.Duration) {
	if at, ok := giveUpAt(j, i); ok {
		ask = max(min(ask, at.Sub(s.now)), 0)
	}
	s.setTimer(j, i, ask)
}

// giveUpAt is when an instance on an unreachable agent is replaced.
func giveUpAt(j *job, i int) (time.Time, bool) {
	inst := &j.record.Instances[i]
	after, ok := replaceAfter(&j.record.Spec)
	if !ok || inst.State != mesosv1.TaskState_TASK_UNREACHABLE.String() {
		return time.Time{}, false
	}
	return inst.Changed.Add(after), true
}

func (s *State) givenUp(j *job, i int) bool {
	at, ok := giveUpAt(j, i)
	return ok && j.instances[i].phase == launched && !s.now.Before(at)
}

// asksPerCall keeps a RECONCILE below any limit of size.
const asksPerCall = 1000

func (s *State) askAll() {
	for len(s.asks) > 0 && s.subscribed {
		n := min(len(s.asks), asksPerCall)
		s.call(&scheduler.Call{
			Type:      scheduler.Call_RECONCILE.Enum(),
			Reconcile: &scheduler.Call_Reconcile{Tasks: s.asks[:n:n]},
		})
		s.asks = s.asks[n:]
	}
	s.asks = nil
}

// kill asks for the end of a task, and itself again until there is word of it. Of a task that does not exist the answer is
// that of a RECONCILE.
func (s *State) kill(j *job, i int) {
	inst := &j.instances[i]
	kill := &scheduler.Call_Kill{
		TaskId:  &mesosv1.TaskID{Value: new(inst.task)},
		AgentId: &mesosv1.AgentID{Value: new(j.record.Instances[i].Agent)},
	}
	if s.subscribed {
		s.call(&scheduler.Call{Type: scheduler.Call_KILL.Enum(), Kill: kill})
	}
	s.setTimer(j, i, doubled(killFirst, killMost, inst.tries))
	inst.tries++
}

// acknowledge confirms an update; those that the master made up have no uuid and want none.
func (s *State) acknowledge(task, agent string, uuid []byte) {
	if len(uuid) == 0 {
		return
	}
	s.call(&scheduler.Call{
		Type: scheduler.Call_ACKNOWLEDGE.Enum(),
		Acknowledge: &scheduler.Call_Acknowledge{
			AgentId: &mesosv1.AgentID{Value: new(agent)},
			TaskId:  &mesosv1.TaskID{Value: new(task)},
			Uuid:    uuid,
		},
	})
}
