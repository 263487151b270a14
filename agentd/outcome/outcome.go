// Package outcome makes statuses of tasks: what the last one is, given how a container ended and why, and what the agent
// says on every one (spec 3.6, 3.11). It owns states, reasons and the texts that tools compare; it is pure, and sends and
// saves nothing. Start reading at Of; Facts completes what it makes.
package outcome

import (
	"fmt"
	"slices"
	"time"

	"codeberg.org/reeve/reeve/agentd/record"
	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/shared/mesosv1"
)

// Ending is how a container ended.
type Ending struct {
	NeverStarted bool         // then Message says why, and Exit means nothing
	Message      string       // for people
	Exit         runtime.Exit // otherwise
}

// Container is what counts of one that ended.
type Container struct {
	Command      bool // of a command task; otherwise of a custom executor
	Cause        record.Cause
	Executor     *mesosv1.ExecutorInfo
	Registration time.Duration // how long a custom executor had to subscribe at all
	Reconnection time.Duration // and after a restart of the agent
	Aware        bool          // the framework is partition-aware
	Why          string        // more of the cause, for people
}

// Of is the last status of a task that had not ended before its container did. state is the task's until then.
func Of(c Container, task *mesosv1.TaskInfo, state mesosv1.TaskState, e Ending) *mesosv1.TaskStatus {
	if status := atLaunch(c, state, e); status != nil {
		return status
	}
	if c.Command {
		return ofCommand(c, task, e.Exit)
	}
	return ofExecutor(c, task, e.Exit)
}

// ByAgent is a status of the agent's own making.
func ByAgent(state mesosv1.TaskState, reason mesosv1.TaskStatus_Reason, message string) *mesosv1.TaskStatus {
	status := &mesosv1.TaskStatus{State: state.Enum(), Source: mesosv1.TaskStatus_SOURCE_AGENT.Enum(), Reason: reason.Enum()}
	if message != "" {
		status.Message = &message
	}
	return status
}

// ByCommand is a status as Mesos's command executor makes it.
func ByCommand(state mesosv1.TaskState, message string) *mesosv1.TaskStatus {
	status := &mesosv1.TaskStatus{State: state.Enum(), Source: mesosv1.TaskStatus_SOURCE_EXECUTOR.Enum()}
	if message != "" {
		status.Message = &message
	}
	return status
}

// KilledDuringLaunch is the status of a task that was killed before it ran.
func KilledDuringLaunch() *mesosv1.TaskStatus {
	return ByAgent(mesosv1.TaskState_TASK_KILLED, mesosv1.TaskStatus_REASON_TASK_KILLED_DURING_LAUNCH, "A task was killed before it was running")
}

// Lost is the status of a task whose end nobody saw.
func Lost(more string) *mesosv1.TaskStatus {
	text := "The container was lost: nobody saw it end"
	if more != "" {
		text += ": " + more
	}
	return ByAgent(mesosv1.TaskState_TASK_FAILED, mesosv1.TaskStatus_REASON_EXECUTOR_TERMINATED, text)
}

// drained ends a task because the agent ends everything.
func drained() *mesosv1.TaskStatus {
	return ByAgent(mesosv1.TaskState_TASK_KILLED, mesosv1.TaskStatus_REASON_AGENT_DRAINING, "the agent is draining")
}

// atLaunch is the status of a task whose container did not come up, or was killed before it told anybody that it had; nil
// for the others.
func atLaunch(c Container, state mesosv1.TaskState, e Ending) *mesosv1.TaskStatus {
	ran := state == mesosv1.TaskState_TASK_RUNNING || state == mesosv1.TaskState_TASK_KILLING
	switch {
	case ran && !e.NeverStarted:
		return nil
	case c.Command && (c.Cause == record.Cause_KILL || c.Cause == record.Cause_GROUP):
		return KilledDuringLaunch()
	case c.Cause == record.Cause_DRAIN:
		return drained()
	case !e.NeverStarted:
		return nil
	case c.Cause == record.Cause_SHUTDOWN:
		return ByAgent(mesosv1.TaskState_TASK_FAILED, mesosv1.TaskStatus_REASON_EXECUTOR_TERMINATED, "Executor was shut down before it was running")
	}
	return ByAgent(mesosv1.TaskState_TASK_FAILED, mesosv1.TaskStatus_REASON_CONTAINER_LAUNCH_FAILED, "Failed to launch container: "+e.Message)
}

