package jobrecord

import (
	"fmt"
	"time"

	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// Assign makes the next attempt of an instance, on an agent.
func Assign(record *reeveapi.Job, i int, agent string, ports []uint64, now time.Time) *reeveapi.Instance {
	inst := &record.Instances[i]
	if inst.State != "" {
		inst.Attempt++
	}
	*inst = reeveapi.Instance{
		Index: i, Attempt: inst.Attempt, Failed: inst.Failed, Restarts: inst.Restarts, Template: inst.Template,
		Task: TaskID(record, i, inst.Attempt), Agent: agent, State: mesosv1.TaskState_TASK_STAGING.String(), Changed: now,
	}
	for _, port := range ports {
		inst.Ports = append(inst.Ports, int(port))
	}
	record.State = reeveapi.JobRunning
	return inst
}

// Note copies what a status says into an instance, and says whether that is new.
func Note(record *reeveapi.Job, i int, status *mesosv1.TaskStatus, now time.Time) bool {
	inst := &record.Instances[i]
	before := *inst
	Observe(record, inst, status, now)
	inst.State = status.GetState().String()
	if agent := status.GetAgentId().GetValue(); agent != "" {
		inst.Agent = agent
	}
	if status.GetReason() != mesosv1.TaskStatus_REASON_RECONCILIATION {
		inst.Message = status.GetMessage()
	}
	if before.State != inst.State || before.Message != inst.Message || before.Agent != inst.Agent {
		inst.Changed = now
		return true
	}
	return before.Healthy != inst.Healthy || before.Started != inst.Started
}

// Count counts the end of an attempt as a failure, where it is one; asked says that its end was asked for.
func Count(record *reeveapi.Job, i int, v Verdict, asked bool, now time.Time) {
	inst := &record.Instances[i]
	if record.Spec.Kind != reeveapi.Service {
		if v == Failed && !Ending(record) {
			inst.Failed++
		}
		return
	}
	if !inst.Started.IsZero() && now.Sub(inst.Started) >= Seconds(record.Spec.Restart.ResetSeconds) {
		inst.Failed = 0
	}
	if v == Lost || asked {
		return
	}
	inst.Failed++
	inst.Restarts++
	if r := record.Rollout; r != nil && r.State == reeveapi.RolloutRunning {
		r.Failures++
	}
}

// WaitsForAgent says what an instance on an unreachable agent waits for.
func WaitsForAgent(record *reeveapi.Job, inst *reeveapi.Instance) string {
	text := fmt.Sprintf("agent %s, which is unreachable, to come back with %s or to be marked gone", inst.Agent, inst.Task)
	if after, ok := ReplaceAfter(&record.Spec); ok {
		text += fmt.Sprintf("; it is replaced at %s", inst.Changed.Add(after).UTC().Format(time.TimeOnly))
	}
	return text
}
