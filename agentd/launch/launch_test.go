package launch

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/shared/mesostime"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/resources"
)

func run(task *mesosv1.TaskInfo) Run {
	fw := &mesosv1.FrameworkInfo{User: new("alice"), Name: new("f"), Id: &mesosv1.FrameworkID{Value: new("F0")}}
	return Run{
		Container: "c0", Agent: "S0", Framework: fw, Executor: CommandExecutor(fw, task), Command: true,
		Tasks: []*mesosv1.TaskInfo{task}, Grace: 3 * time.Second,
	}
}

func task(command *mesosv1.CommandInfo, amounts string) *mesosv1.TaskInfo {
	return &mesosv1.TaskInfo{
		Name: new("t"), TaskId: &mesosv1.TaskID{Value: new("t")}, Command: command,
		Resources: resources.MustParse(amounts).Allocate("dev").Proto(),
	}
}

func TestCommandLine(t *testing.T) {
	for _, test := range []struct {
		command *mesosv1.CommandInfo
		want    []string
	}{
		{&mesosv1.CommandInfo{Value: new("echo hi")}, []string{"/bin/sh", "-c", "echo hi"}},
		{&mesosv1.CommandInfo{Shell: new(false), Value: new("/bin/echo"), Arguments: []string{"echo", "a", "b"}}, []string{"/bin/echo", "a", "b"}},
		{&mesosv1.CommandInfo{Shell: new(false), Value: new("true")}, []string{"true"}},
	} {
		if got := (Host{}).Spec(run(task(test.command, "cpus:1"))).Argv; !slices.Equal(got, test.want) {
			t.Errorf("%v: got %q, want %q", test.command, got, test.want)
		}
	}
}

func TestEnvironmentPriorities(t *testing.T) {
	command := &mesosv1.CommandInfo{Value: new("x"), Environment: &mesosv1.Environment{Variables: []*mesosv1.Environment_Variable{
		{Name: new("PATH"), Value: new("/opt")},
		{Name: new("PASSWORD"), Type: mesosv1.Environment_Variable_SECRET.Enum(), Secret: &mesosv1.Secret{Value: &mesosv1.Secret_Value{Data: []byte("s3")}}},
		{Name: new("LANG"), Value: new("C")},
	}}}
	host := Host{HTTP: "10.0.0.1:5051", WorkDir: "/w", ExtraEnv: []string{"LANG=de", "SITE=a"}}
	got := map[string]string{}
	for _, kv := range host.Environment(run(task(command, "cpus:1"))) {
		name, value, _ := strings.Cut(kv, "=")
		if _, twice := got[name]; twice {
			t.Errorf("%s is there twice", name)
		}
		got[name] = value
	}
	sandbox := "/w/slaves/S0/frameworks/F0/executors/t/runs/c0"
	want := map[string]string{
		"PATH": "/opt", "PASSWORD": "s3", "LANG": "C", "SITE": "a", "LIBPROCESS_PORT": "0",
		"MESOS_FRAMEWORK_ID": "F0", "MESOS_EXECUTOR_ID": "t", "MESOS_SLAVE_ID": "S0", "MESOS_SLAVE_PID": "slave(1)@10.0.0.1:5051",
		"MESOS_AGENT_ENDPOINT": "10.0.0.1:5051", "MESOS_DIRECTORY": sandbox, "MESOS_SANDBOX": sandbox, "MESOS_CHECKPOINT": "1",
		"MESOS_RECOVERY_TIMEOUT": "15mins", "MESOS_SUBSCRIPTION_BACKOFF_MAX": "2secs", "MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD": "5secs",
		"MESOS_HTTP_COMMAND_EXECUTOR": "0", "MESOS_ALLOCATION_ROLE": "dev",
	}
	if d := cmp.Diff(got, want); d != "" {
		t.Errorf("environment (-got +want):\n%s", d)
	}
}

