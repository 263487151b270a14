package execute

import (
	"encoding/json"
	"io"
	"os"
	"os/user"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	"codeberg.org/reeve/reeve/shared/codec"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/mesostime"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/resources"
)

// maxFile bounds what is read from a file that a flag names.
const maxFile = 16 << 20

// plan is what has to be done, checked and built from the flags. Exactly one of task and group is set.
type plan struct {
	framework *mesosv1.FrameworkInfo
	role      string
	task      *mesosv1.TaskInfo
	group     *mesosv1.TaskGroupInfo
	networks  []*mesosv1.NetworkInfo // of the group's executor
	wanted    resources.Resources    // by all tasks together
	killAfter time.Duration          // 0: never
	form      codec.Codec
}

func (p *plan) tasks() []*mesosv1.TaskInfo {
	if p.group != nil {
		return p.group.GetTasks()
	}
	return []*mesosv1.TaskInfo{p.task}
}

// newPlan checks the flags in the order of Mesos and builds everything that does not depend on an offer.
func newPlan(f *flags) (*plan, error) {
	p := &plan{}
	steps := []func(*flags) error{p.check, p.buildFramework, p.buildTask, p.count}
	for _, step := range steps {
		if err := step(f); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func (p *plan) check(f *flags) error {
	given := f.task != "" || f.taskGroup != ""
	switch {
	case f.task != "" && f.taskGroup != "":
		return usage("Either task or task group should be set but not both. Provide either '--task' OR '--task_group'")
	case given && (f.name != "" || f.command != "" || f.env != "" || f.appcImage != "" || f.dockerImage != "" || f.volumes != ""):
		return usage("'--name, --command, --env, --appc_image, --docker_image, --volumes' can only be set when both '--task' and '--task_group' are not set")
	case f.task != "" && f.networks != "":
		return usage("'--networks' can only be set when '--task' is not set")
	case !given && f.name == "":
		return usage("Missing required option --name")
	case !given && f.shell && f.command == "":
		return usage("Missing required option --command")
	case f.uploadPackage != "":
		return usage("--package needs HDFS, which is not supported; serve the package over HTTP and name it in the uris of --task")
	case f.principal == "" && f.secret != "":
		return usage("--secret needs --principal")
	}
	switch f.contentType {
	case "protobuf":
		p.form = codec.Protobuf
	case "json":
		p.form = codec.JSON
	default:
		return usage("Unsupported content type '%s'; use json or protobuf", f.contentType)
	}
	if f.killAfter != "" {
		after, err := mesostime.Parse(f.killAfter)
		if err != nil {
			return usage("--kill_after: %v", err)
		}
		p.killAfter = max(after, 1) // 0secs means at once
	}
	return nil
}

func (p *plan) buildFramework(f *flags) error {
	who, err := user.Current()
	if err != nil {
		return fault.Wrap(fault.Internal, err, "find out who you are")
	}
	capabilities := []mesosv1.FrameworkInfo_Capability_Type{
		mesosv1.FrameworkInfo_Capability_RESERVATION_REFINEMENT,
		mesosv1.FrameworkInfo_Capability_TASK_KILLING_STATE,
		mesosv1.FrameworkInfo_Capability_REVOCABLE_RESOURCES,
	}
	for name := range strings.SplitSeq(f.frameworkCapabilities, ",") {
		switch strings.TrimSpace(name) {
		case "":
		case "GPU_RESOURCES":
			capabilities = append(capabilities, mesosv1.FrameworkInfo_Capability_GPU_RESOURCES)
		default:
			return usage("Flags --framework_capabilities may only contain GPU_RESOURCES, not '%s'", name)
		}
	}
	if f.partitionAware {
		capabilities = append(capabilities, mesosv1.FrameworkInfo_Capability_PARTITION_AWARE)
	}
	p.role = f.role
	p.framework = &mesosv1.FrameworkInfo{
		User: &who.Username, Name: new("mesos-execute instance"), Checkpoint: &f.checkpoint,
		Role: &f.role,
	}
	for _, c := range capabilities {
		p.framework.Capabilities = append(p.framework.Capabilities, &mesosv1.FrameworkInfo_Capability{Type: c.Enum()})
	}
	if f.principal != "" {
		p.framework.Principal = &f.principal
	}
	return nil
}

func (p *plan) buildTask(f *flags) error {
	p.networks = networks(f.networks)
	switch {
	case f.task != "":
		p.task = &mesosv1.TaskInfo{}
		return decode("task", f.task, p.task)
	case f.taskGroup != "":
		p.group = &mesosv1.TaskGroupInfo{}
		if err := decode("task_group", f.taskGroup, p.group); err != nil {
			return err
		}
		if len(p.group.GetTasks()) == 0 {
			return usage("--task_group has no tasks")
		}
		return nil
	}
	p.task = &mesosv1.TaskInfo{
		Name: &f.name, TaskId: &mesosv1.TaskID{Value: &f.name}, Command: &mesosv1.CommandInfo{Shell: &f.shell},
	}
	if f.shell {
		p.task.Command.Value = &f.command
	}
	wanted, err := resources.Parse(f.resources, "*")
	if err != nil {
		return usage("Failed to parse resources '%s': %v", f.resources, err)
	}
	p.task.Resources = wanted.Proto()
	if f.env != "" {
		if p.task.Command.Environment, err = environment(f.env); err != nil {
			return err
		}
	}
	return addContainer(f, p.task)
}

// count adds up what all tasks want.
func (p *plan) count(*flags) error {
	for _, task := range p.tasks() {
		wanted, err := resources.FromProto(task.GetResources())
		if err != nil {
			return usage("task '%s': %v", task.GetName(), err)
		}
		p.wanted = p.wanted.Plus(wanted.ToUnreserved().Unallocate())
	}
	return nil
}

// environment reads {"NAME":"value"}.
func environment(value string) (*mesosv1.Environment, error) {
	text, err := content("env", value)
	if err != nil {
		return nil, err
	}
	var pairs map[string]string
	if err := json.Unmarshal(text, &pairs); err != nil {
		return nil, usage("Failed to parse --env: %v; it must be a JSON object of strings", err)
	}
	env := &mesosv1.Environment{}
	for _, name := range sortedKeys(pairs) {
		env.Variables = append(env.Variables, &mesosv1.Environment_Variable{Name: &name, Value: new(pairs[name])})
	}
	return env, nil
}

// decode reads a message in JSON that a flag holds or names.
func decode(flag, value string, m proto.Message) error {
	text, err := content(flag, value)
	if err != nil {
		return err
	}
	if err := codec.JSON.Unmarshal(text, m); err != nil {
		return usage("Failed to parse --%s: %v", flag, err)
	}
	return nil
}

// content is the flag's value, or the file that it names: "file:///path" or "/path".
func content(flag, value string) ([]byte, error) {
	path, isFile := strings.CutPrefix(value, "file://")
	if !isFile && !strings.HasPrefix(value, "/") {
		return []byte(value), nil
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, usage("Failed to read --%s: %v", flag, err)
	}
	defer func() { _ = file.Close() }() // nothing was written
	text, err := io.ReadAll(io.LimitReader(file, maxFile))
	if err != nil {
		return nil, usage("Failed to read --%s: %v", flag, err)
	}
	return text, nil
}
