package execute

import (
	"strings"

	"github.com/spf13/pflag"
)

// flags are what the command line said.
type flags struct {
	name, command, env, resources, role        string
	task, taskGroup                            string
	containerizer, dockerImage, appcImage      string
	networks, volumes, rlimits                 string
	effective, bounding, frameworkCapabilities string
	killAfter, principal, secret, contentType  string
	uploadPackage, hadoop, hdfs                string

	shell, checkpoint, partitionAware, tty, overwrite bool
}

// register declares the flags with the names and defaults of Mesos; "_" and "-" are the same.
func (f *flags) register(fs *pflag.FlagSet) {
	fs.StringVar(&f.name, "name", "", "name and id of the task")
	fs.StringVar(&f.command, "command", "", "command to run")
	fs.BoolVar(&f.shell, "shell", true, "run the command with sh -c; without it the image's entrypoint runs")
	fs.StringVar(&f.task, "task", "", "TaskInfo as JSON, or the path of a file with it")
	fs.StringVar(&f.taskGroup, "task-group", "", "TaskGroupInfo as JSON, or the path of a file with it")
	fs.StringVar(&f.env, "env", "", `environment as JSON, {"NAME":"value"}, or the path of a file with it`)
	fs.StringVar(&f.resources, "resources", "cpus:1;mem:128", "resources of the task")
	fs.StringVar(&f.role, "role", "*", "role of the framework")
	fs.BoolVar(&f.checkpoint, "checkpoint", false, "let the task survive restarts of the agent")
	fs.BoolVar(&f.partitionAware, "partition-aware", true, "hear of unreachable agents instead of lost tasks")
	fs.StringVar(&f.killAfter, "kill-after", "", "kill the task this long after it began to run, such as 10secs or 2mins")
	fs.StringVar(&f.containerizer, "containerizer", "mesos", "kind of container, mesos or docker")
	fs.StringVar(&f.dockerImage, "docker-image", "", "image from a registry, such as alpine:3")
	fs.StringVar(&f.appcImage, "appc-image", "", "appc image")
	fs.StringVar(&f.networks, "networks", "", "names of networks to join, separated by commas")
	fs.StringVar(&f.volumes, "volumes", "", "JSON array of Volume, or the path of a file with it")
	fs.StringVar(&f.rlimits, "rlimits", "", "RLimitInfo as JSON")
	fs.StringVar(&f.effective, "effective-capabilities", "", "CapabilityInfo as JSON: what the command starts with")
	fs.StringVar(&f.bounding, "bounding-capabilities", "", "CapabilityInfo as JSON: the most the command may get")
	fs.BoolVar(&f.tty, "tty", false, "give the task a terminal")
	fs.StringVar(&f.frameworkCapabilities, "framework-capabilities", "", "more capabilities of the framework: GPU_RESOURCES")
	fs.StringVar(&f.principal, "principal", "", "principal of the framework")
	fs.StringVar(&f.secret, "secret", "", "secret of the principal")
	fs.StringVar(&f.contentType, "content-type", "protobuf", "how to talk with the master, json or protobuf")
	fs.StringVar(&f.uploadPackage, "package", "", "not supported: serve the package and name it in uris of --task")
	fs.StringVar(&f.hadoop, "hadoop", "hadoop", "not used")
	fs.StringVar(&f.hdfs, "hdfs", "localhost:9000", "not used")
	fs.BoolVar(&f.overwrite, "overwrite", false, "not used")
	for _, unused := range []string{"package", "hadoop", "hdfs", "overwrite"} {
		fs.Lookup(unused).Hidden = true
	}
	for flag, value := range map[string]*bool{
		"shell": &f.shell, "checkpoint": &f.checkpoint, "partition-aware": &f.partitionAware, "tty": &f.tty, "overwrite": &f.overwrite,
	} {
		negated := fs.VarPF((*negation)(value), "no-"+flag, "", "the same as --"+flag+"=false")
		negated.NoOptDefVal = "true"
		negated.Hidden = true
	}
}

// negation is the flag --no-x of a bool x.
type negation bool

func (n *negation) String() string { return "" }
func (n *negation) Type() string   { return "bool" }

func (n *negation) Set(value string) error {
	*n = negation(strings.EqualFold(value, "false"))
	return nil
}
