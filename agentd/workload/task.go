package workload

import (
	"fmt"
	"time"

	"codeberg.org/reeve/reeve/agentd/launch"
	"codeberg.org/reeve/reeve/agentd/lifecycle"
	"codeberg.org/reeve/reeve/agentd/message"
	"codeberg.org/reeve/reeve/agentd/outcome"
	"codeberg.org/reeve/reeve/agentd/pod"
	"codeberg.org/reeve/reeve/agentd/record"
	"codeberg.org/reeve/reeve/shared/agentlink"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/taskstate"
)

func frameworkID(id *mesosv1.FrameworkID) ids.Framework { return ids.Framework(id.GetValue()) }

func executorID(id *mesosv1.ExecutorID) ids.Executor { return ids.Executor(id.GetValue()) }

// executorOf is the executor of a command task: it has the task's id (spec 3.11; pitfall 23).
func executorOf(taskID string) ids.Executor { return ids.Executor(taskID) }

// runTasks takes tasks that the master launches here.
func (m *Machine) runTasks(now time.Time, run *agentlink.RunTasks) {
	fw := m.frameworkFor(run.GetFramework())
	if run.GetGroup() && pod.Is(run.GetExecutor()) {
		m.runGroup(now, fw, run)
		m.touch(fw)
		return
	}
	var group uint64
	if run.GetGroup() {
		m.group++
		group = m.group
	}
	for _, info := range run.GetTasks() {
		if _, known := fw.task(info.GetTaskId().GetValue()); known != nil {
			continue // sent twice
		}
		switch {
		case fw.removed:
			// its end is being seen to; the master knows that already
		case m.takesNone():
			m.refuse(now, fw, info, mesosv1.TaskStatus_REASON_AGENT_DRAINING, "the agent is draining")
		case m.holdings.Lacking(run.GetExecutor(), info) != "":
			m.refuse(now, fw, info, mesosv1.TaskStatus_REASON_RESOURCES_UNKNOWN, m.holdings.Lacking(run.GetExecutor(), info))
		case run.GetExecutor() == nil:
			m.runCommand(now, fw, info)
		case m.executorEnded(fw, run):
			m.refuse(now, fw, info, mesosv1.TaskStatus_REASON_EXECUTOR_TERMINATED, "the executor has ended")
		default:
			m.runOnExecutor(now, fw, run.GetExecutor(), info, group)
		}
	}
	if c := fw.executors[executorID(run.GetExecutor().GetExecutorId())]; c != nil && !c.command {
		m.startExecutor(now, c) // not before: what it is started with is for all of them
		m.resize(c)             // first: what is delivered needs the room
		m.deliver(c)
	}
	m.touch(fw)
}

// executorEnded says whether tasks are for an executor that the master takes for running, and that has ended: nothing is
// set aside for a new one.
func (m *Machine) executorEnded(fw *framework, run *agentlink.RunTasks) bool {
	return run.GetExecutorRuns() && fw.executors[executorID(run.GetExecutor().GetExecutorId())] == nil
}

// frameworkFor finds a framework, or takes it on.
func (m *Machine) frameworkFor(info *mesosv1.FrameworkInfo) *framework {
	id := frameworkID(info.GetId())
	if fw := m.frameworks[id]; fw != nil {
		m.frameworkUpdated(info)
		return fw
	}
	fw := m.addFramework(info)
	m.save(record.NewFramework(info))
	m.emit(Happened{Noun: "framework", ID: string(id), To: "active", Reason: "first task"})
	return fw
}

// addFramework takes a framework on, with what is remembered of it.
func (m *Machine) addFramework(info *mesosv1.FrameworkInfo) *framework {
	fw := &framework{id: frameworkID(info.GetId()), info: info, executors: map[ids.Executor]*container{}}
	m.takeBack(fw)
	m.frameworks[fw.id] = fw
	return fw
}

