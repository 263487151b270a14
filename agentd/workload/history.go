package workload

import (
	"slices"

	"codeberg.org/reeve/reeve/agentd/record"
	"codeberg.org/reeve/reeve/shared/agentlink"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/taskstate"
)

// What has ended here and been told is kept for a while: for our own API, and for masters, which keep nothing about tasks
// themselves and lose what they remember with their leadership.

// maxRemembered is how many ended tasks survive a restart, the newest ones.
const maxRemembered = 500

// historyPiece is how many tasks go into one message of history, so that nothing waits long behind one.
const historyPiece = 50

// memory is one task that is done with.
type memory struct {
	framework *framework
	container *container
	task      *task
}

// at is when the task ended, by the agent that saw it, in seconds.
func (p memory) at() float64 {
	if n := len(p.task.statuses); n > 0 {
		return p.task.statuses[n-1].GetTimestamp()
	}
	return 0
}

// memories lists the newest tasks that are done with, limit at most, oldest first.
func (m *Machine) memories(limit int) []memory {
	var all []memory
	add := func(fw *framework, c *container) {
		for _, t := range c.completed {
			if t.ended() {
				all = append(all, memory{fw, c, t})
			}
		}
	}
	for _, fw := range append(slices.Clone(m.completed), sorted(m.frameworks)...) {
		for _, c := range fw.completed {
			add(fw, c)
		}
		for _, c := range sorted(fw.executors) {
			add(fw, c)
		}
	}
	slices.SortStableFunc(all, func(a, b memory) int {
		switch {
		case a.at() < b.at():
			return -1
		case a.at() > b.at():
			return 1
		}
		return 0
	})
	return all[max(0, len(all)-limit):]
}

// tellHistory sends a master what it may not know, in pieces.
func (m *Machine) tellHistory(limit int) {
	for piece := range slices.Chunk(m.memories(min(limit, maxRemembered)), historyPiece) {
		history := &agentlink.History{}
		seen := map[ids.Framework]bool{}
		for _, p := range piece {
			if !seen[p.framework.id] {
				seen[p.framework.id] = true
				history.Frameworks = append(history.Frameworks, &agentlink.PastFramework{Info: p.framework.info, Ended: p.framework.removed})
			}
			history.Tasks = append(history.Tasks, &agentlink.Task{Task: m.taskProto(p.container, p.task), Info: p.task.info})
		}
		m.toMaster(&agentlink.FromAgent{Message: &agentlink.FromAgent_History{History: history}})
	}
}

// keepsake is the memories that a snapshot keeps, by the executor's run that they are of.
type keepsake map[*container][]*task

func (m *Machine) keepsakes() keepsake {
	kept := keepsake{}
	for _, p := range m.memories(maxRemembered) {
		kept[p.container] = append(kept[p.container], p.task)
	}
	return kept
}

// executors are the entries which turn into the completed executors of a framework again: each lives and ends once more.
func (k keepsake) executors(fw *framework) []*record.Entry {
	var entries []*record.Entry
	for _, c := range fw.completed {
		if len(k[c]) > 0 {
			entries = append(entries, c.entry())
			entries = append(entries, k.tasks(c)...)
			entries = append(entries, record.NewExecutorRemoved(string(fw.id), string(c.executor)))
		}
	}
	return entries
}

// tasks are the entries of an executor's completed tasks.
func (k keepsake) tasks(c *container) []*record.Entry {
	fw := string(c.framework.id)
	var entries []*record.Entry
	for _, t := range k[c] {
		entries = append(entries, record.NewTask(&record.Task{FrameworkId: fw, ExecutorId: string(c.executor), Info: t.info}))
		for _, status := range t.statuses {
			entries = append(entries, record.NewUpdate(fw, status), record.NewAcknowledged(fw, t.id(), status.GetUuid()))
		}
	}
	return entries
}

// takeBack finds what is remembered of a framework that is there again: it stays together.
func (m *Machine) takeBack(fw *framework) {
	for i, old := range m.completed {
		if old.id != fw.id {
			continue
		}
		for _, c := range old.completed {
			c.framework = fw
		}
		fw.completed = old.completed
		m.completed = slices.Concat(m.completed[:i], m.completed[i+1:])
		return
	}
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
		fw.removed = e.GetEnded()
		m.updates.Drop(id)
		delete(m.frameworks, id)
		m.completed = appendLimited(m.completed, fw, maxCompletedFrameworks)
		return
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
	c.framework.completed = appendLimited(c.framework.completed, c, maxCompletedExecutors)
}
