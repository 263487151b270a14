package allocator

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/resources"
)

// explained is every verdict about a framework, in pieces of some agents each.
func explained(a *Allocator, fw ids.Framework, piece int) []Verdict {
	var all []Verdict
	for at := 0; at >= 0; {
		var list []Verdict
		list, at = a.Explain(fw, at, piece)
		all = append(all, list...)
	}
	return all
}

func TestExplain(t *testing.T) {
	a, now := newTest(1), time.Unix(1000, 0)
	a.SetQuotas(map[string]Quota{"tight": limit("cpus:1;mem:100"), "owed": guarantee("cpus:5;mem:500"), "tight/er": limit("cpus:9;mem:900")})
	a.AddFramework("f", []string{"dev", "tight", "tight/er"}, map[string]bool{"dev": true}, Capabilities{})
	a.AddFramework("holds", []string{"tight"}, nil, Capabilities{})
	for id, has := range map[ids.Agent]string{
		"used": "cpus:1;mem:100", "gpus": "cpus:1;mem:100;gpus:1", "reserved": "cpus(ops):2;mem(ops):100", "away": "cpus:8", "free": "cpus:4;mem:400",
		"mine": "cpus(dev):1;mem(dev):100",
	} {
		var held map[ids.Framework]resources.Resources
		if id == "used" {
			held = map[ids.Framework]resources.Resources{"holds": resources.MustParse(has).Allocate("tight")}
		}
		a.AddAgent(id, resources.MustParse(has), held)
	}
	a.SetAgentActive("away", false)
	say := func(role string) string {
		var said []string
		for _, v := range explained(a, "f", 2) {
			if v.Role == role {
				said = append(said, strings.TrimSpace(fmt.Sprintf("%s:%d%s", v.Agent, v.Why, v.By)))
			}
		}
		slices.Sort(said)
		return strings.Join(said, " ")
	}
	want := func(role string, whys map[ids.Agent]string) {
		t.Helper()
		var list []string
		for id, why := range whys {
			list = append(list, string(id)+":"+why)
		}
		slices.Sort(list)
		if got := say(role); got != strings.Join(list, " ") {
			t.Errorf("role %s: %s\nwant %s", role, got, strings.Join(list, " "))
		}
	}
	why := func(w Why, by string) string { return fmt.Sprintf("%d%s", w, by) }
	all := func(free, mine string) map[ids.Agent]string {
		return map[ids.Agent]string{
			"used": why(Used, ""), "gpus": why(GPUs, ""), "reserved": why(Reserved, ""), "away": why(Inactive, ""), "free": free, "mine": mine,
		}
	}
	want("dev", all(why(Headroom, ""), why(Next, "")))
	want("tight", all(why(Limited, "tight"), why(Reserved, "")))
	want("tight/er", all(why(Limited, "tight"), why(Reserved, "")))
	a.SetQuotas(map[string]Quota{})
	want("tight", all(why(Next, ""), why(Reserved, "")))
	a.Revive("f", []string{"dev"})
	for _, x := range drain(a, now) {
		if x.Framework == "f" {
			a.Recover("f", x.Agent, x.Resources, &Filter{Until: now.Add(time.Hour)})
		} else {
			a.Recover(x.Framework, x.Agent, x.Resources, nil)
		}
	}
	if got := say("dev"); !strings.Contains(got, "mine:"+why(Filtered, "")) {
		t.Errorf("after it was declined: %s", got)
	}
	if list, next := a.Explain("nobody", 0, 5); list != nil || next != -1 {
		t.Errorf("of nobody it says %v, %d", list, next)
	}
}

// TestExplainIsTrue: whatever is said to come next is offered, and nothing else is, when nobody else wants anything.
func TestExplainIsTrue(t *testing.T) {
	totals := []string{"cpus:2;mem:1024", "cpus:1;mem:64;cpus(a):2;mem(a):512", "cpus:6;mem:900;gpus:2", "cpus(b):1;mem(b):64", "cpus:0.005"}
	rapid.Check(t, func(t *rapid.T) {
		a, now := newTest(rapid.Uint64().Draw(t, "seed")), time.Unix(1000, 0)
		a.SetQuotas(drawQuotas(t, []string{"a", "b", "a/b"}))
		a.AddFramework("f", []string{rapid.SampledFrom([]string{"a", "b", "a/b"}).Draw(t, "role")}, nil, Capabilities{GPU: rapid.Bool().Draw(t, "gpu")})
		id := ids.Agent("s")
		a.AddAgent(id, resources.MustParse(rapid.SampledFrom(totals).Draw(t, "total")), nil)
		for range 2 {
			said := explained(a, "f", 10)[0]
			given := a.Slice(now, 10)
			if (said.Why == Next) != (len(given) > 0) {
				t.Fatalf("it says %d, and offers are %v", said.Why, given)
			}
			for _, x := range given {
				a.Recover(x.Framework, x.Agent, x.Resources, &Filter{Until: now.Add(time.Minute)})
			}
			a.touchAll()
		}
	})
}