// refuse answers a launch that the agent does not take: the task was never started.
func (m *Machine) refuse(now time.Time, fw *framework, info *mesosv1.TaskInfo, reason mesosv1.TaskStatus_Reason, message string) {
	status := outcome.ByAgent(fw.lostAs(mesosv1.TaskState_TASK_DROPPED), reason, message)
	status.TaskId = info.GetTaskId()
	m.fill(now, nil, status)
	m.enqueue(now, fw, info.GetTaskId().GetValue(), status)
}

// runCommand takes a command task: its container is its own, and the agent plays the executor.
func (m *Machine) runCommand(now time.Time, fw *framework, info *mesosv1.TaskInfo) {
	id := executorOf(info.GetTaskId().GetValue())
	if old := fw.executors[id]; old != nil && (old.phase >= lifecycle.Stopping || old.phase == lifecycle.Cancelling) {
		m.refuse(now, fw, info, mesosv1.TaskStatus_REASON_EXECUTOR_TERMINATED, fmt.Sprintf("executor %q is ending", id))
		return
	} else if old != nil {
		m.refuse(now, fw, info, mesosv1.TaskStatus_REASON_TASK_INVALID, fmt.Sprintf("executor id %q is in use by this framework on this agent", id))
		return
	}
	c := m.newContainer(now, fw, launch.CommandExecutor(fw.info, info), true)
	t := m.addTask(c, info, 0)
	t.delivered = true
	if why := m.cfg.Launch.UnsupportedTask(info, false); why != "" {
		m.failUnstarted(now, c, why)
		return
	}
	m.advance(now, c, lifecycle.Launch)
	if !launch.InImage(c.info.GetContainer()) {
		m.report(now, c, t, outcome.ByCommand(mesosv1.TaskState_TASK_STARTING, ""))
	}
}

// prepared notes that everything for a container is there. A task in an image is staging until then: there is nothing yet
// that could be starting.
func (m *Machine) prepared(now time.Time, in Prepared) {
	c := m.containers[in.Container]
	if c == nil || !m.advance(now, c, lifecycle.Prepared) || !c.command {
		return
	}
	for _, t := range sorted(c.tasks) {
		if t.state == mesosv1.TaskState_TASK_STAGING {
			m.report(now, c, t, outcome.ByCommand(mesosv1.TaskState_TASK_STARTING, ""))
		}
	}
}

// pulling tells the master how far the image of a container is, for people. Nothing depends on it, and nothing is kept.
func (m *Machine) pulling(in Pulling) {
	c := m.containers[in.Container]
	if c == nil || c.phase != lifecycle.Preparing {
		return
	}
	for _, t := range sorted(c.tasks) {
		if t.state == mesosv1.TaskState_TASK_STAGING {
			m.toMaster(message.Pulling(c.framework.info.GetId(), t.info.GetTaskId(), in.Done, in.Total))
		}
	}
}

// failUnstarted fails the tasks of a container that cannot be started at all.
func (m *Machine) failUnstarted(now time.Time, c *container, why string) {
	m.advance(now, c, lifecycle.Kill)
	m.endTasks(now, c, outcome.Ending{NeverStarted: true, Message: why})
}

// runOnExecutor takes a task of a custom executor, and starts the executor for its first one.
func (m *Machine) runOnExecutor(now time.Time, fw *framework, info *mesosv1.ExecutorInfo, ti *mesosv1.TaskInfo, group uint64) {
	c := fw.executors[executorID(info.GetExecutorId())]
	switch {
	case c == nil:
		c = m.newContainer(now, fw, launch.CustomExecutor(fw.info, info), false)
	case c.phase >= lifecycle.Stopping || c.phase == lifecycle.Cancelling:
		m.refuse(now, fw, ti, mesosv1.TaskStatus_REASON_EXECUTOR_TERMINATED, fmt.Sprintf("executor %q is ending", c.executor))
		return
	}
	if why := launch.CannotMount(m.run(c), ti); why != "" && c.phase != lifecycle.Pending {
		m.refuse(now, fw, ti, mesosv1.TaskStatus_REASON_TASK_INVALID, why)
		return
	}
	m.addTask(c, ti, group)
}

