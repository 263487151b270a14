package fit_test

import (
	"testing"
	"time"

	"codeberg.org/reeve/reeve/shared/holding"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/fit"
	"codeberg.org/reeve/reeve/tui/store"
)

var now = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

func room(offers ...reeveapi.Offer) (*store.Store, *fit.Room) {
	agent := func(id, state string, cpus, mem float64) reeveapi.Agent {
		return reeveapi.Agent{ID: id, Name: "a" + id, State: state, Total: reeveapi.Amounts{CPUs: 8, Mem: 8192, Disk: 100}, Allocated: reeveapi.Amounts{CPUs: 8 - cpus, Mem: 8192 - mem}}
	}
	s := store.New()
	s.Apply(&reeveapi.Watch{Snapshot: true, Offers: offers, Agents: []reeveapi.Agent{
		agent("1", reeveapi.AgentActive, 3, 1024), agent("2", reeveapi.AgentActive, 0.3, 8192), agent("3", reeveapi.AgentUnreachable, 8, 8192),
	}}, now)
	return s, fit.Look(s.Snapshot(), now, nil)
}

func offer(id, agent, framework string, age time.Duration, has reeveapi.Amounts) reeveapi.Offer {
	return reeveapi.Offer{ID: id, Agent: agent, AgentName: "a" + agent, Framework: framework, FrameworkName: framework, Resources: has, Made: now.Add(-age)}
}

func TestCount(t *testing.T) {
	for name, test := range map[string]struct {
		offers   []reeveapi.Offer
		need     reeveapi.Amounts
		n        int
		now      int
		later    int
		holders  string
		free     float64
		largest  float64
		everCPUs float64
	}{
		"cpus":              {nil, reeveapi.Amounts{CPUs: 1, Mem: 128}, 5, 3, 0, "", 3.3, 3, 3},
		"both":              {nil, reeveapi.Amounts{CPUs: 0.1, Mem: 512}, 9, 5, 0, "", 3.3, 3, 3}, // 2 by memory on the first, 3 by cpus on the second
		"no more than that": {nil, reeveapi.Amounts{CPUs: 0.1, Mem: 512}, 2, 2, 0, "", 3.3, 3, 3},
		"none":              {nil, reeveapi.Amounts{CPUs: 4}, 1, 0, 0, "", 3.3, 3, 3},
		"disk":              {nil, reeveapi.Amounts{Disk: 60}, 3, 2, 0, "", 3.3, 3, 3},
		"gpus":              {nil, reeveapi.Amounts{GPUs: 1}, 1, 0, 0, "", 3.3, 3, 3},
		"held": {
			[]reeveapi.Offer{offer("o", "1", "x", 12*time.Second, reeveapi.Amounts{CPUs: 2})},
			reeveapi.Amounts{CPUs: 1},
			5, 1, 2,
			"2 cpus of a1 are on offer to framework x (for 12s)", 1.3, 1, 3,
		},
		"held, and enough beside": {
			[]reeveapi.Offer{offer("o", "1", "x", 12*time.Second, reeveapi.Amounts{CPUs: 2})}, reeveapi.Amounts{CPUs: 1}, 1, 1, 0, "", 1.3, 1, 3,
		},
		"held in two offers": {
			[]reeveapi.Offer{
				offer("o", "1", "x", 12*time.Second, reeveapi.Amounts{CPUs: 2}), offer("p", "1", "y", time.Minute, reeveapi.Amounts{CPUs: 1}),
			}, reeveapi.Amounts{CPUs: 3}, 1, 0, 1, "1 cpus of a1 are on offer to framework y (for 1m0s); 2 cpus of a1 are on offer to framework x (for 12s)", 0.3, 0.3, 3,
		},
		"not for long": {
			[]reeveapi.Offer{offer("o", "1", "x", 900*time.Millisecond, reeveapi.Amounts{CPUs: 2})}, reeveapi.Amounts{CPUs: 1}, 5, 3, 0, "", 3.3, 3, 3,
		},
		"by the jobs": {
			[]reeveapi.Offer{offer("o", "1", holding.Jobs, time.Minute, reeveapi.Amounts{CPUs: 2})}, reeveapi.Amounts{CPUs: 1}, 5, 3, 0, "", 3.3, 3, 3,
		},
		"of one that is away": {
			[]reeveapi.Offer{offer("o", "3", "x", time.Minute, reeveapi.Amounts{CPUs: 2})}, reeveapi.Amounts{CPUs: 1}, 5, 3, 0, "", 3.3, 3, 3,
		},
	} {
		_, r := room(test.offers...)
		got, totals := r.Count(test.need, test.n), r.Totals()
		text := holding.Text(got.Holders, got.Short, now)
		if got.Now != test.now || got.Later != test.later || text != test.holders {
			t.Errorf("%s: got %d now, %d later, %q; want %d, %d, %q", name, got.Now, got.Later, text, test.now, test.later, test.holders)
		}
		near := func(a, b float64) bool { return a-b < 1e-9 && b-a < 1e-9 }
		if !near(totals.Free.CPUs, test.free) || !near(totals.Largest.CPUs, test.largest) || !near(totals.Ever.CPUs, test.everCPUs) {
			t.Errorf("%s: got %+v, want %v, %v, %v", name, totals, test.free, test.largest, test.everCPUs)
		}
	}
}

// A look is kept for as long as it is right.
func TestLookIsKept(t *testing.T) {
	s, r := room(offer("o", "1", "x", 500*time.Millisecond, reeveapi.Amounts{CPUs: 3}))
	need := reeveapi.Amounts{CPUs: 1}
	if fit.Look(s.Snapshot(), now.Add(300*time.Millisecond), r) != r {
		t.Error("nothing has changed, and it was looked again")
	}
	if c := fit.Look(s.Snapshot(), now.Add(time.Second), r).Count(need, 9); c.Now != 0 || c.Later != 3 {
		t.Errorf("a second later: %+v", c)
	}
	s.Apply(&reeveapi.Watch{OffersRemoved: []string{"o"}}, now)
	if c := fit.Look(s.Snapshot(), now.Add(time.Second), r).Count(need, 9); c.Now != 3 || c.Later != 0 {
		t.Errorf("after it was answered: %+v", c)
	}
}
