package outcome

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"google.golang.org/protobuf/testing/protocmp"

	"codeberg.org/reeve/reeve/agentd/check"
	"codeberg.org/reeve/reeve/agentd/record"
	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/shared/mesosv1"
)

// A task of a pod names its container with its parent in every status, and says where it is reached while it runs, as a real
// Mesos does (http-mesos-execute-taskgroup).
func TestFillNested(t *testing.T) {
	facts := Facts{
		Now: time.UnixMilli(1500), NewUUID: uuid.New, Agent: &mesosv1.AgentID{Value: new("S0")}, IP: "127.0.0.1",
		Executor: &mesosv1.ExecutorID{Value: new("default-executor")}, Container: "p.c",
	}
	id := &mesosv1.ContainerID{Value: new("c"), Parent: &mesosv1.ContainerID{Value: new("p")}}
	waiting := &mesosv1.TaskStatus{}
	facts.Fill(waiting)
	if diff := cmp.Diff(waiting.GetContainerStatus(), &mesosv1.ContainerStatus{ContainerId: id}, protocmp.Transform()); diff != "" {
		t.Errorf("before it runs: %s", diff)
	}
	facts.PID = 6359
	running := &mesosv1.TaskStatus{}
	facts.Fill(running)
	want := &mesosv1.ContainerStatus{
		ContainerId: id, ExecutorPid: new(uint32(6359)), NetworkInfos: []*mesosv1.NetworkInfo{{
			IpAddresses: []*mesosv1.NetworkInfo_IPAddress{{Protocol: mesosv1.NetworkInfo_IPv4.Enum(), IpAddress: new("127.0.0.1")}},
		}},
	}
	if diff := cmp.Diff(running.GetContainerStatus(), want, protocmp.Transform()); diff != "" {
		t.Errorf("while it runs: %s", diff)
	}
}

// What one check has found stays on the status that tells of the other.
func TestChecked(t *testing.T) {
	found := &mesosv1.CheckStatusInfo{Type: mesosv1.CheckInfo_TCP.Enum(), Tcp: &mesosv1.CheckStatusInfo_Tcp{Succeeded: new(true)}}
	last := &mesosv1.TaskStatus{Healthy: new(true), CheckStatus: found}
	health := Checked(check.Verdict{Reason: mesosv1.TaskStatus_REASON_TASK_HEALTH_CHECK_STATUS_UPDATED, Healthy: new(false), Message: "sick"}, last)
	if health.GetHealthy() || health.GetCheckStatus() != found || health.GetMessage() != "sick" || health.GetState() != mesosv1.TaskState_TASK_RUNNING {
		t.Errorf("a health check: %v", health)
	}
	status := Checked(check.Verdict{Reason: mesosv1.TaskStatus_REASON_TASK_CHECK_STATUS_UPDATED, Found: found}, last)
	if !status.GetHealthy() || status.GetCheckStatus() != found || status.GetReason() != mesosv1.TaskStatus_REASON_TASK_CHECK_STATUS_UPDATED {
		t.Errorf("a check: %v", status)
	}
	if first := Checked(check.Verdict{Healthy: new(true)}, nil); !first.GetHealthy() || first.CheckStatus != nil {
		t.Errorf("the first: %v", first)
	}
}

// A task that was killed for its health, or for its group, is not a failure of its own.
func TestKilledForAReason(t *testing.T) {
	for cause, healthy := range map[record.Cause]*bool{record.Cause_GROUP: nil, record.Cause_UNHEALTHY: new(false)} {
		got := Of(Container{Command: true, Cause: cause}, &mesosv1.TaskInfo{}, mesosv1.TaskState_TASK_RUNNING, Ending{Exit: runtime.Exit{WaitStatus: 15}})
		if got.GetState() != mesosv1.TaskState_TASK_KILLED || got.Reason != nil || !cmp.Equal(got.Healthy, healthy) {
			t.Errorf("%v: %v", cause, got)
		}
	}
}
