package allocator

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/resources"
)

func host(name string) *mesosv1.AgentInfo { return &mesosv1.AgentInfo{Hostname: new(name)} }

func TestForeignAgents(t *testing.T) {
	a, now := newTest(1), time.Unix(1000, 0)
	a.AddFramework("home", []string{"r"}, nil, Capabilities{})
	a.AddAgent("s", resources.MustParse("cpus:1;mem:64"), nil)
	a.SetAgentInfo("s", host("s"), true)
	want(t, offers(a, now))
	a.AddFramework("late", []string{"r"}, nil, Capabilities{})
	want(t, offers(a, now))
	a.AddFramework("aware", []string{"r"}, nil, Capabilities{RegionAware: true})
	want(t, offers(a, now), "s aware r cpus:1; mem:64")
	a.Recover("aware", "s", resources.MustParse("cpus:1;mem:64").Allocate("r"), &Filter{Until: now.Add(time.Hour)})
	a.UpdateFramework("home", []string{"r"}, nil, Capabilities{RegionAware: true})
	want(t, offers(a, now), "s home r cpus:1; mem:64")
}

// TestBarred: whatever comes and goes, an agent is offered in a role exactly if the framework wants it and it is no stranger.
func TestBarred(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, now := newTest(1), time.Unix(1000, 0)
		wants, foreign, aware := map[string]bool{}, map[ids.Agent]bool{}, map[ids.Framework]bool{}
		accepts := func(fw ids.Framework) Accepts {
			return func(role string, info *mesosv1.AgentInfo) bool {
				return wants[fmt.Sprint(fw, role, info.GetHostname())]
			}
		}
		constrained := map[ids.Framework]bool{}
		agents, frameworks, roles := []ids.Agent{"s1", "s2", "s3"}, []ids.Framework{"f", "g"}, []string{"r", "q"}
		anyAgent := func() ids.Agent { return rapid.SampledFrom(agents).Draw(t, "agent") }
		anyFramework := func() ids.Framework { return rapid.SampledFrom(frameworks).Draw(t, "framework") }
		t.Repeat(map[string]func(*rapid.T){
			"": func(t *rapid.T) {
				for _, fw := range frameworks {
					for _, v := range explained(a, fw, 5) {
						stranger := foreign[v.Agent] && !aware[fw]
						excluded := constrained[fw] && !wants[fmt.Sprint(fw, v.Role, v.Agent)]
						leaf := a.frameworks[fw].leaves[v.Role]
						if got := a.agents[a.agentIndex[v.Agent]].barred.has(leaf); got != (stranger || excluded) {
							t.Fatalf("%s in %s on %s: barred %v; stranger %v, excluded %v", fw, v.Role, v.Agent, got, stranger, excluded)
						}
					}
				}
			},
			"agent": func(t *rapid.T) {
				id := anyAgent()
				foreign[id] = rapid.Bool().Draw(t, "foreign")
				a.AddAgent(id, resources.MustParse("cpus:1;mem:64"), nil)
				a.SetAgentInfo(id, host(string(id)), foreign[id])
			},
			"no agent": func(t *rapid.T) { a.RemoveAgent(anyAgent()) },
			"framework": func(t *rapid.T) {
				fw := anyFramework()
				aware[fw], constrained[fw] = rapid.Bool().Draw(t, "aware"), rapid.Bool().Draw(t, "constrained")
				for _, role := range roles {
					for _, id := range agents {
						wants[fmt.Sprint(fw, role, id)] = rapid.Bool().Draw(t, "wants")
					}
				}
				a.AddFramework(fw, roles[:rapid.IntRange(1, 2).Draw(t, "roles")], nil, Capabilities{RegionAware: aware[fw]})
				if a.SetConstraints(fw, nil); constrained[fw] {
					a.SetConstraints(fw, accepts(fw))
				}
			},
			"no framework": func(t *rapid.T) { a.RemoveFramework(anyFramework()) },
			"offers": func(t *rapid.T) {
				for _, x := range a.Slice(now, 3) {
					if foreign[x.Agent] && !aware[x.Framework] || constrained[x.Framework] && !wants[fmt.Sprint(x.Framework, x.Role, x.Agent)] {
						t.Fatalf("offered %v", x)
					}
					a.Recover(x.Framework, x.Agent, x.Resources, nil)
				}
			},
		})
	})
}
