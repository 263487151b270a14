package allocator

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/resources"
)

// amounts is "cpus:1;mem:2" as a vector in which everything else is otherwise.
func amounts(text string, otherwise int64) resources.Vector {
	r := resources.MustParse(text)
	v := r.Vector()
	for i, name := range []string{"cpus", "mem", "disk", "gpus", "ports"} {
		if !strings.Contains(text, name) {
			v[i] = otherwise
		}
	}
	return v
}

func guarantee(text string) Quota { return Quota{amounts(text, 0), amounts("", NoLimit)} }
func limit(text string) Quota     { return Quota{amounts("", 0), amounts(text, NoLimit)} }

func drawQuotas(t *rapid.T, roles []string) map[string]Quota {
	set := map[string]Quota{}
	for _, role := range rapid.SliceOfDistinct(rapid.SampledFrom(append([]string{"c/d", "x"}, roles...)), rapid.ID).Draw(t, "quotas") {
		q := limit("")
		if rapid.Bool().Draw(t, "limited") {
			q.Limit[resources.CPUs] = int64(rapid.IntRange(0, 8).Draw(t, "cpus")) * 500
		}
		for i := range scalars {
			q.Guarantee[i] = min(q.Limit[i], int64(rapid.IntRange(0, 4).Draw(t, "guarantee"))*100)
		}
		set[role] = q
	}
	return set
}

// consumedOf is what counts for the quota of a role, by its definition.
func (m *model) consumedOf(role string) resources.Vector {
	in := func(r string) bool { return r == role || strings.HasPrefix(r, role+"/") }
	var sum resources.Vector
	add := func(v resources.Vector) {
		for i := range scalars {
			sum[i] += v[i]
		}
	}
	for _, total := range m.totals {
		for _, r := range total.Reservations() {
			if in(r) {
				add(total.ReservedTo(r).Vector())
			}
		}
	}
	for _, x := range m.held {
		if in(x.Role) {
			add(x.Resources.Unreserved().Vector())
		}
	}
	return sum
}

func (m *model) checkQuotas(t *rapid.T) {
	var owed, spare resources.Vector
	for role := range m.quotas {
		q, consumed := m.a.quotas.byRole[role], m.consumedOf(role)
		var below resources.Vector
		for other := range m.quotas {
			if o := m.a.quotas.byRole[other]; o.parent == q {
				for i := range scalars {
					below[i] += o.own[i] + o.below[i]
				}
			}
		}
		for i := range scalars {
			own := max(0, q.Guarantee[i]-consumed[i]-below[i])
			if q.consumed[i] != consumed[i] || q.below[i] != below[i] || q.own[i] != own {
				t.Fatalf("quota of %s: consumed %v, below %v, own %v; want %v, %v, %v of own %d",
					role, q.consumed, q.below, q.own, consumed, below, i, own)
			}
			owed[i] += own
		}
	}
	withheld := 0
	for i := range m.a.agents {
		ag := &m.a.agents[i]
		if ag.withheld {
			withheld++
		}
		if ag.id == "" || !ag.active {
			continue
		}
		for i, n := range ag.free.Ordinary() {
			spare[i] += n
		}
	}
	for i := range scalars {
		if m.a.quotas.owed[i] != owed[i] || m.a.quotas.spare[i] != spare[i] {
			t.Fatalf("owed %v, spare %v; want %v, %v", m.a.quotas.owed, m.a.quotas.spare, owed, spare)
		}
	}
	if withheld != m.a.quotas.withheld {
		t.Fatalf("%d agents have something withheld, counted %d", withheld, m.a.quotas.withheld)
	}
}

// slice runs the allocator and checks what it may not do: pass a limit, or give away what is owed to a guarantee.
func (m *model) slice(t *rapid.T, most int) {
	before := m.a.quotas.slackOrDebt()
	given := m.a.Slice(m.now, most)
	m.held = append(m.held, given...)
	for i, n := range m.a.quotas.slackOrDebt() {
		if n < min(0, before[i]) {
			t.Fatalf("what is free less what is owed went from %v to %v", before, m.a.quotas.slackOrDebt())
		}
	}
	for role, q := range m.quotas {
		consumed := m.consumedOf(role)
		for _, x := range given {
			v := x.Resources.Ordinary()
			for i := range scalars {
				if (x.Role == role || strings.HasPrefix(x.Role, role+"/")) && v[i] > 0 && consumed[i] > q.Limit[i] {
					t.Fatalf("role %s has %v with %s, its limit is %v", role, consumed, x.Resources, q.Limit)
				}
			}
		}
	}
}

func (q *quotas) slackOrDebt() resources.Vector {
	var left resources.Vector
	for i := range scalars {
		left[i] = q.spare[i] - q.owed[i]
	}
	return left
}

