package launch

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"codeberg.org/reeve/reeve/agentd/image"
	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/mesosv1"
)

// Inside is what is still to be settled about a run in an image when its image is here.
type Inside struct {
	Ask        image.Ask
	Docker     bool // of a container of type DOCKER: as docker run does it
	Command    *mesosv1.CommandInfo
	User       string // whom the command names; "" for nobody
	SwitchUser bool   // false: everything runs as the agent's own user
}

// Inside returns nil for a run that is not in an image.
func (h Host) Inside(r Run) *Inside {
	ask := imageOf(r.Executor.GetContainer())
	if ask == nil {
		return nil
	}
	return &Inside{
		Ask: *ask, Docker: isDocker(r.Executor.GetContainer()), Command: r.Executor.GetCommand(), User: r.Executor.GetCommand().GetUser(), SwitchUser: h.SwitchUser,
	}
}

// InImage says whether a container is in an image.
func InImage(container *mesosv1.ContainerInfo) bool { return imageOf(container) != nil }

func isDocker(container *mesosv1.ContainerInfo) bool {
	return container != nil && container.GetType() == mesosv1.ContainerInfo_DOCKER
}

// imageOf is the image that a container asks for, nil for none.
func imageOf(container *mesosv1.ContainerInfo) *image.Ask {
	if isDocker(container) {
		return &image.Ask{Name: container.GetDocker().GetImage(), Force: container.GetDocker().GetForcePullImage()}
	}
	of := container.GetMesos().GetImage()
	if of == nil {
		return nil
	}
	return new(askFor(of))
}

func askFor(of *mesosv1.Image) image.Ask {
	docker := of.GetDocker()
	return image.Ask{
		Name: docker.GetName(), Force: !of.GetCached(), Username: docker.GetCredential().GetPrincipal(), Password: docker.GetCredential().GetSecret(),
		Config: docker.GetConfig().GetValue().GetData(),
	}
}

// Pulls says whether something of a container is in an image, which has to be here before it can be started.
func Pulls(container *mesosv1.ContainerInfo) bool {
	return InImage(container) || slices.ContainsFunc(container.GetVolumes(), func(v *mesosv1.Volume) bool { return v.GetImage() != nil })
}

// Complete turns the spec of a run, as Spec has made it, into that of a run in the image.
func (in *Inside) Complete(spec runtime.Spec, img image.Image, as runtime.Identity) (runtime.Spec, error) {
	var err error
	if spec.Argv, err = in.argv(img.Config); err != nil {
		return spec, fault.Wrap(fault.Invalid, err, "image %s", in.Ask.Name)
	}
	if spec.StopSignal, err = stopSignal(img.Config.StopSignal); err != nil {
		return spec, fault.Wrap(fault.Invalid, err, "image %s", in.Ask.Name)
	}
	spec.Env = in.environment(spec.Env, img.Config)
	spec.Dir = img.Config.WorkDir
	if spec.Dir == "" && in.Docker {
		spec.Dir = "/"
	}
	spec.Root = &runtime.Root{Layers: img.Layers, Dirs: img.Config.Volumes, As: as}
	return spec, nil
}

// argv is the command line. The rules are those of Mesos's own containers, and of docker run.
//
//	             shell         a value             arguments only                  neither
//	Mesos        sh -c value   value arguments…    entrypoint arguments…           entrypoint cmd…
//	DOCKER       sh -c value   entrypoint value    entrypoint arguments…           entrypoint cmd…
//	                           arguments…
//
// With a value of its own the arguments of a Mesos container begin with argv[0], as without an image. An image without an
// entrypoint begins with its cmd's first word; under DOCKER with the value or the arguments alone.
func (in *Inside) argv(config image.Config) ([]string, error) {
	value, args := in.Command.GetValue(), in.Command.GetArguments()
	var argv []string
	switch {
	case in.Command.GetShell() && value != "":
		return []string{"/bin/sh", "-c", value}, nil
	case in.Docker && (value != "" || len(args) > 0):
		if value != "" {
			argv = []string{value}
		}
		argv = slices.Concat(config.Entrypoint, argv, args)
	case value != "":
		return Argv(in.Command), nil
	case len(config.Entrypoint) > 0 && len(args) > 0:
		argv = slices.Concat(config.Entrypoint, args)
	case len(config.Cmd) > 0 && len(args) > 0:
		argv = slices.Concat(config.Cmd[:1], args)
	default:
		argv = slices.Concat(config.Entrypoint, config.Cmd)
	}
	if len(argv) == 0 || argv[0] == "" {
		return nil, fault.New(fault.Invalid, "it has neither an entrypoint nor a cmd, and the task has no command: set the command's value")
	}
	return argv, nil
}

