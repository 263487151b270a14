package execute

import (
	"fmt"
	"strings"

	"codeberg.org/reeve/reeve/shared/codec"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/resources"
)

func (e *execution) printSubmitted(agent *mesosv1.AgentID) {
	if e.plan.group == nil {
		fmt.Fprintf(e.stdout, "Submitted task '%s' to agent '%s'\n", e.plan.task.GetName(), agent.GetValue())
		return
	}
	var tasks []string
	for _, task := range e.plan.tasks() {
		tasks = append(tasks, task.GetTaskId().GetValue())
	}
	fmt.Fprintf(e.stdout, "Submitted task group with tasks [ %s ] to agent '%s'\n", strings.Join(tasks, ", "), agent.GetValue())
}

// printStatus writes what scripts parse: the lines and their order are those of Mesos.
func (e *execution) printStatus(status *mesosv1.TaskStatus) {
	fmt.Fprintf(e.stdout, "Received status update %s for task '%s'\n", status.GetState(), status.GetTaskId().GetValue())
	if status.Message != nil {
		fmt.Fprintf(e.stdout, "  message: '%s'\n", status.GetMessage())
	}
	if status.Source != nil {
		fmt.Fprintf(e.stdout, "  source: %s\n", status.GetSource())
	}
	if status.Reason != nil {
		fmt.Fprintf(e.stdout, "  reason: %s\n", status.GetReason())
	}
	if status.Healthy != nil {
		healthy := 0
		if status.GetHealthy() {
			healthy = 1
		}
		fmt.Fprintf(e.stdout, "  healthy?: %d\n", healthy)
	}
	if check := status.GetCheckStatus(); check != nil {
		if text, err := codec.JSON.Marshal(check); err == nil {
			fmt.Fprintf(e.stdout, "  check status: %s\n", text)
		}
	}
	if limitation := status.GetLimitation(); limitation != nil {
		if violated, err := resources.FromProto(limitation.GetResources()); err == nil {
			fmt.Fprintf(e.stdout, "  resource limit violation: %s\n", violated)
		}
	}
}
