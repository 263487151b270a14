package workload

import (
	"fmt"
	"time"

	"codeberg.org/reeve/reeve/agentd/record"
	"codeberg.org/reeve/reeve/shared/mesosv1"
)

// endTasks gives every task that has not ended its terminal update (spec 3.6, 3.11).
func (m *Machine) endTasks(now time.Time, c *container, e ending) {
	for _, t := range c.sortedTasks() {
		if t.ended() {
			continue
		}
		status := m.launchEnding(c, t, e)
		switch {
		case status != nil:
		case c.command:
			status = m.commandEnding(c, t, e)
		default:
			status = m.executorEnding(c, e)
		}
		m.report(now, c, t, status)
	}
}

// byAgent is a status of the agent's own making.
func byAgent(state mesosv1.TaskState, reason mesosv1.TaskStatus_Reason, message string) *mesosv1.TaskStatus {
	return &mesosv1.TaskStatus{
		State:   state.Enum(),
		Source:  mesosv1.TaskStatus_SOURCE_AGENT.Enum(),
		Reason:  reason.Enum(),
		Message: optional(message),
	}
}

// byCommand is a status as the command executor makes it.
func byCommand(state mesosv1.TaskState, message string) *mesosv1.TaskStatus {
	return &mesosv1.TaskStatus{
		State:   state.Enum(),
		Source:  mesosv1.TaskStatus_SOURCE_EXECUTOR.Enum(),
		Message: optional(message),
	}
}

