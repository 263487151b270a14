// Package pod holds the rules of pods: an executor of type DEFAULT, which the agent plays itself, and the task groups in
// it (spec 3.11). It owns who has to end when one task of a group ends, and where a task of a pod keeps its files. It is
// pure and knows no containers, no time and no journal: agentd/workload asks and carries out. Start reading at Doomed.
package pod

import (
	"path"

	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/taskstate"
)

// Is says whether an executor is a pod: the agent plays it, and its tasks have a container each.
func Is(info *mesosv1.ExecutorInfo) bool { return info.GetType() == mesosv1.ExecutorInfo_DEFAULT }

// Task is what counts of a task.
type Task struct {
	ID    string
	Group uint64 // tasks of one LAUNCH_GROUP share it
	State mesosv1.TaskState
}

// Doomed returns the tasks that have to be killed, in the order given: those that have not ended, of a group in which one
// has failed or was killed. One that has finished dooms nobody, and groups of one pod don't care for one another.
func Doomed(tasks []Task) []string {
	broken := map[uint64]bool{}
	for _, t := range tasks {
		if taskstate.Terminal(t.State) && t.State != mesosv1.TaskState_TASK_FINISHED {
			broken[t.Group] = true
		}
	}
	var doomed []string
	for _, t := range tasks {
		if broken[t.Group] && !taskstate.Terminal(t.State) {
			doomed = append(doomed, t.ID)
		}
	}
	return doomed
}

// Nested is where a container of that name keeps its files, in the sandbox of its pod (spec 3.12).
func Nested(sandbox, name string) string { return path.Join(sandbox, "containers", name) }
