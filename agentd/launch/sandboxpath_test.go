package launch

import (
	"slices"
	"strings"
	"testing"

	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/resources"
)

func sandboxPath(kind mesosv1.Volume_Source_SandboxPath_Type, from, to string, mode mesosv1.Volume_Mode) *mesosv1.Volume {
	return &mesosv1.Volume{
		Mode: mode.Enum(), ContainerPath: &to, Source: &mesosv1.Volume_Source{
			Type:        mesosv1.Volume_Source_SANDBOX_PATH.Enum(),
			SandboxPath: &mesosv1.Volume_Source_SandboxPath{Type: kind.Enum(), Path: &from},
		},
	}
}

// A pod may have what its tasks and its executor have, each of them as many processes as any container.
func TestPodLimits(t *testing.T) {
	info := task(&mesosv1.CommandInfo{Value: new("x")}, "cpus:1;mem:64")
	executor := &mesosv1.ExecutorInfo{
		Type: mesosv1.ExecutorInfo_DEFAULT.Enum(), Resources: resources.MustParse("cpus:0.5;mem:32").Proto(),
	}
	info.Limits = map[string]*mesosv1.Value_Scalar{"cpus": {Value: new(1.5)}}
	host := Host{PidsLimit: 100}
	all := host.Limits(Run{Executor: executor, Tasks: []*mesosv1.TaskInfo{info, info}})
	if want := (runtime.Limits{CPUs: 2.5, MemBytes: 160 << 20, Pids: 200}); all != want {
		t.Errorf("the pod: %+v, want %+v", all, want)
	}
	one := host.Limits(Run{Executor: Member(executor, info), Command: true, Tasks: []*mesosv1.TaskInfo{info}})
	if want := (runtime.Limits{CPUs: 1, CPUQuota: 1.5, MemBytes: 64 << 20, Pids: 100}); one != want {
		t.Errorf("a task: %+v, want %+v", one, want)
	}
}

func TestSandboxPaths(t *testing.T) {
	const self, parent = mesosv1.Volume_Source_SandboxPath_SELF, mesosv1.Volume_Source_SandboxPath_PARENT
	info := task(&mesosv1.CommandInfo{Value: new("x")}, "cpus:1")
	info.Container = &mesosv1.ContainerInfo{Type: mesosv1.ContainerInfo_MESOS.Enum(), Volumes: []*mesosv1.Volume{
		sandboxPath(parent, "shared/x", "/tmp/x", mesosv1.Volume_RW), sandboxPath(self, "own", "there", mesosv1.Volume_RO),
	}}
	if why := UnsupportedTask(info, true); why != "" {
		t.Fatal(why)
	}
	host := Host{WorkDir: "/work"}
	got := host.Spec(Run{
		Container: "p.c", Agent: "S", Framework: &mesosv1.FrameworkInfo{Id: &mesosv1.FrameworkID{Value: new("F")}},
		Executor: Member(&mesosv1.ExecutorInfo{ExecutorId: &mesosv1.ExecutorID{Value: new("e")}}, info), Command: true,
	})
	const pod = "/work/slaves/S/frameworks/F/executors/e/runs/p"
	want := []runtime.Mount{
		{Source: pod + "/shared/x", Within: pod, Make: true, Target: "/tmp/x"},
		{Source: pod + "/containers/c/own", Within: pod + "/containers/c", Make: true, Target: "there", ReadOnly: true},
	}
	if got.Sandbox != pod+"/containers/c" || !slices.EqualFunc(got.Mounts, want, func(a, b runtime.Mount) bool {
		return a.Source == b.Source && a.Within == b.Within && a.Make == b.Make && a.Target == b.Target && a.ReadOnly == b.ReadOnly
	}) {
		t.Errorf("in %s:\n got %+v\nwant %+v", got.Sandbox, got.Mounts, want)
	}
	for want, v := range map[string]*mesosv1.Volume{
		"only tasks of a group": sandboxPath(parent, "x", "y", mesosv1.Volume_RW),
		"must be relative":      sandboxPath(self, "/etc", "y", mesosv1.Volume_RW),
		"lead to somewhere":     sandboxPath(self, "a/../..", "y", mesosv1.Volume_RW),
		"SELF or PARENT":        sandboxPath(mesosv1.Volume_Source_SandboxPath_UNKNOWN, "x", "y", mesosv1.Volume_RW),
		"not of type":           {ContainerPath: new("y"), HostPath: new("/etc")},
	} {
		info.Container.Volumes = []*mesosv1.Volume{v}
		if got := UnsupportedTask(info, false); !strings.Contains(got, want) {
			t.Errorf("%v: %q, want %q in it", v, got, want)
		}
	}
}