// environment puts the image's variables between those of the agent and those of the command (spec 3.10). What the agent
// says of the container itself is not for the image to change.
func (in *Inside) environment(env []string, config image.Config) []string {
	given := map[string]bool{}
	for _, kv := range Variables(in.Command) {
		name, _, _ := strings.Cut(kv, "=")
		given[name] = true
	}
	for _, kv := range config.Env {
		name, _, ok := strings.Cut(kv, "=")
		if ok && name != "" && !given[name] && !strings.HasPrefix(name, "MESOS_") && !strings.HasPrefix(name, "LIBPROCESS_") {
			env = append(env, kv)
		}
	}
	return lastOfEach(env)
}

// sandboxSeen is where a run sees its sandbox.
func (h Host) sandboxSeen(r Run) string {
	if InImage(r.Executor.GetContainer()) {
		return runtime.SandboxInImage
	}
	return h.Sandbox(r)
}

// dockerEnvironment is that of a command task of type DOCKER: nothing of an executor's (spec 3.10).
func (h Host) dockerEnvironment(r Run) []string {
	env := []string{defaultPath, "MESOS_SANDBOX=" + runtime.SandboxInImage, "MESOS_CONTAINER_NAME=mesos-" + string(r.Container)}
	return lastOfEach(append(env, ownVariables(r)...))
}

// unsupportedImage says why a container's image cannot be had, "" if it can, or if there is none.
func unsupportedImage(container *mesosv1.ContainerInfo) string {
	if isDocker(container) {
		return unsupportedDocker(container.GetDocker())
	}
	if of := container.GetMesos().GetImage(); of != nil {
		return unsupportedMesosImage(of, "container.mesos.image")
	}
	return ""
}

// unsupportedMesosImage is unsupportedImage for one that is named by a field.
func unsupportedMesosImage(of *mesosv1.Image, field string) string {
	switch {
	case of.GetType() != mesosv1.Image_DOCKER:
		return fmt.Sprintf("%s is of type %s; this version only has images of type DOCKER", field, of.GetType())
	case of.GetDocker().GetName() == "":
		return field + ".docker.name is empty; set it to an image such as alpine:3"
	case of.GetDocker().GetConfig() != nil && of.GetDocker().GetConfig().GetValue() == nil:
		return fmt.Sprintf("%s.docker.config refers to a secret by name, %q, and its value did not come with it: masters send the values of their secrets to jobs alone",
			field, of.GetDocker().GetConfig().GetReference().GetName())
	}
	return ""
}

// unsupportedDocker names the first field of a DOCKER container that would be ignored, "" if there is none.
func unsupportedDocker(docker *mesosv1.ContainerInfo_DockerInfo) string {
	switch {
	case docker.GetImage() == "":
		return "container.docker.image is empty; set it to an image such as alpine:3"
	case docker.GetPrivileged():
		return "container.docker.privileged is not supported: no task may leave its container"
	case len(docker.GetParameters()) > 0:
		return fmt.Sprintf("container.docker.parameters (%s) is not supported: agents run images themselves, without docker", docker.GetParameters()[0].GetKey())
	case docker.GetVolumeDriver() != "":
		return "container.docker.volume_driver is not supported by this version"
	}
	return ""
}

// Home is the variable of a home directory, for DOCKER containers, which always have it; env is what there is already.
func (in *Inside) Home(env []string, home string) []string {
	named := func(kv string) bool { return strings.HasPrefix(kv, "HOME=") }
	if !in.Docker || slices.ContainsFunc(env, named) || !path.IsAbs(home) {
		return env
	}
	return append(env, "HOME="+home)
}
