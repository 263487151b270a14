// Package launch turns what frameworks ask for into what a container runtime is given: command line, environment, user,
// limits and sandbox of one run of an executor. It owns Mesos's rules for these (spec 3.10 to 3.12; pitfalls 22 and 24)
// and the list of what this version cannot do. It is pure: it looks at nothing but its arguments. Start reading at
// Host.Spec.
package launch

import (
	"fmt"
	"math"
	"path"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	"codeberg.org/reeve/reeve/agentd/pod"
	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesostime"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/resources"
)

const (
	// minMemory is the smallest memory limit of a container, as in Mesos: whoever asks for less gets this much.
	minMemory = 32 << 20
	// recoveryTimeout is what executors are told to wait for an agent that restarts (spec 4.2).
	recoveryTimeout = 15 * time.Minute
	// subscriptionBackoff is the longest they should wait between two tries.
	subscriptionBackoff = 2 * time.Second
	// reapMargin is what the grace of a command task is longer by than what is waited before it is killed (spec 3.11).
	reapMargin = 2 * time.Second
)

// defaultPath is the PATH of whoever is given none.
const defaultPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// Host is what of the agent goes into every container.
type Host struct {
	HTTP       string   // ip:port of the agent's API, for executors
	WorkDir    string   // sandboxes are below it
	Hidden     []string // host directories that no container sees
	SwitchUser bool     // run as the user that the command or the framework names
	PidsLimit  int64    // of a container, 0 for none
	ExtraEnv   []string // KEY=value for every executor, at the lowest priority

	Effective []string // capabilities of a container that does not ask for any; nil for the runtime's default
	Bounding  []string // those that may be asked for
	HostPaths []string // directories of the host that volumes may be in; nil for all

	ShareHostPIDs bool // containers may ask for the host's pid namespace
	ShareHostIPC  bool // containers may ask for the host's IPC namespace
}

// Run is one run of an executor. For a command task the executor is one in name only, made by CommandExecutor.
type Run struct {
	Container ids.Container
	Agent     ids.Agent
	Framework *mesosv1.FrameworkInfo
	Executor  *mesosv1.ExecutorInfo
	Command   bool
	Pod       *mesosv1.ExecutorInfo // of a task in a pod: the pod's executor
	Tasks     []*mesosv1.TaskInfo   // that have not ended; exactly one for a command task that is to be started
	Grace     time.Duration         // between being asked to end and being killed
}

// Sandbox is where a run keeps its files (spec 3.12).
func (h Host) Sandbox(r Run) string {
	of, name := r.Container.Split()
	if of == "" {
		of, name = r.Container, ""
	}
	sandbox := path.Join(h.WorkDir, "slaves", string(r.Agent), "frameworks", r.Framework.GetId().GetValue(),
		"executors", r.Executor.GetExecutorId().GetValue(), "runs", string(of))
	if name != "" {
		return pod.Nested(sandbox, name)
	}
	return sandbox
}

// Spec is what the runtime is given.
func (h Host) Spec(r Run) runtime.Spec {
	sandbox := h.Sandbox(r)
	return runtime.Spec{
		ID:      r.Container,
		Argv:    Argv(r.Executor.GetCommand()),
		Env:     h.Environment(r),
		User:    h.User(r),
		Sandbox: sandbox,
		Stdout:  path.Join(sandbox, "stdout"),
		Stderr:  path.Join(sandbox, "stderr"),
		Hidden:  h.Hidden,
		Mounts:  append(h.persistent(r), h.volumes(r)...),
		Limits:  h.Limits(r),

		Isolation: h.isolation(r),
		Network:   h.network(r),
		GPUs:      GPUs(r),
		TTY:       Window(r.Executor.GetContainer().GetTtyInfo()),
	}
}

