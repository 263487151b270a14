package launch

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"codeberg.org/reeve/reeve/agentd/image"
	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/shared/mesosv1"
)

// Every cell of Mesos's table of commands in images, and of docker's.
func TestArgvInImage(t *testing.T) {
	neither, cmd := image.Config{}, image.Config{Cmd: []string{"c0", "c1"}}
	entry, both := image.Config{Entrypoint: []string{"e0", "e1"}}, image.Config{Entrypoint: []string{"e0", "e1"}, Cmd: []string{"c0", "c1"}}
	shell := &mesosv1.CommandInfo{Shell: new(true), Value: new("v")}
	value := &mesosv1.CommandInfo{Shell: new(false), Value: new("v")}
	valueArgs := &mesosv1.CommandInfo{Shell: new(false), Value: new("v"), Arguments: []string{"a0", "a1"}}
	args := &mesosv1.CommandInfo{Shell: new(false), Arguments: []string{"a0", "a1"}}
	nothing := &mesosv1.CommandInfo{Shell: new(false)}
	for _, test := range []struct {
		name          string
		command       *mesosv1.CommandInfo
		config        image.Config
		mesos, docker string // "" for an error
	}{
		{"shell", shell, both, "/bin/sh -c v", "/bin/sh -c v"},
		{"value, neither", value, neither, "v", "v"},
		{"value, cmd", value, cmd, "v", "v"},
		{"value, entrypoint", value, entry, "v", "e0 e1 v"},
		{"value, both", value, both, "v", "e0 e1 v"},
		{"value and arguments, neither", valueArgs, neither, "v a1", "v a0 a1"},
		{"value and arguments, both", valueArgs, both, "v a1", "e0 e1 v a0 a1"},
		{"arguments, neither", args, neither, "", "a0 a1"},
		{"arguments, cmd", args, cmd, "c0 a0 a1", "a0 a1"},
		{"arguments, entrypoint", args, entry, "e0 e1 a0 a1", "e0 e1 a0 a1"},
		{"arguments, both", args, both, "e0 e1 a0 a1", "e0 e1 a0 a1"},
		{"nothing, neither", nothing, neither, "", ""},
		{"nothing, cmd", nothing, cmd, "c0 c1", "c0 c1"},
		{"nothing, entrypoint", nothing, entry, "e0 e1", "e0 e1"},
		{"nothing, both", nothing, both, "e0 e1 c0 c1", "e0 e1 c0 c1"},
	} {
		for docker, want := range map[bool]string{false: test.mesos, true: test.docker} {
			argv, err := (&Inside{Docker: docker, Command: test.command}).argv(test.config)
			if got := strings.Join(argv, " "); got != want || (err == nil) != (want != "") {
				t.Errorf("%s, docker %v: got %q, %v, want %q", test.name, docker, got, err, want)
			}
		}
	}
}

func TestStopSignal(t *testing.T) {
	for text, want := range map[string]int{
		"": 0, "SIGQUIT": 3, "quit": 3, "3": 3, "SIGWINCH": 28, "SIGRTMIN": 34, "SIGRTMIN+3": 37, "RTMAX-1": 63, "64": 64,
		"SIGNOTHING": -1, "0": -1, "65": -1, "-1": -1, "SIGRTMIN+x": -1, "SIGRTMIN+99": -1, "SIG": -1,
	} {
		got, err := stopSignal(text)
		if err != nil {
			got = -1
		}
		if got != want {
			t.Errorf("%q is signal %d (%v), want %d", text, got, err, want)
		}
	}
}

func TestComplete(t *testing.T) {
	command := &mesosv1.CommandInfo{
		Value: new("v"), Environment: &mesosv1.Environment{Variables: []*mesosv1.Environment_Variable{{Name: new("MINE"), Value: new("command")}}},
	}
	config := image.Config{
		Env: []string{"PATH=/image", "MINE=image", "MESOS_SANDBOX=/wrong", "LIBPROCESS_PORT=1", "broken", "NEW=image"}, WorkDir: "/srv", Volumes: []string{"/data"},
	}
	r := run(task(command, "cpus:1"))
	r.Executor.Container = &mesosv1.ContainerInfo{
		Type: mesosv1.ContainerInfo_MESOS.Enum(), Mesos: &mesosv1.ContainerInfo_MesosInfo{Image: &mesosv1.Image{
			Type: mesosv1.Image_DOCKER.Enum(), Cached: new(false),
			Docker: &mesosv1.Image_Docker{Name: new("web"), Credential: &mesosv1.Credential{Principal: new("me"), Secret: new("pw")}},
		}},
	}
	h := Host{WorkDir: "/w", ExtraEnv: []string{"NEW=agent"}}
	in := h.Inside(r)
	if diff := cmp.Diff(in.Ask, image.Ask{Name: "web", Force: true, Username: "me", Password: "pw"}); diff != "" {
		t.Errorf("(-got +want):\n%s", diff)
	}
	spec, err := in.Complete(h.Spec(r), image.Image{Layers: []string{"/top", "/low"}, Config: config}, runtime.Identity{UID: 7})
	if err != nil {
		t.Fatal(err)
	}
	want := &runtime.Root{Layers: []string{"/top", "/low"}, Dirs: []string{"/data"}, As: runtime.Identity{UID: 7}}
	if diff := cmp.Diff(spec.Root, want, cmpopts.EquateEmpty()); diff != "" || spec.Dir != "/srv" {
		t.Errorf("starts in %q, root (-got +want):\n%s", spec.Dir, diff)
	}
	env := map[string]string{}
	for _, kv := range spec.Env {
		name, value, _ := strings.Cut(kv, "=")
		env[name] = value
	}
	for name, value := range map[string]string{
		"PATH": "/image", "MINE": "command", "MESOS_SANDBOX": "/mnt/mesos/sandbox", "LIBPROCESS_PORT": "0", "NEW": "image", "MESOS_DIRECTORY": spec.Sandbox,
	} {
		if env[name] != value {
			t.Errorf("%s is %q, want %q", name, env[name], value)
		}
	}
}

