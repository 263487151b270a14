package holding_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"codeberg.org/reeve/reeve/shared/holding"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

var now = time.Date(2026, 5, 4, 12, 0, 40, 0, time.UTC)

func offer(framework, agent string, cpus float64, age time.Duration) reeveapi.Offer {
	return reeveapi.Offer{
		Framework: framework, FrameworkName: "name-of-" + framework, Agent: agent, AgentName: agent,
		Resources: reeveapi.Amounts{CPUs: cpus, Mem: 512}, Made: now.Add(-age),
	}
}

func TestWhoHolds(t *testing.T) {
	for _, tc := range []struct {
		framework string
		age       time.Duration
		want      bool
	}{{"f", time.Minute, true}, {"f", time.Second, true}, {"f", 999 * time.Millisecond, false}, {holding.Jobs, time.Minute, false}} {
		if got := holding.Holds(tc.framework, now.Add(-tc.age), now); got != tc.want {
			t.Errorf("%s after %v: %v", tc.framework, tc.age, got)
		}
	}
}

func TestWhatHoldersHave(t *testing.T) {
	offers := []reeveapi.Offer{offer("f", "a2", 1, 5*time.Second), offer("g", "a3", 4, 90*time.Second), offer("f", "a1", 1, 12*time.Second), offer("f", "a1", 0.5, time.Second)}
	offers[0].Until = now.Add(time.Minute)
	all := holding.ByFramework(offers)
	want := []reeveapi.Holder{
		{Framework: "g", FrameworkName: "name-of-g", Resources: reeveapi.Amounts{CPUs: 4, Mem: 512}, Agents: []string{"a3"}, Since: now.Add(-90 * time.Second)},
		{Framework: "f", FrameworkName: "name-of-f", Resources: reeveapi.Amounts{CPUs: 2.5, Mem: 1536}, Agents: []string{"a1", "a2"}, Since: now.Add(-12 * time.Second), Until: now.Add(time.Minute)},
	}
	if diff := cmp.Diff(want, all); diff != "" {
		t.Fatalf("-want +got:\n%s", diff)
	}
	for _, tc := range []struct {
		need reeveapi.Amounts
		now  time.Time
		want string
	}{
		{
			reeveapi.Amounts{CPUs: 1},
			now,
			"4 cpus of a3 are on offer to framework name-of-g (for 1m30s); 2.5 cpus of a1, a2 are on offer to framework name-of-f (for 12s, timing out in 1m0s)",
		},
		{
			reeveapi.Amounts{CPUs: 1, Mem: 64},
			time.Time{},
			"4 cpus, 512 MB of memory of a3 are on offer to framework name-of-g (since 11:59:10); " +
				"2.5 cpus, 1536 MB of memory of a1, a2 are on offer to framework name-of-f (since 12:00:28, timing out at 12:01:40)",
		},
		{reeveapi.Amounts{}, now, "resources of a3 are on offer to framework name-of-g (for 1m30s); resources of a1, a2 are on offer to framework name-of-f (for 12s, timing out in 1m0s)"},
	} {
		if got := holding.Text(all, tc.need, tc.now); got != tc.want {
			t.Errorf("got  %s\nwant %s", got, tc.want)
		}
	}
}

func TestManyAreCounted(t *testing.T) {
	var offers []reeveapi.Offer
	for _, f := range []string{"a", "b", "c", "d", "e"} {
		for _, agent := range []string{"1", "2", "3", "4", "5"} {
			offers = append(offers, offer(f, agent, 1, time.Minute))
		}
	}
	one := func(f string) string {
		return "5 cpus of 1, 2, 3 and 2 more are on offer to framework name-of-" + f + " (for 1m0s); "
	}
	want := one("a") + one("b") + one("c") + "more to 2 other frameworks"
	if got := holding.Text(holding.ByFramework(offers), reeveapi.Amounts{CPUs: 1}, now); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