// Argv is the command line: with shell it is for sh -c; without, the arguments have their own argv[0] (pitfall 24).
func Argv(command *mesosv1.CommandInfo) []string {
	if command.GetShell() {
		return []string{"/bin/sh", "-c", command.GetValue()}
	}
	args := command.GetArguments()
	if len(args) == 0 {
		return []string{command.GetValue()}
	}
	return append([]string{command.GetValue()}, args[1:]...)
}

// User is who a run's processes are: whom the command names, else the framework (spec 3.12); "" for the agent's own user.
func (h Host) User(r Run) string {
	if !h.SwitchUser {
		return ""
	}
	if user := r.Executor.GetCommand().GetUser(); user != "" {
		return user
	}
	return r.Framework.GetUser()
}

// Environment is that of spec 3.10. Later variables replace earlier ones of the same name.
func (h Host) Environment(r Run) []string {
	grace := r.Grace
	if r.Command {
		grace += reapMargin
	}
	sandbox, seen := h.Sandbox(r), h.sandboxSeen(r)
	if of, _ := r.Container.Split(); of != "" {
		return h.nestedEnvironment(r, seen)
	}
	if r.Command && isDocker(r.Executor.GetContainer()) {
		return h.dockerEnvironment(r)
	}
	env := slices.Concat(h.ExtraEnv, []string{
		defaultPath,
		"LIBPROCESS_PORT=0",
		"MESOS_FRAMEWORK_ID=" + r.Framework.GetId().GetValue(),
		"MESOS_EXECUTOR_ID=" + r.Executor.GetExecutorId().GetValue(),
		"MESOS_SLAVE_ID=" + string(r.Agent),
		"MESOS_SLAVE_PID=slave(1)@" + h.HTTP,
		"MESOS_AGENT_ENDPOINT=" + h.HTTP,
		"MESOS_DIRECTORY=" + sandbox,
		"MESOS_SANDBOX=" + seen,
		"MESOS_CHECKPOINT=1", // of whatever framework: everything is saved here
		"MESOS_RECOVERY_TIMEOUT=" + mesostime.Text(recoveryTimeout),
		"MESOS_SUBSCRIPTION_BACKOFF_MAX=" + mesostime.Text(subscriptionBackoff),
		"MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD=" + mesostime.Text(grace),
		"MESOS_HTTP_COMMAND_EXECUTOR=0",
	})
	if _, own := joinsOf(r.Executor.GetContainer()); own {
		env = append(env, "LIBPROCESS_IP=0.0.0.0") // the agent's is not one of the container's
	}
	return lastOfEach(append(env, ownVariables(r)...))
}

// nestedEnvironment is that of a task in a pod: nothing of its executor's (spec 3.10).
func (h Host) nestedEnvironment(r Run, sandbox string) []string {
	ip, _, _ := strings.Cut(h.HTTP, ":")
	env := []string{defaultPath, "MESOS_SANDBOX=" + sandbox, "MESOS_CONTAINER_IP=" + ip}
	return lastOfEach(append(env, ownVariables(r)...))
}

// ownVariables are those that the command names, and the role of a command task.
func ownVariables(r Run) []string {
	env := Variables(r.Executor.GetCommand())
	if r.Command {
		for _, t := range r.Tasks {
			env = append(env, "MESOS_ALLOCATION_ROLE="+allocationRole(t))
		}
	}
	return env
}

func allocationRole(info *mesosv1.TaskInfo) string {
	for _, r := range info.GetResources() {
		if role := r.GetAllocationInfo().GetRole(); role != "" {
			return role
		}
	}
	return "*"
}

// lastOfEach keeps the last value of each variable, in the order of first appearance.
func lastOfEach(env []string) []string {
	at := map[string]int{}
	var out []string
	for _, kv := range env {
		name, _, _ := strings.Cut(kv, "=")
		if i, ok := at[name]; ok {
			out[i] = kv
			continue
		}
		at[name] = len(out)
		out = append(out, kv)
	}
	return out
}

