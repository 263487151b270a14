package launch

import (
	"testing"

	"codeberg.org/reeve/reeve/shared/mesosv1"
)

func TestLogLimits(t *testing.T) {
	for text, want := range map[string]int64{
		"10MB": 10 << 20, "1GB": 1 << 30, "512KB": 512 << 10, "100000B": 100000, " 2 MB ": 2 << 20,
		"1KB": minLog, "": 0, "x": 0, "10": 0, "-1MB": 0, "99999999999999TB": 0,
	} {
		command := &mesosv1.CommandInfo{Environment: &mesosv1.Environment{Variables: []*mesosv1.Environment_Variable{
			{Name: new(maxStderr), Value: &text},
		}}}
		for name, run := range map[string]Run{
			"executor": {Executor: &mesosv1.ExecutorInfo{Command: command}},
			"pod":      {Tasks: []*mesosv1.TaskInfo{{Command: command}}},
		} {
			if stdout, stderr := LogLimits(run); stdout != 0 || stderr != want {
				t.Errorf("%s, %q: %d, %d, want 0, %d", name, text, stdout, stderr, want)
			}
		}
	}
}
