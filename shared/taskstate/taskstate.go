// Package taskstate owns what is known about the states of tasks (spec 3.6): which are final, what a framework without
// PARTITION_AWARE hears instead of the newer ones, how metrics spell states, sources and reasons, and the words and order
// for people. It never decides a transition. Start reading at Terminal.
package taskstate

import (
	"strings"

	"codeberg.org/reeve/reeve/shared/mesosv1"
)

// state is a row of the table of states.
type state struct {
	value    mesosv1.TaskState
	terminal bool
	label    string
}

// states is in the order for people: what a task goes through, then how it can end, then what is not known of it.
var states = [...]state{
	{mesosv1.TaskState_TASK_STAGING, false, "staging"},
	{mesosv1.TaskState_TASK_STARTING, false, "starting"},
	{mesosv1.TaskState_TASK_RUNNING, false, "running"},
	{mesosv1.TaskState_TASK_KILLING, false, "killing"},
	{mesosv1.TaskState_TASK_UNREACHABLE, false, "unreachable"},
	{mesosv1.TaskState_TASK_FINISHED, true, "finished"},
	{mesosv1.TaskState_TASK_FAILED, true, "failed"},
	{mesosv1.TaskState_TASK_KILLED, true, "killed"},
	{mesosv1.TaskState_TASK_ERROR, true, "error"},
	{mesosv1.TaskState_TASK_LOST, true, "lost"},
	{mesosv1.TaskState_TASK_DROPPED, true, "dropped"},
	{mesosv1.TaskState_TASK_GONE, true, "gone"},
	{mesosv1.TaskState_TASK_GONE_BY_OPERATOR, true, "gone by operator"},
	{mesosv1.TaskState_TASK_UNKNOWN, false, "unknown"},
}

// All lists every state in the order for people.
func All() []mesosv1.TaskState {
	all := make([]mesosv1.TaskState, len(states))
	for i, s := range states {
		all[i] = s.value
	}
	return all
}

// Terminal reports whether a task in that state has ended for good. Unreachable and unknown tasks may still come back.
func Terminal(s mesosv1.TaskState) bool {
	i := Order(s)
	return i < len(states) && states[i].terminal
}

// Order is the place of a state in the order for people; states that are not known come last.
func Order(s mesosv1.TaskState) int {
	for i := range states {
		if states[i].value == s {
			return i
		}
	}
	return len(states)
}

// Parse finds a state by its wire name, "TASK_RUNNING", or by what people make of it: "running", "gone-by-operator".
func Parse(name string) (mesosv1.TaskState, bool) {
	number, ok := mesosv1.TaskState_value[name]
	if !ok {
		name = strings.NewReplacer(" ", "_", "-", "_").Replace(strings.ToUpper(name))
		number, ok = mesosv1.TaskState_value["TASK_"+strings.TrimPrefix(name, "TASK_")]
	}
	return mesosv1.TaskState(number), ok
}

// Label is the plain word for people: "running", "gone by operator".
func Label(s mesosv1.TaskState) string {
	if i := Order(s); i < len(states) {
		return states[i].label
	}
	return strings.ToLower(s.String())
}

// LabelOf is Label for the wire name that JSON has; what is not known comes back as it is.
func LabelOf(name string) string {
	if s, ok := Parse(name); ok {
		return Label(s)
	}
	return name
}

// TerminalName is Terminal for the wire name that JSON has. A name that is not known is not terminal.
func TerminalName(name string) bool {
	s, ok := Parse(name)
	return ok && Terminal(s)
}

// ForFramework is the state that a framework hears: one without PARTITION_AWARE knows only TASK_LOST for what was
// dropped, is unreachable, gone or unknown.
func ForFramework(s mesosv1.TaskState, partitionAware bool) mesosv1.TaskState {
	if partitionAware {
		return s
	}
	switch s {
	case mesosv1.TaskState_TASK_DROPPED, mesosv1.TaskState_TASK_UNREACHABLE, mesosv1.TaskState_TASK_GONE,
		mesosv1.TaskState_TASK_GONE_BY_OPERATOR, mesosv1.TaskState_TASK_UNKNOWN:
		return mesosv1.TaskState_TASK_LOST
	default:
		return s
	}
}

// MetricName spells a state as metrics do: "task_gone_by_operator".
func MetricName(s mesosv1.TaskState) string { return strings.ToLower(s.String()) }

// MetricTail spells where a status came from as metrics do, with the old word for agents:
// "source_slave/reason_slave_removed" (spec 7.5).
func MetricTail(source mesosv1.TaskStatus_Source, reason mesosv1.TaskStatus_Reason) string {
	return old(source.String()) + "/" + old(reason.String())
}

func old(name string) string {
	return strings.ReplaceAll(strings.ToLower(name), "agent", "slave")
}
