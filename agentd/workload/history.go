package workload

import (
	"slices"

	"codeberg.org/reeve/reeve/agentd/memory"
	"codeberg.org/reeve/reeve/agentd/record"
	"codeberg.org/reeve/reeve/agentd/roster"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/taskstate"
)

// What has ended here and been told is kept for a while: for our own API, and for masters (agentd/memory).

// memories lists the newest tasks that are done with, limit at most, oldest first.
func (m *Machine) memories(limit int) []memory.Task {
	var all []memory.Task
	for _, fw := range append(slices.Clone(m.completed), roster.Sorted(m.frameworks)...) {
		for _, c := range append(slices.Clone(fw.Completed), roster.Sorted(fw.Executors)...) {
			for _, t := range c.Completed {
				all = append(all, memory.Task{
					Framework: fw.Info, Over: fw.Removed, Executor: c.Entry().GetExecutor(), Info: t.Info, Record: m.taskProto(c, t),
				})
			}
		}
	}
	return memory.Newest(all, min(limit, memory.Most))
}

// tellHistory sends a master what it may not know.
func (m *Machine) tellHistory(limit int) {
	if limit == 0 {
		return
	}
	for _, message := range memory.Messages(m.memories(limit)) {
		m.toMaster(message)
	}
}

// takeBack finds what is remembered of a framework that is there again: it stays together.
func (m *Machine) takeBack(fw *roster.Framework) {
	i := slices.IndexFunc(m.completed, func(old *roster.Framework) bool { return old.ID == fw.ID })
	if i < 0 {
		return
	}
	fw.Completed = m.completed[i].Completed
	for _, c := range fw.Completed {
		c.Framework = fw
	}
	m.completed = slices.Delete(m.completed, i, i+1)
}

// frameworkOver notes that a framework of which nothing is left here can't come back.
func (m *Machine) frameworkOver(id ids.Framework) {
	for _, fw := range m.completed {
		if fw.ID == id && !fw.Removed {
			fw.Removed = true
			m.saveLazily(record.NewFrameworkRemoved(string(id), true))
		}
	}
}

// replayFrameworkRemoved makes a framework a memory, or a memory one of a framework that is over.
func (m *Machine) replayFrameworkRemoved(e *record.FrameworkRemoved) {
	id := ids.Framework(e.GetFrameworkId())
	if fw := m.frameworks[id]; fw != nil {
		for _, c := range roster.Sorted(fw.Executors) {
			m.replayExecutorRemoved(c)
		}
		m.updates.Drop(id)
		delete(m.frameworks, id)
		m.completed = memory.Append(m.completed, fw, memory.MaxFrameworks)
	}
	for _, fw := range m.completed {
		if fw.ID == id {
			fw.Removed = fw.Removed || e.GetEnded()
		}
	}
}

// replayExecutorRemoved makes an executor a memory. A task of it that nobody acknowledged is none: journals of older agents
// do not say how those of frameworks ended that were over.
func (m *Machine) replayExecutorRemoved(c *roster.Container) {
	for _, t := range roster.Sorted(c.Tasks) {
		if taskstate.Terminal(t.State) {
			m.finish(c, t)
		}
	}
	m.drop(c)
	c.Framework.Completed = memory.Append(c.Framework.Completed, c, memory.MaxExecutors)
}
