package workload

import (
	"time"

	"codeberg.org/reeve/reeve/agentd/check"
	"codeberg.org/reeve/reeve/agentd/holdings"
	"codeberg.org/reeve/reeve/agentd/lifecycle"
	"codeberg.org/reeve/reeve/agentd/message"
	"codeberg.org/reeve/reeve/agentd/outcome"
	"codeberg.org/reeve/reeve/agentd/record"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/mesosv1/executor"
)

// The signals that the machine sends.
const (
	sigKill = 9
	sigTerm = 15
)

// advance moves a container through the table and carries out the action. It says whether the event meant anything.
func (m *Machine) advance(now time.Time, c *container, event lifecycle.Event) bool {
	step, ok := lifecycle.Next(c.phase, event)
	if !ok {
		return false
	}
	m.emit(Happened{Noun: "executor", ID: c.name(), From: c.phase.String(), To: step.To.String(), Reason: event.String()})
	c.phase = step.To
	if c.phase != lifecycle.Stopping {
		c.killAt = time.Time{}
	}
	if !c.phase.Alive() {
		c.waitUntil = time.Time{}
	}
	switch step.Action {
	case lifecycle.Nothing:
	case lifecycle.Start:
		run := m.run(c)
		start := Start{Spec: m.cfg.Launch.Spec(run), Owner: m.cfg.Launch.User(run), URIs: c.info.GetCommand().GetUris(), Image: m.cfg.Launch.Inside(run)}
		c.limits = start.Spec.Limits
		start.Volumes = holdings.Lent(run)
		if c.pod != nil {
			m.intoPod(c, &start)
		}
		m.emit(start)
	case lifecycle.Cancel:
		m.emit(Cancel{Container: c.id})
	case lifecycle.Terminate:
		m.terminate(now, c)
	case lifecycle.Destroy:
		m.emit(Signal{Container: c.id, Signal: sigKill})
	case lifecycle.Delete: // gone does it, once the end has been saved
	}
	if c.phase == lifecycle.Reaped {
		m.touch(c.framework)
	}
	return true
}

// terminate asks a container to end: a command by SIGTERM, a custom executor by SHUTDOWN. killAt has been set.
func (m *Machine) terminate(now time.Time, c *container) {
	switch {
	case c.command:
		m.emit(Signal{Container: c.id, Signal: sigTerm})
	case c.stream != 0:
		m.sendShutdown(c)
	case !c.subscribed: // it has never been there to be asked
		m.advance(now, c, lifecycle.GraceOver)
	}
}

func (m *Machine) sendShutdown(c *container) {
	m.tell(c, &executor.Event{Type: executor.Event_SHUTDOWN.Enum()})
}

// tell appends to a custom executor's stream; without one there is nobody to tell.
func (m *Machine) tell(c *container, event *executor.Event) {
	if c.stream != 0 {
		m.emit(ToExecutor{Stream: c.stream, Event: event})
	}
}

// stop has a container ended because of cause, with grace; a second stop may shorten the grace, never lengthen it
// (spec 3.11). Zero grace kills at once.
func (m *Machine) stop(now time.Time, c *container, cause record.Cause, grace time.Duration) {
	killAt := now.Add(grace)
	switch {
	case c.members != nil:
		m.stopPod(now, c, cause, grace)
		return
	case !c.phase.Alive() || c.phase == lifecycle.Killing:
		return
	case c.phase == lifecycle.Cancelling:
		return // it is killed as soon as it is there
	case c.phase == lifecycle.Stopping:
		if !killAt.Before(c.killAt) {
			return
		}
	default:
		c.cause = cause
	}
	c.waitUntil = time.Time{}
	if c.command {
		for _, t := range c.tasks {
			t.checks = nil // how it is does not matter any more
		}
	}
	c.grace = grace
	m.save(c.stoppingEntry(killAt))
	if grace <= 0 {
		m.advance(now, c, lifecycle.Kill)
		return
	}
	if c.phase == lifecycle.Stopping {
		c.killAt = killAt
		return
	}
	m.advance(now, c, lifecycle.Stop)
	if c.phase == lifecycle.Stopping {
		c.killAt = killAt
	}
	m.neverStarted(now, c)
}

func (c *container) stoppingEntry(killAt time.Time) *record.Entry {
	return record.NewStopping(&record.Stopping{
		FrameworkId: string(c.framework.id), ExecutorId: string(c.executor), KillAtNs: record.Nanos(killAt), Cause: c.cause,
		TaskId: c.memberOf(), GraceNs: int64(c.grace),
	})
}

// neverStarted reports the tasks of a container that was given up before its start.
func (m *Machine) neverStarted(now time.Time, c *container) {
	if c.phase == lifecycle.Reaped {
		m.endTasks(now, c, outcome.Ending{NeverStarted: true, Message: "the executor was stopped before it was started"})
	}
}

// launched notes that a container's process runs. A command task is then running.
func (m *Machine) launched(now time.Time, in Launched) {
	c := m.containers[in.Container]
	if c == nil || !m.advance(now, c, lifecycle.Started) {
		return
	}
	c.pid, c.started, c.joined = in.Started.PID, in.Started.At, in.Started.Joined
	if c.phase != lifecycle.Running {
		return
	}
	if c.command {
		m.commandRuns(now, c, now)
		return
	}
	m.resize(c) // tasks may have come or gone since it was asked for
	if c.stream == 0 {
		c.waitUntil = now.Add(m.cfg.RegistrationTimeout)
	}
}

