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
	"codeberg.org/reeve/reeve/agentd/roster"
	"codeberg.org/reeve/reeve/shared/agentlink"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/secrets"
)

func frameworkID(id *mesosv1.FrameworkID) ids.Framework { return ids.Framework(id.GetValue()) }

func executorID(id *mesosv1.ExecutorID) ids.Executor { return ids.Executor(id.GetValue()) }

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
		if _, known := fw.Task(info.GetTaskId().GetValue()); known != nil {
			continue // sent twice
		}
		switch {
		case fw.Removed:
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
	if c := fw.Executors[executorID(run.GetExecutor().GetExecutorId())]; c != nil && !c.Command {
		m.startExecutor(now, c) // not before: what it is started with is for all of them
		m.resize(c)             // first: what is delivered needs the room
		m.deliver(c)
	}
	m.touch(fw)
}

// executorEnded says whether tasks are for an executor that the master takes for running, and that has ended: nothing is
// set aside for a new one.
func (m *Machine) executorEnded(fw *roster.Framework, run *agentlink.RunTasks) bool {
	return run.GetExecutorRuns() && fw.Executors[executorID(run.GetExecutor().GetExecutorId())] == nil
}

// frameworkFor finds a framework, or takes it on.
func (m *Machine) frameworkFor(info *mesosv1.FrameworkInfo) *roster.Framework {
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
func (m *Machine) addFramework(info *mesosv1.FrameworkInfo) *roster.Framework {
	fw := &roster.Framework{ID: frameworkID(info.GetId()), Info: info, Executors: map[ids.Executor]*roster.Container{}}
	m.takeBack(fw)
	m.frameworks[fw.ID] = fw
	return fw
}

// refuse answers a launch that the agent does not take: the task was never started.
func (m *Machine) refuse(now time.Time, fw *roster.Framework, info *mesosv1.TaskInfo, reason mesosv1.TaskStatus_Reason, message string) {
	status := outcome.ByAgent(fw.LostAs(mesosv1.TaskState_TASK_DROPPED), reason, message)
	status.TaskId = info.GetTaskId()
	m.fill(now, nil, status)
	m.enqueue(now, fw, info.GetTaskId().GetValue(), status)
}

// runCommand takes a command task: its container is its own, and the agent plays the executor.
func (m *Machine) runCommand(now time.Time, fw *roster.Framework, info *mesosv1.TaskInfo) {
	id := roster.ExecutorOf(info.GetTaskId().GetValue())
	if old := fw.Executors[id]; old != nil && (old.Phase >= lifecycle.Stopping || old.Phase == lifecycle.Cancelling) {
		m.refuse(now, fw, info, mesosv1.TaskStatus_REASON_EXECUTOR_TERMINATED, fmt.Sprintf("executor %q is ending", id))
		return
	} else if old != nil {
		m.refuse(now, fw, info, mesosv1.TaskStatus_REASON_TASK_INVALID, fmt.Sprintf("executor id %q is in use by this framework on this agent", id))
		return
	}
	bare, values := secrets.Split(info) // from here on, whoever reads of the task reads names
	c := m.newContainer(now, fw, launch.CommandExecutor(fw.Info, bare), true)
	t := m.addTask(c, bare, values, 0)
	t.Delivered = true
	if why := m.cfg.Launch.UnsupportedTask(info, false); why != "" {
		m.failUnstarted(now, c, why)
		return
	}
	m.advance(now, c, lifecycle.Launch)
	if !launch.Pulls(c.Info.GetContainer()) {
		m.report(now, c, t, outcome.ByCommand(mesosv1.TaskState_TASK_STARTING, ""))
	}
}

// prepared notes that everything for a container is there. A task in an image is staging until then: there is nothing yet
// that could be starting.
func (m *Machine) prepared(now time.Time, in Prepared) {
	c := m.containers[in.Container]
	if c == nil || !m.advance(now, c, lifecycle.Prepared) || !c.Command {
		return
	}
	for _, t := range roster.Sorted(c.Tasks) {
		if t.State == mesosv1.TaskState_TASK_STAGING {
			m.report(now, c, t, outcome.ByCommand(mesosv1.TaskState_TASK_STARTING, ""))
		}
	}
}

// pulling tells the master how far the image of a container or a URI is, for people. Nothing depends on it, and nothing is kept.
func (m *Machine) pulling(in Pulling) {
	c := m.containers[in.Container]
	if c == nil || c.Phase != lifecycle.Preparing {
		return
	}
	for _, t := range roster.Sorted(c.Tasks) {
		if t.State == mesosv1.TaskState_TASK_STAGING || t.State == mesosv1.TaskState_TASK_STARTING && in.URI != "" { // it starts at once without an image
			m.toMaster(message.Pulling(c.Framework.Info.GetId(), t.Info.GetTaskId(), in.URI, in.Done, in.Total))
		}
	}
}

// failUnstarted fails the tasks of a container that cannot be started at all.
func (m *Machine) failUnstarted(now time.Time, c *roster.Container, why string) {
	m.advance(now, c, lifecycle.Kill)
	m.endTasks(now, c, outcome.Ending{NeverStarted: true, Message: why})
}

// runOnExecutor takes a task of a custom executor, and starts the executor for its first one.
func (m *Machine) runOnExecutor(now time.Time, fw *roster.Framework, info *mesosv1.ExecutorInfo, ti *mesosv1.TaskInfo, group uint64) {
	c := fw.Executors[executorID(info.GetExecutorId())]
	switch {
	case c == nil:
		c = m.newContainer(now, fw, launch.CustomExecutor(fw.Info, info), false)
	case c.Phase >= lifecycle.Stopping || c.Phase == lifecycle.Cancelling:
		m.refuse(now, fw, ti, mesosv1.TaskStatus_REASON_EXECUTOR_TERMINATED, fmt.Sprintf("executor %q is ending", c.Executor))
		return
	}
	if why := launch.CannotMount(m.run(c), ti); why != "" && c.Phase != lifecycle.Pending {
		m.refuse(now, fw, ti, mesosv1.TaskStatus_REASON_TASK_INVALID, why)
		return
	}
	m.addTask(c, ti, nil, group)
}

// startExecutor starts a custom executor that waits for it.
func (m *Machine) startExecutor(now time.Time, c *roster.Container) {
	if c.Phase != lifecycle.Pending || c.Members != nil || len(c.Tasks) == 0 {
		return
	}
	if why := m.cfg.Launch.UnsupportedExecutor(c.Info, m.run(c).Tasks); why != "" {
		m.failUnstarted(now, c, why)
		return
	}
	m.advance(now, c, lifecycle.Launch)
}

// newContainer makes a run of an executor and saves the intent.
func (m *Machine) newContainer(now time.Time, fw *roster.Framework, info *mesosv1.ExecutorInfo, command bool) *roster.Container {
	c := m.addContainer(fw, &record.Executor{
		Info: info, Command: command, ContainerId: m.cfg.NewUUID().String(), AgentId: string(m.agentID()),
		HostBootId: m.cfg.Register.GetHostBootId(), CreatedNs: now.UnixNano(),
	})
	m.save(c.Entry())
	return c
}

// addContainer takes on a run of an executor.
func (m *Machine) addContainer(fw *roster.Framework, e *record.Executor) *roster.Container {
	c := fw.Add(e)
	m.containers[c.ID] = c
	return c
}

// addTask gives a container one more task.
func (m *Machine) addTask(c *roster.Container, info *mesosv1.TaskInfo, values map[string][]byte, group uint64) *roster.Task {
	t := &roster.Task{Info: info, Secrets: values, Group: group, State: mesosv1.TaskState_TASK_STAGING}
	c.Tasks[t.ID()] = t
	m.save(t.Entry(c))
	return t
}

// deliver hands a custom executor the tasks it has not been told of.
func (m *Machine) deliver(c *roster.Container) {
	if c.Stream == 0 || c.Phase > lifecycle.Running { // it may subscribe before its start has been reported
		return
	}
	if launch.GPUs(m.run(c)) > c.GPUs { // on their way: equipped
		return
	}
	groups := map[uint64]bool{}
	for _, t := range roster.Sorted(c.Tasks) {
		switch {
		case t.Delivered || t.Ended():
		case t.Group == 0:
			t.Delivered = true
			m.tell(c, message.Launch(t.Info))
		case !groups[t.Group]:
			groups[t.Group] = true
			m.deliverGroup(c, t.Group)
		}
	}
}

func (m *Machine) deliverGroup(c *roster.Container, group uint64) {
	var tasks []*mesosv1.TaskInfo
	for _, t := range roster.Sorted(c.Tasks) {
		if t.Group == group && !t.Delivered {
			t.Delivered = true
			tasks = append(tasks, t.Info)
		}
	}
	m.tell(c, message.LaunchGroup(tasks))
}

// resize gives a running custom executor the sum of what it and its tasks may use. A command's container never changes.
func (m *Machine) resize(c *roster.Container) {
	if c.Pod != nil {
		c = c.Pod
	}
	if c.Command || c.Phase != lifecycle.Running {
		return
	}
	run := m.run(c)
	if limits := m.cfg.Launch.Limits(run); limits != c.Limits {
		c.Limits = limits
		m.emit(Resize{Container: c.ID, Limits: limits})
	}
	if gpus := launch.GPUs(run); c.Members == nil && gpus != c.GPUsAsked { // tasks of a pod have their own
		c.GPUsAsked, c.GPUs = gpus, min(c.GPUs, gpus)
		m.emit(Equip{Container: c.ID, GPUs: gpus})
	}
}

// equipped hands over the tasks that waited for GPUs, or refuses them.
func (m *Machine) equipped(now time.Time, in Equipped) {
	c := m.containers[in.Container]
	if c == nil || in.GPUs != c.GPUsAsked { // something else has been asked for since
		return
	}
	if in.Failed == "" {
		c.GPUs = in.GPUs
	}
	for _, t := range roster.Sorted(c.Tasks) {
		if in.Failed != "" && !t.Delivered && !t.Ended() && launch.GPUs(launch.Run{Tasks: []*mesosv1.TaskInfo{t.Info}}) > 0 {
			state := c.Framework.LostAs(mesosv1.TaskState_TASK_DROPPED)
			m.report(now, c, t, outcome.ByAgent(state, mesosv1.TaskStatus_REASON_CONTAINER_UPDATE_FAILED, in.Failed))
		}
	}
	m.deliver(c)
}

// killTask takes a KILL of the framework or an operator.
func (m *Machine) killTask(now time.Time, kill *agentlink.KillTask) {
	id := kill.GetTaskId().GetValue()
	fw := m.frameworks[frameworkID(kill.GetFrameworkId())]
	if fw == nil || fw.Removed {
		return // the master reconciles what we do not know
	}
	c, t := fw.Task(id)
	switch {
	case t == nil:
		if m.updates.InFlight(ids.Task{Framework: fw.ID, ID: id}) == nil && !fw.Knew(id) {
			m.refuse(now, fw, &mesosv1.TaskInfo{TaskId: kill.GetTaskId()}, mesosv1.TaskStatus_REASON_EXECUTOR_TERMINATED, "Unable to kill the task: it is unknown to the agent")
		}
	case t.Ended():
	case c.Pod != nil && c.Phase > lifecycle.Running: // a later KILL of a task in a pod is ignored (spec 3.11)
	case c.Command:
		m.killCommand(now, c, t, kill.GetKillPolicy(), record.Cause_KILL)
	case !t.Delivered:
		m.killQueued(now, c, t)
	default:
		t.Kill = kill.GetKillPolicy()
		if t.Kill == nil {
			t.Kill = &mesosv1.KillPolicy{}
		}
		m.deliverKills(c)
	}
}

// killCommand ends a command task as the command executor would: TASK_KILLING for those who know it, SIGTERM, SIGKILL
// after the grace period (spec 3.11).
func (m *Machine) killCommand(now time.Time, c *roster.Container, t *roster.Task, policy *mesosv1.KillPolicy, cause record.Cause) {
	grace := launch.KillGrace(policy, t.Info, m.cfg.KillGrace)
	if c.Phase == lifecycle.Running && c.Framework.Can(mesosv1.FrameworkInfo_Capability_TASK_KILLING_STATE) {
		m.report(now, c, t, outcome.ByCommand(mesosv1.TaskState_TASK_KILLING, ""))
	}
	m.stop(now, c, cause, grace)
}

// killQueued ends a task that its executor has not heard of, and with it the rest of its group.
func (m *Machine) killQueued(now time.Time, c *roster.Container, victim *roster.Task) {
	left := 0
	for _, t := range roster.Sorted(c.Tasks) {
		if t == victim || victim.Group != 0 && t.Group == victim.Group {
			m.report(now, c, t, outcome.ByAgent(mesosv1.TaskState_TASK_KILLED, mesosv1.TaskStatus_REASON_TASK_KILLED_DURING_LAUNCH, "A task was killed before it was delivered to the executor"))
		} else if !t.Ended() {
			left++
		}
	}
	if left == 0 && !c.Subscribed { // nothing waits for this executor any more
		m.stop(now, c, record.Cause_SHUTDOWN, 0)
	}
}

// deliverKills hands a custom executor the KILLs that wait for it.
func (m *Machine) deliverKills(c *roster.Container) {
	if c.Stream == 0 {
		return
	}
	for _, t := range roster.Sorted(c.Tasks) {
		if t.Kill == nil || !t.Delivered {
			continue
		}
		m.tell(c, message.Kill(t.Info.GetTaskId(), t.Kill))
		t.Kill = nil
	}
}

// shutdownGrace is how long a container may take to end when it is asked to.
func (m *Machine) shutdownGrace(c *roster.Container) time.Duration {
	if !c.Command {
		return launch.ShutdownGrace(c.Info, m.cfg.ShutdownGrace)
	}
	for _, t := range c.Tasks {
		return launch.KillGrace(nil, t.Info, m.cfg.KillGrace)
	}
	return m.cfg.KillGrace
}
