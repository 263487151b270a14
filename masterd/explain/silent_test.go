package explain

import (
	"testing"

	"codeberg.org/reeve/reeve/masterd/allocator"
	"codeberg.org/reeve/reeve/masterd/cluster"
	"codeberg.org/reeve/reeve/shared/resources"
)

func TestSilentAgents(t *testing.T) {
	ask := resources.MustParse("cpus:1;mem:64").Vector()
	short := allocator.Census{Most: resources.MustParse("cpus:0.5;mem:32").Vector()}
	short.Short[resources.CPUs], short.Short[resources.Mem] = 2, 1
	off, lost := &cluster.Agent{State: cluster.AgentActive, Deactivated: true}, &cluster.Agent{State: cluster.AgentUnreachable}
	for _, test := range []struct {
		census allocator.Census
		absent []*cluster.Agent
		heard  int
		want   string
	}{
		{short, nil, 0, "of 3 agents that made no offer, on 2: at most 0.5 cpus left, 1 asked; on 1: at most 32 MB of mem left, 64 asked"},
		{allocator.Census{}, []*cluster.Agent{off, lost, off}, 2, "of 3 agents that made no offer, on 2: deactivated by an operator; on 1: unreachable"},
		{allocator.Census{Enough: 1}, nil, 0, `of 1 agent that made no offer, on 1: enough is left, and is not offered; "reeve explain web" says why`},
		{allocator.Census{}, nil, 0, "there are no agents"},
		{allocator.Census{}, nil, 1, ""},
	} {
		if got := Silent("web", test.census, test.absent, ask, test.heard); got != test.want {
			t.Errorf("got  %s\nwant %s", got, test.want)
		}
	}
}