// Limits are what a run's tasks, and a custom executor itself, may use together. A command task has no overhead for an
// executor that is not there. A task's limits replace what it asks for; one without any does not bound the CPUs.
func (h Host) Limits(r Run) runtime.Limits {
	own := parse(r.Executor.GetResources())
	cpus, mem := own.Scalar("cpus").Float(), own.Scalar("mem").Float()
	quota, bounded := cpus, false
	for _, t := range r.Tasks {
		asks, hard := parse(t.GetResources()), t.GetLimits()
		cpus += asks.Scalar("cpus").Float()
		quota += limitOr(hard["cpus"], asks.Scalar("cpus"))
		bounded = bounded || hard["cpus"] != nil
		mem += limitOr(hard["mem"], asks.Scalar("mem"))
	}
	limits := runtime.Limits{CPUs: cpus, MemBytes: memBytes(mem), Pids: h.PidsLimit}
	if pod.Is(r.Executor) && !r.Command {
		limits.Pids *= int64(max(1, len(r.Tasks))) // one task must not have the others' processes
		return limits                              // and one's quota is no business of the others
	}
	if bounded && !math.IsInf(quota, 1) {
		limits.CPUQuota = quota
	}
	return limits
}

// limitOr is a task's limit, or without one what it asks for.
func limitOr(limit *mesosv1.Value_Scalar, asks resources.Milli) float64 {
	if limit != nil {
		return limit.GetValue()
	}
	return asks.Float()
}

// parse reads resources that the master has validated.
func parse(wire []*mesosv1.Resource) resources.Resources {
	r, err := resources.FromProto(wire)
	if err != nil {
		return resources.Resources{}
	}
	return r
}

// memBytes is a memory limit in bytes, at least minMemory; infinity means none.
func memBytes(mb float64) int64 {
	if math.IsInf(mb, 1) {
		return 0
	}
	return max(minMemory, int64(mb*(1<<20)))
}

// CommandExecutor is the executor that stands for a command task on the agent, named as Mesos names it.
func CommandExecutor(framework *mesosv1.FrameworkInfo, task *mesosv1.TaskInfo) *mesosv1.ExecutorInfo {
	id := task.GetTaskId().GetValue()
	text := "sh -c '" + shorten(task.GetCommand().GetValue()) + "'"
	if !task.GetCommand().GetShell() {
		text = "[" + task.GetCommand().GetValue() + ", " + shorten(strings.Join(task.GetCommand().GetArguments(), ", ")) + "]"
	}
	return &mesosv1.ExecutorInfo{
		ExecutorId:  &mesosv1.ExecutorID{Value: &id},
		FrameworkId: framework.GetId(),
		Name:        new(fmt.Sprintf("Command Executor (Task: %s) (Command: %s)", id, text)),
		Source:      &id,
		Command:     task.GetCommand(),
		Container:   task.GetContainer(),
	}
}

// Member is a task's executor as far as its container in a pod is concerned: what the task says replaces what the executor
// does, and the executor's resources are the pod's.
func Member(executor *mesosv1.ExecutorInfo, task *mesosv1.TaskInfo) *mesosv1.ExecutorInfo {
	member := &mesosv1.ExecutorInfo{
		Type: executor.Type, ExecutorId: executor.GetExecutorId(), FrameworkId: executor.GetFrameworkId(), Name: executor.Name,
		Command: task.GetCommand(), Container: task.GetContainer(),
	}
	if member.Command == nil {
		member.Command = executor.GetCommand()
	}
	return member
}

// CustomExecutor is a framework's executor with the framework's id in it, as executors are told of themselves.
func CustomExecutor(framework *mesosv1.FrameworkInfo, info *mesosv1.ExecutorInfo) *mesosv1.ExecutorInfo {
	if info.GetFrameworkId() != nil {
		return info
	}
	info = proto.CloneOf(info)
	info.FrameworkId = framework.GetId()
	return info
}

