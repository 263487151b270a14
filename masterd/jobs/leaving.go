package jobs

import (
	"slices"

	"codeberg.org/reeve/reeve/masterd/jobcall"
	"codeberg.org/reeve/reeve/masterd/jobrecord"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// A task that is to end beside its successor is a leaver: the old one of an update that may surge, one on an agent that
// drains, one whose agent was unreachable for too long, or one too many after scaling down. Leavers are stored with the
// job, so that whoever leads next ends them too.

// leaver is what is not stored of a leaving task.
type leaver struct {
	job   *job
	tries int
	ended bool // that is being stored
}

// stepAside makes an instance's task a leaver and the instance ready for another. With wait the task goes on until the
// other one is well.
func (s *State) stepAside(j *job, i int, why string, wait bool) {
	inst := &j.record.Instances[i]
	task := inst.Task
	s.forgetTask(j, i)
	s.addLeaver(j, *inst, why, wait)
	*inst = reeveapi.Instance{
		Index: i, Attempt: inst.Attempt + 1, Failed: inst.Failed, Restarts: inst.Restarts, Template: s.nextTemplate(j, inst),
		Message: "in the place of " + task + ": " + why, Changed: s.now,
	}
	s.enter(j, i, ready)
	s.markDirty(j)
}

func (s *State) addLeaver(j *job, inst reeveapi.Instance, why string, wait bool) {
	inst.Waiting = ""
	j.record.Leaving = append(j.record.Leaving, reeveapi.Leaving{Instance: inst, Why: why, Left: s.now, Wait: wait})
	s.leavers[inst.Task] = &leaver{job: j}
	s.markDirty(j)
	if !wait {
		s.endLeaver(&j.record.Leaving[len(j.record.Leaving)-1])
	}
}

// nextTemplate is what the next attempt of an instance is made from: the newest, unless an update was given up.
func (s *State) nextTemplate(j *job, inst *reeveapi.Instance) int {
	if r := j.record.Rollout; r != nil && r.State == reeveapi.RolloutFailed && inst.Template != 0 {
		return inst.Template
	}
	return j.record.Template
}

// endLeaver asks for the end of a leaving task, and itself again until there is word of it.
func (s *State) endLeaver(l *reeveapi.Leaving) {
	of := s.leavers[l.Task]
	l.Wait = false
	if s.subscribed {
		s.call(jobcall.Kill(l.Task, l.Agent))
	}
	s.timers.Set(timer{job: of.job.name(), what: forLeaver, task: l.Task}, s.now.Add(jobrecord.Doubled(killFirst, killMost, of.tries)))
	of.tries++
}

// askLeavers follows up on all leavers of a job for a new leader.
func (s *State) askLeavers(j *job) {
	for k := range j.record.Leaving {
		l := &j.record.Leaving[k]
		if !l.Wait {
			s.endLeaver(l)
			continue
		}
		s.asks = append(s.asks, jobcall.Question(l.Task, l.Agent))
		s.timers.Set(timer{job: j.name(), what: forLeaver, task: l.Task}, s.now.Add(askMost))
	}
}

// leaverTime is the timer of a leaver: it is killed again, or asked about again.
func (s *State) leaverTime(task string) {
	of := s.leavers[task]
	if of == nil {
		return
	}
	for k := range of.job.record.Leaving {
		switch l := &of.job.record.Leaving[k]; {
		case l.Task != task:
		case !l.Wait:
			s.endLeaver(l)
		default:
			s.asks = append(s.asks, jobcall.Question(l.Task, l.Agent))
			s.timers.Set(timer{job: of.job.name(), what: forLeaver, task: task}, s.now.Add(askAfter))
		}
	}
}

// leaverSays takes a status update of a leaver.
func (s *State) leaverSays(of *leaver, status *mesosv1.TaskStatus) {
	if of.ended {
		return // a repetition, which is acknowledged later
	}
	j, task := of.job, status.GetTaskId().GetValue()
	k := slices.IndexFunc(j.record.Leaving, func(l reeveapi.Leaving) bool { return l.Task == task })
	l := &j.record.Leaving[k]
	if jobrecord.Judge(status.GetState()) == jobrecord.Alive {
		was := l.State
		l.State = status.GetState().String()
		jobrecord.Observe(&j.record, &l.Instance, status, s.now)
		if was != l.State {
			s.markDirty(j)
		}
		if !l.Wait && was == mesosv1.TaskState_TASK_UNREACHABLE.String() && l.State != was {
			of.tries = 0
			s.endLeaver(l)
		}
		s.acknowledge(task, status.GetAgentId().GetValue(), status.GetUuid())
		return
	}
	s.dropLeaver(j, k)
	s.leavers[task] = &leaver{job: j, ended: true}
	s.settled = append(s.settled, settled{
		job: j, index: noInstance, task: task, agent: status.GetAgentId().GetValue(), uuid: status.GetUuid(),
	})
}

// noInstance is the index of an end that is no instance's.
const noInstance = -1

func (s *State) dropLeaver(j *job, k int) {
	task := j.record.Leaving[k].Task
	delete(s.leavers, task)
	s.timers.Cancel(timer{job: j.name(), what: forLeaver, task: task})
	j.record.Leaving = slices.Delete(j.record.Leaving, k, k+1)
	s.markDirty(j)
}

// release ends the leavers whose successors are well, or are not to come.
func (s *State) release(j *job) {
	for k := range j.record.Leaving {
		l := &j.record.Leaving[k]
		if l.Wait && (j.ending() || l.Index >= len(j.instances) || s.mature(j, l.Index)) {
			s.leavers[l.Task].tries = 0
			s.endLeaver(l)
			s.markDirty(j)
		}
	}
}

// covers says whether a leaver does an instance's work until it is well.
func (j *job) covers(i int) bool {
	return slices.ContainsFunc(j.record.Leaving, func(l reeveapi.Leaving) bool { return l.Wait && l.Index == i && l.Healthy })
}

// drain notes that an agent is to be left, or not any more.
func (s *State) drain(in Draining) {
	if !in.On {
		delete(s.draining, string(in.Agent))
		return
	}
	s.draining[string(in.Agent)] = false
	for _, j := range s.jobs {
		if j.service() && !j.over() {
			s.touch(j)
		}
	}
}

// sayLeft says of draining agents that nothing is left there that moves.
func (s *State) sayLeft() {
	for _, agent := range sortedKeys(s.draining) {
		if !s.draining[agent] && !s.isOn(agent) {
			s.draining[agent] = true
			s.effect(Left{Agent: ids.Agent(agent)})
		}
	}
}

// isOn says whether a task that moves is on an agent, or may be.
func (s *State) isOn(agent string) bool {
	for _, j := range s.jobs {
		if !j.service() || j.over() || j.ending() {
			continue
		}
		for i := range j.instances {
			if j.instances[i].task != "" && j.record.Instances[i].Agent == agent {
				return true
			}
		}
		if slices.ContainsFunc(j.record.Leaving, func(l reeveapi.Leaving) bool { return l.Agent == agent }) {
			return true
		}
	}
	return false
}

// moveAway lets the instances of a service move from agents that drain.
func (s *State) moveAway(j *job) {
	if len(s.draining) == 0 {
		return
	}
	for i := range j.instances {
		inst := &j.record.Instances[i]
		if _, drains := s.draining[inst.Agent]; drains && j.instances[i].phase == launched && !j.instances[i].killing {
			s.stepAside(j, i, "its agent drains", true)
		}
	}
}
