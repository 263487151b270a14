package jobplan_test

import (
	"strings"
	"testing"

	"codeberg.org/reeve/reeve/masterd/jobplan"
	"codeberg.org/reeve/reeve/masterd/jobspec"
	"codeberg.org/reeve/reeve/masterd/view"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/shared/resources"
)

func agents() *view.View {
	one := func(id, rack, used string) *view.Agent {
		return &view.Agent{
			ID: ids.Agent(id), State: view.AgentActive,
			Info: &mesosv1.AgentInfo{Hostname: new("host-" + id), Attributes: []*mesosv1.Attribute{{
				Name: new("rack"), Type: mesosv1.Value_TEXT.Enum(), Text: &mesosv1.Value_Text{Value: new(rack)},
			}}},
			Total:     resources.MustParse("cpus:2;mem:1024;ports:[1-9]"),
			Allocated: resources.MustParse(used).Allocate("*"),
		}
	}
	out := one("c", "a", "cpus:0.1")
	out.Deactivated = true
	return &view.View{Agents: map[ids.Agent]*view.Agent{"a": one("a", "a", "cpus:1.5"), "b": one("b", "b", "cpus:0.5"), "c": out}}
}

func reasons(plan reeveapi.JobPlan) string {
	var all []string
	for _, a := range plan.Agents {
		all = append(all, a.Name+" takes "+string(rune('0'+a.Takes))+": "+a.Reason)
	}
	return strings.Join(all, "\n")
}

func TestWhetherItFits(t *testing.T) {
	for name, tc := range map[string]struct {
		spec  reeveapi.JobSpec
		fits  int
		agent string
	}{
		"all":     {reeveapi.JobSpec{Instances: 3, Resources: reeveapi.Amounts{CPUs: 0.5}}, 3, "host-c takes 0: it is deactivated or drains"},
		"some":    {reeveapi.JobSpec{Instances: 3, Resources: reeveapi.Amounts{CPUs: 1}}, 1, "host-a takes 0: 0.5 cpus left, 1 asked"},
		"rule":    {reeveapi.JobSpec{Instances: 2, Constraints: []reeveapi.Constraint{{Attribute: "rack", Operator: "equals", Value: "b"}}}, 2, `host-a takes 0: rack is "a", not "b"`},
		"unique":  {reeveapi.JobSpec{Instances: 3, Constraints: []reeveapi.Constraint{{Attribute: "hostname", Operator: "unique"}}}, 2, "host-a takes 1: an instance is on hostname host-a"},
		"port":    {reeveapi.JobSpec{Instances: 1, FixedPorts: []int{80}}, 0, "host-a takes 0: port 80 is taken"},
		"image":   {reeveapi.JobSpec{Image: "web:1", Instances: 1, Placement: "spread"}, 1, "host-a takes 1: "},
		"spread":  {reeveapi.JobSpec{Instances: 2, Placement: "spread"}, 2, "host-b takes 1: "},
		"nothing": {reeveapi.JobSpec{Instances: 1, Resources: reeveapi.Amounts{Mem: 4096}}, 0, "host-b takes 0: 1024 MB of mem left, 4096 asked"},
	} {
		tc.spec.Name, tc.spec.Command = "j", "x"
		plan, err := jobplan.Make(tc.spec, jobplan.Cluster{View: agents(), Images: map[string]map[string]bool{"a": {"web:1": true}}})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := reasons(plan); plan.Fits != tc.fits || plan.Action != jobplan.Create || !strings.Contains(got, tc.agent) {
			t.Errorf("%s: %d fit, want %d; want %q in\n%s", name, plan.Fits, tc.fits, tc.agent, got)
		}
	}
}

func TestWhatAnUpdateChanges(t *testing.T) {
	spec := reeveapi.JobSpec{Name: "j", Kind: reeveapi.Service, Command: "v1", Instances: 2, Env: map[string]string{"A": "1"}}
	running := reeveapi.Job{Spec: jobspec.Complete(spec), Version: 4, Instances: []reeveapi.Instance{
		{Index: 0, Agent: "a", State: "TASK_RUNNING"}, {Index: 1, State: "TASK_FAILED"},
	}}
	plan, err := jobplan.Make(spec, jobplan.Cluster{View: agents(), Jobs: []reeveapi.Job{running}})
	if err != nil || plan.Action != jobplan.None || plan.Wanted != 1 || plan.Version != 4 {
		t.Errorf("unchanged: got %+v, %v; want nothing but one instance that needs a place", plan, err)
	}
	spec.Env, spec.Instances, spec.Update = map[string]string{"A": "2"}, 3, &reeveapi.JobUpdate{MaxSurge: 2}
	plan, err = jobplan.Make(spec, jobplan.Cluster{View: agents(), Jobs: []reeveapi.Job{running}})
	if err != nil || plan.Action != jobplan.Update || plan.Replace != 1 || plan.Wanted != 3 {
		t.Errorf("got %+v, %v; want an update that replaces one instance", plan, err)
	}
	want := []reeveapi.SpecChange{{Key: "env.A", From: `"1"`, To: `"2"`}, {Key: "instances", From: "2", To: "3"}, {Key: "update.max_surge", From: "1", To: "2"}}
	if len(plan.Changes) != len(want) {
		t.Fatalf("got %+v, want %+v", plan.Changes, want)
	}
	for i := range want {
		if plan.Changes[i] != want[i] {
			t.Errorf("got %+v, want %+v", plan.Changes[i], want[i])
		}
	}
}
