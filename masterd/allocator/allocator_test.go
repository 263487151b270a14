package allocator

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"codeberg.org/reeve/reeve/shared/clocktest"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/resources"
)

func newTest(seed uint64) *Allocator { return New(Config{}, rand.New(rand.NewPCG(seed, seed))) }

// offers runs a pass and names who got which agent, sorted.
func offers(a *Allocator, now time.Time) []string {
	var out []string
	for _, x := range drain(a, now) {
		out = append(out, fmt.Sprintf("%s %s %s %s", x.Agent, x.Framework, x.Role, x.Resources.Unallocate()))
	}
	slices.Sort(out)
	return out
}

func want(t *testing.T, got []string, want ...string) {
	t.Helper()
	if diff := cmp.Diff(got, slices.Clone(want)); diff != "" {
		t.Fatalf("offers (-got +want):\n%s", diff)
	}
}

const small = "cpus:2;mem:1024"

func TestFilter(t *testing.T) {
	a, now := newTest(1), time.Unix(1000, 0)
	a.AddFramework("f", []string{"r"}, nil, Capabilities{})
	a.AddAgent("s", resources.MustParse(small), nil)
	first := drain(a, now)
	if len(first) != 1 {
		t.Fatalf("offers = %v, want one", first)
	}
	half := resources.MustParse("cpus:1;mem:512").Allocate("r")
	a.Recover("f", "s", half, &Filter{Until: now.Add(5 * time.Second)})
	want(t, offers(a, now)) // what was refused
	if got := a.Deadline(); got.Before(now.Add(5*time.Second)) || got.After(now.Add(5*time.Second+grain)) {
		t.Errorf("deadline = %v, want five seconds later", got)
	}

	a.Recover("f", "s", half, nil) // the agent has gained
	got := drain(a, now)
	if len(got) != 1 || !got[0].Resources.Unallocate().Equal(resources.MustParse(small)) {
		t.Fatalf("offers = %v, want all of it", got)
	}
	a.Recover("f", "s", got[0].Resources, &Filter{Until: now.Add(5 * time.Second)})
	want(t, offers(a, now.Add(4*time.Second)))
	if got := a.Slice(a.Deadline(), 10); len(got) != 1 {
		t.Errorf("at the deadline %d offers, want 1", len(got))
	}
}

// A filter lasts as long as it was asked for, whatever the clock says meanwhile.
func TestFilterWithAClockThatIsSet(t *testing.T) {
	for _, by := range []time.Duration{time.Hour, -time.Hour} {
		a, now := newTest(1), time.Now()
		a.AddFramework("f", []string{"r"}, nil, Capabilities{})
		a.AddAgent("s", resources.MustParse(small), nil)
		a.Recover("f", "s", drain(a, now)[0].Resources, &Filter{Until: now.Add(5 * time.Second)})
		want(t, offers(a, clocktest.Set(t, now.Add(4*time.Second), by)))
		if left := a.Deadline().Sub(clocktest.Set(t, now, by)); left < 5*time.Second || left > 5*time.Second+grain {
			t.Errorf("set by %v: the deadline is in %v, want five seconds", by, left)
		}
		if got := a.Slice(clocktest.Set(t, now.Add(5*time.Second+grain), by), 10); len(got) != 1 {
			t.Errorf("set by %v: %d offers when the filter has run out, want 1", by, len(got))
		}
	}
}

func TestReviveClearsFilters(t *testing.T) {
	a, now := newTest(1), time.Unix(1000, 0)
	a.AddFramework("f", []string{"r", "q"}, nil, Capabilities{})
	a.AddAgent("s", resources.MustParse(small), nil)
	for range 2 { // both roles refuse
		x := drain(a, now)[0]
		a.Recover("f", "s", x.Resources, &Filter{Until: now.Add(time.Hour)})
	}
	want(t, offers(a, now))
	a.Revive("f", []string{"q"})
	if got := drain(a, now); len(got) != 1 || got[0].Role != "q" {
		t.Errorf("offers = %v, want one to q", got)
	}
}

func TestSuppress(t *testing.T) {
	a, now := newTest(1), time.Unix(1000, 0)
	a.AddFramework("f", []string{"r", "q"}, map[string]bool{"q": true}, Capabilities{})
	a.Suppress("f", nil)
	a.AddAgent("s", resources.MustParse(small), nil)
	want(t, offers(a, now))
	a.Revive("f", nil)
	if got := drain(a, now); len(got) != 1 {
		t.Errorf("offers = %v, want one", got)
	}
}

