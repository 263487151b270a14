package workload

import (
	"time"

	"codeberg.org/reeve/reeve/agentd/launch"
	"codeberg.org/reeve/reeve/agentd/lifecycle"
	"codeberg.org/reeve/reeve/agentd/outcome"
	"codeberg.org/reeve/reeve/agentd/pod"
	"codeberg.org/reeve/reeve/agentd/record"
	"codeberg.org/reeve/reeve/shared/agentlink"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
)

// runGroup takes a task group for the built-in executor, all or nothing: the agent plays the executor, and every task gets a
// container of its own.
func (m *Machine) runGroup(now time.Time, fw *framework, run *agentlink.RunTasks) {
	c := fw.executors[executorID(run.GetExecutor().GetExecutorId())]
	refuse := func(reason mesosv1.TaskStatus_Reason, message string) {
		for _, info := range run.GetTasks() {
			m.refuse(now, fw, info, reason, message)
		}
	}
	for _, info := range run.GetTasks() {
		if _, known := fw.task(info.GetTaskId().GetValue()); known != nil {
			return // sent twice
		}
	}
	switch {
	case fw.removed: // its end is being seen to; the master knows that already
		return
	case m.takesNone():
		refuse(mesosv1.TaskStatus_REASON_AGENT_DRAINING, "the agent is draining")
		return
	case m.executorEnded(fw, run), c != nil && (c.members == nil || c.cause != record.Cause_NONE || c.phase != lifecycle.Running):
		refuse(mesosv1.TaskStatus_REASON_EXECUTOR_TERMINATED, "the executor has ended, or is ending")
		return
	}
	if why := m.holdings.Lacking(run.GetExecutor(), run.GetTasks()...); why != "" {
		refuse(mesosv1.TaskStatus_REASON_RESOURCES_UNKNOWN, why)
		return
	}
	if c == nil {
		c = m.newContainer(now, fw, launch.CustomExecutor(fw.info, run.GetExecutor()), false)
		m.advance(now, c, lifecycle.Started)
	}
	m.group++
	var members []*container
	for _, info := range run.GetTasks() {
		members = append(members, m.newMember(c, info))
	}
	for _, member := range members {
		if launch.InImage(member.info.GetContainer()) {
			continue
		}
		for _, t := range member.tasks {
			m.report(now, member, t, outcome.ByCommand(mesosv1.TaskState_TASK_STARTING, ""))
		}
	}
	for _, member := range members {
		m.launchMember(now, member)
	}
}

// newMember gives a pod one more task of the newest group, with a container for it, and saves the intent.
func (m *Machine) newMember(c *container, info *mesosv1.TaskInfo) *container {
	t := &task{info: info, group: m.group, state: mesosv1.TaskState_TASK_STAGING, delivered: true}
	c.tasks[t.id()] = t
	member := m.addMember(c, t, c.id.Nested(m.cfg.NewUUID().String()))
	m.save(t.entry(c))
	return member
}

// addMember makes the container of a pod's task.
func (m *Machine) addMember(c *container, t *task, id ids.Container) *container {
	member := &container{
		framework: c.framework, executor: c.executor, info: launch.Member(c.info, t.info), command: true, id: id,
		agent: c.agent, hostBoot: c.hostBoot, created: c.created, tasks: map[string]*task{t.id(): t}, pod: c,
	}
	t.delivered = true
	c.members[t.id()] = member
	m.containers[id] = member
	return member
}

// memberOf is the task whose container in a pod this is, "" for all other containers.
func (c *container) memberOf() string {
	if c.pod != nil {
		for id := range c.tasks {
			return id
		}
	}
	return ""
}

// name is what a container is called in the log.
func (c *container) name() string {
	name := string(c.framework.id) + "/" + string(c.executor)
	if c.pod != nil {
		name += "/" + c.memberOf()
	}
	return name
}

func (m *Machine) launchMember(now time.Time, member *container) {
	for _, t := range member.tasks {
		why := m.cfg.Launch.UnsupportedPod(member.pod.info, m.run(member.pod).Tasks)
		if why == "" {
			why = m.cfg.Launch.UnsupportedTask(t.info, true)
		}
		if why != "" {
			m.failUnstarted(now, member, why)
			return
		}
	}
	m.advance(now, member, lifecycle.Launch)
}

// intoPod says where in its pod a container is started.
func (m *Machine) intoPod(member *container, start *Start) {
	run := m.run(member.pod)
	limits := m.cfg.Launch.Limits(run)
	start.Spec.Pod, member.pod.limits = &limits, limits
	start.Pod = &PodSandbox{Path: m.sandbox(member.pod), Owner: m.cfg.Launch.User(run), Task: member.memberOf()}
}

// stopPod ends a pod by ending its members. Each has its own grace, but none more than is given.
func (m *Machine) stopPod(now time.Time, c *container, cause record.Cause, grace time.Duration) {
	if !c.phase.Alive() {
		return
	}
	c.cause, c.grace = cause, grace
	m.save(c.stoppingEntry(now.Add(grace)))
	for _, member := range sorted(c.members) {
		m.stop(now, member, cause, min(grace, m.shutdownGrace(member)))
	}
	m.touch(c.framework)
}

// settlePod ends what has to end in a pod: the rest of a group of which one has failed or was killed, and the pod itself when
// nothing of it is left.
func (m *Machine) settlePod(now time.Time, c *container) {
	if c.members == nil || !c.phase.Alive() {
		return
	}
	for {
		doomed := pod.Doomed(c.podTasks())
		stopped := false
		for _, id := range doomed {
			if member := c.members[id]; member.cause == record.Cause_NONE {
				m.killCommand(now, member, member.tasks[id], nil, record.Cause_GROUP)
				stopped = true
			}
		}
		if !stopped {
			break
		}
	}
	left := false
	for id, member := range c.members {
		if member.phase == lifecycle.Reaped && c.tasks[id] == nil {
			delete(c.members, id)
			delete(m.containers, member.id)
			continue
		}
		left = left || member.phase != lifecycle.Reaped
	}
	if !left {
		m.advance(now, c, lifecycle.Gone)
		m.gone(now, c, outcome.Ending{})
	}
}

func (c *container) podTasks() []pod.Task {
	var list []pod.Task
	for _, t := range sorted(c.tasks) {
		list = append(list, pod.Task{ID: t.id(), Group: t.group, State: t.state})
	}
	return list
}

// drop forgets an executor, and of a pod its members.
func (m *Machine) drop(c *container) {
	for _, member := range c.members {
		delete(m.containers, member.id)
	}
	delete(c.framework.executors, c.executor)
	delete(m.containers, c.id)
}

// forgetDoneMembers drops, after a replay, the members whose task has been done with: if there is a container of one, nobody
// needs it.
func (m *Machine) forgetDoneMembers() {
	for _, c := range m.containers {
		for id, member := range c.members {
			if c.tasks[id] == nil {
				delete(c.members, id)
				delete(m.containers, member.id)
			}
		}
	}
}