func TestLimit(t *testing.T) {
	a, now := newTest(1), time.Unix(1000, 0)
	a.SetQuotas(map[string]Quota{"eng": limit("cpus:3")})
	a.AddFramework("web", []string{"eng/web"}, nil, Capabilities{})
	a.AddAgent("s1", resources.MustParse("cpus:2;mem:1024"), nil)
	want(t, offers(a, now), "s1 web eng/web cpus:2; mem:1024")
	a.AddAgent("s2", resources.MustParse("cpus:2;mem:1024"), nil)
	want(t, offers(a, now), "s2 web eng/web cpus:1; mem:1024")
	a.AddAgent("s3", resources.MustParse("cpus:2"), nil)
	want(t, offers(a, now)) // not one more
	a.Recover("web", "s1", resources.MustParse("cpus:2;mem:1024").Allocate("eng/web"), &Filter{Until: now.Add(time.Hour)})
	want(t, offers(a, now)) // the filter
	later := a.Deadline()
	if later.IsZero() || later.After(now.Add(sweepEvery)) {
		t.Fatalf("the next look is at %v: what is below the limit again is offered within a second", later)
	}
	var cpus resources.Milli
	for _, x := range a.Slice(later, 10) {
		cpus += x.Resources.Scalar("cpus")
	}
	if cpus != 2000 {
		t.Errorf("%v cpus are offered, want the two that are free of the limit", cpus.Float())
	}
}

// TestChoppedOfferIsNotRepeated: the filter on a part of what is free counts for that part.
func TestChoppedOfferIsNotRepeated(t *testing.T) {
	a, now := newTest(1), time.Unix(1000, 0)
	a.SetQuotas(map[string]Quota{"r": limit("cpus:1;mem:100")})
	a.AddFramework("f", []string{"r"}, nil, Capabilities{})
	a.AddAgent("s", resources.MustParse("cpus:4;mem:400;ports:[1-2]"), nil)
	want(t, offers(a, now), "s f r cpus:1; mem:100; ports:[1-2]")
	a.Recover("f", "s", resources.MustParse("cpus:1;mem:100;ports:[1-2]").Allocate("r"), &Filter{Until: now.Add(time.Minute)})
	for range 3 {
		want(t, offers(a, now))
		now = now.Add(10 * time.Second)
		a.touchAll()
	}
	a.SetQuotas(map[string]Quota{"r": limit("cpus:2;mem:100")})
	want(t, offers(a, now), "s f r cpus:2; mem:100; ports:[1-2]")
}

func TestReservationsCountForLimits(t *testing.T) {
	a, now := newTest(1), time.Unix(1000, 0)
	a.AddAgent("s", resources.MustParse("cpus(eng):2;mem(eng):64;cpus:4;mem:512"), nil)
	a.SetQuotas(map[string]Quota{"eng": limit("cpus:3")})
	a.AddFramework("f", []string{"eng"}, nil, Capabilities{})
	got := drain(a, now)
	if len(got) != 1 || got[0].Resources.Scalar("cpus") != 3000 || got[0].Resources.Unreserved().Scalar("cpus") != 1000 {
		t.Errorf("offers = %v, want the two cpus that are reserved and one more", got)
	}
}

func TestGuaranteeComesFirst(t *testing.T) {
	a, now := newTest(1), time.Unix(1000, 0)
	a.SetQuotas(map[string]Quota{"dev": guarantee("cpus:3;mem:512")})
	a.AddFramework("greedy", []string{"ops"}, nil, Capabilities{})
	a.AddAgent("s1", resources.MustParse("cpus:4;mem:1024"), nil)
	// Nobody is in the role: what it is guaranteed stays free.
	want(t, offers(a, now), "s1 greedy ops cpus:1; mem:512")
	a.AddFramework("late", []string{"dev"}, nil, Capabilities{})
	want(t, offers(a, now), "s1 late dev cpus:3; mem:512")
	// Once it has that, everybody competes.
	a.AddAgent("s2", resources.MustParse("cpus:1;mem:64"), nil)
	want(t, offers(a, now), "s2 greedy ops cpus:1; mem:64")
}

func TestGPUsAreChoppedWhole(t *testing.T) {
	a, now := newTest(1), time.Unix(1000, 0)
	q := limit("")
	q.Limit[resources.GPUs] = 1500
	a.SetQuotas(map[string]Quota{"r": q})
	a.AddFramework("f", []string{"r"}, nil, Capabilities{GPU: true})
	a.AddAgent("s", resources.MustParse("cpus:2;gpus:4"), nil)
	want(t, offers(a, now), "s f r cpus:2; gpus:1")
}

