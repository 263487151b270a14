package taskinfo_test

import (
	"testing"

	"codeberg.org/reeve/reeve/masterd/taskinfo"
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
		Health:  &reeveapi.JobHealth{HTTP: "/health", PortIndex: 1, IntervalSeconds: 2, TimeoutSeconds: 3, Failures: 4},
	}
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
		"label":     got.GetLabels().GetLabels()[0].GetKey() == "team",
	} {
		if !ok {
			t.Errorf("%s is not in %v", name, got)
		}
	}
}
