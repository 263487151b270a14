package outcome

import (
	"testing"

	"codeberg.org/reeve/reeve/agentd/record"
	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/shared/mesosv1"
)

func TestDescribe(t *testing.T) {
	for status, want := range map[int]string{
		0: "exited with status 0", 3 << 8: "exited with status 3", 127 << 8: "exited with status 127", 9: "terminated with signal Killed",
		15: "terminated with signal Terminated", 11 | 0x80: "terminated with signal Segmentation fault (core dumped)",
		35: "terminated with signal Unknown signal 35",
	} {
		if got := describe(status); got != want {
			t.Errorf("%d: got %q, want %q", status, got, want)
		}
	}
}

func TestOutOfMemoryNamesTheLimit(t *testing.T) {
	task := &mesosv1.TaskInfo{Resources: []*mesosv1.Resource{{Name: new("cpus")}, {Name: new("mem")}}}
	got := Of(Container{Command: true}, task, mesosv1.TaskState_TASK_RUNNING, Ending{Exit: runtime.Exit{WaitStatus: 9, OOMKilled: true, Message: "memory limit of 64 MB exceeded"}})
	if got.GetState() != mesosv1.TaskState_TASK_FAILED || got.GetReason() != mesosv1.TaskStatus_REASON_CONTAINER_LIMITATION_MEMORY ||
		len(got.GetLimitation().GetResources()) != 1 || got.GetMessage() != "memory limit of 64 MB exceeded" {
		t.Errorf("got %v", got)
	}
}

// Every cause and every way to end has a terminal status whose source is right.
func TestAllEndings(t *testing.T) {
	for cause := range record.Cause_name {
		for _, command := range []bool{true, false} {
			for _, exit := range []runtime.Exit{{}, {WaitStatus: 256}, {WaitStatus: 9}, {Lost: true}, {WaitStatus: 9, OOMKilled: true}} {
				for _, never := range []bool{true, false} {
					c := Container{Command: command, Cause: record.Cause(cause)}
					got := Of(c, &mesosv1.TaskInfo{}, mesosv1.TaskState_TASK_RUNNING, Ending{NeverStarted: never, Exit: exit})
					byExecutor := got.GetSource() == mesosv1.TaskStatus_SOURCE_EXECUTOR
					if got.State == nil || got.Message == nil || byExecutor && !command {
						t.Errorf("%+v, %+v: got %v", c, exit, got)
					}
				}
			}
		}
	}
}

func TestOverDisk(t *testing.T) {
	task := &mesosv1.TaskInfo{Resources: []*mesosv1.Resource{{Name: new("disk"), Scalar: &mesosv1.Value_Scalar{Value: new(32.0)}}, {Name: new("mem")}}}
	for _, c := range []Container{
		{Command: true, Cause: record.Cause_DISK, Why: DiskMessage(64<<20, 32<<20)},
		{Cause: record.Cause_DISK, Why: DiskMessage(64<<20-1, 32<<20)},
	} {
		got := Of(c, task, mesosv1.TaskState_TASK_RUNNING, Ending{Exit: runtime.Exit{WaitStatus: 9}})
		if got.GetState() != mesosv1.TaskState_TASK_FAILED || got.GetReason() != mesosv1.TaskStatus_REASON_CONTAINER_LIMITATION_DISK ||
			got.GetMessage() != "Disk usage (64MB) exceeds quota (32MB)" || len(got.GetLimitation().GetResources()) != 1 {
			t.Errorf("got %v", got)
		}
	}
	if got := Of(Container{Command: true, Cause: record.Cause_DISK}, task, mesosv1.TaskState_TASK_RUNNING, Ending{}); got.GetMessage() == "" {
		t.Error("after a restart nothing is said")
	}
}