func TestReservedGoesToItsRole(t *testing.T) {
	a, now := newTest(1), time.Unix(1000, 0)
	a.AddAgent("s", resources.MustParse("cpus(eng):2;mem(eng):1024;cpus:1;mem:512"), nil)
	a.AddFramework("ops", []string{"ops"}, nil, Capabilities{})
	want(t, offers(a, now), "s ops ops "+resources.MustParse("cpus:1;mem:512").String())
	a.AddFramework("web", []string{"eng/web"}, nil, Capabilities{})
	want(t, offers(a, now), "s web eng/web "+resources.MustParse("cpus(eng):2;mem(eng):1024").String())
}

func TestGPUAgentsAreKept(t *testing.T) {
	a, now := newTest(1), time.Unix(1000, 0)
	a.AddFramework("plain", []string{"r"}, nil, Capabilities{})
	a.AddAgent("s", resources.MustParse("cpus:2;mem:1024;gpus:1"), nil)
	want(t, offers(a, now))
	a.AddFramework("gpu", []string{"r"}, nil, Capabilities{GPU: true})
	if got := drain(a, now); len(got) != 1 || got[0].Framework != "gpu" {
		t.Errorf("offers = %v, want one to gpu", got)
	}
}

func TestMinimum(t *testing.T) {
	for text, offered := range map[string]int{
		"cpus:0.01":          1,
		"mem:32":             1,
		"cpus:0.009;mem:31":  0,
		"ports:[1-9];disk:9": 0,
	} {
		a := newTest(1)
		a.AddFramework("f", []string{"r"}, nil, Capabilities{})
		a.AddAgent("s", resources.MustParse(text), nil)
		if got := drain(a, time.Unix(0, 0)); len(got) != offered {
			t.Errorf("%s: offers = %v, want %d", text, got, offered)
		}
	}
}

// TestLateFramework: an agent reports tasks of a framework that has not subscribed yet.
func TestLateFramework(t *testing.T) {
	a, now := newTest(1), time.Unix(1000, 0)
	held := resources.MustParse("cpus:1;mem:512").Allocate("r")
	a.AddAgent("s", resources.MustParse(small), map[ids.Framework]resources.Resources{"late": held})
	a.AddFramework("other", []string{"r"}, nil, Capabilities{})
	want(t, offers(a, now), "s other r "+resources.MustParse("cpus:1;mem:512").String())
	a.Recover("late", "s", held, nil)
	a.AddFramework("late", []string{"r"}, nil, Capabilities{})
	want(t, offers(a, now), "s late r "+resources.MustParse("cpus:1;mem:512").String())
}

// TestTiesAlternate: a framework that declines without a filter does not keep others from ever being asked.
func TestTiesAlternate(t *testing.T) {
	a, now := newTest(1), time.Unix(1000, 0)
	asked := map[ids.Framework]int{}
	for _, id := range []ids.Framework{"f1", "f2", "f3"} {
		a.AddFramework(id, []string{"r"}, nil, Capabilities{})
	}
	a.AddAgent("s", resources.MustParse(small), nil)
	for range 9 {
		x := drain(a, now)[0]
		asked[x.Framework]++
		a.Recover(x.Framework, x.Agent, x.Resources, nil)
	}
	if diff := cmp.Diff(asked, map[ids.Framework]int{"f1": 3, "f2": 3, "f3": 3}); diff != "" {
		t.Errorf("asked (-got +want):\n%s", diff)
	}
}

// model is the slow, obvious accounting that the allocator is compared with.
type model struct {
	a      *Allocator
	now    time.Time
	totals map[ids.Agent]resources.Resources
	held   []Allocation
	quotas map[string]Quota
}

// check compares every sum, and the tree with its definition.
func (m *model) check(t *rapid.T) {
	for id, total := range m.totals {
		used := resources.Resources{}
		for _, x := range m.held {
			if x.Agent == id {
				used = used.Plus(x.Resources.Unallocate())
			}
		}
		ag := &m.a.agents[m.a.agentIndex[id]]
		if !ag.used.Equal(used) {
			t.Fatalf("agent %s: used = %s, want %s", id, ag.used, used)
		}
		if free := total.Minus(used); !ag.free.Equal(free) || ag.vector != free.Vector() {
			t.Fatalf("agent %s: free = %s, want %s", id, ag.free, free)
		}
	}
	m.checkTree(t)
	m.checkQuotas(t)
}

