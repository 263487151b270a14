package e2e

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"codeberg.org/reeve/reeve/shared/imagetest"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/mesosv1/scheduler"
	"codeberg.org/reeve/reeve/shared/resources"
)

// some is what each thing of a test asks for.
func some() []*mesosv1.Resource { return resources.MustParse("cpus:0.1;mem:32").Proto() }

// inImage is a container in an image.
func inImage(name string) *mesosv1.ContainerInfo {
	return &mesosv1.ContainerInfo{Type: mesosv1.ContainerInfo_MESOS.Enum(), Mesos: &mesosv1.ContainerInfo_MesosInfo{Image: &mesosv1.Image{
		Type: mesosv1.Image_DOCKER.Enum(), Docker: &mesosv1.Image_Docker{Name: &name},
	}}}
}

// executorOfPython is an executor of the framework's own, which is fetched.
func executorOfPython(t *testing.T) *mesosv1.ExecutorInfo {
	t.Helper()
	const python = "/usr/bin/python3" // the container sees the host's
	if _, err := os.Stat(python); err != nil {
		t.Skip("needs python3; install it with: bash shared/needs.sh test")
	}
	info := &mesosv1.ExecutorInfo{
		Type: mesosv1.ExecutorInfo_CUSTOM.Enum(), ExecutorId: &mesosv1.ExecutorID{Value: new("python")}, Resources: resources.MustParse("cpus:0.1;mem:64").Proto(),
		Command: &mesosv1.CommandInfo{Value: new("exec " + python + " -B executor.py")},
	}
	for _, file := range []string{"executor.py", "mesosclient.py"} {
		path, err := filepath.Abs(filepath.Join("..", "conformance", "testdata", file))
		if err != nil {
			t.Fatal(err)
		}
		info.Command.Uris = append(info.Command.Uris, &mesosv1.CommandInfo_URI{Value: &path})
	}
	return info
}

// oneOfEach launches a task of an executor that registers, one of an executor in an image that never does, a command in an
// image, and a pod on a bridge of which one task is in an image.
func (f *tenant) oneOfEach(image string, python *mesosv1.ExecutorInfo) {
	t := f.r.t
	t.Helper()
	f.accept("cpus:2;mem:512;disk:64", func(agent *mesosv1.AgentID) []*mesosv1.Offer_Operation {
		task := func(id string) *mesosv1.TaskInfo {
			return &mesosv1.TaskInfo{Name: &id, TaskId: &mesosv1.TaskID{Value: &id}, AgentId: agent, Resources: some()}
		}
		sleeps := func(id string, container *mesosv1.ContainerInfo) *mesosv1.TaskInfo {
			info := task(id)
			info.Command, info.Container = &mesosv1.CommandInfo{Value: new("sleep 1000")}, container
			return info
		}
		registered, silent := task("registered"), task("silent")
		registered.Executor, registered.Data = python, []byte("stay")
		silent.Executor = &mesosv1.ExecutorInfo{
			Type: mesosv1.ExecutorInfo_CUSTOM.Enum(), ExecutorId: &mesosv1.ExecutorID{Value: new("silent")}, Resources: some(),
			Command: &mesosv1.CommandInfo{Value: new("sleep 1000")}, Container: inImage(image),
		}
		pod := &mesosv1.ExecutorInfo{
			Type: mesosv1.ExecutorInfo_DEFAULT.Enum(), ExecutorId: &mesosv1.ExecutorID{Value: new("pod")}, FrameworkId: f.info.GetId(), Resources: resources.MustParse("cpus:0.1;mem:32;disk:32").Proto(),
			Container: &mesosv1.ContainerInfo{Type: mesosv1.ContainerInfo_MESOS.Enum(), NetworkInfos: []*mesosv1.NetworkInfo{{Name: new("bridge")}}},
		}
		return []*mesosv1.Offer_Operation{
			{Type: mesosv1.Offer_Operation_LAUNCH.Enum(), Launch: &mesosv1.Offer_Operation_Launch{
				TaskInfos: []*mesosv1.TaskInfo{registered, silent, sleeps("image", inImage(image))},
			}},
			{Type: mesosv1.Offer_Operation_LAUNCH_GROUP.Enum(), LaunchGroup: &mesosv1.Offer_Operation_LaunchGroup{
				Executor: pod, TaskGroup: &mesosv1.TaskGroupInfo{Tasks: []*mesosv1.TaskInfo{sleeps("pod-in", inImage(image)), sleeps("pod-out", nil)}},
			}},
		}
	})
	f.until("everything but the silent one runs", func() bool {
		for _, id := range []string{"registered", "image", "pod-in", "pod-out"} {
			if f.states[id] != mesosv1.TaskState_TASK_RUNNING {
				return false
			}
		}
		return true
	})
}

// TestNothingIsLeftOfImagesAndExecutors counts as TestNothingIsLeft does: while they run, which shows that what is left would
// be seen, then after agentd was killed and the framework torn down, and after agentd clean.
func TestNothingIsLeftOfImagesAndExecutors(t *testing.T) {
	t.Parallel()
	needRoot(t)
	python := executorOfPython(t)
	image := imagetest.Serve(t, nil).Push(t, "team/web:1", webImage(t))
	r := start(t, 1, 1, fmt.Sprintf("--bridge-subnet=10.97.%d.0/24", os.Getpid()%250), "--executor-registration-timeout=1hrs")
	agent, p := r.Agents[0], placesOf(r.Agents[0].Dir())
	r.awaitLeft(p, left{})
	ctx, cancel := context.WithTimeout(t.Context(), 3*patience)
	defer cancel()
	while := func(when string) {
		t.Helper()
		want := left{"records": 5, "pins": 3, "namespaces": 1, "network records": 1, "leases": 1, "states": 5}
		err := r.Poll(ctx, func(context.Context) (bool, string) {
			got := p.count(t)
			seen := maps.Clone(got)
			maps.DeleteFunc(seen, func(what string, _ int) bool { return want[what] == 0 })
			return maps.Equal(seen, want) && got["cgroups"] >= 4 && got["processes"] >= 10, fmt.Sprintf("%s there is %v, want %v and 4 cgroups with 10 processes", when, got, want)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	f := r.tenant()
	f.oneOfEach(image, python)
	while("while they run")
	if err := errors.Join(agent.Kill(), agent.Start(ctx), r.WaitReady(ctx, 1)); err != nil {
		t.Fatal(err)
	}
	while("after agentd was killed")
	f.send(&scheduler.Call{Type: scheduler.Call_TEARDOWN.Enum()})
	r.awaitLeft(p, left{})
	r.prune(agent.Addresses.HTTP)
	if images := r.images(agent.Addresses.HTTP); len(images.Images) != 0 || images.Bytes != 0 {
		t.Errorf("pruned, and left: %+v", images)
	}

	r.tenant().oneOfEach(image, python)
	while("before agentd clean")
	if err := errors.Join(agent.Kill(), r.Clean(ctx)); err != nil {
		t.Fatal(err)
	}
	r.awaitLeft(p, left{})
	for _, path := range []string{p.run, filepath.Join(p.work, "images"), "/sys/class/net/" + p.bridge} {
		if _, err := os.Stat(path); err == nil {
			t.Errorf("%s is left", path)
		}
	}
}