// startExecutor starts a custom executor that waits for it.
func (m *Machine) startExecutor(now time.Time, c *container) {
	if c.phase != lifecycle.Pending || c.members != nil || len(c.tasks) == 0 {
		return
	}
	if why := m.cfg.Launch.UnsupportedExecutor(c.info, m.run(c).Tasks); why != "" {
		m.failUnstarted(now, c, why)
		return
	}
	m.advance(now, c, lifecycle.Launch)
}

// newContainer makes a run of an executor and saves the intent.
func (m *Machine) newContainer(now time.Time, fw *framework, info *mesosv1.ExecutorInfo, command bool) *container {
	c := m.addContainer(fw, &record.Executor{
		Info: info, Command: command, ContainerId: m.cfg.NewUUID().String(), AgentId: string(m.agentID()),
		HostBootId: m.cfg.Register.GetHostBootId(), CreatedNs: now.UnixNano(),
	})
	m.save(c.entry())
	return c
}

// addContainer takes on a run of an executor.
func (m *Machine) addContainer(fw *framework, e *record.Executor) *container {
	c := &container{
		framework: fw, executor: executorID(e.GetInfo().GetExecutorId()), info: e.GetInfo(), command: e.GetCommand(),
		id: ids.Container(e.GetContainerId()), agent: ids.Agent(e.GetAgentId()), hostBoot: e.GetHostBootId(),
		created: time.Unix(0, e.GetCreatedNs()), tasks: map[string]*task{},
	}
	if pod.Is(c.info) {
		c.members = map[string]*container{}
	}
	fw.executors[c.executor] = c
	m.containers[c.id] = c
	return c
}

// entry is the container as it is saved.
func (c *container) entry() *record.Entry {
	return record.NewExecutor(&record.Executor{
		FrameworkId: string(c.framework.id), Info: c.info, Command: c.command, ContainerId: string(c.id),
		CreatedNs: c.created.UnixNano(), AgentId: string(c.agent), HostBootId: c.hostBoot,
	})
}

// addTask gives a container one more task.
func (m *Machine) addTask(c *container, info *mesosv1.TaskInfo, group uint64) *task {
	t := &task{info: info, group: group, state: mesosv1.TaskState_TASK_STAGING}
	c.tasks[t.id()] = t
	m.save(t.entry(c))
	return t
}

// entry is the task as it is saved.
func (t *task) entry(c *container) *record.Entry {
	e := &record.Task{FrameworkId: string(c.framework.id), ExecutorId: string(c.executor), Info: t.info, Group: t.group}
	if member := c.members[t.id()]; member != nil {
		e.ContainerId = string(member.id)
	}
	return record.NewTask(e)
}

// deliver hands a custom executor the tasks it has not been told of.
func (m *Machine) deliver(c *container) {
	if c.stream == 0 || c.phase > lifecycle.Running { // it may subscribe before its start has been reported
		return
	}
	groups := map[uint64]bool{}
	for _, t := range sorted(c.tasks) {
		switch {
		case t.delivered || t.ended():
		case t.group == 0:
			t.delivered = true
			m.tell(c, message.Launch(t.info))
		case !groups[t.group]:
			groups[t.group] = true
			m.deliverGroup(c, t.group)
		}
	}
}

func (m *Machine) deliverGroup(c *container, group uint64) {
	var tasks []*mesosv1.TaskInfo
	for _, t := range sorted(c.tasks) {
		if t.group == group && !t.delivered {
			t.delivered = true
			tasks = append(tasks, t.info)
		}
	}
	m.tell(c, message.LaunchGroup(tasks))
}

