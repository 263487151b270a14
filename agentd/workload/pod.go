package workload

import (
	"time"

	"codeberg.org/reeve/reeve/agentd/launch"
	"codeberg.org/reeve/reeve/agentd/lifecycle"
	"codeberg.org/reeve/reeve/agentd/outcome"
	"codeberg.org/reeve/reeve/agentd/pod"
	"codeberg.org/reeve/reeve/agentd/record"
	"codeberg.org/reeve/reeve/agentd/roster"
	"codeberg.org/reeve/reeve/shared/agentlink"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
)

// runGroup takes a task group for the built-in executor, all or nothing: the agent plays the executor, and every task gets a
// container of its own.
func (m *Machine) runGroup(now time.Time, fw *roster.Framework, run *agentlink.RunTasks) {
	c := fw.Executors[executorID(run.GetExecutor().GetExecutorId())]
	refuse := func(reason mesosv1.TaskStatus_Reason, message string) {
		for _, info := range run.GetTasks() {
			m.refuse(now, fw, info, reason, message)
		}
	}
	for _, info := range run.GetTasks() {
		if _, known := fw.Task(info.GetTaskId().GetValue()); known != nil {
			return // sent twice
		}
	}
	switch {
	case fw.Removed: // its end is being seen to; the master knows that already
		return
	case m.takesNone():
		refuse(mesosv1.TaskStatus_REASON_AGENT_DRAINING, "the agent is draining")
		return
	case m.executorEnded(fw, run), c != nil && (c.Members == nil || c.Cause != record.Cause_NONE || c.Phase != lifecycle.Running):
		refuse(mesosv1.TaskStatus_REASON_EXECUTOR_TERMINATED, "the executor has ended, or is ending")
		return
	}
	if why := m.holdings.Lacking(run.GetExecutor(), run.GetTasks()...); why != "" {
		refuse(mesosv1.TaskStatus_REASON_RESOURCES_UNKNOWN, why)
		return
	}
	if c == nil {
		c = m.newContainer(now, fw, launch.CustomExecutor(fw.Info, run.GetExecutor()), false)
		m.advance(now, c, lifecycle.Started)
	}
	m.group++
	var members []*roster.Container
	for _, info := range run.GetTasks() {
		members = append(members, m.newMember(c, info))
	}
	for _, member := range members {
		if launch.Pulls(member.Info.GetContainer()) {
			continue
		}
		for _, t := range member.Tasks {
			m.report(now, member, t, outcome.ByCommand(mesosv1.TaskState_TASK_STARTING, ""))
		}
	}
	for _, member := range members {
		m.launchMember(now, member)
	}
}

// newMember gives a pod one more task of the newest group, with a container for it, and saves the intent.
func (m *Machine) newMember(c *roster.Container, info *mesosv1.TaskInfo) *roster.Container {
	t := &roster.Task{Info: info, Group: m.group, State: mesosv1.TaskState_TASK_STAGING, Delivered: true}
	c.Tasks[t.ID()] = t
	member := m.addMember(c, t, c.ID.Nested(m.cfg.NewUUID().String()))
	m.save(t.Entry(c))
	return member
}

// addMember makes the container of a pod's task.
func (m *Machine) addMember(c *roster.Container, t *roster.Task, id ids.Container) *roster.Container {
	member := &roster.Container{
		Framework: c.Framework, Executor: c.Executor, Info: launch.Member(c.Info, t.Info), Command: true, ID: id,
		Agent: c.Agent, HostBoot: c.HostBoot, Created: c.Created, Tasks: map[string]*roster.Task{t.ID(): t}, Pod: c,
	}
	t.Delivered = true
	c.Members[t.ID()] = member
	m.containers[id] = member
	return member
}

func (m *Machine) launchMember(now time.Time, member *roster.Container) {
	for _, t := range member.Tasks {
		why := m.cfg.Launch.UnsupportedPod(member.Pod.Info, m.run(member.Pod).Tasks)
		if why == "" {
			why = m.cfg.Launch.UnsupportedTask(t.Info, true)
		}
		if why != "" {
			m.failUnstarted(now, member, why)
			return
		}
	}
	m.advance(now, member, lifecycle.Launch)
}

// intoPod says where in its pod a container is started.
func (m *Machine) intoPod(member *roster.Container, start *Start) {
	run := m.run(member.Pod)
	limits := m.cfg.Launch.Limits(run)
	start.Spec.Pod, member.Pod.Limits = &limits, limits
	start.Pod = &PodSandbox{Path: m.sandbox(member.Pod), Owner: m.cfg.Launch.User(run), Task: member.MemberOf()}
}

// stopPod ends a pod by ending its members. Each has its own grace, but none more than is given.
func (m *Machine) stopPod(now time.Time, c *roster.Container, cause record.Cause, grace time.Duration) {
	if !c.Phase.Alive() {
		return
	}
	c.Cause, c.Grace = cause, grace
	m.save(c.StoppingEntry(now.Add(grace)))
	for _, member := range roster.Sorted(c.Members) {
		m.stop(now, member, cause, min(grace, m.shutdownGrace(member)))
	}
	m.touch(c.Framework)
}

// settlePod ends what has to end in a pod: the rest of a group of which one has failed or was killed, and the pod itself when
// nothing of it is left.
func (m *Machine) settlePod(now time.Time, c *roster.Container) {
	if c.Members == nil || !c.Phase.Alive() {
		return
	}
	for {
		doomed := pod.Doomed(c.PodTasks())
		stopped := false
		for _, id := range doomed {
			if member := c.Members[id]; member.Cause == record.Cause_NONE {
				m.killCommand(now, member, member.Tasks[id], nil, record.Cause_GROUP)
				stopped = true
			}
		}
		if !stopped {
			break
		}
	}
	left := false
	for id, member := range c.Members {
		if member.Phase == lifecycle.Reaped && c.Tasks[id] == nil {
			delete(c.Members, id)
			delete(m.containers, member.ID)
			continue
		}
		left = left || member.Phase != lifecycle.Reaped
	}
	if !left {
		m.advance(now, c, lifecycle.Gone)
		m.gone(now, c, outcome.Ending{})
	}
}

// drop forgets an executor, and of a pod its members.
func (m *Machine) drop(c *roster.Container) {
	for _, member := range c.Members {
		delete(m.containers, member.ID)
	}
	delete(c.Framework.Executors, c.Executor)
	delete(m.containers, c.ID)
}

// forgetDoneMembers drops, after a replay, the members whose task has been done with: if there is a container of one, nobody
// needs it.
func (m *Machine) forgetDoneMembers() {
	for _, c := range m.containers {
		for id, member := range c.Members {
			if c.Tasks[id] == nil {
				delete(c.Members, id)
				delete(m.containers, member.ID)
			}
		}
	}
}