func ofCommand(c Container, task *mesosv1.TaskInfo, exit runtime.Exit) *mesosv1.TaskStatus {
	text := "Command " + describe(exit.WaitStatus)
	switch {
	case c.Cause == record.Cause_MAX_COMPLETION_TIME:
		limit := time.Duration(task.GetMaxCompletionTime().GetNanoseconds())
		status := ByCommand(mesosv1.TaskState_TASK_FAILED, fmt.Sprintf("Command was killed: it ran longer than its max_completion_time of %s", limit))
		status.Reason = mesosv1.TaskStatus_REASON_MAX_COMPLETION_TIME_REACHED.Enum()
		return status
	case c.Cause == record.Cause_DRAIN:
		return drained()
	case c.Cause == record.Cause_DISK:
		return overDisk(task.GetResources(), c.Why)
	case exit.Lost:
		return Lost(exit.Message)
	case c.Cause == record.Cause_UNHEALTHY:
		status := ByCommand(mesosv1.TaskState_TASK_KILLED, text+": its health check had failed too often")
		status.Healthy = new(false)
		return status
	case c.Cause != record.Cause_NONE:
		return ByCommand(mesosv1.TaskState_TASK_KILLED, text)
	case exit.WaitStatus == 0:
		return ByCommand(mesosv1.TaskState_TASK_FINISHED, text)
	case exit.OOMKilled:
		return outOfMemory(task.GetResources(), exit.Message)
	}
	return ByCommand(mesosv1.TaskState_TASK_FAILED, text)
}

func ofExecutor(c Container, task *mesosv1.TaskInfo, exit runtime.Exit) *mesosv1.TaskStatus {
	switch {
	case c.Cause == record.Cause_REGISTRATION_TIMEOUT:
		return ByAgent(mesosv1.TaskState_TASK_FAILED, mesosv1.TaskStatus_REASON_EXECUTOR_REGISTRATION_TIMEOUT,
			fmt.Sprintf("Executor did not register within %s", c.Registration))
	case c.Cause == record.Cause_REREGISTRATION_TIMEOUT:
		state := mesosv1.TaskState_TASK_LOST
		if c.Aware {
			state = mesosv1.TaskState_TASK_GONE
		}
		return ByAgent(state, mesosv1.TaskStatus_REASON_EXECUTOR_REREGISTRATION_TIMEOUT,
			fmt.Sprintf("Executor did not register again within %s of the agent's restart", c.Reconnection))
	case c.Cause == record.Cause_DRAIN:
		return drained()
	case c.Cause == record.Cause_DISK:
		return overDisk(slices.Concat(c.Executor.GetResources(), task.GetResources()), c.Why)
	case exit.Lost:
		return Lost(exit.Message)
	case exit.OOMKilled && c.Cause == record.Cause_NONE:
		return outOfMemory(c.Executor.GetResources(), exit.Message)
	}
	return ByAgent(mesosv1.TaskState_TASK_FAILED, mesosv1.TaskStatus_REASON_EXECUTOR_TERMINATED, "Executor "+describe(exit.WaitStatus))
}

// outOfMemory is the status of a task that was killed for its memory limit.
func outOfMemory(limits []*mesosv1.Resource, message string) *mesosv1.TaskStatus {
	if message == "" {
		message = "Memory limit exceeded"
	}
	return limited(mesosv1.TaskStatus_REASON_CONTAINER_LIMITATION_MEMORY, message, "mem", limits)
}

// overDisk is the status of a task whose files took too much of the disk.
func overDisk(limits []*mesosv1.Resource, message string) *mesosv1.TaskStatus {
	if message == "" {
		message = "Disk usage exceeds quota"
	}
	return limited(mesosv1.TaskStatus_REASON_CONTAINER_LIMITATION_DISK, message, "disk", limits)
}

// DiskMessage says by how much, in Mesos's words.
func DiskMessage(used, limit int64) string {
	return fmt.Sprintf("Disk usage (%dMB) exceeds quota (%dMB)", (used+1<<20-1)>>20, limit>>20)
}

func limited(reason mesosv1.TaskStatus_Reason, message, name string, limits []*mesosv1.Resource) *mesosv1.TaskStatus {
	status := ByAgent(mesosv1.TaskState_TASK_FAILED, reason, message)
	status.Limitation = &mesosv1.TaskResourceLimitation{}
	for _, r := range limits {
		if r.GetName() == name {
			status.Limitation.Resources = append(status.Limitation.Resources, r)
		}
	}
	return status
}

// Last is the newest of a task's statuses, nil before there is one.
func Last(statuses []*mesosv1.TaskStatus) *mesosv1.TaskStatus {
	if n := len(statuses); n > 0 {
		return statuses[n-1]
	}
	return nil
}
