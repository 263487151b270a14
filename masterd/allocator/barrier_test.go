package allocator

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/resources"
)

func TestBarriers(t *testing.T) {
	a := newTest(1)
	ask := resources.Vector{resources.CPUs: 1000, resources.Mem: 50_000}
	want := func(role string, want ...Barrier) {
		t.Helper()
		if diff := cmp.Diff(want, a.Barriers(role, ask)); diff != "" {
			t.Errorf("role %s (-want +got):\n%s", role, diff)
		}
	}
	a.AddFramework("holds", []string{"tight"}, nil, Capabilities{})
	a.AddAgent("a", resources.MustParse("cpus:4;mem:400"), map[ids.Framework]resources.Resources{
		"holds": resources.MustParse("cpus:1.5;mem:10").Allocate("tight"),
	})
	want("tight")
	a.SetQuotas(map[string]Quota{"tight": limit("cpus:2;mem:100"), "tight/er": limit("cpus:0.5;mem:900")})
	want("tight", Barrier{Resource: resources.CPUs, Limit: "tight", Most: 2000, Taken: 1500})
	want("tight/er", Barrier{Resource: resources.CPUs, Limit: "tight/er", Most: 500})
	want("free")
	a.SetQuotas(map[string]Quota{"owed": guarantee("cpus:2;mem:10")})
	want("free", Barrier{Resource: resources.CPUs, Most: 2500, Taken: 2000})
	want("owed") // it is for this role that it is kept
	a.SetQuotas(map[string]Quota{"owed": guarantee("cpus:9;mem:10")})
	want("free", Barrier{Resource: resources.CPUs, Most: 2500, Taken: 9000})
	ask[resources.CPUs] = 3000 // more than is free: no quota is to blame
	want("free")
}
