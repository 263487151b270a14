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

// TestReservedByChoice: an instance takes what its job says, of what is reserved to its role, to one above it, and to none.
func TestReservedByChoice(t *testing.T) {
	const had = "cpus(org/web):1;cpus(org):1;cpus:2;mem:100"
	for _, tc := range []struct {
		from, role string
		cpus       int64
		want, why  string
	}{
		{"", "org/web", 1500, "cpus(org/web):1;cpus(org):0.5", ""},
		{"first", "org/web", 3000, "cpus(org/web):1;cpus(org):1;cpus:1", ""},
		{"only", "org/web", 2000, "cpus(org/web):1;cpus(org):1", ""},
		{"only", "org/web", 2500, "", "2 cpus reserved to role org/web left, 2.5 asked"},
		{"never", "org/web", 2000, "cpus:2", ""},
		{"never", "org/web", 3000, "", "what is left is reserved, and the job takes nothing of that"},
		{"never", "org/web", 5000, "", ""},
	} {
		p := placement.NewPool(tc.role, resources.MustParse(had).Allocate(tc.role))
		ask := placement.Demand{From: tc.from, Amounts: resources.Vector{resources.CPUs: tc.cpus}}
		lack, fits := p.Lacks(ask)
		if fits != (tc.want != "") || lack.Text != tc.why {
			t.Errorf("%+v: fits %v, %q", tc, fits, lack.Text)
			continue
		}
		given, _, ok := p.Take(ask)
		if want := resources.MustParse(tc.want).Allocate(tc.role); ok != fits || ok && !given.Equal(want) {
			t.Errorf("%+v: took %s, want %s", tc, given, want)
		}
	}
}
