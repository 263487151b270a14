package workload

import (
	"fmt"
	"math"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/resources"
)

// minMemory is the smallest memory limit of a container.
const minMemory = 16 << 20

// recoveryTimeout is what executors are told to wait for an agent that restarts (spec 4.2).
const recoveryTimeout = 15 * time.Minute

// defaultPath is the PATH of whoever is given none.
const defaultPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// Sandbox is where a run of an executor keeps its files (spec 3.12).
func Sandbox(workDir string, agent ids.Agent, fw ids.Framework, ex ids.Executor, c ids.Container) string {
	return path.Join(workDir, "slaves", string(agent), "frameworks", string(fw), "executors", string(ex), "runs", string(c))
}

func (m *Machine) sandbox(c *container) string {
	return Sandbox(m.cfg.WorkDir, c.agent, c.framework.id, c.executor, c.id)
}

// commandExecutor is the executor that stands for a command task on the agent, named as Mesos names it.
func commandExecutor(fw *framework, info *mesosv1.TaskInfo) *mesosv1.ExecutorInfo {
	id := info.GetTaskId().GetValue()
	text := info.GetCommand().GetValue()
	if info.GetCommand().GetShell() {
		text = "sh -c '" + text + "'"
	} else {
		text = "[" + strings.Join(append([]string{text}, info.GetCommand().GetArguments()...), ", ") + "]"
	}
	return &mesosv1.ExecutorInfo{
		ExecutorId:  &mesosv1.ExecutorID{Value: proto.String(id)},
		FrameworkId: fw.info.GetId(),
		Name:        proto.String(fmt.Sprintf("Command Executor (Task: %s) (Command: %s)", id, shorten(text, 20))),
		Source:      proto.String(id),
		Command:     info.GetCommand(),
	}
}

// shorten cuts a text after n characters of content.
func shorten(text string, n int) string {
	runes := []rune(text)
	if len(runes) <= n {
		return text
	}
	return string(runes[:n-5]) + "...')"
}

// start is the effect that starts a container.
func (m *Machine) start(c *container) Start {
	command := c.info.GetCommand()
	sandbox := m.sandbox(c)
	return Start{
		Spec: runtime.Spec{
			ID:      c.id,
			Argv:    argv(command),
			Env:     m.environment(c, sandbox),
			User:    m.user(c),
			Sandbox: sandbox,
			Stdout:  path.Join(sandbox, "stdout"),
			Stderr:  path.Join(sandbox, "stderr"),
			Hidden:  m.cfg.Hidden,
			Limits:  m.limits(c),
		},
		Owner: m.user(c),
		URIs:  command.GetUris(),
		Grows: !c.command,
	}
}

// argv is the command line: with shell it is for sh -c; without, the arguments have their own argv[0] (pitfall 24).
func argv(command *mesosv1.CommandInfo) []string {
	if command.GetShell() {
		return []string{"/bin/sh", "-c", command.GetValue()}
	}
	args := command.GetArguments()
	if len(args) == 0 {
		return []string{command.GetValue()}
	}
	return append([]string{command.GetValue()}, args[1:]...)
}

// user is who a container runs as: the command's, else the framework's (spec 3.12).
func (m *Machine) user(c *container) string {
	if !m.cfg.SwitchUser {
		return ""
	}
	if user := c.info.GetCommand().GetUser(); user != "" {
		return user
	}
	return c.framework.info.GetUser()
}

