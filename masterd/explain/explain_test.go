package explain

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"codeberg.org/reeve/reeve/masterd/allocator"
	"codeberg.org/reeve/reeve/masterd/cluster"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/shared/resources"
)

var now = time.Unix(1_800_000_000, 0)

// question is about framework f in role dev of a cluster with these agents, "name total [allocated]".
func question(agents ...string) Question {
	v := &cluster.View{Agents: map[ids.Agent]*cluster.Agent{}, Offers: map[ids.Offer]*cluster.Offer{}}
	for _, text := range agents {
		f := strings.Fields(text)
		a := &cluster.Agent{
			ID: ids.Agent(f[0]), Info: &mesosv1.AgentInfo{Hostname: new("host-" + f[0])}, State: cluster.AgentActive, Total: resources.MustParse(f[1]),
		}
		if len(f) > 2 {
			a.Allocated = resources.MustParse(f[2]).Allocate("dev")
		}
		v.Agents[a.ID] = a
	}
	return Question{View: v, Now: now, Framework: &cluster.Framework{
		ID: "f", Info: &mesosv1.FrameworkInfo{Name: new("marathon")}, State: cluster.FrameworkActive, Roles: []string{"dev"},
	}}
}

func (q *Question) judge(why allocator.Why, agents ...ids.Agent) {
	for i, id := range agents {
		v := allocator.Verdict{Role: "dev", Agent: id, Why: why, By: "dev"}
		if why == allocator.Filtered {
			v.Until = now.Add(time.Duration(30-i) * time.Second)
		}
		q.Verdicts = append(q.Verdicts, v)
	}
}

// say is an answer in lines.
func say(x reeveapi.Explanation) []string {
	var lines []string
	for _, r := range x.Roles {
		lines = append(lines, r.Role+": "+r.Summary)
		for _, reason := range r.Reasons {
			lines = append(lines, fmt.Sprintf("%d %s %s", reason.Agents, reason.Why, strings.Join(reason.Names, " ")))
		}
	}
	return lines
}

func expect(t *testing.T, q Question, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, say(q.Answer())); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestEveryAgentCountsOnce(t *testing.T) {
	q := question("a cpus:1", "b cpus:1", "c cpus:1", "d cpus:1", "e cpus:1", "g cpus:1", "gone cpus:1")
	q.View.Agents["d"].Deactivated = true
	q.View.Agents["e"].State = cluster.AgentUnreachable
	q.View.Agents["gone"].State = cluster.AgentGone
	q.View.Offers["O1"] = &cluster.Offer{ID: "O1", Framework: "f", Agent: "g", Role: "dev"}
	q.View.Offers["O2"] = &cluster.Offer{ID: "O2", Framework: "f", Agent: "a", Role: "other"}
	q.judge(allocator.Filtered, "a", "b")
	q.judge(allocator.Used, "c", "g")
	q.judge(allocator.Inactive, "d")
	q.judge(allocator.Next, "new") // has joined since
	expect(t, q,
		"dev: of 6 agents, 2 are declined by it, and not offered again until its filter ends or there is more (the first in 29s); "+
			"1 is deactivated by an operator; 1 is in use, or offered to others: what is left is not worth an offer",
		"2 filtered host-a host-b", "1 deactivated host-d", "1 used host-c", "1 offered host-g", "1 unreachable host-e")
}

func TestWhatConcernsTheWholeFramework(t *testing.T) {
	q := question("a cpus:1")
	q.judge(allocator.Next, "a")
	expect(t, q, "dev: the only agent is free: offered as soon as those who come first have had it", "1 next host-a")
	q.Framework.Suppressed = map[string]bool{"dev": true}
	expect(t, q, "dev: the framework has asked for no offers in this role (SUPPRESS), until it revives them", "1 next host-a")
	q.Framework.Suppressed, q.Held = nil, true
	expect(t, q, "dev: this master has just begun to lead, and offers nothing before it has heard of most agents, because there are quotas", "1 next host-a")
	q.Framework.State = cluster.FrameworkInactive
	expect(t, q, "dev: the framework is inactive: it is offered nothing until it subscribes again", "1 next host-a")
	expect(t, question(), "dev: there are no agents")
}