// A task of type DOCKER gets what docker run gives it, and starts at the root.
func TestCompleteDocker(t *testing.T) {
	r := run(task(&mesosv1.CommandInfo{Value: new("v")}, "cpus:1"))
	r.Executor.Container = &mesosv1.ContainerInfo{
		Type: mesosv1.ContainerInfo_DOCKER.Enum(), Docker: &mesosv1.ContainerInfo_DockerInfo{Image: new("web"), ForcePullImage: new(true)},
	}
	h := Host{WorkDir: "/w"}
	in := h.Inside(r)
	if !in.Docker || !in.Ask.Force || in.Ask.Name != "web" {
		t.Errorf("got %+v", in)
	}
	spec, err := in.Complete(h.Spec(r), image.Image{Layers: []string{"/l"}}, runtime.Identity{})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "MESOS_SANDBOX=/mnt/mesos/sandbox",
		"MESOS_CONTAINER_NAME=mesos-" + string(r.Container), "MESOS_ALLOCATION_ROLE=dev", "HOME=/home/web",
	}
	if diff := cmp.Diff(in.Home(spec.Env, "/home/web"), want); diff != "" || spec.Dir != "/" {
		t.Errorf("starts in %q, environment (-got +want):\n%s", spec.Dir, diff)
	}
}

func TestUnsupportedImage(t *testing.T) {
	docker := func(edit func(*mesosv1.ContainerInfo_DockerInfo)) *mesosv1.ContainerInfo {
		info := &mesosv1.ContainerInfo_DockerInfo{Image: new("x")}
		edit(info)
		return &mesosv1.ContainerInfo{Type: mesosv1.ContainerInfo_DOCKER.Enum(), Docker: info}
	}
	mesos := func(i *mesosv1.Image) *mesosv1.ContainerInfo {
		return &mesosv1.ContainerInfo{Type: mesosv1.ContainerInfo_MESOS.Enum(), Mesos: &mesosv1.ContainerInfo_MesosInfo{Image: i}}
	}
	for want, container := range map[string]*mesosv1.ContainerInfo{
		"":             docker(func(d *mesosv1.ContainerInfo_DockerInfo) { d.Network = mesosv1.ContainerInfo_DockerInfo_HOST.Enum() }),
		"docker.image": docker(func(d *mesosv1.ContainerInfo_DockerInfo) { d.Image = new("") }),
		"privileged":   docker(func(d *mesosv1.ContainerInfo_DockerInfo) { d.Privileged = new(true) }),
		"parameters (cap-add": docker(func(d *mesosv1.ContainerInfo_DockerInfo) {
			d.Parameters = []*mesosv1.Parameter{{Key: new("cap-add")}}
		}),
		"volume_driver": docker(func(d *mesosv1.ContainerInfo_DockerInfo) { d.VolumeDriver = new("x") }),
		"network USER":  docker(func(d *mesosv1.ContainerInfo_DockerInfo) { d.Network = mesosv1.ContainerInfo_DockerInfo_USER.Enum() }),
		"port_mappings": docker(func(d *mesosv1.ContainerInfo_DockerInfo) {
			d.PortMappings = []*mesosv1.ContainerInfo_DockerInfo_PortMapping{{}}
		}),
		"type APPC":        mesos(&mesosv1.Image{Type: mesosv1.Image_APPC.Enum()}),
		"name is empty":    mesos(&mesosv1.Image{Type: mesosv1.Image_DOCKER.Enum()}),
		"a secret by name": mesos(&mesosv1.Image{Type: mesosv1.Image_DOCKER.Enum(), Docker: &mesosv1.Image_Docker{Name: new("x"), Config: &mesosv1.Secret{}}}),
	} {
		info := &mesosv1.TaskInfo{Command: &mesosv1.CommandInfo{Shell: new(false)}, Container: container}
		if got := (Host{}).UnsupportedTask(info, false); !strings.Contains(got, want) || (want == "") != (got == "") {
			t.Errorf("%v: got %q, want %q in it", container, got, want)
		}
	}
}
