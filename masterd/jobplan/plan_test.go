package jobplan_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

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

var now = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

// hold makes offers of agents to frameworks, "agent framework seconds resources".
func hold(v *view.View, offers ...string) *view.View {
	v.Offers, v.Frameworks = map[ids.Offer]*view.Offer{}, map[ids.Framework]*view.Framework{}
	for i, text := range offers {
		f := strings.Fields(text)
		age, err := time.ParseDuration(f[2])
		if err != nil {
			panic(err)
		}
		id := ids.Offer(fmt.Sprint("O", i))
		v.Offers[id] = &view.Offer{ID: id, Agent: ids.Agent(f[0]), Framework: ids.Framework(f[1]), Role: "*", Resources: resources.MustParse(f[3]).Allocate("*"), Made: now.Add(-age)}
		v.Frameworks[ids.Framework(f[1])] = &view.Framework{ID: ids.Framework(f[1]), Info: &mesosv1.FrameworkInfo{Name: new("name-of-" + f[1])}}
	}
	return v
}

// What frameworks have been offered is free once they give it back, and not before.
func TestWhatIsOnOfferIsNotFree(t *testing.T) {
	for name, tc := range map[string]struct {
		n           int
		cpus        float64
		offers      []string
		fits, later int
		waits       string
		agent       string
	}{
		"nothing held":       {2, 0.5, nil, 2, 0, "", "host-b takes 1: "},
		"all held":           {3, 0.5, []string{"a x 12s cpus:0.5;mem:512", "b x 3s cpus:1.5"}, 0, 3, "0 of 3 fit now: 2 cpus of host-a, host-b are on offer to framework name-of-x (for 12s); they fit once it declines or accepts less", "host-b takes 0: 0 cpus left, 0.5 asked; 1.5 cpus of host-b are on offer to framework name-of-x (for 3s)"},
		"one of one":         {1, 1.5, []string{"b x 1m cpus:1.5"}, 0, 1, "0 of 1 fit now: 1.5 cpus of host-b are on offer to framework name-of-x (for 1m0s); it fits once it declines or accepts less", ""},
		"some":               {3, 0.5, []string{"b x 1m cpus:1"}, 2, 1, "2 of 3 fit now: 1 cpus of host-b are on offer to framework name-of-x (for 1m0s); they fit once it declines or accepts less", "host-b takes 1: 0 cpus left, 0.5 asked; 1 cpus of host-b"},
		"two hold":           {4, 0.5, []string{"b x 1m cpus:1", "a y 2m cpus:0.5"}, 1, 3, "1 of 4 fit now: 0.5 cpus of host-a are on offer to framework name-of-y (for 2m0s); 1 cpus of host-b are on offer to framework name-of-x (for 1m0s); they fit once they decline or accept less", ""},
		"and some never":     {9, 0.5, []string{"b x 1m cpus:1"}, 2, 2, "2 of 9 fit now: 1 cpus of host-b are on offer to framework name-of-x (for 1m0s); 2 more fit once it declines or accepts less, and 5 do not fit even then", "host-a takes 1: 0 cpus left, 0.5 asked"},
		"fits beside":        {1, 0.5, []string{"b x 1m cpus:1.5"}, 1, 0, "", "host-b takes 0: 0 cpus left, 0.5 asked"},
		"fits without":       {1, 0.5, []string{"b x 1m cpus:1"}, 1, 0, "", ""},
		"never":              {1, 9, []string{"b x 1m cpus:1"}, 0, 0, "", "host-b takes 0: 0.5 cpus left, 9 asked"},
		"just offered":       {3, 0.5, []string{"b x 900ms cpus:1.5"}, 3, 0, "", ""},
		"offered for jobs":   {3, 0.5, []string{"b reeve-jobs 9s cpus:1.5"}, 3, 0, "", ""},
		"of one that is out": {4, 0.5, []string{"c x 9s cpus:1.9"}, 4, 0, "", "host-c takes 0: it is deactivated or drains"},
		"reserved":           {1, 1.5, []string{"b x 9s cpus(prod):1.5"}, 1, 0, "", ""},
	} {
		spec := reeveapi.JobSpec{Name: "j", Command: "x", Instances: tc.n, Resources: reeveapi.Amounts{CPUs: tc.cpus}}
		plan, err := jobplan.Make(spec, jobplan.Cluster{View: hold(agents(), tc.offers...), Now: now})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if plan.Fits != tc.fits || plan.Later != tc.later || plan.Waits != tc.waits || (plan.Later > 0) != (len(plan.Holders) > 0) {
			t.Errorf("%s: got %d now, %d later, %q of %+v\nwant %d, %d, %q", name, plan.Fits, plan.Later, plan.Waits, plan.Holders, tc.fits, tc.later, tc.waits)
		}
		if got := reasons(plan); !strings.Contains(got, tc.agent) {
			t.Errorf("%s: want %q in\n%s", name, tc.agent, got)
		}
	}
}

// Whatever is on offer: as many fit now as if it were taken, and as many in the end as if nobody held it.
func TestOffersAreBetweenTakenAndFree(t *testing.T) {
	for seed := range uint64(300) {
		random := rand.New(rand.NewPCG(seed, 1))
		with, taken, without := agents(), agents(), agents()
		with.Offers, with.Frameworks = map[ids.Offer]*view.Offer{}, map[ids.Framework]*view.Framework{}
		for _, id := range []ids.Agent{"a", "b", "c"} {
			rest := with.Agents[id].Total.Minus(with.Agents[id].Allocated.Unallocate())
			share := rest.AtMost(resources.Vector{random.Int64N(2001), random.Int64N(1_024_001), 0, 0, random.Int64N(10)})
			with.Offers[ids.Offer(id)] = &view.Offer{ID: ids.Offer(id), Agent: id, Framework: "x", Role: "*", Resources: share.Allocate("*"), Made: now.Add(-time.Minute)}
			taken.Agents[id].Allocated = taken.Agents[id].Allocated.Plus(share.Allocate("*"))
		}
		spec := reeveapi.JobSpec{Name: "j", Command: "x", Instances: 1 + random.IntN(12), Ports: random.IntN(3), Resources: reeveapi.Amounts{
			CPUs: float64(1+random.IntN(10)) / 10, Mem: float64(16 + random.IntN(400)),
		}}
		var fits [3]int
		var later [3]int
		for i, v := range []*view.View{with, taken, without} {
			plan, err := jobplan.Make(spec, jobplan.Cluster{View: v, Now: now})
			if err != nil {
				t.Fatal(err)
			}
			fits[i], later[i] = plan.Fits, plan.Later
		}
		if fits[0] != fits[1] || fits[0]+later[0] != fits[2] {
			t.Errorf("seed %d: %d fit now and %d later; %d fit if it is taken, %d if it is free; %+v", seed, fits[0], later[0], fits[1], fits[2], spec)
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
