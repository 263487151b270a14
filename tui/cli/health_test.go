package cli

import (
	"testing"
	"time"

	"codeberg.org/reeve/reeve/shared/reeveapi"
)

func TestHealthInWords(t *testing.T) {
	for name, test := range map[string]struct {
		task          reeveapi.Task
		state, health string
	}{
		"unchecked": {reeveapi.Task{State: "TASK_RUNNING"}, "running", "-"},
		"well":      {reeveapi.Task{State: "TASK_RUNNING", Healthy: new(true)}, "running", "healthy"},
		"sick":      {reeveapi.Task{State: "TASK_RUNNING", Healthy: new(false)}, "unhealthy", "unhealthy"},
		"was sick":  {reeveapi.Task{State: "TASK_KILLED", Healthy: new(false), Ended: time.Unix(1, 0)}, "killed", "unhealthy"},
	} {
		if state, health := stateOf(test.task), healthOf(test.task); state != test.state || health != test.health {
			t.Errorf("%s: %s and %s, want %s and %s", name, state, health, test.state, test.health)
		}
	}
}
