package jobs

import (
	"fmt"
	"time"

	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/mesosv1/scheduler"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// verdict is what a task's state says about its attempt.
type verdict int

const (
	alive     verdict = iota // it runs, is about to, or may come back
	succeeded                // nothing is left to do
	failed                   // it ran and failed: a retry, if there are any left
	refused                  // it is not valid, and never will be
	lost                     // it does not run, through no fault of its own: another attempt
)

// judge reads a state. Everything that is not alive proves that the task does not run.
func judge(state mesosv1.TaskState) verdict {
	switch state {
	case mesosv1.TaskState_TASK_FINISHED:
		return succeeded
	case mesosv1.TaskState_TASK_FAILED, mesosv1.TaskState_TASK_KILLED:
		return failed
	case mesosv1.TaskState_TASK_ERROR:
		return refused
	case mesosv1.TaskState_TASK_LOST, mesosv1.TaskState_TASK_DROPPED, mesosv1.TaskState_TASK_GONE,
		mesosv1.TaskState_TASK_GONE_BY_OPERATOR, mesosv1.TaskState_TASK_UNKNOWN:
		return lost
	case mesosv1.TaskState_TASK_STAGING, mesosv1.TaskState_TASK_STARTING, mesosv1.TaskState_TASK_RUNNING,
		mesosv1.TaskState_TASK_KILLING, mesosv1.TaskState_TASK_UNREACHABLE:
		return alive
	}
	return alive
}

// update takes a status update.
func (s *State) update(status *mesosv1.TaskStatus) {
	at, ok := s.tasks[status.GetTaskId().GetValue()]
	if !ok {
		s.stranger(status)
		return
	}
	verdict := judge(status.GetState())
	if verdict == failed && status.GetReason() == mesosv1.TaskStatus_REASON_AGENT_DRAINING {
		verdict = lost
	}
	switch phase := at.job.instances[at.index].phase; {
	case phase == settling || phase == launching: // the one is a repetition, which is acknowledged later; the other can't be
	case verdict == alive:
		s.lives(at.job, at.index, status)
	default:
		s.settle(at.job, at.index, status, verdict)
	}
}

// stranger answers an update of a task that is nobody's current attempt. The word of an ended one is acknowledged; one that
// runs must not: its successor was launched because it was proved not to.
func (s *State) stranger(status *mesosv1.TaskStatus) {
	if judge(status.GetState()) == alive && status.GetState() != mesosv1.TaskState_TASK_UNREACHABLE {
		s.call(&scheduler.Call{
			Type: scheduler.Call_KILL.Enum(),
			Kill: &scheduler.Call_Kill{TaskId: status.TaskId, AgentId: status.AgentId},
		})
	}
	s.acknowledge(status.GetTaskId().GetValue(), status.GetAgentId().GetValue(), status.GetUuid())
}

// lives notes that a task is there.
func (s *State) lives(j *job, i int, status *mesosv1.TaskStatus) {
	s.note(j, i, status)
	if j.instances[i].phase != launched {
		s.enterLaunched(j, i)
	}
	switch {
	case j.record.Stopped: // the timer is for killing it
	case status.GetState() == mesosv1.TaskState_TASK_UNREACHABLE:
		s.setTimer(j, i, askMost) // it may never have been launched: then nobody speaks of it when its agent is back
	case status.GetState() != mesosv1.TaskState_TASK_STAGING:
		s.timers.Cancel(timer{job: j.name(), index: i})
	}
	s.acknowledge(status.GetTaskId().GetValue(), status.GetAgentId().GetValue(), status.GetUuid())
}

// enterLaunched goes on with a task that exists.
func (s *State) enterLaunched(j *job, i int) {
	s.enter(j, i, launched)
	if j.record.Stopped {
		s.kill(j, i)
	} else {
		s.setTimer(j, i, askAfter)
	}
}

// note copies what a status says into the instance.
func (s *State) note(j *job, i int, status *mesosv1.TaskStatus) {
	inst := &j.record.Instances[i]
	before := *inst
	inst.State = status.GetState().String()
	if agent := status.GetAgentId().GetValue(); agent != "" {
		inst.Agent = agent
	}
	if status.GetReason() != mesosv1.TaskStatus_REASON_RECONCILIATION {
		inst.Message = status.GetMessage()
	}
	if before != *inst {
		inst.Changed = s.now
		s.markDirty(j)
	}
}

// settle notes the end of a task and has it stored. Everything else follows from resolve.
func (s *State) settle(j *job, i int, status *mesosv1.TaskStatus, v verdict) {
	s.note(j, i, status)
	inst := &j.record.Instances[i]
	if v == failed && !j.record.Stopped {
		inst.Failed++
	}
	if v == lost {
		j.instances[i].lost++
	} else {
		j.instances[i].lost = 0
	}
	s.enter(j, i, settling)
	s.markDirty(j)
	s.settled = append(s.settled, settled{
		job: j, index: i, verdict: v,
		task: status.GetTaskId().GetValue(), agent: status.GetAgentId().GetValue(), uuid: status.GetUuid(),
	})
}

// resolve acts on an end that the registry has now.
func (s *State) resolve(end settled) {
	s.acknowledge(end.task, end.agent, end.uuid)
	j := end.job
	if j == nil || j.instances[end.index].phase != settling {
		return
	}
	inst := &j.record.Instances[end.index]
	if isFinal(&j.record, inst) {
		s.enter(j, end.index, ended)
		s.finishIfOver(j)
		return
	}
	s.enter(j, end.index, waiting)
	s.setTimer(j, end.index, retryAfter(inst.Failed+j.instances[end.index].lost))
}

// Waits between attempts, questions and kills.
const (
	retryFirst = time.Second
	retryMost  = time.Minute
	askAfter   = time.Minute // without any word of a launched task
	askFirst   = 500 * time.Millisecond
	askMost    = 30 * time.Second
	askAtMost  = 10 * time.Minute // of a task that is known to be staging
	killFirst  = 5 * time.Second
	killMost   = time.Minute
)

// doubled is first, twice that for each further time, and at most that much.
func doubled(first, most time.Duration, times int) time.Duration {
	if times > 20 {
		return most
	}
	return min(most, first<<max(times, 0))
}

func retryAfter(attempts int) time.Duration { return doubled(retryFirst, retryMost, attempts-1) }

// timeCame does what an instance has waited for.
func (s *State) timeCame(j *job, i int) {
	inst := &j.instances[i]
	switch inst.phase {
	case waiting:
		s.enter(j, i, ready)
	case asking, launched:
		if j.record.Stopped {
			s.kill(j, i)
		} else {
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
		s.setTimer(j, i, doubled(askAfter, askAtMost, inst.tries))
	}
	inst.tries++
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

// summary says how an ended job went.
func (s *State) summary(j *job) string {
	bad := 0
	var worst *reeveapi.Instance
	for i := range j.record.Instances {
		if inst := &j.record.Instances[i]; inst.State != mesosv1.TaskState_TASK_FINISHED.String() {
			bad++
			if worst == nil {
				worst = inst
			}
		}
	}
	switch {
	case bad == 0:
		return ""
	case len(j.instances) == 1 && worst.Message != "":
		return worst.Message
	case worst.Message != "":
		return fmt.Sprintf("%d of %d instances did not finish, the first: %s", bad, len(j.instances), worst.Message)
	}
	return fmt.Sprintf("%d of %d instances did not finish", bad, len(j.instances))
}