// KillGrace is how long a command task may take to end: as the KILL says, else the task, else fallback (spec 3.11).
func KillGrace(kill *mesosv1.KillPolicy, task *mesosv1.TaskInfo, fallback time.Duration) time.Duration {
	for _, policy := range []*mesosv1.KillPolicy{kill, task.GetKillPolicy()} {
		if policy.GetGracePeriod() != nil {
			return time.Duration(policy.GetGracePeriod().GetNanoseconds())
		}
	}
	return fallback
}

// ShutdownGrace is how long a custom executor may take to shut down.
func ShutdownGrace(info *mesosv1.ExecutorInfo, fallback time.Duration) time.Duration {
	if info.GetShutdownGracePeriod() != nil {
		return time.Duration(info.GetShutdownGracePeriod().GetNanoseconds())
	}
	return fallback
}

// shownCommand is how many characters of a command its executor's name has.
const shownCommand = 15

// shorten cuts a command for the executor's name, as Mesos does: "echo hello w...".
func shorten(text string) string {
	runes := []rune(text)
	if len(runes) <= shownCommand {
		return text
	}
	return string(runes[:shownCommand-3]) + "..."
}

// UnsupportedTask says what of a command task, or of one in a pod, this agent cannot do, "" if nothing: better to fail a
// task than to run it without what it asked for.
func (h Host) UnsupportedTask(task *mesosv1.TaskInfo, inPod bool) string {
	if why := h.unsupportedVolumes(task.GetContainer(), inPod); why != "" {
		return why
	}
	if inPod {
		if _, own := joinsOf(task.GetContainer()); own {
			return "network_infos of a task in a group: its tasks are in one network, that of their executor; name it there"
		}
	}
	if why := unsupportedNetwork(task.GetContainer(), task.GetResources()); why != "" {
		return why
	}
	return h.unsupported(task.GetContainer(), task.GetCommand(), inPod)
}

// UnsupportedExecutor is UnsupportedTask for an executor, which is started for the tasks.
func (h Host) UnsupportedExecutor(info *mesosv1.ExecutorInfo, tasks []*mesosv1.TaskInfo) string {
	if why := unsupportedNetwork(info.GetContainer(), allOf(info, tasks)); why != "" {
		return why
	}
	if why := h.unsupportedVolumes(info.GetContainer(), false); why != "" {
		return why
	}
	return h.unsupported(info.GetContainer(), info.GetCommand(), false)
}

// allOf are the resources of an executor and its tasks.
func allOf(info *mesosv1.ExecutorInfo, tasks []*mesosv1.TaskInfo) []*mesosv1.Resource {
	all := slices.Clone(info.GetResources())
	for _, t := range tasks {
		all = append(all, t.GetResources()...)
	}
	return all
}

// UnsupportedPod is UnsupportedTask for an executor that the agent plays.
func (h Host) UnsupportedPod(info *mesosv1.ExecutorInfo, tasks []*mesosv1.TaskInfo) string {
	if why := unsupportedNetwork(info.GetContainer(), allOf(info, tasks)); why != "" {
		return why
	}
	if why := h.unsupportedPodVolumes(info.GetContainer()); why != "" {
		return why
	}
	return h.unsupported(info.GetContainer(), &mesosv1.CommandInfo{Value: new("-")}, false) // it has no command
}

func (h Host) unsupported(container *mesosv1.ContainerInfo, command *mesosv1.CommandInfo, inPod bool) string {
	switch {
	case unsupportedImage(container) != "":
		return unsupportedImage(container)
	case command.GetValue() == "" && (command.GetShell() || !InImage(container)):
		return "the command is empty: set its value"
	}
	for _, v := range command.GetEnvironment().GetVariables() {
		if v.GetType() == mesosv1.Environment_Variable_SECRET && v.GetSecret().GetValue() == nil {
			return fmt.Sprintf("environment variable %s refers to a secret by name, %q, and its value did not come with it: masters send the values of their secrets to jobs alone", v.GetName(), v.GetSecret().GetReference().GetName())
		}
	}
	return h.unsupportedIsolation(container, inPod)
}