// environment is that of spec 3.10. Later variables replace earlier ones of the same name.
func (m *Machine) environment(c *container, sandbox string) []string {
	grace := m.shutdownGrace(c)
	if c.command {
		grace += 2 * time.Second // to reap, and a margin
	}
	env := slices.Concat(m.cfg.ExtraEnv, []string{
		defaultPath,
		"LIBPROCESS_PORT=0",
		"MESOS_FRAMEWORK_ID=" + string(c.framework.id),
		"MESOS_EXECUTOR_ID=" + string(c.executor),
		"MESOS_SLAVE_ID=" + string(c.agent),
		"MESOS_SLAVE_PID=slave(1)@" + m.cfg.HTTP,
		"MESOS_AGENT_ENDPOINT=" + m.cfg.HTTP,
		"MESOS_DIRECTORY=" + sandbox,
		"MESOS_SANDBOX=" + sandbox,
		"MESOS_CHECKPOINT=1", // of whatever framework: everything is saved here
		"MESOS_RECOVERY_TIMEOUT=" + durationText(recoveryTimeout),
		"MESOS_SUBSCRIPTION_BACKOFF_MAX=" + durationText(2*time.Second),
		"MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD=" + durationText(grace),
		"MESOS_HTTP_COMMAND_EXECUTOR=0",
	})
	for _, v := range c.info.GetCommand().GetEnvironment().GetVariables() {
		value := v.GetValue()
		if v.GetType() == mesosv1.Environment_Variable_SECRET {
			value = string(v.GetSecret().GetValue().GetData())
		}
		env = append(env, v.GetName()+"="+value)
	}
	if c.command {
		for _, t := range c.tasks {
			env = append(env, "MESOS_ALLOCATION_ROLE="+allocationRole(t.info))
		}
	}
	return lastOfEach(env)
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

// durationText writes a duration as Mesos does: a number and the largest unit that leaves it at 1 or more ("5secs",
// "1.5mins").
func durationText(d time.Duration) string {
	units := []struct {
		name string
		unit time.Duration
	}{
		{"weeks", 7 * 24 * time.Hour}, {"days", 24 * time.Hour}, {"hrs", time.Hour}, {"mins", time.Minute},
		{"secs", time.Second}, {"ms", time.Millisecond}, {"us", time.Microsecond},
	}
	for _, u := range units {
		if d >= u.unit {
			return strconv.FormatFloat(float64(d)/float64(u.unit), 'f', -1, 64) + u.name
		}
	}
	return strconv.FormatInt(int64(d), 10) + "ns"
}

// limits of a container: what its tasks, and a custom executor itself, may use. A command task has no overhead for an
// executor that is not there.
func (m *Machine) limits(c *container) runtime.Limits {
	var lists [][]*mesosv1.Resource
	if !c.command {
		lists = append(lists, c.info.GetResources())
	}
	var hard map[string]*mesosv1.Value_Scalar
	for _, t := range c.sortedTasks() {
		if !t.ended() {
			lists = append(lists, t.info.GetResources())
		}
		if c.command {
			hard = t.info.GetLimits()
		}
	}
	sum := resources.Resources{}
	for _, list := range lists {
		if r, err := resources.FromProto(list); err == nil { // the master has validated them
			sum = sum.Plus(r)
		}
	}
	limits := runtime.Limits{
		CPUs:     sum.Scalar("cpus").Float(),
		MemBytes: megabytes(sum.Scalar("mem").Float()),
		Pids:     m.cfg.PidsLimit,
	}
	if quota := hard["cpus"]; quota != nil && !math.IsInf(quota.GetValue(), 1) {
		limits.CPUQuota = quota.GetValue()
	}
	if mem := hard["mem"]; mem != nil {
		limits.MemBytes = megabytes(mem.GetValue())
	}
	return limits
}

// megabytes is a memory limit in bytes, at least minMemory; infinity means none.
func megabytes(mb float64) int64 {
	if math.IsInf(mb, 1) {
		return 0
	}
	return max(minMemory, int64(mb*(1<<20)))
}

// unsupported says what of a container and command this version cannot do, "" if nothing: better to fail a task than to
// run it without what it asked for.
func unsupported(container *mesosv1.ContainerInfo, command *mesosv1.CommandInfo, task *mesosv1.TaskInfo) string {
	switch {
	case container.GetType() == mesosv1.ContainerInfo_DOCKER && container != nil || container.GetMesos().GetImage() != nil:
		return "container images are not supported by this version; leave container out to run on the host's file system"
	case len(container.GetVolumes()) > 0:
		return "volumes are not supported by this version"
	case task.GetHealthCheck() != nil || task.GetCheck() != nil:
		return "health checks and checks are not supported by this version; leave them out"
	case command.GetValue() == "":
		return "the command is empty: set its value"
	}
	for _, v := range command.GetEnvironment().GetVariables() {
		if v.GetType() == mesosv1.Environment_Variable_SECRET && v.GetSecret().GetValue() == nil {
			return fmt.Sprintf("environment variable %s refers to a secret by name; only secrets by value are supported", v.GetName())
		}
	}
	return ""
}

// unsupportedExecutor is unsupported for an executor.
func unsupportedExecutor(info *mesosv1.ExecutorInfo) string {
	if info.GetType() == mesosv1.ExecutorInfo_DEFAULT {
		return "the default executor is not supported by this version; launch command tasks or a custom executor"
	}
	return unsupported(info.GetContainer(), info.GetCommand(), nil)
}