func (m *model) checkTree(t *rapid.T) {
	tr := &m.a.tree
	sums := make([]resources.Vector, len(tr.nodes))
	for _, x := range m.held {
		at := m.a.leaves[m.a.frameworks[x.Framework].leaves[x.Role]].node
		for ; at != root; at = tr.nodes[at].parent {
			for i, v := range x.Resources.Vector() {
				sums[at][i] += v
			}
		}
	}
	for i := range tr.nodes {
		n := &tr.nodes[i]
		if n.alloc != sums[i] {
			t.Fatalf("node %q: alloc = %v, want %v", n.name, n.alloc, sums[i])
		}
		if n.parent >= 0 && n.share != tr.shareOf(n) {
			t.Fatalf("node %q: share = %v, want %v", n.name, n.share, tr.shareOf(n))
		}
		if !slices.IsSortedFunc(n.order, tr.compare) {
			t.Fatalf("node %q: children out of order", n.name)
		}
		live := 0
		for j := range tr.nodes {
			if tr.nodes[j].parent == int32(i) && tr.nodes[j].live > 0 {
				live++
			}
		}
		if live != len(n.order) {
			t.Fatalf("node %q: %d children take part, %d are sorted", n.name, live, len(n.order))
		}
	}
}

// TestAccounting: whatever happens in whatever order, allocated and free make up the total of every agent, and every
// share is what its definition says.
func TestAccounting(t *testing.T) {
	agents := []ids.Agent{"s1", "s2", "s3"}
	frameworks := []ids.Framework{"f1", "f2", "f3"}
	roles := []string{"a", "a/b", "c", "c/d/e"}
	totals := []resources.Resources{
		resources.MustParse("cpus:2;mem:1024;ports:[1-10]"),
		resources.MustParse("cpus:8;mem:128;disk:100"),
		resources.MustParse("cpus:1;mem:64;cpus(a):2;mem(a):512;cpus(c/d):1"),
		resources.MustParse("cpus:6;mem:900;gpus:2;cpus(a/b):1"),
	}
	rapid.Check(t, func(t *rapid.T) {
		m := &model{a: newTest(7), now: time.Unix(1000, 0), totals: map[ids.Agent]resources.Resources{}}
		agent := rapid.SampledFrom(agents)
		fw := rapid.SampledFrom(frameworks)
		role := rapid.SampledFrom(roles)
		t.Repeat(map[string]func(*rapid.T){
			"": m.check,
			"addAgent": func(t *rapid.T) {
				id, total := agent.Draw(t, "agent"), rapid.SampledFrom(totals).Draw(t, "total")
				m.forget(id)
				m.totals[id] = total
				m.a.AddAgent(id, total, nil)
			},
			"updateAgent": func(t *rapid.T) {
				id, total := agent.Draw(t, "agent"), rapid.SampledFrom(totals).Draw(t, "total")
				if _, ok := m.totals[id]; ok {
					m.totals[id] = total
				}
				m.a.UpdateAgent(id, total)
			},
			"removeAgent": func(t *rapid.T) {
				id := agent.Draw(t, "agent")
				m.forget(id)
				m.a.RemoveAgent(id)
			},
			"activateAgent": func(t *rapid.T) { m.a.SetAgentActive(agent.Draw(t, "agent"), rapid.Bool().Draw(t, "on")) },
			"addFramework": func(t *rapid.T) {
				m.a.AddFramework(fw.Draw(t, "fw"), rapid.SliceOfDistinct(role, rapid.ID).Draw(t, "roles"), nil, Capabilities{})
			},
			"updateFramework": func(t *rapid.T) {
				m.a.UpdateFramework(fw.Draw(t, "fw"), rapid.SliceOfDistinct(role, rapid.ID).Draw(t, "roles"), nil, Capabilities{})
			},
			"removeFramework":   func(t *rapid.T) { m.a.RemoveFramework(fw.Draw(t, "fw")) },
			"activateFramework": func(t *rapid.T) { m.a.SetFrameworkActive(fw.Draw(t, "fw"), rapid.Bool().Draw(t, "on")) },
			"suppress":          func(t *rapid.T) { m.a.Suppress(fw.Draw(t, "fw"), []string{role.Draw(t, "role")}) },
			"revive":            func(t *rapid.T) { m.a.Revive(fw.Draw(t, "fw"), nil) },
			"weight":            func(t *rapid.T) { m.a.SetWeight(role.Draw(t, "role"), rapid.Float64Range(0.1, 9).Draw(t, "w")) },
			"learn": func(t *rapid.T) {
				id := agent.Draw(t, "agent")
				if _, ok := m.totals[id]; ok {
					x := Allocation{fw.Draw(t, "fw"), role.Draw(t, "role"), id, resources.Resources{}}
					x.Resources = resources.MustParse("cpus:0.1;mem:10").Allocate(x.Role)
					m.a.Allocated(x.Framework, x.Agent, x.Resources)
					m.held = append(m.held, x)
				}
			},
			"slice": func(t *rapid.T) {
				m.now = m.now.Add(time.Duration(rapid.IntRange(0, 3).Draw(t, "s")) * time.Second)
				m.slice(t, rapid.IntRange(1, 3).Draw(t, "most"))
			},
			"recover": func(t *rapid.T) { m.recover(t) },
			"quotas": func(t *rapid.T) {
				m.quotas = drawQuotas(t, roles)
				m.a.SetQuotas(m.quotas)
			},
		})
	})
}

