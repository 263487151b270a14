package placement_test

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"codeberg.org/reeve/reeve/masterd/placement"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/shared/resources"
)

// TestImagesDecideAmongEquals: whatever else agents have, an instance never goes where its image is missing if one that has
// it would do as well, and an image never makes it go where more of its own are.
func TestImagesDecideAmongEquals(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		spec := &reeveapi.JobSpec{
			Image: "web:1", Placement: rapid.SampledFrom([]string{reeveapi.PlacePack, reeveapi.PlaceSpread}).Draw(t, "placement"),
			Resources: reeveapi.Amounts{CPUs: 1, Mem: 1},
		}
		site, there := placement.NewSite(placement.Rules{}, spec), map[string]int{}
		var places []*placement.Place
		for i := range rapid.IntRange(1, 5).Draw(t, "agents") {
			id := fmt.Sprint("a", i)
			p := &placement.Place{Host: placement.Host{Agent: id}, Pool: placement.NewPool("*", resources.MustParse(fmt.Sprintf("cpus:%d;mem:9", rapid.IntRange(0, 3).Draw(t, "cpus"))))}
			if rapid.Bool().Draw(t, "has the image") {
				p.Host.Images = map[string]bool{"web:1": true}
			}
			for range rapid.IntRange(0, 2).Draw(t, "instances") {
				there[id]++
				site.Add(id, nil)
			}
			places = append(places, p)
		}
		ask := placement.DemandOf(spec)
		var fit []*placement.Place
		for _, p := range places {
			if _, ok := site.Refuse(p, ask); ok {
				fit = append(fit, p)
			}
		}
		best, _ := site.Choose(places, ask, func(*placement.Place, placement.Shortage) {})
		if (best == nil) != (len(fit) == 0) {
			t.Fatalf("chose %v of %d that fit", best, len(fit))
		}
		for _, p := range fit {
			if spec.Placement == reeveapi.PlaceSpread && there[p.Host.Agent] < there[best.Host.Agent] {
				t.Fatalf("%s has %d instances, and %s was chosen with %d", p.Host.Agent, there[p.Host.Agent], best.Host.Agent, there[best.Host.Agent])
			}
			equal := spec.Placement == reeveapi.PlacePack || there[p.Host.Agent] == there[best.Host.Agent]
			if equal && p.Host.Images["web:1"] && !best.Host.Images["web:1"] {
				t.Fatalf("%s has the image, and %s was chosen", p.Host.Agent, best.Host.Agent)
			}
		}
	})
}

// TestGPUsAreSpared: agents with GPUs are for those that ask for some, as long as there are others.
func TestGPUsAreSpared(t *testing.T) {
	place := &placement.Place{Host: placement.Host{Agent: "a", GPUs: true}, Pool: placement.NewPool("*", resources.MustParse("cpus:4;mem:400;gpus:2"))}
	plain, gpu := reeveapi.JobSpec{Resources: reeveapi.Amounts{CPUs: 1}}, reeveapi.JobSpec{Resources: reeveapi.Amounts{CPUs: 1, GPUs: 2}}
	site := placement.NewSite(placement.Rules{}, &plain)
	if why, ok := site.Refuse(place, placement.DemandOf(&plain)); !ok {
		t.Errorf("where all have GPUs: %s", why.Text)
	}
	site.SpareGPUs()
	if why, ok := site.Refuse(place, placement.DemandOf(&plain)); ok || !strings.Contains(why.Text, "has GPUs") {
		t.Errorf("where others have none: %v %q", ok, why.Text)
	}
	if why, ok := site.Refuse(place, placement.DemandOf(&gpu)); !ok {
		t.Errorf("who asks for GPUs: %s", why.Text)
	}
	given, _, ok := place.Pool.Take(placement.DemandOf(&gpu))
	if !ok || given.Scalar("gpus") != 2000 || place.Pool.Left().Scalar("gpus") != 0 {
		t.Errorf("took %s, left %s", given, place.Pool.Left())
	}
	if why, ok := site.Refuse(place, placement.DemandOf(&gpu)); ok || placement.ResourceName(why.Resource) != "gpus" {
		t.Errorf("a second one: %v %+v", ok, why)
	}
}