// resize gives a running custom executor the sum of what it and its tasks may use. A command's container never changes.
func (m *Machine) resize(c *container) {
	if c.pod != nil {
		c = c.pod
	}
	if c.command || c.phase != lifecycle.Running {
		return
	}
	if limits := m.cfg.Launch.Limits(m.run(c)); limits != c.limits {
		c.limits = limits
		m.emit(Resize{Container: c.id, Limits: limits})
	}
}

// killTask takes a KILL of the framework or an operator.
func (m *Machine) killTask(now time.Time, kill *agentlink.KillTask) {
	id := kill.GetTaskId().GetValue()
	fw := m.frameworks[frameworkID(kill.GetFrameworkId())]
	if fw == nil || fw.removed {
		return // the master reconciles what we do not know
	}
	c, t := fw.task(id)
	switch {
	case t == nil:
		if m.updates.InFlight(ids.Task{Framework: fw.id, ID: id}) == nil && !fw.knew(id) {
			m.refuse(now, fw, &mesosv1.TaskInfo{TaskId: kill.GetTaskId()}, mesosv1.TaskStatus_REASON_EXECUTOR_TERMINATED, "Unable to kill the task: it is unknown to the agent")
		}
	case t.ended():
	case c.pod != nil && c.phase > lifecycle.Running: // a later KILL of a task in a pod is ignored (spec 3.11)
	case c.command:
		m.killCommand(now, c, t, kill.GetKillPolicy(), record.Cause_KILL)
	case !t.delivered:
		m.killQueued(now, c, t)
	default:
		t.kill = kill.GetKillPolicy()
		if t.kill == nil {
			t.kill = &mesosv1.KillPolicy{}
		}
		m.deliverKills(c)
	}
}

// killCommand ends a command task as the command executor would: TASK_KILLING for those who know it, SIGTERM, SIGKILL
// after the grace period (spec 3.11).
func (m *Machine) killCommand(now time.Time, c *container, t *task, policy *mesosv1.KillPolicy, cause record.Cause) {
	grace := launch.KillGrace(policy, t.info, m.cfg.KillGrace)
	if c.phase == lifecycle.Running && c.framework.can(mesosv1.FrameworkInfo_Capability_TASK_KILLING_STATE) {
		m.report(now, c, t, outcome.ByCommand(mesosv1.TaskState_TASK_KILLING, ""))
	}
	m.stop(now, c, cause, grace)
}

// killQueued ends a task that its executor has not heard of, and with it the rest of its group.
func (m *Machine) killQueued(now time.Time, c *container, victim *task) {
	left := 0
	for _, t := range sorted(c.tasks) {
		if t == victim || victim.group != 0 && t.group == victim.group {
			m.report(now, c, t, outcome.ByAgent(mesosv1.TaskState_TASK_KILLED, mesosv1.TaskStatus_REASON_TASK_KILLED_DURING_LAUNCH, "A task was killed before it was delivered to the executor"))
		} else if !t.ended() {
			left++
		}
	}
	if left == 0 && !c.subscribed { // nothing waits for this executor any more
		m.stop(now, c, record.Cause_SHUTDOWN, 0)
	}
}

// deliverKills hands a custom executor the KILLs that wait for it.
func (m *Machine) deliverKills(c *container) {
	if c.stream == 0 {
		return
	}
	for _, t := range sorted(c.tasks) {
		if t.kill == nil || !t.delivered {
			continue
		}
		m.tell(c, message.Kill(t.info.GetTaskId(), t.kill))
		t.kill = nil
	}
}

// shutdownGrace is how long a container may take to end when it is asked to.
func (m *Machine) shutdownGrace(c *container) time.Duration {
	if !c.command {
		return launch.ShutdownGrace(c.info, m.cfg.ShutdownGrace)
	}
	for _, t := range c.tasks {
		return launch.KillGrace(nil, t.info, m.cfg.KillGrace)
	}
	return m.cfg.KillGrace
}

// ended says whether a task's latest state is final.
func (t *task) ended() bool { return taskstate.Terminal(t.state) }
