package roster

import (
	"time"

	"codeberg.org/reeve/reeve/agentd/record"
)

// PastExecutors are the entries which turn into the completed executors of a framework again: each lives and ends once more.
func (fw *Framework) PastExecutors(kept map[string][]*record.Entry) []*record.Entry {
	var entries []*record.Entry
	for _, c := range fw.Completed {
		if tasks := kept[string(c.ID)]; len(tasks) > 0 {
			entries = append(append(entries, c.Entry()), tasks...)
			entries = append(entries, record.NewExecutorRemoved(string(fw.ID), string(c.Executor)))
		}
	}
	return entries
}

// Entry is the container as it is saved.
func (c *Container) Entry() *record.Entry {
	return record.NewExecutor(&record.Executor{
		FrameworkId: string(c.Framework.ID), Info: c.Info, Command: c.Command, ContainerId: string(c.ID),
		CreatedNs: c.Created.UnixNano(), AgentId: string(c.Agent), HostBootId: c.HostBoot,
	})
}

// StateEntries are the entries of what an executor does and has to do.
func (c *Container) StateEntries() []*record.Entry {
	var entries []*record.Entry
	if c.Cause != record.Cause_NONE {
		entries = append(entries, c.StoppingEntry(c.KillAt))
	}
	for _, t := range Sorted(c.Tasks) {
		entries = append(entries, t.Entry(c))
	}
	for _, member := range Sorted(c.Members) {
		if member.Cause != record.Cause_NONE {
			entries = append(entries, member.StoppingEntry(member.KillAt))
		}
	}
	if c.Subscribed {
		entries = append(entries, record.NewSubscribed(string(c.Framework.ID), string(c.Executor)))
	}
	return entries
}

// StoppingEntry is the intent to end the container, as it is saved.
func (c *Container) StoppingEntry(killAt time.Time) *record.Entry {
	return record.NewStopping(&record.Stopping{
		FrameworkId: string(c.Framework.ID), ExecutorId: string(c.Executor), KillAtNs: record.Nanos(killAt), Cause: c.Cause,
		TaskId: c.MemberOf(), GraceNs: int64(c.Grace),
	})
}

// Entry is the task as it is saved.
func (t *Task) Entry(c *Container) *record.Entry {
	e := &record.Task{FrameworkId: string(c.Framework.ID), ExecutorId: string(c.Executor), Info: t.Info, Group: t.Group, Secrets: t.Secrets}
	if member := c.Members[t.ID()]; member != nil {
		e.ContainerId = string(member.ID)
	}
	return record.NewTask(e)
}
