package launch

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

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

func TestVolumes(t *testing.T) {
	const self, parent = mesosv1.Volume_Source_SandboxPath_SELF, mesosv1.Volume_Source_SandboxPath_PARENT
	info := task(&mesosv1.CommandInfo{Value: new("x")}, "cpus:1")
	info.Container = &mesosv1.ContainerInfo{Type: mesosv1.ContainerInfo_MESOS.Enum(), Volumes: []*mesosv1.Volume{
		sandboxPath(parent, "shared/x", "/tmp/x", mesosv1.Volume_RW), sandboxPath(self, "own", "there", mesosv1.Volume_RO),
		{Mode: mesosv1.Volume_RO.Enum(), ContainerPath: new("conf"), HostPath: new("/srv/conf/")},
		{Mode: mesosv1.Volume_RW.Enum(), ContainerPath: new("rel"), HostPath: new("of/sandbox")},
		hostVolume("/data", "/tmp/data", mesosv1.MountPropagation_HOST_TO_CONTAINER),
		secretVolume("geheim", "key"), dockerVolume("tmpfs", "64m"),
		sandboxPath(parent, "vol/a", "/tmp/vol", mesosv1.Volume_RW), sandboxPath(parent, "mem", "mem", mesosv1.Volume_RW),
	}}
	executor := &mesosv1.ExecutorInfo{
		ExecutorId: &mesosv1.ExecutorID{Value: new("e")},
		Container: &mesosv1.ContainerInfo{Type: mesosv1.ContainerInfo_MESOS.Enum(), Hostname: new("pod"), Volumes: []*mesosv1.Volume{
			{Mode: mesosv1.Volume_RO.Enum(), ContainerPath: new("vol"), HostPath: new("/srv/vol")}, dockerVolume("tmpfs", "1GB"),
		}},
	}
	host := Host{WorkDir: "/work", HostPaths: []string{"/srv", "/data"}}
	if why := host.UnsupportedTask(info, true); why != "" {
		t.Fatal(why)
	}
	if why := host.UnsupportedPod(executor, nil); why != "" {
		t.Fatal(why)
	}
	got := host.Spec(Run{
		Container: "p.c", Agent: "S", Framework: &mesosv1.FrameworkInfo{Id: &mesosv1.FrameworkID{Value: new("F")}},
		Executor: Member(executor, info), Pod: executor, Command: true,
	})
	const pod = "/work/slaves/S/frameworks/F/executors/e/runs/p"
	want := []runtime.Mount{
		{Source: pod + "/shared/x", Within: pod, Make: true, Target: "/tmp/x"},
		{Source: pod + "/containers/c/own", Within: pod + "/containers/c", Make: true, Target: "there", ReadOnly: true},
		{Source: "/srv/conf", Within: "/srv", Guarded: true, Target: "conf", ReadOnly: true},
		{Source: pod + "/containers/c/of/sandbox", Within: pod + "/containers/c", Make: true, Target: "rel"},
		{Source: "/data", Within: "/data", Guarded: true, Target: "/tmp/data", Follow: true},
		{Secret: []byte("geheim"), Target: "key", ReadOnly: true},
		{Tmpfs: true, Bytes: 64 << 20, Target: "mem"},
		{Source: "/srv/vol/a", Within: "/srv", Guarded: true, Target: "/tmp/vol", ReadOnly: true},
		{Tmpfs: true, Bytes: 1 << 30, Target: "mem"},
	}
	if d := cmp.Diff(got.Mounts, want); d != "" {
		t.Errorf("volumes (-got +want):\n%s", d)
	}
	if got.Sandbox != pod+"/containers/c" || got.Isolation.Hostname != "pod" {
		t.Errorf("sandbox %s, hostname %q", got.Sandbox, got.Isolation.Hostname)
	}
	for want, v := range map[string]*mesosv1.Volume{
		"only tasks of a group":      sandboxPath(parent, "x", "y", mesosv1.Volume_RW),
		"must be relative":           sandboxPath(self, "/etc", "y", mesosv1.Volume_RW),
		"lead to somewhere":          sandboxPath(self, "a/../..", "y", mesosv1.Volume_RW),
		"SELF or PARENT":             sandboxPath(mesosv1.Volume_Source_SandboxPath_UNKNOWN, "x", "y", mesosv1.Volume_RW),
		"in none of":                 {ContainerPath: new("y"), HostPath: new("/etc")},
		"absolute, or lead":          {ContainerPath: new("y"), HostPath: new("../x")},
		"no source":                  {ContainerPath: new("y")},
		"volume y image is of type":  {ContainerPath: new("y"), Image: &mesosv1.Image{}},
		"volume y image.docker.name": {ContainerPath: new("y"), Image: &mesosv1.Image{Type: mesosv1.Image_DOCKER.Enum()}},
		"BIDIRECTIONAL":              hostVolume("/srv", "y", mesosv1.MountPropagation_BIDIRECTIONAL),
		`driver "rexray"`:            dockerVolume("rexray", "1GB"),
		"the one option is size":     dockerVolume("tmpfs", "big"),
		"refers to a secret by name": {ContainerPath: new("y"), Source: &mesosv1.Volume_Source{Type: mesosv1.Volume_Source_SECRET.Enum(), Secret: &mesosv1.Secret{}}},
		"volume y is a CSI volume":   {ContainerPath: new("y"), Source: &mesosv1.Volume_Source{Type: mesosv1.Volume_Source_CSI_VOLUME.Enum()}},
	} {
		info.Container.Volumes = []*mesosv1.Volume{v}
		if got := host.UnsupportedTask(info, false); !strings.Contains(got, want) {
			t.Errorf("%v: %q, want %q in it", v, got, want)
		}
	}
	executor.Container.Volumes = []*mesosv1.Volume{imageVolume("conf:1", "conf", mesosv1.Volume_RO)}
	if why := host.UnsupportedPod(executor, nil); !strings.Contains(why, "name it in the tasks") {
		t.Errorf("image as a volume of a pod: %q", why)
	}
	executor.Container.Volumes = []*mesosv1.Volume{{ContainerPath: new("/abs"), HostPath: new("/srv")}}
	if why := host.UnsupportedPod(executor, nil); !strings.Contains(why, "absolute path") {
		t.Errorf("absolute volume of a pod: %q", why)
	}
	if why := (Host{HostPaths: []string{}}).UnsupportedExecutor(executor, nil); !strings.Contains(why, "gives none") {
		t.Errorf("no host paths: %q", why)
	}
	if why := (Host{}).UnsupportedExecutor(&mesosv1.ExecutorInfo{Command: info.GetCommand(), Container: executor.GetContainer()}, nil); why != "" {
		t.Errorf("any host path: %q", why)
	}
}

