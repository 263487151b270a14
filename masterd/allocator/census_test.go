package allocator

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/resources"
)

func TestCensus(t *testing.T) {
	a := newTest(1)
	a.AddFramework("f", []string{"dev"}, nil, Capabilities{})
	for id, has := range map[ids.Agent]string{
		"busy": "cpus:4;mem:400", "small": "cpus:1;mem:400", "thin": "cpus:4;mem:10", "heard": "cpus:1;mem:1", "away": "cpus:8;mem:800", "removed": "cpus:8;mem:800", "free": "cpus:2;mem:64",
	} {
		var held map[ids.Framework]resources.Resources
		if id == "busy" {
			held = map[ids.Framework]resources.Resources{"f": resources.MustParse("cpus:3.5").Allocate("dev")}
		}
		a.AddAgent(id, resources.MustParse(has), held)
	}
	a.SetAgentActive("away", false)
	a.RemoveAgent("removed")
	got := a.Census(resources.MustParse("cpus:2;mem:64").Vector(), func(id ids.Agent) bool { return id == "heard" })
	want := Census{Enough: 1, Most: resources.MustParse("cpus:1;mem:10").Vector()}
	want.Short[resources.CPUs], want.Short[resources.Mem] = 2, 1
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
