package jobs

import (
	"fmt"

	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// taskID names the task of an attempt: "web.0", "web.0.2" for the third attempt. A job that was submitted again under the
// same name says how often, "web.0.0.1": an agent may still repeat the last word of the former one. Names never end in a
// number of their own (see masterd/jobspec), so that no two tasks share an id.
func taskID(job *reeveapi.Job, index, attempt int) string {
	switch {
	case job.Run > 0:
		return fmt.Sprintf("%s.%d.%d.%d", job.Spec.Name, index, attempt, job.Run)
	case attempt > 0:
		return fmt.Sprintf("%s.%d.%d", job.Spec.Name, index, attempt)
	}
	return fmt.Sprintf("%s.%d", job.Spec.Name, index)
}
