package taskinfo_test

import (
	"slices"
	"testing"

	"codeberg.org/reeve/reeve/masterd/taskinfo"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

func TestTasksAreNamedSoThatPeopleCanTellThemApart(t *testing.T) {
	for instances, want := range map[int]string{1: "web", 3: "web.2"} {
		if got := taskinfo.Name(&reeveapi.JobSpec{Name: "web", Instances: instances}, min(2, instances-1)); got != want {
			t.Errorf("of %d instances: got %q, want %q", instances, got, want)
		}
	}
}

// TestEverythingReachesTheTask: what an operator may write about a task is in what the agent gets.
func TestEverythingReachesTheTask(t *testing.T) {
	spec := &reeveapi.JobSpec{
		Name: "web", Command: "serve", Instances: 1, Image: "nginx:1.27", User: "www", URIs: []string{"http://x/y"},
		Env: map[string]string{"A": "1"}, Labels: map[string]string{"team": "web"}, Ports: 2, KillGraceSeconds: 1.5,
		Volumes: []reeveapi.JobVolume{{Host: "/srv", Container: "data", ReadOnly: true}},
		Health:  &reeveapi.JobHealth{HTTP: "/health", HTTPS: true, PortIndex: 1, IntervalSeconds: 2, TimeoutSeconds: 3, Failures: 4},
		Check:   &reeveapi.JobCheck{TCP: true, Port: 80, IntervalSeconds: 7},
		Secrets: []reeveapi.JobSecret{{Name: "db", Env: "PASSWORD"}, {Name: "tls", File: "tls.key"}, {Name: "hub", ImagePull: true}},
		Fetch:   []reeveapi.JobFetch{{URI: "http://x/z.tar", Executable: true, Keep: true, Cache: true, File: "z"}},
		Limits:  &reeveapi.JobLimits{CPUs: 2}, MaxRunSeconds: 9,
		Container: &reeveapi.JobContainer{
			Network: "bridge", MapPorts: []int{80}, Hostname: "h", PullAlways: true, Capabilities: &[]string{"NET_RAW"}, Seccomp: "strict",
			Rlimits: map[string]reeveapi.JobRlimit{"nofile": {Soft: new(uint64(10)), Hard: new(uint64(20))}}, ShmMB: 64,
		},
	}
	spec.Volumes = append(spec.Volumes, reeveapi.JobVolume{TmpfsMB: 8, Container: "scratch"}, reeveapi.JobVolume{Image: "tools:1", Container: "tools", ReadOnly: true})
	got := taskinfo.Build(spec, taskinfo.Attempt{Index: 0, Task: "web.0", Ports: []uint64{31000, 31001}})
	env := map[string]string{}
	for _, v := range got.GetCommand().GetEnvironment().GetVariables() {
		env[v.GetName()] = v.GetValue()
	}
	for name, ok := range map[string]bool{
		"image":     got.GetContainer().GetMesos().GetImage().GetDocker().GetName() == "nginx:1.27",
		"volume":    got.GetContainer().GetVolumes()[0].GetHostPath() == "/srv" && got.GetContainer().GetVolumes()[0].GetMode().String() == "RO",
		"health":    got.GetHealthCheck().GetHttp().GetPort() == 31001 && got.GetHealthCheck().GetHttp().GetPath() == "/health" && got.GetHealthCheck().GetConsecutiveFailures() == 4,
		"discovery": got.GetDiscovery().GetName() == "web" && got.GetDiscovery().GetPorts().GetPorts()[1].GetNumber() == 31001,
		"env":       env["A"] == "1" && env["PORT1"] == "31001" && env["REEVE_JOB"] == "web" && env["REEVE_INSTANCE"] == "0",
		"user":      got.GetCommand().GetUser() == "www",
		"uri":       got.GetCommand().GetUris()[0].GetValue() == "http://x/y",
		"kill":      got.GetKillPolicy().GetGracePeriod().GetNanoseconds() == 1_500_000_000,
		"https":     got.GetHealthCheck().GetHttp().GetScheme() == "https",
		"check":     got.GetCheck().GetTcp().GetPort() == 80 && got.GetCheck().GetIntervalSeconds() == 7,
		"tmpfs":     got.GetContainer().GetVolumes()[1].GetSource().GetDockerVolume().GetDriverOptions().GetParameter()[0].GetValue() == "8MB",
		"tools":     got.GetContainer().GetVolumes()[2].GetImage().GetDocker().GetName() == "tools:1" && got.GetContainer().GetVolumes()[2].GetImage().GetDocker().GetConfig().GetReference().GetName() == "hub",
		"secret":    secretOf(got, "PASSWORD").GetReference().GetName() == "db" && secretOf(got, "PASSWORD").GetValue() == nil,
		"file":      got.GetContainer().GetVolumes()[3].GetSource().GetSecret().GetReference().GetName() == "tls" && got.GetContainer().GetVolumes()[3].GetContainerPath() == "tls.key",
		"pull":      got.GetContainer().GetMesos().GetImage().GetDocker().GetConfig().GetReference().GetName() == "hub" && !got.GetContainer().GetMesos().GetImage().GetCached(),
		"fetch":     got.GetCommand().GetUris()[1].GetOutputFile() == "z" && got.GetCommand().GetUris()[1].GetCache() && !got.GetCommand().GetUris()[1].GetExtract(),
		"limits":    got.GetLimits()["cpus"].GetValue() == 2 && got.GetLimits()["mem"] == nil,
		"max run":   got.GetMaxCompletionTime().GetNanoseconds() == 9_000_000_000,
		"network":   got.GetContainer().GetNetworkInfos()[0].GetName() == "bridge" && got.GetContainer().GetNetworkInfos()[0].GetPortMappings()[0].GetHostPort() == 31000,
		"walls":     got.GetContainer().GetHostname() == "h" && got.GetContainer().GetLinuxInfo().GetShmSize() == 64 && got.GetContainer().GetLinuxInfo().GetSeccomp().GetProfileName() == "strict",
		"caps":      got.GetContainer().GetLinuxInfo().GetEffectiveCapabilities().GetCapabilities()[0].String() == "NET_RAW",
		"rlimit":    got.GetContainer().GetRlimitInfo().GetRlimits()[0].GetHard() == 20 && got.GetContainer().GetRlimitInfo().GetRlimits()[0].GetType().String() == "RLMT_NOFILE",
		"label":     got.GetLabels().GetLabels()[0].GetKey() == "team",
	} {
		if !ok {
			t.Errorf("%s is not in %v", name, got)
		}
	}
}

func secretOf(info *mesosv1.TaskInfo, name string) *mesosv1.Secret {
	for _, v := range info.GetCommand().GetEnvironment().GetVariables() {
		if v.GetName() == name {
			return v.GetSecret()
		}
	}
	return nil
}

// TestCommandLines: a shell runs the command, unless there are arguments; an image may have both itself.
func TestCommandLines(t *testing.T) {
	for name, tc := range map[string]struct {
		spec  reeveapi.JobSpec
		shell bool
		value string
		args  []string
	}{
		"shell":            {reeveapi.JobSpec{Command: "echo $A"}, true, "echo $A", nil},
		"program":          {reeveapi.JobSpec{Command: "echo", Args: []string{"$A"}}, false, "echo", []string{"echo", "$A"}},
		"entrypoint":       {reeveapi.JobSpec{Image: "x"}, false, "", nil},
		"entrypoint, args": {reeveapi.JobSpec{Image: "x", Args: []string{"-v"}}, false, "", []string{"-v"}},
	} {
		c := taskinfo.Build(&tc.spec, taskinfo.Attempt{}).GetCommand()
		if c.GetShell() != tc.shell || c.GetValue() != tc.value || !slices.Equal(c.GetArguments(), tc.args) {
			t.Errorf("%s: got %v", name, c)
		}
	}
}