// Images that are volumes are told apart by the place of their mounts, behind those of persistent volumes.
func TestVolumeImages(t *testing.T) {
	info := task(&mesosv1.CommandInfo{Value: new("x")}, "cpus:1")
	info.Resources = append(info.Resources, persistent("data", "kept"))
	info.Container = &mesosv1.ContainerInfo{Type: mesosv1.ContainerInfo_MESOS.Enum(), Volumes: []*mesosv1.Volume{
		{Mode: mesosv1.Volume_RO.Enum(), ContainerPath: new("conf"), HostPath: new("/srv/conf/")},
		imageVolume("tools:1", "tools", mesosv1.Volume_RO), imageVolume("scratch:1", "/tmp/scratch", mesosv1.Volume_RW),
	}}
	host := Host{WorkDir: "/work"}
	if why := host.UnsupportedTask(info, false); why != "" {
		t.Fatal(why)
	}
	if !Pulls(info.GetContainer()) || InImage(info.GetContainer()) {
		t.Error("it is not known that an image has to come, or the container is taken for one in an image")
	}
	framework := &mesosv1.FrameworkInfo{Id: &mesosv1.FrameworkID{Value: new("F")}}
	run := Run{Container: "c", Agent: "S", Framework: framework, Executor: CommandExecutor(framework, info), Command: true, Tasks: []*mesosv1.TaskInfo{info}}
	spec, images := host.Spec(run), host.VolumeImages(run)
	if len(images) != 2 || images[0].Ask.Name != "tools:1" || images[1].Ask.Name != "scratch:1" {
		t.Fatalf("images %+v", images)
	}
	want := []runtime.Mount{{Target: "tools", ReadOnly: true}, {Target: "/tmp/scratch"}}
	got := []runtime.Mount{spec.Mounts[images[0].Mount], spec.Mounts[images[1].Mount]}
	if d := cmp.Diff(got, want); d != "" {
		t.Errorf("their mounts (-got +want):\n%s", d)
	}
}

func persistent(id, to string) *mesosv1.Resource {
	disk := resources.MustParse("disk:10").Proto()[0]
	disk.Disk = &mesosv1.Resource_DiskInfo{
		Persistence: &mesosv1.Resource_DiskInfo_Persistence{Id: &id},
		Volume:      &mesosv1.Volume{Mode: mesosv1.Volume_RW.Enum(), ContainerPath: &to},
	}
	return disk
}

func imageVolume(name, to string, mode mesosv1.Volume_Mode) *mesosv1.Volume {
	return &mesosv1.Volume{Mode: mode.Enum(), ContainerPath: &to, Image: &mesosv1.Image{
		Type: mesosv1.Image_DOCKER.Enum(), Docker: &mesosv1.Image_Docker{Name: &name},
	}}
}

func hostVolume(from, to string, mode mesosv1.MountPropagation_Mode) *mesosv1.Volume {
	return &mesosv1.Volume{Mode: mesosv1.Volume_RW.Enum(), ContainerPath: &to, Source: &mesosv1.Volume_Source{
		Type:     mesosv1.Volume_Source_HOST_PATH.Enum(),
		HostPath: &mesosv1.Volume_Source_HostPath{Path: &from, MountPropagation: &mesosv1.MountPropagation{Mode: mode.Enum()}},
	}}
}

func secretVolume(data, to string) *mesosv1.Volume {
	return &mesosv1.Volume{Mode: mesosv1.Volume_RW.Enum(), ContainerPath: &to, Source: &mesosv1.Volume_Source{
		Type:   mesosv1.Volume_Source_SECRET.Enum(),
		Secret: &mesosv1.Secret{Type: mesosv1.Secret_VALUE.Enum(), Value: &mesosv1.Secret_Value{Data: []byte(data)}},
	}}
}

func dockerVolume(driver, size string) *mesosv1.Volume {
	return &mesosv1.Volume{Mode: mesosv1.Volume_RW.Enum(), ContainerPath: new("mem"), Source: &mesosv1.Volume_Source{
		Type: mesosv1.Volume_Source_DOCKER_VOLUME.Enum(),
		DockerVolume: &mesosv1.Volume_Source_DockerVolume{Driver: &driver, Name: new("m"), DriverOptions: &mesosv1.Parameters{
			Parameter: []*mesosv1.Parameter{{Key: new("size"), Value: &size}},
		}},
	}}
}