// optional leaves an empty text out.
func optional(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// drainedStatus ends a task because the agent ends everything.
func drainedStatus() *mesosv1.TaskStatus {
	return byAgent(mesosv1.TaskState_TASK_KILLED, mesosv1.TaskStatus_REASON_AGENT_DRAINING, "the agent is draining")
}

// launchEnding is the status of a task whose container did not come up, or was killed before it told anybody that it
// had; nil for the others.
func (m *Machine) launchEnding(c *container, t *task, e ending) *mesosv1.TaskStatus {
	running := t.state == mesosv1.TaskState_TASK_RUNNING || t.state == mesosv1.TaskState_TASK_KILLING
	if running && !e.launch {
		return nil
	}
	switch {
	case c.command && c.cause == record.Cause_KILL:
		return byAgent(mesosv1.TaskState_TASK_KILLED, mesosv1.TaskStatus_REASON_TASK_KILLED_DURING_LAUNCH, "A task was killed before it was running")
	case c.cause == record.Cause_DRAIN:
		return drainedStatus()
	case !e.launch:
		return nil
	case c.cause == record.Cause_SHUTDOWN:
		return byAgent(mesosv1.TaskState_TASK_FAILED, mesosv1.TaskStatus_REASON_EXECUTOR_TERMINATED, "Executor was shut down before it was running")
	default:
		return byAgent(mesosv1.TaskState_TASK_FAILED, mesosv1.TaskStatus_REASON_CONTAINER_LAUNCH_FAILED, "Failed to launch container: "+e.message)
	}
}

// commandEnding is the last status of a command task that ran.
func (m *Machine) commandEnding(c *container, t *task, e ending) *mesosv1.TaskStatus {
	exit := e.exit
	switch {
	case c.cause == record.Cause_MAX_COMPLETION_TIME:
		status := byCommand(mesosv1.TaskState_TASK_FAILED, fmt.Sprintf("Command was killed: it ran longer than its max_completion_time of %s",
			time.Duration(t.info.GetMaxCompletionTime().GetNanoseconds())))
		status.Reason = mesosv1.TaskStatus_REASON_MAX_COMPLETION_TIME_REACHED.Enum()
		return status
	case c.cause == record.Cause_DRAIN:
		return drainedStatus()
	case exit.Lost:
		return byAgent(mesosv1.TaskState_TASK_FAILED, mesosv1.TaskStatus_REASON_EXECUTOR_TERMINATED, lostMessage(exit.Message))
	case c.cause != record.Cause_NONE:
		return byCommand(mesosv1.TaskState_TASK_KILLED, "Command "+describe(exit.WaitStatus))
	case exit.WaitStatus == 0:
		return byCommand(mesosv1.TaskState_TASK_FINISHED, "Command "+describe(0))
	case exit.OOMKilled:
		return outOfMemory(t.info.GetResources(), exit.Message)
	default:
		return byCommand(mesosv1.TaskState_TASK_FAILED, "Command "+describe(exit.WaitStatus))
	}
}

func lostMessage(more string) string {
	text := "The container was lost: nobody saw it end"
	if more != "" {
		text += ": " + more
	}
	return text
}

// executorEnding is the last status of a task whose custom executor ended before it.
func (m *Machine) executorEnding(c *container, e ending) *mesosv1.TaskStatus {
	switch {
	case c.cause == record.Cause_REGISTRATION_TIMEOUT:
		return byAgent(mesosv1.TaskState_TASK_FAILED, mesosv1.TaskStatus_REASON_EXECUTOR_REGISTRATION_TIMEOUT,
			fmt.Sprintf("Executor did not register within %s", m.cfg.RegistrationTimeout))
	case c.cause == record.Cause_REREGISTRATION_TIMEOUT:
		return byAgent(c.framework.lostAs(mesosv1.TaskState_TASK_GONE), mesosv1.TaskStatus_REASON_EXECUTOR_REREGISTRATION_TIMEOUT,
			fmt.Sprintf("Executor did not register again within %s of the agent's restart", m.cfg.ReregistrationTimeout))
	case c.cause == record.Cause_DRAIN:
		return drainedStatus()
	case e.exit.Lost:
		return byAgent(mesosv1.TaskState_TASK_FAILED, mesosv1.TaskStatus_REASON_EXECUTOR_TERMINATED, lostMessage(e.exit.Message))
	case e.exit.OOMKilled && c.cause == record.Cause_NONE:
		return outOfMemory(c.info.GetResources(), e.exit.Message)
	default:
		return byAgent(mesosv1.TaskState_TASK_FAILED, mesosv1.TaskStatus_REASON_EXECUTOR_TERMINATED, "Executor "+describe(e.exit.WaitStatus))
	}
}

// outOfMemory is the status of a task that was killed for its memory limit.
func outOfMemory(limits []*mesosv1.Resource, message string) *mesosv1.TaskStatus {
	if message == "" {
		message = "Memory limit exceeded"
	}
	status := byAgent(mesosv1.TaskState_TASK_FAILED, mesosv1.TaskStatus_REASON_CONTAINER_LIMITATION_MEMORY, message)
	status.Limitation = &mesosv1.TaskResourceLimitation{}
	for _, r := range limits {
		if r.GetName() == "mem" {
			status.Limitation.Resources = append(status.Limitation.Resources, r)
		}
	}
	return status
}

// signalNames are the C library's texts, which tools compare with (spec 3.11).
var signalNames = [...]string{
	1: "Hangup", 2: "Interrupt", 3: "Quit", 4: "Illegal instruction", 5: "Trace/breakpoint trap", 6: "Aborted", 7: "Bus error",
	8: "Floating point exception", 9: "Killed", 10: "User defined signal 1", 11: "Segmentation fault",
	12: "User defined signal 2", 13: "Broken pipe", 14: "Alarm clock", 15: "Terminated", 16: "Stack fault",
	17: "Child exited", 18: "Continued", 19: "Stopped (signal)", 20: "Stopped", 21: "Stopped (tty input)",
	22: "Stopped (tty output)", 23: "Urgent I/O condition", 24: "CPU time limit exceeded", 25: "File size limit exceeded",
	26: "Virtual timer expired", 27: "Profiling timer expired", 28: "Window changed", 29: "I/O possible",
	30: "Power failure", 31: "Bad system call",
}

// describe says in words how a process ended, from its status as of wait(2).
func describe(status int) string {
	signal, core := status&0x7f, status&0x80 != 0
	if signal == 0 {
		return fmt.Sprintf("exited with status %d", status>>8&0xff)
	}
	name := fmt.Sprintf("Unknown signal %d", signal)
	if signal < len(signalNames) {
		name = signalNames[signal]
	}
	if core {
		name += " (core dumped)"
	}
	return "terminated with signal " + name
}
