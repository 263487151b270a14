package pod

import (
	"slices"
	"testing"

	"codeberg.org/reeve/reeve/shared/mesosv1"
)

func TestDoomed(t *testing.T) {
	const (
		running  = mesosv1.TaskState_TASK_RUNNING
		killing  = mesosv1.TaskState_TASK_KILLING
		staging  = mesosv1.TaskState_TASK_STAGING
		finished = mesosv1.TaskState_TASK_FINISHED
		failed   = mesosv1.TaskState_TASK_FAILED
		killed   = mesosv1.TaskState_TASK_KILLED
	)
	for name, test := range map[string]struct {
		tasks []Task
		want  []string
	}{
		"nothing ended":       {[]Task{{"a", 1, running}, {"b", 1, staging}}, nil},
		"one finished":        {[]Task{{"a", 1, finished}, {"b", 1, running}}, nil},
		"one failed":          {[]Task{{"a", 1, running}, {"b", 1, failed}, {"c", 1, staging}, {"d", 1, finished}}, []string{"a", "c"}},
		"one killed":          {[]Task{{"a", 1, killed}, {"b", 1, killing}}, []string{"b"}},
		"groups are separate": {[]Task{{"a", 1, failed}, {"b", 2, running}, {"c", 1, running}}, []string{"c"}},
		"all ended":           {[]Task{{"a", 1, failed}, {"b", 1, killed}}, nil},
	} {
		if got := Doomed(test.tasks); !slices.Equal(got, test.want) {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
}