// commandRuns reports TASK_RUNNING for a command task, arms its max_completion_time and begins to check it.
func (m *Machine) commandRuns(now time.Time, c *container, started time.Time) {
	for _, t := range c.tasks {
		t.arm(now, c, started)
		m.report(now, c, t, outcome.ByCommand(mesosv1.TaskState_TASK_RUNNING, ""))
	}
}

// arm has a command task ended when its max_completion_time is over, and checked until then. Both count from a time of the
// agent's clock: c.started is the shim's, and of another day if the clock was set.
func (t *task) arm(now time.Time, c *container, started time.Time) {
	if limit := t.info.GetMaxCompletionTime(); limit != nil {
		t.doneBy = started.Add(time.Duration(limit.GetNanoseconds()))
	}
	if c.phase == lifecycle.Running {
		t.checks = check.New(t.info, started, now, outcome.Last(t.statuses))
	}
}

// maxUntold is how many updates of a task may wait for its framework before it is no longer told of every failure of a
// health check: one that stays away for days must not fill the disk.
const maxUntold = 100

// probed takes what a check found. A task that is being ended is not told of any more.
func (m *Machine) probed(now time.Time, in Probed) {
	c := m.containers[in.Container]
	if c == nil || !c.command {
		return
	}
	for _, t := range c.tasks {
		v := t.checks.Done(now, in.Of, in.Result)
		untold := m.updates.Pending(ids.Task{Framework: c.framework.id, ID: t.id()})
		if v.News && (!v.Again || untold < maxUntold) {
			m.report(now, c, t, outcome.Checked(v, outcome.Last(t.statuses)))
		}
		if v.Kill {
			m.killCommand(now, c, t, nil, record.Cause_UNHEALTHY)
		}
	}
}

// launchFailed ends the tasks of a container that never came up.
func (m *Machine) launchFailed(now time.Time, in LaunchFailed) {
	c := m.containers[in.Container]
	if c == nil || !m.advance(now, c, lifecycle.Failed) {
		return
	}
	m.emit(Count{Name: "slave/container_launch_errors"})
	m.emit(Count{Name: "slave/executors_terminated"})
	m.gone(now, c, outcome.Ending{NeverStarted: true, Message: in.Message})
}

// exited ends the tasks of a container that is gone.
func (m *Machine) exited(now time.Time, in Exited) {
	c := m.containers[in.Container]
	if c == nil || !m.advance(now, c, lifecycle.Gone) {
		return
	}
	m.emit(Count{Name: "slave/executors_terminated"})
	if c.started.IsZero() {
		c.started = in.Exit.Started
	}
	m.gone(now, c, outcome.Ending{Exit: in.Exit})
}

// diskExceeded ends a container at once: the host's disk is everybody's.
func (m *Machine) diskExceeded(now time.Time, in DiskExceeded) {
	if c := m.containers[in.Container]; c != nil && c.cause == record.Cause_NONE && c.phase == lifecycle.Running {
		c.why = outcome.DiskMessage(in.Used, in.Limit)
		m.stop(now, c, record.Cause_DISK, 0)
	}
}

// endTasks gives every task that has not ended its terminal update.
func (m *Machine) endTasks(now time.Time, c *container, e outcome.Ending) {
	ended := outcome.Container{
		Command: c.command, Cause: c.cause, Executor: c.info, Registration: m.cfg.RegistrationTimeout,
		Reconnection: m.cfg.ReregistrationTimeout, Aware: c.framework.can(mesosv1.FrameworkInfo_Capability_PARTITION_AWARE), Why: c.why,
	}
	for _, t := range sorted(c.tasks) {
		if !t.ended() {
			m.report(now, c, t, outcome.Of(ended, t.info, t.state, e))
		}
	}
}

// gone does what every end of a container needs.
func (m *Machine) gone(now time.Time, c *container, e outcome.Ending) {
	if c.stream != 0 {
		m.emit(CloseExecutor{Stream: c.stream})
		c.stream = 0
	}
	m.endTasks(now, c, e)
	if c.pod != nil {
		m.emit(Delete{Container: c.id}) // its sandbox goes with the pod's
		return
	}
	status := e.Exit.WaitStatus
	if e.NeverStarted {
		status = 1 << 8 // what a failed launch looks like to wait(2): exit status 1
	}
	m.toMaster(message.ExecutorExited(c.framework.info.GetId(), c.info.GetExecutorId(), status, c.command))
	m.emit(SandboxEnded{Path: m.sandbox(c)})
	m.emit(Delete{Container: c.id}) // last: until then the runtime can say again how it ended
	m.touch(c.framework)
}

// registrationTimedOut kills a custom executor that did not subscribe in time.
func (m *Machine) registrationTimedOut(now time.Time, c *container) {
	cause := record.Cause_REGISTRATION_TIMEOUT
	if c.subscribed {
		cause = record.Cause_REREGISTRATION_TIMEOUT
	}
	m.stop(now, c, cause, 0)
}
