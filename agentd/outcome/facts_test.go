package outcome

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"google.golang.org/protobuf/testing/protocmp"

	"codeberg.org/reeve/reeve/shared/mesosv1"
)

func TestFill(t *testing.T) {
	id := uuid.UUID{1}
	facts := Facts{
		Now: time.UnixMilli(1500), NewUUID: func() uuid.UUID { return id }, Agent: &mesosv1.AgentID{Value: new("S0")}, IP: "10.0.0.1",
		Executor: &mesosv1.ExecutorID{Value: new("e")}, Container: "c", PID: 7,
	}
	ip := func(ip string) []*mesosv1.NetworkInfo {
		return []*mesosv1.NetworkInfo{{IpAddresses: []*mesosv1.NetworkInfo_IPAddress{{Protocol: mesosv1.NetworkInfo_IPv4.Enum(), IpAddress: &ip}}}}
	}
	own := ip("10.9.9.9")
	alone := facts
	alone.Executor, alone.Container, alone.PID = nil, "", 0
	for name, test := range map[string]struct {
		facts     Facts
		got, want *mesosv1.TaskStatus
	}{
		"nothing said": {facts, &mesosv1.TaskStatus{}, &mesosv1.TaskStatus{
			Timestamp: new(1.5), Uuid: id[:], AgentId: facts.Agent, ExecutorId: facts.Executor,
			ContainerStatus: &mesosv1.ContainerStatus{ContainerId: &mesosv1.ContainerID{Value: new("c")}, ExecutorPid: new(uint32(7)), NetworkInfos: ip("10.0.0.1")},
		}},
		"said by the executor": {facts, &mesosv1.TaskStatus{
			Timestamp: new(1.0), Uuid: []byte("own"), AgentId: &mesosv1.AgentID{Value: new("liar")},
			ContainerStatus: &mesosv1.ContainerStatus{ContainerId: &mesosv1.ContainerID{Value: new("n")}, ExecutorPid: new(uint32(9)), NetworkInfos: own},
		}, &mesosv1.TaskStatus{
			Timestamp: new(1.0), Uuid: []byte("own"), AgentId: facts.Agent, ExecutorId: facts.Executor,
			ContainerStatus: &mesosv1.ContainerStatus{ContainerId: &mesosv1.ContainerID{Value: new("n")}, ExecutorPid: new(uint32(9)), NetworkInfos: own},
		}},
		"without a container": {alone, &mesosv1.TaskStatus{}, &mesosv1.TaskStatus{Timestamp: new(1.5), Uuid: id[:], AgentId: facts.Agent}},
	} {
		test.facts.Fill(test.got)
		if diff := cmp.Diff(test.got, test.want, protocmp.Transform()); diff != "" {
			t.Errorf("%s (-got +want):\n%s", name, diff)
		}
	}
}

func TestRemember(t *testing.T) {
	running := func(message string) *mesosv1.TaskStatus {
		return &mesosv1.TaskStatus{State: mesosv1.TaskState_TASK_RUNNING.Enum(), Message: &message, Data: []byte("data")}
	}
	first := running("first")
	one := Remember(nil, first)
	two := Remember(one, running("second"))
	three := Remember(two, &mesosv1.TaskStatus{State: mesosv1.TaskState_TASK_FINISHED.Enum()})
	if len(one) != 1 || one[0].GetMessage() != "first" || first.Data == nil {
		t.Errorf("got %v, %v, want what others hold unchanged", one, first)
	}
	if len(two) != 1 || two[0].GetMessage() != "second" || two[0].Data != nil || len(three) != 2 {
		t.Errorf("got %v, then %v, want one per run of equal states, without data", two, three)
	}
}
