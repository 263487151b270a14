package jobs

import (
	"fmt"

	"codeberg.org/reeve/reeve/masterd/jobcall"
	"codeberg.org/reeve/reeve/masterd/jobrecord"
	"codeberg.org/reeve/reeve/masterd/livejob"
	"codeberg.org/reeve/reeve/shared/mesosv1"
)

// said takes a status update.
func (s *State) said(status *mesosv1.TaskStatus) {
	at, ok := s.tasks[status.GetTaskId().GetValue()]
	if !ok {
		if of := s.leavers[status.GetTaskId().GetValue()]; of != nil {
			s.leaverSays(of, status)
		} else {
			s.stranger(status)
		}
		return
	}
	verdict := jobrecord.Judge(status.GetState())
	if verdict == jobrecord.Failed && status.GetReason() == mesosv1.TaskStatus_REASON_AGENT_DRAINING {
		verdict = jobrecord.Lost
	}
	switch phase := at.job.Instances[at.index].Phase; {
	case phase == livejob.Settling || phase == livejob.Launching: // the one is a repetition, which is acknowledged later; the other can't be
	case verdict == jobrecord.Alive:
		s.lives(at.job, at.index, status)
	default:
		s.settle(at.job, at.index, status, verdict)
	}
}

// stranger answers an update of a task that is nobody's current attempt. The word of an ended one is acknowledged; one that
// runs must not: its successor was launched because it was proved not to.
func (s *State) stranger(status *mesosv1.TaskStatus) {
	if jobrecord.Judge(status.GetState()) == jobrecord.Alive && status.GetState() != mesosv1.TaskState_TASK_UNREACHABLE {
		s.call(jobcall.Kill(status.GetTaskId().GetValue(), status.GetAgentId().GetValue()))
	}
	s.acknowledge(status.GetTaskId().GetValue(), status.GetAgentId().GetValue(), status.GetUuid())
}

// lives notes that a task is there.
func (s *State) lives(j *livejob.Job, i int, status *mesosv1.TaskStatus) {
	s.note(j, i, status)
	if j.Instances[i].Phase != livejob.Launched {
		s.enterLaunched(j, i)
	}
	switch {
	case j.Ending() || j.Instances[i].Killing: // the timer is for killing it
	case status.GetState() == mesosv1.TaskState_TASK_UNREACHABLE:
		s.waitForAgent(j, i, askMost) // it may never have been launched: then nobody speaks of it when its agent is back
	case status.GetState() != mesosv1.TaskState_TASK_STAGING:
		s.timers.Cancel(timer{job: j.Name(), index: i})
	}
	s.acknowledge(status.GetTaskId().GetValue(), status.GetAgentId().GetValue(), status.GetUuid())
}

// enterLaunched goes on with a task that exists.
func (s *State) enterLaunched(j *livejob.Job, i int) {
	killing := j.Instances[i].Killing
	s.enter(j, i, livejob.Launched)
	if j.Ending() || killing {
		s.kill(j, i)
	} else {
		s.setTimer(j, i, askAfter)
	}
}

// note copies what a status says into the instance.
func (s *State) note(j *livejob.Job, i int, status *mesosv1.TaskStatus) {
	if jobrecord.Note(&j.Record, i, status, s.now) {
		s.markDirty(j)
	}
}

// settle notes the end of a task and has it stored. Everything else follows from resolve.
func (s *State) settle(j *livejob.Job, i int, status *mesosv1.TaskStatus, v jobrecord.Verdict) {
	s.note(j, i, status)
	s.count(j, i, v)
	s.enter(j, i, livejob.Settling)
	s.markDirty(j)
	s.settled = append(s.settled, settled{
		job: j, index: i, task: status.GetTaskId().GetValue(), agent: status.GetAgentId().GetValue(), uuid: status.GetUuid(),
	})
}

// count counts the end of an attempt: whether it was a failure, and of whom.
func (s *State) count(j *livejob.Job, i int, v jobrecord.Verdict) {
	inst, own := &j.Record.Instances[i], &j.Instances[i]
	if v == jobrecord.Lost {
		own.Lost++
	} else {
		own.Lost = 0
	}
	asked := j.Ending() || own.Killing || j.Rolling() && j.Outdated(i)
	jobrecord.Count(&j.Record, i, v, asked, s.now)
	if j.Service() && !asked && v != jobrecord.Lost && inst.Failed == livejob.LoopsAfter {
		s.happened("INSTANCE_CRASH_LOOPS", j, fmt.Sprintf("instance %d has failed %d times in a row: %s", i, inst.Failed, inst.Message), "")
	}
}

// resolve acts on an end that the registry has now.
func (s *State) resolve(end settled) {
	s.acknowledge(end.task, end.agent, end.uuid)
	j := end.job
	if of := s.leavers[end.task]; of != nil && of.ended {
		delete(s.leavers, end.task)
	}
	if !j.IsAt(end.index, end.task, livejob.Settling) {
		return
	}
	inst := &j.Record.Instances[end.index]
	switch {
	case jobrecord.IsFinal(&j.Record, inst):
		s.enter(j, end.index, livejob.Ended)
		s.finishIfOver(j)
	case j.Rolling() && j.Outdated(end.index):
		if !s.adoptFor(j, end.index) {
			s.renew(j, end.index)
		}
	default:
		s.enter(j, end.index, livejob.Waiting)
		s.setTimer(j, end.index, jobrecord.Backoff(&j.Record, end.index, j.Instances[end.index].Lost))
	}
}
