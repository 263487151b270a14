package taskstate_test

import (
	"slices"
	"testing"

	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/taskstate"
)

// Every state of the wire is in the table, and its names lead back to it.
func TestComplete(t *testing.T) {
	all := taskstate.All()
	if got, want := len(all), len(mesosv1.TaskState_name); got != want {
		t.Errorf("the table has %d states, the wire has %d", got, want)
	}
	for number, name := range mesosv1.TaskState_name {
		s := mesosv1.TaskState(number)
		if !slices.Contains(all, s) {
			t.Errorf("%s is not in the table", name)
		}
		for _, spelling := range []string{name, taskstate.Label(s)} {
			if got, ok := taskstate.Parse(spelling); !ok || got != s {
				t.Errorf("Parse(%q) = %v, %v; want %v", spelling, got, ok, s)
			}
		}
		if got, want := taskstate.TerminalName(name), taskstate.Terminal(s); got != want {
			t.Errorf("TerminalName(%s) = %v, Terminal says %v", name, got, want)
		}
	}
	if taskstate.Terminal(99) || taskstate.TerminalName("TASK_NEW") || taskstate.LabelOf("TASK_NEW") != "TASK_NEW" {
		t.Error("an unknown state was taken for a known one")
	}
}

// A state is final exactly if the spec's table 3.6 says so, and what old frameworks hear instead is final or the same.
func TestTerminal(t *testing.T) {
	open := []mesosv1.TaskState{
		mesosv1.TaskState_TASK_STAGING, mesosv1.TaskState_TASK_STARTING, mesosv1.TaskState_TASK_RUNNING,
		mesosv1.TaskState_TASK_KILLING, mesosv1.TaskState_TASK_UNREACHABLE, mesosv1.TaskState_TASK_UNKNOWN,
	}
	newer := []mesosv1.TaskState{
		mesosv1.TaskState_TASK_DROPPED, mesosv1.TaskState_TASK_UNREACHABLE, mesosv1.TaskState_TASK_GONE,
		mesosv1.TaskState_TASK_GONE_BY_OPERATOR, mesosv1.TaskState_TASK_UNKNOWN,
	}
	for _, s := range taskstate.All() {
		if got, want := taskstate.Terminal(s), !slices.Contains(open, s); got != want {
			t.Errorf("Terminal(%v) = %v, want %v", s, got, want)
		}
		want := s
		if slices.Contains(newer, s) {
			want = mesosv1.TaskState_TASK_LOST
		}
		if got := taskstate.ForFramework(s, false); got != want {
			t.Errorf("ForFramework(%v, false) = %v, want %v", s, got, want)
		}
		if got := taskstate.ForFramework(s, true); got != s {
			t.Errorf("ForFramework(%v, true) = %v", s, got)
		}
	}
}

func TestMetricNames(t *testing.T) {
	if got, want := taskstate.MetricName(mesosv1.TaskState_TASK_GONE_BY_OPERATOR), "task_gone_by_operator"; got != want {
		t.Errorf("MetricName = %q, want %q", got, want)
	}
	got := taskstate.MetricTail(mesosv1.TaskStatus_SOURCE_AGENT, mesosv1.TaskStatus_REASON_AGENT_REMOVED_BY_OPERATOR)
	if want := "source_slave/reason_slave_removed_by_operator"; got != want {
		t.Errorf("MetricTail = %q, want %q", got, want)
	}
}