func (m *model) forget(id ids.Agent) {
	delete(m.totals, id)
	m.held = slices.DeleteFunc(m.held, func(x Allocation) bool { return x.Agent == id })
}

// recover gives back an allocation, or a part of it.
func (m *model) recover(t *rapid.T) {
	if len(m.held) == 0 {
		return
	}
	i := rapid.IntRange(0, len(m.held)-1).Draw(t, "which")
	x := m.held[i]
	back := x.Resources
	if part := resources.MustParse("cpus:0.5").Allocate(x.Role); rapid.Bool().Draw(t, "part") && back.Contains(part) {
		back = part
	}
	var filter *Filter
	if rapid.Bool().Draw(t, "filter") {
		filter = &Filter{Until: m.now.Add(time.Duration(rapid.IntRange(0, 4).Draw(t, "refuse")) * time.Second)}
	}
	m.a.Recover(x.Framework, x.Agent, back, filter)
	if m.held[i].Resources = x.Resources.Minus(back); m.held[i].Resources.Empty() {
		m.held = slices.Delete(m.held, i, i+1)
	}
}

// TestFairness: when everybody takes everything, no two clients differ by more than one agent, and equal seeds give equal
// offers whatever the size of a slice.
func TestFairness(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		agents, frameworks := rapid.IntRange(1, 60).Draw(t, "agents"), rapid.IntRange(1, 12).Draw(t, "frameworks")
		sizes := rapid.SliceOfN(rapid.IntRange(1, 8), agents, agents).Draw(t, "sizes")
		build := func() *Allocator {
			a := newTest(3)
			for i := range frameworks {
				a.AddFramework(ids.Framework(fmt.Sprintf("f%02d", i)), []string{"r"}, nil, Capabilities{})
			}
			for i, n := range sizes {
				a.AddAgent(ids.Agent(fmt.Sprintf("s%02d", i)), resources.MustParse(fmt.Sprintf("cpus:%d;mem:%d", n, 64*n)), nil)
			}
			return a
		}
		a := build()
		all := drain(a, time.Unix(0, 0))
		if len(all) != agents {
			t.Fatalf("%d offers for %d agents", len(all), agents)
		}
		got := map[ids.Framework]int64{}
		for i := range frameworks {
			got[ids.Framework(fmt.Sprintf("f%02d", i))] = 0
		}
		for _, x := range all {
			got[x.Framework] += x.Resources.Vector()[resources.CPUs]
		}
		least, most := int64(1<<62), int64(0)
		for _, n := range got {
			least, most = min(least, n), max(most, n)
		}
		if bound := int64(slices.Max(sizes)) * 1000; most-least > bound {
			t.Fatalf("shares differ by %d, the largest agent has %d", most-least, bound)
		}
		b := build()
		var again []Allocation
		for b.Pending() {
			again = append(again, b.Slice(time.Unix(0, 0), 1)...)
		}
		if diff := cmp.Diff(fmt.Sprint(again), fmt.Sprint(all)); diff != "" {
			t.Fatalf("same seed, other offers:\n%s", diff)
		}
	})
}
