package e2e

import (
	"strings"
	"testing"

	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/mesosv1/agent"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// TestContainersOfTheAPI: a standalone container outlives a kill of its agentd, a nested one lives in its task.
func TestContainersOfTheAPI(t *testing.T) {
	t.Parallel()
	needRoot(t)
	r := start(t, 1, 1)
	call := func(c *agent.Call) *agent.Response {
		t.Helper()
		answer, err := r.client.AgentCall(t.Context(), r.Agents[0].Addresses.HTTP, c)
		if err != nil {
			t.Fatal(err)
		}
		return answer
	}
	alone := &mesosv1.ContainerID{Value: new("alone")}
	call(&agent.Call{Type: agent.Call_LAUNCH_CONTAINER.Enum(), LaunchContainer: &agent.Call_LaunchContainer{
		ContainerId: alone, Command: &mesosv1.CommandInfo{Value: new("echo up > mark; exec sleep 1000")},
		Resources: []*mesosv1.Resource{{
			Name: new("mem"), Type: mesosv1.Value_SCALAR.Enum(), Scalar: &mesosv1.Value_Scalar{Value: new(64.0)},
		}},
	}})
	if err := r.Agents[0].Kill(); err != nil {
		t.Fatal(err)
	}
	if err := r.Agents[0].Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	list := call(&agent.Call{Type: agent.Call_GET_CONTAINERS.Enum(), GetContainers: &agent.Call_GetContainers{ShowStandalone: new(true)}}).GetGetContainers().GetContainers()
	if len(list) != 1 || list[0].GetContainerId().GetValue() != "alone" || list[0].GetResourceStatistics().GetMemLimitBytes() != 64<<20 || list[0].GetResourceStatistics().GetProcesses() == 0 {
		t.Errorf("after a kill of agentd: %v", list)
	}
	call(&agent.Call{Type: agent.Call_KILL_CONTAINER.Enum(), KillContainer: &agent.Call_KillContainer{ContainerId: alone, Signal: new(int32(15))}})
	if got := call(&agent.Call{Type: agent.Call_WAIT_CONTAINER.Enum(), WaitContainer: &agent.Call_WaitContainer{ContainerId: alone}}); got.GetWaitContainer().GetExitStatus() != 15 {
		t.Errorf("wait: %v", got)
	}
	call(&agent.Call{Type: agent.Call_REMOVE_CONTAINER.Enum(), RemoveContainer: &agent.Call_RemoveContainer{ContainerId: alone}})

	r.submit(reeveapi.JobSpec{Name: "target", Command: "echo here > mark; sleep 1000"})
	task := r.await("a running task", func(ts []reeveapi.Task) bool { return all(ts, 1, "TASK_RUNNING") })[0]
	nested := &mesosv1.ContainerID{Value: new("n1"), Parent: &mesosv1.ContainerID{Value: &task.Container}}
	call(&agent.Call{Type: agent.Call_LAUNCH_NESTED_CONTAINER.Enum(), LaunchNestedContainer: &agent.Call_LaunchNestedContainer{
		ContainerId: nested, Command: &mesosv1.CommandInfo{Value: new("cat mark; exit 3")},
	}})
	got := call(&agent.Call{Type: agent.Call_WAIT_NESTED_CONTAINER.Enum(), WaitNestedContainer: &agent.Call_WaitNestedContainer{ContainerId: nested}})
	if got.GetWaitNestedContainer().GetExitStatus() != 3<<8 {
		t.Errorf("nested: %v", got)
	}
	if got := r.reeve("files", "get", task.ID, "containers/n1/stdout", "-"); strings.TrimSpace(got.stdout) != "here" {
		t.Errorf("its output: %+v", got)
	}
}
