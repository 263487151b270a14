package workload

import (
	"slices"

	"codeberg.org/reeve/reeve/agentd/memory"
	"codeberg.org/reeve/reeve/agentd/record"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/taskstate"
)

// What has ended here and been told is kept for a while: for our own API, and for masters (agentd/memory).

// memories lists the newest tasks that are done with, limit at most, oldest first.
func (m *Machine) memories(limit int) []memory.Task {
	var all []memory.Task
	for _, fw := range append(slices.Clone(m.completed), sorted(m.frameworks)...) {
		for _, c := range append(slices.Clone(fw.completed), sorted(fw.executors)...) {
			for _, t := range c.completed {
				all = append(all, memory.Task{
					Framework: fw.info, Over: fw.removed, Executor: c.entry().GetExecutor(), Info: t.info, Record: m.taskProto(c, t),
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

// pastExecutors are the entries which turn into the completed executors of a framework again: each lives and ends once more.
func (fw *framework) pastExecutors(kept map[string][]*record.Entry) []*record.Entry {
	var entries []*record.Entry
	for _, c := range fw.completed {
		if tasks := kept[string(c.id)]; len(tasks) > 0 {
			entries = append(append(entries, c.entry()), tasks...)
			entries = append(entries, record.NewExecutorRemoved(string(fw.id), string(c.executor)))
		}
	}
	return entries
}

// takeBack finds what is remembered of a framework that is there again: it stays together.
func (m *Machine) takeBack(fw *framework) {
	i := slices.IndexFunc(m.completed, func(old *framework) bool { return old.id == fw.id })
	if i < 0 {
		return
	}
	fw.completed = m.completed[i].completed
	for _, c := range fw.completed {
		c.framework = fw
	}
	m.completed = slices.Delete(m.completed, i, i+1)
}

// frameworkOver notes that a framework of which nothing is left here can't come back.
func (m *Machine) frameworkOver(id ids.Framework) {
	for _, fw := range m.completed {
		if fw.id == id && !fw.removed {
			fw.removed = true
			m.saveLazily(record.NewFrameworkRemoved(string(id), true))
		}
	}
}

// replayFrameworkRemoved makes a framework a memory, or a memory one of a framework that is over.
func (m *Machine) replayFrameworkRemoved(e *record.FrameworkRemoved) {
	id := ids.Framework(e.GetFrameworkId())
	if fw := m.frameworks[id]; fw != nil {
		for _, c := range sorted(fw.executors) {
			m.replayExecutorRemoved(c)
		}
		m.updates.Drop(id)
		delete(m.frameworks, id)
		m.completed = memory.Append(m.completed, fw, memory.MaxFrameworks)
	}
	for _, fw := range m.completed {
		if fw.id == id {
			fw.removed = fw.removed || e.GetEnded()
		}
	}
}

// replayExecutorRemoved makes an executor a memory. A task of it that nobody acknowledged is none: journals of older agents
// do not say how those of frameworks ended that were over.
func (m *Machine) replayExecutorRemoved(c *container) {
	for _, t := range sorted(c.tasks) {
		if taskstate.Terminal(t.state) {
			m.finish(c, t)
		}
	}
	m.drop(c)
	c.framework.completed = memory.Append(c.framework.completed, c, memory.MaxExecutors)
}
