package outcome

import (
	"strings"

	"codeberg.org/reeve/reeve/shared/mesosv1"
)

// Counter is the name of the metric that counts ends of tasks in a state: "slave/tasks_finished" for TASK_FINISHED (spec 7.5).
func Counter(state mesosv1.TaskState) string {
	return "slave/tasks_" + strings.ToLower(strings.TrimPrefix(state.String(), "TASK_"))
}
