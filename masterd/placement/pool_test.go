package placement_test

import (
	"slices"
	"testing"

	"codeberg.org/reeve/reeve/masterd/placement"
	"codeberg.org/reeve/reeve/shared/resources"
)

// TestPoolTakesWhole: what a pool gives and what it keeps are what it had.
func TestPoolTakesWhole(t *testing.T) {
	had := resources.MustParse("cpus:1;cpus(r):0.5;mem:100;ports:[5-6,8-9]").Allocate("r")
	p := placement.NewPool("r", had)
	got, ports, ok := p.Take(placement.Demand{Amounts: resources.Vector{resources.CPUs: 1200, resources.Mem: 50_000, resources.Ports: 3}, Fixed: []int{8}})
	if !ok {
		t.Fatal("does not fit")
	}
	if !slices.Equal(ports, []uint64{8, 5, 6}) {
		t.Errorf("ports = %v, want 8, 5, 6: the fixed one first", ports)
	}
	if sum := got.Plus(p.Left()); !sum.Equal(had) {
		t.Errorf("given and left make %s, want %s", sum, had)
	}
	if _, _, ok := p.Take(placement.Demand{Amounts: resources.Vector{resources.Ports: 2}}); ok {
		t.Error("two ports fit where one is left")
	}
	lack, ok := p.Lacks(placement.Demand{Amounts: resources.Vector{resources.Ports: 1}, Fixed: []int{8}})
	if ok || lack.Text != "port 8 is taken or not offered" {
		t.Errorf("got %+v, want port 8 to be taken", lack)
	}
}
