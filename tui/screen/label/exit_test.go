package label

import (
	"testing"

	"codeberg.org/reeve/reeve/shared/reeveapi"
)

func TestExit(t *testing.T) {
	for message, want := range map[string]int{
		"Command exited with status 0": 0, "command exited with status 137: memory limit of 512 MB reached": 137, "exited with status 3": 3,
		"Command terminated with signal Killed": 137, "Command terminated with signal Segmentation fault (core dumped)": 139,
		"Command terminated with signal Terminated": 143, "terminated with signal Unknown signal 35": 163, "ended by signal 15": 143,
		"the agent is gone": -1, "": -1, "exited with status ?": -1, "terminated with signal Nonsense": -1,
	} {
		got, known := Exit(&reeveapi.Task{State: "TASK_FAILED", Message: message})
		if known != (want >= 0) || known && got != want {
			t.Errorf("%q: got %d, %v, want %d", message, got, known, want)
		}
	}
	if got, known := Exit(&reeveapi.Task{State: "TASK_FINISHED"}); got != 0 || !known {
		t.Errorf("finished: got %d, %v", got, known)
	}
	if got, _ := Exit(&reeveapi.Task{State: "TASK_FAILED", Message: "a framework's word", History: []reeveapi.TaskStep{{Message: "exited with status 7"}}}); got != 7 {
		t.Errorf("from the history: got %d, want 7", got)
	}
}