// TestGuaranteesAreMet: whatever else wants resources, in whatever order agents come, every role gets what it is guaranteed
// if the cluster has that and the role takes it.
func TestGuaranteesAreMet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, now := newTest(rapid.Uint64().Draw(t, "seed")), time.Unix(1000, 0)
		var has resources.Vector
		agents := rapid.IntRange(1, 20).Draw(t, "agents")
		sizes := make([]resources.Resources, agents)
		for i := range sizes {
			cpus := rapid.IntRange(1, 8).Draw(t, "cpus")
			sizes[i] = resources.MustParse(fmt.Sprintf("cpus:%d;mem:%d", cpus, 64*rapid.IntRange(1, 8).Draw(t, "mem")))
			for j, n := range sizes[i].Vector() {
				has[j] += n
			}
		}
		set := map[string]Quota{}
		for _, role := range []string{"a", "b", "c"} {
			q := limit("")
			for i, unit := range []int64{1000, 64_000} {
				q.Guarantee[i] = int64(rapid.IntRange(0, int(has[i]/unit)).Draw(t, "guarantee")) * unit
				has[i] -= q.Guarantee[i]
				if rapid.Bool().Draw(t, "limited") {
					q.Limit[i] = q.Guarantee[i]
				}
			}
			set[role] = q
		}
		if g := set["a"].Guarantee; g[0] >= 2000 { // a part of it is promised to a role below
			q := limit("")
			q.Guarantee[0] = g[0] / 2000 * 1000
			set["a/x"] = q
		}
		a.SetQuotas(set)
		for i := range 4 {
			a.AddFramework(ids.Framework(fmt.Sprintf("greedy%d", i)), []string{"other"}, nil, Capabilities{})
		}
		late := rapid.IntRange(0, agents).Draw(t, "late")
		for i, size := range sizes {
			if i == late {
				join4(a)
			}
			a.AddAgent(ids.Agent(fmt.Sprintf("s%02d", i)), size, nil)
			drain(a, now)
		}
		if late == agents {
			join4(a)
		}
		for range 5 {
			drain(a, now)
			now = now.Add(sweepEvery)
			a.Slice(now, 256)
		}
		if a.quotas.owed != (resources.Vector{}) {
			t.Fatalf("guarantees of %v are not met; free are %v", a.quotas.owed, a.quotas.spare)
		}
	})
}

func join4(a *Allocator) {
	for _, role := range []string{"a", "b", "c", "a/x"} {
		a.AddFramework(ids.Framework("in-"+role), []string{role}, nil, Capabilities{})
	}
}

// TestNobodyStarves: frameworks that decline everything with a filter of some seconds are each asked again and again.
func TestNobodyStarves(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, now := newTest(rapid.Uint64().Draw(t, "seed")), time.Unix(1000, 0)
		set := map[string]Quota{"a": guarantee("cpus:2;mem:100"), "b": limit("cpus:1"), "c/d": limit("cpus:2;mem:200")}
		for role := range set {
			if rapid.Bool().Draw(t, "without "+role) {
				delete(set, role)
			}
		}
		a.SetQuotas(set)
		roles := []string{"a", "b", "c", "c/d"}
		frameworks := rapid.IntRange(1, 12).Draw(t, "frameworks")
		for i := range frameworks {
			a.AddFramework(ids.Framework(fmt.Sprintf("f%02d", i)), []string{roles[i%len(roles)]}, nil, Capabilities{})
		}
		for i := range rapid.IntRange(1, 10).Draw(t, "agents") {
			a.AddAgent(ids.Agent(fmt.Sprintf("s%02d", i)), resources.MustParse("cpus:4;mem:512"), nil)
		}
		asked := map[ids.Framework]int{}
		end := now.Add(10 * time.Minute)
		for turns := 0; now.Before(end) && turns < 10_000; turns++ {
			if !a.Pending() {
				next := a.Deadline()
				if next.IsZero() {
					t.Fatal("nothing is going to happen any more")
				}
				if next.After(now) {
					now = next
				}
			}
			for _, x := range a.Slice(now, 4) {
				asked[x.Framework]++
				a.Recover(x.Framework, x.Agent, x.Resources, &Filter{Until: now.Add(time.Duration(1+turns%5) * time.Second)})
			}
		}
		for i := range frameworks {
			if id := ids.Framework(fmt.Sprintf("f%02d", i)); asked[id] < 10 {
				t.Fatalf("%s was asked %d times: %v", id, asked[id], asked)
			}
		}
	})
}

// TestWeightedShares: while everybody takes everything, roles get agents in proportion to their weights.
func TestWeightedShares(t *testing.T) {
	a := newTest(5)
	a.SetWeight("eng", 3)
	a.SetWeight("eng/web", 2)
	for _, role := range []string{"eng/web", "eng/db", "ops"} {
		a.AddFramework(ids.Framework(role), []string{role}, nil, Capabilities{})
	}
	for i := range 120 {
		a.AddAgent(ids.Agent(fmt.Sprintf("s%03d", i)), resources.MustParse(small), nil)
	}
	got := map[string]int{}
	for _, x := range drain(a, time.Unix(0, 0)) {
		got[x.Role]++
	}
	if got["ops"] != 30 || got["eng/web"] != 60 || got["eng/db"] != 30 {
		t.Errorf("agents = %v, want 30 for ops, 60 for eng/web and 30 for eng/db", got)
	}
}
