package workload

import (
	"fmt"
	"time"

	"codeberg.org/reeve/reeve/agentd/holdings"
	"codeberg.org/reeve/reeve/agentd/lifecycle"
	"codeberg.org/reeve/reeve/agentd/message"
	"codeberg.org/reeve/reeve/agentd/outcome"
	"codeberg.org/reeve/reeve/agentd/record"
	"codeberg.org/reeve/reeve/agentd/roster"
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
func (m *Machine) advance(now time.Time, c *roster.Container, event lifecycle.Event) bool {
	why := ""
	switch event {
	case lifecycle.Stop:
		why = fmt.Sprintf("%s, with %s of grace", c.Cause, c.Grace)
	case lifecycle.Kill:
		why = c.Cause.String()
	default:
	}
	return m.advanceFor(now, c, event, why)
}

// advanceFor is advance for a reason that is told to whoever reads the log.
func (m *Machine) advanceFor(now time.Time, c *roster.Container, event lifecycle.Event, why string) bool {
	step, ok := lifecycle.Next(c.Phase, event)
	if !ok {
		return false
	}
	reason := event.String()
	if why != "" {
		reason += ": " + why
	}
	m.emit(Happened{Noun: "executor", ID: c.Name(), Container: c.ID, From: c.Phase.String(), To: step.To.String(), Reason: reason})
	c.Phase = step.To
	if c.Phase != lifecycle.Stopping {
		c.KillAt = time.Time{}
	}
	if !c.Phase.Alive() {
		c.WaitUntil = time.Time{}
	}
	switch step.Action {
	case lifecycle.Nothing:
	case lifecycle.Start:
		run := m.run(c)
		start := Start{Spec: m.cfg.Launch.Spec(run), Owner: m.cfg.Launch.User(run), URIs: c.Info.GetCommand().GetUris(), Image: m.cfg.Launch.Inside(run)}
		c.Limits, c.GPUs, c.GPUsAsked = start.Spec.Limits, start.Spec.GPUs, start.Spec.GPUs
		start.Volumes, start.Images = holdings.Lent(run), m.cfg.Launch.VolumeImages(run)
		if c.Pod != nil {
			m.intoPod(c, &start)
		}
		m.emit(start)
	case lifecycle.Cancel:
		m.emit(Cancel{Container: c.ID})
	case lifecycle.Terminate:
		m.terminate(now, c)
	case lifecycle.Destroy:
		m.emit(Signal{Container: c.ID, Signal: sigKill})
	case lifecycle.Delete: // gone does it, once the end has been saved
	}
	if c.Phase == lifecycle.Reaped {
		m.touch(c.Framework)
	}
	return true
}

// terminate asks a container to end: a command by SIGTERM, a custom executor by SHUTDOWN. killAt has been set.
func (m *Machine) terminate(now time.Time, c *roster.Container) {
	switch {
	case c.Command:
		m.emit(Signal{Container: c.ID, Signal: sigTerm})
	case c.Stream != 0:
		m.sendShutdown(c)
	case !c.Subscribed: // it has never been there to be asked
		m.advance(now, c, lifecycle.GraceOver)
	}
}

func (m *Machine) sendShutdown(c *roster.Container) {
	m.tell(c, &executor.Event{Type: executor.Event_SHUTDOWN.Enum()})
}

// tell appends to a custom executor's stream; without one there is nobody to tell.
func (m *Machine) tell(c *roster.Container, event *executor.Event) {
	if c.Stream != 0 {
		m.emit(ToExecutor{Stream: c.Stream, Event: event})
	}
}

// stop has a container ended because of cause, with grace; a second stop may shorten the grace, never lengthen it
// (spec 3.11). Zero grace kills at once.
func (m *Machine) stop(now time.Time, c *roster.Container, cause record.Cause, grace time.Duration) {
	killAt := now.Add(grace)
	switch {
	case c.Members != nil:
		m.stopPod(now, c, cause, grace)
		return
	case !c.Phase.Alive() || c.Phase == lifecycle.Killing:
		return
	case c.Phase == lifecycle.Cancelling:
		return // it is killed as soon as it is there
	case c.Phase == lifecycle.Stopping:
		if !killAt.Before(c.KillAt) {
			return
		}
	default:
		c.Cause = cause
	}
	c.WaitUntil = time.Time{}
	if c.Command {
		for _, t := range c.Tasks {
			t.Checks = nil // how it is does not matter any more
		}
	}
	c.Grace = grace
	m.save(c.StoppingEntry(killAt))
	if grace <= 0 {
		m.advance(now, c, lifecycle.Kill)
		return
	}
	m.timed[c] = true
	if c.Phase == lifecycle.Stopping {
		c.KillAt = killAt
		return
	}
	m.advance(now, c, lifecycle.Stop)
	if c.Phase == lifecycle.Stopping {
		c.KillAt = killAt
	}
	m.neverStarted(now, c)
}

// neverStarted reports the tasks of a container that was given up before its start.
func (m *Machine) neverStarted(now time.Time, c *roster.Container) {
	if c.Phase == lifecycle.Reaped {
		m.endTasks(now, c, outcome.Ending{NeverStarted: true, Message: "the executor was stopped before it was started"})
	}
}

// launched notes that a container's process runs. A command task is then running.
func (m *Machine) launched(now time.Time, in Launched) {
	c := m.containers[in.Container]
	if c == nil || !m.advanceFor(now, c, lifecycle.Started, fmt.Sprintf("process %d", in.Started.PID)) {
		return
	}
	c.PID, c.Started, c.Joined = in.Started.PID, in.Started.At, in.Started.Joined
	if c.Phase != lifecycle.Running {
		return
	}
	if c.Command {
		m.commandRuns(now, c, now)
		return
	}
	m.resize(c) // tasks may have come or gone since it was asked for
	if c.Stream == 0 {
		c.WaitUntil, m.timed[c] = now.Add(m.cfg.RegistrationTimeout), true
	}
}

// commandRuns reports TASK_RUNNING for a command task, arms its max_completion_time and begins to check it.
func (m *Machine) commandRuns(now time.Time, c *roster.Container, started time.Time) {
	m.timed[c] = true
	for _, t := range c.Tasks {
		t.Arm(now, c, started)
		t.Secrets = nil // the container has them
		m.report(now, c, t, outcome.ByCommand(mesosv1.TaskState_TASK_RUNNING, ""))
	}
}

// maxUntold is how many updates of a task may wait for its framework before it is no longer told of every failure of a
// health check: one that stays away for days must not fill the disk.
const maxUntold = 100

// probed takes what a check found. A task that is being ended is not told of any more.
func (m *Machine) probed(now time.Time, in Probed) {
	c := m.containers[in.Container]
	if c == nil || !c.Command {
		return
	}
	m.timed[c] = true // for the next look
	for _, t := range c.Tasks {
		v := t.Checks.Done(now, in.Of, in.Result)
		untold := m.updates.Pending(ids.Task{Framework: c.Framework.ID, ID: t.ID()})
		if v.News && (!v.Again || untold < maxUntold) {
			m.report(now, c, t, outcome.Checked(v, outcome.Last(t.Statuses)))
		}
		if v.Kill {
			m.killCommand(now, c, t, nil, record.Cause_UNHEALTHY)
		}
	}
}

// launchFailed ends the tasks of a container that never came up.
func (m *Machine) launchFailed(now time.Time, in LaunchFailed) {
	c := m.containers[in.Container]
	if c == nil || !m.advanceFor(now, c, lifecycle.Failed, in.Message) {
		return
	}
	m.emit(Count{Name: "slave/container_launch_errors"})
	m.emit(Count{Name: "slave/executors_terminated"})
	m.gone(now, c, outcome.Ending{NeverStarted: true, Message: in.Message})
}

// exited ends the tasks of a container that is gone.
func (m *Machine) exited(now time.Time, in Exited) {
	c := m.containers[in.Container]
	if c == nil || !m.advanceFor(now, c, lifecycle.Gone, outcome.ExitText(in.Exit)) {
		return
	}
	m.emit(Count{Name: "slave/executors_terminated"})
	if c.Started.IsZero() {
		c.Started = in.Exit.Started
	}
	m.gone(now, c, outcome.Ending{Exit: in.Exit})
}

// diskExceeded ends a container at once: the host's disk is everybody's.
func (m *Machine) diskExceeded(now time.Time, in DiskExceeded) {
	if c := m.containers[in.Container]; c != nil && c.Cause == record.Cause_NONE && c.Phase == lifecycle.Running {
		c.Why = outcome.DiskMessage(in.Used, in.Limit)
		m.stop(now, c, record.Cause_DISK, 0)
	}
}

// endTasks gives every task that has not ended its terminal update.
func (m *Machine) endTasks(now time.Time, c *roster.Container, e outcome.Ending) {
	ended := outcome.Container{
		Command: c.Command, Cause: c.Cause, Executor: c.Info, Registration: m.cfg.RegistrationTimeout,
		Reconnection: m.cfg.ReregistrationTimeout, Aware: c.Framework.Can(mesosv1.FrameworkInfo_Capability_PARTITION_AWARE), Why: c.Why,
	}
	for _, t := range roster.Sorted(c.Tasks) {
		if !t.Ended() {
			m.report(now, c, t, outcome.Of(ended, t.Info, t.State, e))
		}
	}
}

// gone does what every end of a container needs.
func (m *Machine) gone(now time.Time, c *roster.Container, e outcome.Ending) {
	if c.Stream != 0 {
		m.emit(CloseExecutor{Stream: c.Stream})
		c.Stream = 0
	}
	m.endTasks(now, c, e)
	ran := m.cfg.Launch.Running(m.run(c))
	m.emit(LogsEnded{Sandbox: ran.Sandbox, Stdout: ran.StdoutLimit, Stderr: ran.StderrLimit})
	if c.Pod != nil {
		m.emit(Delete{Container: c.ID}) // its sandbox goes with the pod's
		return
	}
	status := e.Exit.WaitStatus
	if e.NeverStarted {
		status = 1 << 8 // what a failed launch looks like to wait(2): exit status 1
	}
	m.toMaster(message.ExecutorExited(c.Framework.Info.GetId(), c.Info.GetExecutorId(), status, c.Command))
	m.emit(SandboxEnded{Path: m.sandbox(c)})
	m.emit(Delete{Container: c.ID}) // last: until then the runtime can say again how it ended
	m.touch(c.Framework)
}

// registrationTimedOut kills a custom executor that did not subscribe in time.
func (m *Machine) registrationTimedOut(now time.Time, c *roster.Container) {
	cause := record.Cause_REGISTRATION_TIMEOUT
	if c.Subscribed {
		cause = record.Cause_REREGISTRATION_TIMEOUT
	}
	m.stop(now, c, cause, 0)
}