func TestLimits(t *testing.T) {
	limited := task(nil, "cpus:0.5;mem:100")
	limited.Limits = map[string]*mesosv1.Value_Scalar{"cpus": {Value: new(2.0)}, "mem": {Value: new(math.Inf(1))}}
	custom := run(task(nil, "cpus:1;mem:64"))
	custom.Command, custom.Executor.Resources = false, resources.MustParse("cpus:0.1;mem:32").Proto()
	both := custom
	both.Tasks = append(both.Tasks, task(nil, "cpus:0.5;mem:100"))
	mixed := both
	burst := task(nil, "cpus:0.5;mem:100")
	burst.Limits = map[string]*mesosv1.Value_Scalar{"cpus": {Value: new(2.0)}, "mem": {Value: new(200.0)}}
	mixed.Tasks = []*mesosv1.TaskInfo{custom.Tasks[0], burst}
	idle := custom
	idle.Tasks, idle.Executor = nil, &mesosv1.ExecutorInfo{}
	for name, test := range map[string]struct {
		run  Run
		want runtime.Limits
	}{
		"two tasks":    {both, runtime.Limits{CPUs: 1.6, MemBytes: 196 << 20, Pids: 9}},
		"one bursts":   {mixed, runtime.Limits{CPUs: 1.6, CPUQuota: 3.1, MemBytes: 296 << 20, Pids: 9}},
		"nothing":      {idle, runtime.Limits{MemBytes: 32 << 20, Pids: 9}},
		"no overhead":  {run(task(nil, "cpus:0.5;mem:100")), runtime.Limits{CPUs: 0.5, MemBytes: 100 << 20, Pids: 9}},
		"at least":     {run(task(nil, "cpus:0.5;mem:1")), runtime.Limits{CPUs: 0.5, MemBytes: 32 << 20, Pids: 9}},
		"limits":       {run(limited), runtime.Limits{CPUs: 0.5, CPUQuota: 2, Pids: 9}},
		"and executor": {custom, runtime.Limits{CPUs: 1.1, MemBytes: 96 << 20, Pids: 9}},
	} {
		if got := (Host{PidsLimit: 9}).Limits(test.run); got != test.want {
			t.Errorf("%s: got %+v, want %+v", name, got, test.want)
		}
	}
}

func TestUser(t *testing.T) {
	r := run(task(&mesosv1.CommandInfo{Value: new("x")}, "cpus:1"))
	if got := (Host{SwitchUser: true}).User(r); got != "alice" {
		t.Errorf("got %q, want the framework's user", got)
	}
	r.Executor.Command.User = new("bob")
	if got := (Host{SwitchUser: true}).User(r); got != "bob" {
		t.Errorf("got %q, want the command's user", got)
	}
	if got := (Host{}).User(r); got != "" {
		t.Errorf("got %q, want the agent's user", got)
	}
}

func TestUnsupported(t *testing.T) {
	ok := &mesosv1.CommandInfo{Value: new("x")}
	for want, info := range map[string]*mesosv1.TaskInfo{
		"":               {Command: ok, Container: &mesosv1.ContainerInfo{Type: mesosv1.ContainerInfo_MESOS.Enum()}},
		"empty":          {Command: &mesosv1.CommandInfo{}},
		"image is empty": {Command: ok, Container: &mesosv1.ContainerInfo{Type: mesosv1.ContainerInfo_DOCKER.Enum()}},

		"not among the ports": {Command: ok, Container: &mesosv1.ContainerInfo{Type: mesosv1.ContainerInfo_MESOS.Enum(), NetworkInfos: []*mesosv1.NetworkInfo{{}, {Name: new("n"), PortMappings: []*mesosv1.NetworkInfo_PortMapping{{HostPort: new(uint32(1)), ContainerPort: new(uint32(2))}}}}}},
	} {
		got := Host{}.UnsupportedTask(info, false)
		if !strings.Contains(got, want) || (want == "") != (got == "") {
			t.Errorf("%v: got %q, want %q in it", info, got, want)
		}
	}
	if got := (Host{}).UnsupportedPod(&mesosv1.ExecutorInfo{Type: mesosv1.ExecutorInfo_DEFAULT.Enum()}, nil); got != "" {
		t.Errorf("a pod: %q", got)
	}
}

// The name is what tools of Mesos show; the first is from a real agent's /state.
func TestCommandExecutorName(t *testing.T) {
	for command, want := range map[string]string{
		"echo hello world; sleep 10": "Command Executor (Task: t) (Command: sh -c 'echo hello w...')",
		"true":                       "Command Executor (Task: t) (Command: sh -c 'true')",
	} {
		got := CommandExecutor(&mesosv1.FrameworkInfo{}, task(&mesosv1.CommandInfo{Value: &command}, "cpus:1")).GetName()
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestDurationText(t *testing.T) {
	for d, want := range map[time.Duration]string{
		5 * time.Second: "5secs", 90 * time.Second: "1.5mins", 15 * time.Minute: "15mins", 0: "0ns", 200 * time.Millisecond: "200ms",
		14 * 24 * time.Hour: "2weeks",
	} {
		if got := mesostime.Text(d); got != want {
			t.Errorf("%v: got %q, want %q", d, got, want)
		}
	}
}
