// Package memory is what an agent keeps of tasks that have ended and been told: how much, and the forms in which masters and
// the journal have it. Masters keep nothing about tasks themselves and lose what they remember with their leadership; so the
// agents remember. It decides nothing and holds nothing: the tasks are agentd/workload's. Start reading at Task.
package memory

import (
	"cmp"
	"slices"

	"codeberg.org/reeve/reeve/agentd/record"
	"codeberg.org/reeve/reeve/shared/agentlink"
	"codeberg.org/reeve/reeve/shared/mesosv1"
)

// Most is how many ended tasks survive a restart, and how many a master is told of at most; the newest ones.
const Most = 500

// piece is how many tasks go into one message, so that nothing waits long behind one.
const piece = 50

// Task is one task that is done with.
type Task struct {
	Framework *mesosv1.FrameworkInfo
	Over      bool             // a master has said that the framework can't come back
	Executor  *record.Executor // the run of the executor it was of
	Info      *mesosv1.TaskInfo
	Record    *mesosv1.Task // as masters are told
}

// at is when the task ended, by the agent that saw it, in seconds.
func (t Task) at() float64 {
	if n := len(t.Record.GetStatuses()); n > 0 {
		return t.Record.GetStatuses()[n-1].GetTimestamp()
	}
	return 0
}

// Newest orders tasks by when they ended, oldest first, and leaves out all but the newest.
func Newest(tasks []Task, limit int) []Task {
	slices.SortStableFunc(tasks, func(a, b Task) int { return cmp.Compare(a.at(), b.at()) })
	return tasks[max(0, len(tasks)-max(0, limit)):]
}

// Messages tell a master of tasks, in pieces.
func Messages(tasks []Task) []*agentlink.FromAgent {
	var messages []*agentlink.FromAgent
	for tasks := range slices.Chunk(tasks, piece) {
		history := &agentlink.History{}
		seen := map[string]bool{}
		for _, t := range tasks {
			if id := t.Framework.GetId().GetValue(); !seen[id] {
				seen[id] = true
				history.Frameworks = append(history.Frameworks, &agentlink.PastFramework{Info: t.Framework, Ended: t.Over})
			}
			history.Tasks = append(history.Tasks, &agentlink.Task{Task: t.Record, Info: t.Info})
		}
		messages = append(messages, &agentlink.FromAgent{Message: &agentlink.FromAgent_History{History: history}})
	}
	return messages
}

// Entries are what turns into the tasks again when it is replayed after the entry of their executor, by its container's id.
func Entries(tasks []Task) map[string][]*record.Entry {
	entries := map[string][]*record.Entry{}
	for _, t := range tasks {
		fw, run := t.Executor.GetFrameworkId(), t.Executor.GetContainerId()
		list := append(entries[run], record.NewTask(&record.Task{
			FrameworkId: fw, ExecutorId: t.Executor.GetInfo().GetExecutorId().GetValue(), Info: t.Info,
		}))
		for _, status := range t.Record.GetStatuses() {
			list = append(list, record.NewUpdate(fw, status), record.NewAcknowledged(fw, t.Info.GetTaskId().GetValue(), status.GetUuid()))
		}
		entries[run] = list
	}
	return entries
}

// Append appends and drops the oldest beyond limit.
func Append[T any](list []T, item T, limit int) []T {
	list = append(list, item)
	if len(list) > limit {
		list = slices.Delete(list, 0, len(list)-limit)
	}
	return list
}

// Most that is remembered of the past (spec 4.2).
const (
	MaxFrameworks = 50
	MaxExecutors  = 150
	MaxTasks      = 200
)
