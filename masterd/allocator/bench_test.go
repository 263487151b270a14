package allocator

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/resources"
)

var grid = []struct{ agents, frameworks int }{
	{1_000, 1},
	{1_000, 50},
	{1_000, 200},
	{1_000, 1_000},
	{10_000, 1},
	{10_000, 50},
	{10_000, 200},
	{10_000, 1_000},
	{50_000, 1},
	{50_000, 50},
	{50_000, 200},
	{50_000, 1_000},
}

// populate makes agents that have everything free and frameworks in a tree of 10 × 5 roles.
func populate(agents, frameworks int) *Allocator {
	a := New(Config{}, rand.New(rand.NewPCG(1, 2)))
	total := resources.MustParse("cpus:16;mem:65536;disk:500000;ports:[31000-32000]")
	for i := range frameworks {
		role := fmt.Sprintf("org%d/team%d", i%10, i/10%5)
		a.AddFramework(ids.Framework(fmt.Sprintf("f-%04d", i)), []string{role}, nil, Capabilities{})
	}
	for i := range agents {
		a.AddAgent(ids.Agent(fmt.Sprintf("s-%05d", i)), total, nil)
	}
	return a
}

// drain runs a whole pass.
func drain(a *Allocator, now time.Time) []Allocation {
	var all []Allocation
	for a.Pending() {
		all = append(all, a.Slice(now, 256)...)
	}
	return all
}

func eachSize(b *testing.B, run func(b *testing.B, agents, frameworks int)) {
	b.Helper()
	for _, size := range grid {
		b.Run(fmt.Sprintf("%dx%d", size.agents, size.frameworks), func(b *testing.B) {
			run(b, size.agents, size.frameworks)
		})
	}
}

// BenchmarkAllFree is one pass over all agents, each with everything free.
func BenchmarkAllFree(b *testing.B) {
	eachSize(b, func(b *testing.B, agents, frameworks int) {
		b.Helper()
		a := populate(agents, frameworks)
		now := time.Unix(0, 0)
		for b.Loop() {
			all := drain(a, now)
			b.StopTimer()
			for _, x := range all {
				a.Recover(x.Framework, x.Agent, x.Resources, nil)
			}
			b.StartTimer()
		}
	})
}

// BenchmarkQuota is BenchmarkAllFree with a guarantee for half of the roles at the top and a limit for the others; nothing,
// a tenth or nearly all of the cluster is owed to guarantees that nobody takes.
func BenchmarkQuota(b *testing.B) {
	for _, owed := range []int64{0, 10, 99} {
		b.Run(fmt.Sprintf("owed%d", owed), func(b *testing.B) {
			a := populate(10_000, 200)
			cpus, mem := a.tree.total[resources.CPUs], a.tree.total[resources.Mem]
			set := map[string]Quota{}
			for i := range 10 {
				q := limit("")
				if i < 5 {
					q.Guarantee = resources.Vector{cpus / 20, mem / 20}
				} else {
					q.Limit = resources.Vector{cpus / 15, mem / 15, NoLimit, NoLimit, NoLimit}
				}
				set[fmt.Sprintf("org%d", i)] = q
			}
			set["nobody"] = Quota{resources.Vector{cpus * owed / 100, mem * owed / 100}, limit("").Limit}
			if owed == 99 {
				for i := range 5 {
					set[fmt.Sprintf("org%d", i)] = limit("")
				}
			}
			a.SetQuotas(set)
			now := time.Unix(0, 0)
			for b.Loop() {
				all := drain(a, now)
				b.StopTimer()
				for _, x := range all {
					a.Recover(x.Framework, x.Agent, x.Resources, nil)
				}
				a.touchAll()
				b.StartTimer()
			}
		})
	}
}

// BenchmarkDeclined is the same pass after every offer of a first pass was declined with a filter.
func BenchmarkDeclined(b *testing.B) {
	eachSize(b, func(b *testing.B, agents, frameworks int) {
		b.Helper()
		a := populate(agents, frameworks)
		now := time.Unix(0, 0)
		for b.Loop() {
			b.StopTimer()
			for _, x := range drain(a, now) {
				a.Recover(x.Framework, x.Agent, x.Resources, &Filter{Until: now.Add(time.Second)})
			}
			b.StartTimer()
			all := drain(a, now)
			b.StopTimer()
			for _, x := range all {
				a.Recover(x.Framework, x.Agent, x.Resources, nil)
			}
			now = now.Add(time.Minute)
			a.expire(now)
			b.StartTimer()
		}
	})
}

// BenchmarkAllFiltered is a pass in which every framework has a filter on every agent.
func BenchmarkAllFiltered(b *testing.B) {
	eachSize(b, func(b *testing.B, agents, frameworks int) {
		b.Helper()
		if agents*frameworks > 2_000_000 {
			b.Skip("needs more memory than a laptop spares")
		}
		a := populate(agents, frameworks)
		now := time.Unix(0, 0)
		for a.Pending() {
			for _, x := range drain(a, now) {
				a.Recover(x.Framework, x.Agent, x.Resources, &Filter{Until: now.Add(time.Hour)})
			}
		}
		for b.Loop() {
			a.touchAll()
			if got := drain(a, now); len(got) != 0 {
				b.Fatalf("%d offers", len(got))
			}
		}
	})
}

// BenchmarkOneAgent is the usual event: a task ended, its resources are offered again.
func BenchmarkOneAgent(b *testing.B) {
	a := populate(10_000, 200)
	now := time.Unix(0, 0)
	all := drain(a, now)
	for i := 0; b.Loop(); i++ {
		x := all[i%len(all)]
		a.Recover(x.Framework, x.Agent, x.Resources, nil)
		all[i%len(all)] = a.Slice(now, 1)[0]
	}
}