func TestJob(t *testing.T) {
	q := question("small cpus:1;mem:64", "busy cpus:4;mem:4096 cpus:3;mem:64", "limited cpus:8;mem:8192")
	q.Job = &reeveapi.Job{State: reeveapi.JobPending, Waiting: "a place", Spec: reeveapi.JobSpec{Name: "j", Role: "dev", Resources: reeveapi.Amounts{CPUs: 2, Mem: 64}}}
	q.judge(allocator.Filtered, "small", "busy")
	q.judge(allocator.Limited, "limited")
	expect(t, q, "dev: of 3 agents, 1 is held back by the limit of role dev; 1 is too small: an instance needs more cpus than they have in all; "+
		"1 is with too little cpus free for an instance", "1 limit host-limited", "1 small host-small", "1 too little host-busy")
	if x := q.Answer(); x.Job != "j" || x.Waiting != "a place" {
		t.Errorf("of the job it says %+v", x)
	}
	q.Job.State = reeveapi.JobFinished
	if got := say(q.Answer())[0]; got != "dev: the job is finished and needs no offers" {
		t.Error(got)
	}
	q.Job.State, q.Job.Spec.Role = reeveapi.JobRunning, "elsewhere"
	if got := say(q.Answer())[0]; got != "elsewhere: nothing of the job waits for an offer" {
		t.Error(got)
	}
}

// offer has framework id hold part of an agent for so long.
func (q *Question) offer(id ids.Framework, agent ids.Agent, has string, age time.Duration) {
	oid := ids.Offer(fmt.Sprint(id, "-", agent))
	of := resources.MustParse(has).Allocate("*")
	q.View.Offers[oid] = &cluster.Offer{ID: oid, Framework: id, Agent: agent, Role: "*", Resources: of, Made: now.Add(-age)}
	q.View.Agents[agent].Offered = q.View.Agents[agent].Offered.Plus(of)
	if q.View.Frameworks == nil {
		q.View.Frameworks = map[ids.Framework]*cluster.Framework{}
	}
	q.View.Frameworks[id] = &cluster.Framework{ID: id, Info: &mesosv1.FrameworkInfo{Name: new("name-of-" + string(id))}}
}

// What others hold is named with who holds it.
func TestHeld(t *testing.T) {
	q := question("a cpus:4", "b cpus:4", "c cpus:4", "d cpus:4", "e cpus:4")
	q.offer("x", "a", "cpus:4", 12*time.Second)
	q.offer("x", "b", "cpus:2", 40*time.Second)
	q.offer("y", "b", "cpus:2", 20*time.Second)
	q.offer("x", "c", "cpus:4", time.Millisecond)
	q.offer("reeve-jobs", "d", "cpus:4", time.Hour)
	q.judge(allocator.Used, "a", "b", "c", "d", "e")
	expect(t, q,
		"dev: of 5 agents, 3 are in use, or offered to others: what is left is not worth an offer; 1 is in use, or on offer to framework name-of-x, name-of-y, not answered yet (for 40s); "+
			"1 is in use, or on offer to framework name-of-x, not answered yet (for 12s)",
		"3 used host-c host-d host-e", "1 held host-b", "1 held host-a")

	q.Job = &reeveapi.Job{State: reeveapi.JobPending, Spec: reeveapi.JobSpec{Name: "j", Role: "dev", Resources: reeveapi.Amounts{CPUs: 3}}}
	q.View.Agents["b"].Allocated = resources.MustParse("cpus:2").Allocate("dev")
	q.View.Agents["b"].Offered = resources.Resources{}
	expect(t, q,
		"dev: of 5 agents, 2 are with too little cpus free for an instance; "+
			"1 is in use, or offered to others: what is left is not worth an offer; 1 is with too little cpus free for an instance without what is on offer to framework name-of-x, name-of-y, not answered yet (for 40s)",
		"2 too little host-c host-d", "1 used host-e", "1 held host-b", "1 held host-a")
}

func TestWhatJobsWaitForThatOthersHold(t *testing.T) {
	q := question("a cpus:4;mem:100", "b cpus:4;mem:100", "c cpus:4;mem:100", "off cpus:4;mem:100")
	q.View.Agents["off"].Deactivated = true
	for _, id := range []ids.Agent{"a", "b", "off"} {
		q.offer("x", id, "cpus:3;mem:10", 12*time.Second)
	}
	q.offer("y", "c", "cpus:4", time.Millisecond)
	h := HoldingsOf(q.View, now)
	since := now.Add(-12 * time.Second).UTC().Format(time.TimeOnly)
	for ask, want := range map[string]string{
		"cpus:1":         "",
		"cpus:2":         "6 cpus of host-a, host-b are on offer to framework name-of-x (since " + since + "); it fits once that is given back",
		"cpus:1;mem:95":  "20 MB of memory of host-a, host-b are on offer to framework name-of-x (since " + since + "); it fits once that is given back",
		"cpus:5":         "",
		"cpus:4;mem:101": "",
	} {
		if got := h.Text(resources.MustParse(ask).Vector()); got != want {
			t.Errorf("%s: got  %s\nwant %s", ask, got, want)
		}
	}
}
