package jobs

import (
	"slices"

	"codeberg.org/reeve/reeve/masterd/jobcall"
	"codeberg.org/reeve/reeve/masterd/jobrecord"
	"codeberg.org/reeve/reeve/masterd/livejob"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// A task that is to end beside its successor is a leaver: the old one of an update that may surge, one on an agent that
// drains, one whose agent was unreachable for too long, or one too many after scaling down. Leavers are stored with the
// job, so that whoever leads next ends them too.

// leaver is what is not stored of a leaving task.
type leaver struct {
	job   *livejob.Job
	tries int
	ended bool // that is being stored
}

// stepAside makes an instance's task a leaver and the instance ready for another. With wait the task goes on until the
// other one is well.
func (s *State) stepAside(j *livejob.Job, i int, why string, wait bool) {
	inst := &j.Record.Instances[i]
	task := inst.Task
	s.forgetTask(j, i)
	s.addLeaver(j, *inst, why, wait)
	*inst = reeveapi.Instance{
		Index: i, Attempt: inst.Attempt + 1, Failed: inst.Failed, Restarts: inst.Restarts, Template: s.nextTemplate(j, inst),
		Message: "in the place of " + task + ": " + why, Changed: s.now,
	}
	s.enter(j, i, livejob.Ready)
	s.markDirty(j)
}

func (s *State) addLeaver(j *livejob.Job, inst reeveapi.Instance, why string, wait bool) {
	inst.Waiting = ""
	j.Record.Leaving = append(j.Record.Leaving, reeveapi.Leaving{Instance: inst, Why: why, Left: s.now, Wait: wait})
	s.leavers[inst.Task] = &leaver{job: j}
	s.markDirty(j)
	if !wait {
		s.endLeaver(&j.Record.Leaving[len(j.Record.Leaving)-1])
	}
}

// nextTemplate is what the next attempt of an instance is made from: the newest, unless an update was given up.
func (s *State) nextTemplate(j *livejob.Job, inst *reeveapi.Instance) int {
	if r := j.Record.Rollout; r != nil && r.State == reeveapi.RolloutFailed && inst.Template != 0 {
		return inst.Template
	}
	return j.Record.Template
}

// endLeaver asks for the end of a leaving task, and itself again until there is word of it.
func (s *State) endLeaver(l *reeveapi.Leaving) {
	of := s.leavers[l.Task]
	l.Wait = false
	if s.subscribed {
		s.call(jobcall.Kill(l.Task, l.Agent))
	}
	s.timers.Set(timer{job: of.job.Name(), what: forLeaver, task: l.Task}, s.now.Add(jobrecord.Doubled(killFirst, killMost, of.tries)))
	of.tries++
}

// askLeavers follows up on all leavers of a job for a new leader.
func (s *State) askLeavers(j *livejob.Job) {
	for k := range j.Record.Leaving {
		l := &j.Record.Leaving[k]
		if !l.Wait {
			s.endLeaver(l)
			continue
		}
		s.asks = append(s.asks, jobcall.Question(l.Task, l.Agent))
		s.timers.Set(timer{job: j.Name(), what: forLeaver, task: l.Task}, s.now.Add(askMost))
	}
}

// leaverTime is the timer of a leaver: it is killed again, or asked about again.
func (s *State) leaverTime(task string) {
	of := s.leavers[task]
	if of == nil {
		return
	}
	for k := range of.job.Record.Leaving {
		switch l := &of.job.Record.Leaving[k]; {
		case l.Task != task:
		case !l.Wait:
			s.endLeaver(l)
		default:
			s.asks = append(s.asks, jobcall.Question(l.Task, l.Agent))
			s.timers.Set(timer{job: of.job.Name(), what: forLeaver, task: task}, s.now.Add(askAfter))
		}
	}
}

// leaverSays takes a status update of a leaver.
func (s *State) leaverSays(of *leaver, status *mesosv1.TaskStatus) {
	if of.ended {
		return // a repetition, which is acknowledged later
	}
	j, task := of.job, status.GetTaskId().GetValue()
	k := slices.IndexFunc(j.Record.Leaving, func(l reeveapi.Leaving) bool { return l.Task == task })
	l := &j.Record.Leaving[k]
	if jobrecord.Judge(status.GetState()) == jobrecord.Alive {
		was := l.State
		l.State = status.GetState().String()
		jobrecord.Observe(&j.Record, &l.Instance, status, s.now)
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

func (s *State) dropLeaver(j *livejob.Job, k int) {
	task := j.Record.Leaving[k].Task
	delete(s.leavers, task)
	s.timers.Cancel(timer{job: j.Name(), what: forLeaver, task: task})
	j.Record.Leaving = slices.Delete(j.Record.Leaving, k, k+1)
	s.markDirty(j)
}

// release ends the leavers whose successors are well, or are not to come.
func (s *State) release(j *livejob.Job) {
	for k := range j.Record.Leaving {
		l := &j.Record.Leaving[k]
		if l.Wait && (j.Ending() || l.Index >= len(j.Instances) || j.Mature(l.Index, s.now)) {
			s.leavers[l.Task].tries = 0
			s.endLeaver(l)
			s.markDirty(j)
		}
	}
}

// drain notes that an agent is to be left, or not any more.
func (s *State) drain(in Draining) {
	if !in.On {
		delete(s.draining, string(in.Agent))
		return
	}
	s.draining[string(in.Agent)] = false
	for _, j := range s.jobs {
		if j.Service() && !j.Over() {
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
		if !j.Service() || j.Over() || j.Ending() {
			continue
		}
		for i := range j.Instances {
			if j.Instances[i].Task != "" && j.Record.Instances[i].Agent == agent {
				return true
			}
		}
		if slices.ContainsFunc(j.Record.Leaving, func(l reeveapi.Leaving) bool { return l.Agent == agent }) {
			return true
		}
	}
	return false
}

// moveAway lets the instances of a service move from agents that drain.
func (s *State) moveAway(j *livejob.Job) {
	if len(s.draining) == 0 {
		return
	}
	for i := range j.Instances {
		inst := &j.Record.Instances[i]
		if _, drains := s.draining[inst.Agent]; drains && j.Instances[i].Phase == livejob.Launched && !j.Instances[i].Killing {
			s.stepAside(j, i, "its agent drains", true)
		}
	}
}
