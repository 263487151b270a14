// Package explain says in words why a framework or a job has no offers: it puts what the allocator judged of each agent
// together with what the view knows of agents, frameworks and jobs. It is pure; who asks the allocator, and when, is
// masterd/httpapi's matter. Start reading at Question.
package explain

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"codeberg.org/reeve/reeve/masterd/allocator"
	"codeberg.org/reeve/reeve/masterd/cluster"
	"codeberg.org/reeve/reeve/masterd/overview"
	"codeberg.org/reeve/reeve/shared/agentlink"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// Question is what is asked about, and everything that is known.
type Question struct {
	View      *cluster.View
	Framework *cluster.Framework
	Job       *reeveapi.Job // nil: about the framework
	Held      bool          // the master offers nothing to anybody yet
	Verdicts  []allocator.Verdict
	Now       time.Time
}

// most is how many agents a reason names.
const most = 20

// Answer puts it into words.
func (q Question) Answer() reeveapi.Explanation {
	f := q.Framework
	out := reeveapi.Explanation{
		Framework: string(f.ID), FrameworkName: f.Info.GetName(), State: overview.Framework(f, nil, 0).State, Roles: []reeveapi.RoleExplanation{},
	}
	roles := f.Roles
	if j := q.Job; j != nil {
		out.Job, out.JobState, out.Waiting = j.Spec.Name, j.State, j.Waiting
		roles = []string{cmp.Or(j.Spec.Role, "*")}
	}
	byRole := map[string][]allocator.Verdict{}
	for _, v := range q.Verdicts {
		byRole[v.Role] = append(byRole[v.Role], v)
	}
	for _, role := range roles {
		out.Roles = append(out.Roles, q.role(role, byRole[role]))
	}
	return out
}

// reason is a reeveapi.OfferReason in the making.
type reason struct {
	why, text string
	names     []string
	until     time.Time
}

func (q Question) role(role string, verdicts []allocator.Verdict) reeveapi.RoleExplanation {
	out := reeveapi.RoleExplanation{Role: role, Reasons: []reeveapi.OfferReason{}}
	offered := map[ids.Agent]bool{}
	for _, o := range q.View.Offers {
		if o.Framework == q.Framework.ID && o.Role == role {
			offered[o.Agent] = true
			out.Offers++
		}
	}
	reasons := map[string]*reason{}
	note := func(a *cluster.Agent, why, text string, until time.Time) {
		r := reasons[text]
		if r == nil {
			r = &reason{why: why, text: text}
			reasons[text] = r
		}
		r.names = append(r.names, a.Info.GetHostname())
		if !until.IsZero() && (r.until.IsZero() || until.Before(r.until)) {
			r.until = until
		}
	}
	judged := map[ids.Agent]bool{}
	for _, v := range verdicts {
		a := q.View.Agents[v.Agent]
		if a == nil {
			continue // it has joined since the view was made
		}
		judged[v.Agent] = true
		why, text := q.agent(a, v, offered[v.Agent])
		until := v.Until
		if why != reeveapi.WhyFiltered {
			until = time.Time{}
		}
		note(a, why, text, until)
	}
	for id, a := range q.View.Agents {
		if !judged[id] && a.State != cluster.AgentGone {
			why, text := absent(a)
			note(a, why, text, time.Time{})
		}
	}
	for _, r := range reasons {
		slices.Sort(r.names)
		one := reeveapi.OfferReason{Why: r.why, Text: r.text, Agents: len(r.names), Names: r.names[:min(len(r.names), most)], Until: r.until}
		out.Reasons = append(out.Reasons, one)
	}
	slices.SortFunc(out.Reasons, func(a, b reeveapi.OfferReason) int { return cmp.Or(b.Agents-a.Agents, cmp.Compare(a.Text, b.Text)) })
	out.Summary = q.summary(role, out)
	return out
}

// agent says why one agent that the allocator knows is not offered.
func (q Question) agent(a *cluster.Agent, v allocator.Verdict, offered bool) (why, text string) {
	if offered {
		return reeveapi.WhyOffered, "offered to it, and not answered yet"
	}
	if v.Why == allocator.Inactive {
		return absent(a)
	}
	if why, text := q.tooSmall(a, v.Why); why != "" {
		return why, text
	}
	switch v.Why {
	case allocator.Region:
		return reeveapi.WhyRegion, "of another region than the master, and it lacks the capability REGION_AWARE"
	case allocator.Constraint:
		return reeveapi.WhyConstraints, "excluded by its offer constraints"
	case allocator.Used:
		return reeveapi.WhyUsed, "in use, or offered to others: what is left is not worth an offer"
	case allocator.GPUs:
		return reeveapi.WhyGPUs, "with GPUs, kept for frameworks with the capability GPU_RESOURCES"
	case allocator.Capability:
		return reeveapi.WhyCapability, "with nothing left but what it lacks a capability for (refined reservations, revocable or shared resources)"
	case allocator.Reserved:
		return reeveapi.WhyReserved, "with nothing left but what is reserved to other roles"
	case allocator.Limited:
		return reeveapi.WhyLimit, "held back by the limit of role " + v.By
	case allocator.Headroom:
		return reeveapi.WhyGuarantees, "kept free for what other roles are guaranteed"
	case allocator.Filtered:
		return reeveapi.WhyFiltered, "declined by it, and not offered again until its filter ends or there is more"
	default:
		return reeveapi.WhyNext, "free: offered as soon as those who come first have had it"
	}
}

// tooSmall says that an instance of the job does not fit on an agent that would otherwise do.
func (q Question) tooSmall(a *cluster.Agent, why allocator.Why) (string, string) {
	if q.Job == nil || why != allocator.Used && why != allocator.Filtered && why != allocator.Next {
		return "", ""
	}
	need := q.Job.Spec.Resources
	total, free := overview.Amounts(a.Total), overview.Amounts(a.Total.Minus(a.Allocated.Unallocate()).Minus(a.Offered.Unallocate()))
	if name := lacking(total, need); name != "" {
		return reeveapi.WhySmall, "too small: an instance needs more " + name + " than they have in all"
	}
	if name := lacking(free, need); name != "" {
		return reeveapi.WhyTooLittle, "with too little " + name + " free for an instance"
	}
	return "", ""
}

// lacking names the first resource of which there is not enough.
func lacking(has, need reeveapi.Amounts) string {
	for _, one := range [...]struct {
		name      string
		has, need float64
	}{{"cpus", has.CPUs, need.CPUs}, {"memory", has.Mem, need.Mem}, {"disk", has.Disk, need.Disk}, {"gpus", has.GPUs, need.GPUs}} {
		if one.need > one.has {
			return one.name
		}
	}
	return ""
}

// absent says why an agent is offered to nobody.
func absent(a *cluster.Agent) (why, text string) {
	none := func(ids.Agent) (*agentlink.HostUsage, time.Time, bool) { return nil, time.Time{}, false }
	switch state := overview.Agent(a, 0, none).State; state {
	case reeveapi.AgentDeactivated:
		return reeveapi.WhyDeactivated, "deactivated by an operator"
	case reeveapi.AgentDraining, reeveapi.AgentDrained:
		return reeveapi.WhyDraining, state + " on an operator's word"
	case reeveapi.AgentRecovered:
		return reeveapi.WhyRecovered, "not back yet since the change of leader"
	case reeveapi.AgentUnreachable:
		return reeveapi.WhyUnreachable, "unreachable"
	case reeveapi.AgentDisconnected:
		return reeveapi.WhyDisconnected, "disconnected"
	default: // it has come back since it was judged
		return reeveapi.WhyNext, "just back"
	}
}

// summary says what stands in the way first of all.
func (q Question) summary(role string, r reeveapi.RoleExplanation) string {
	f := q.Framework
	switch {
	case q.Job != nil && (q.Job.State != reeveapi.JobPending && q.Job.State != reeveapi.JobRunning):
		return fmt.Sprintf("the job is %s and needs no offers", q.Job.State)
	case f.State != cluster.FrameworkActive:
		return fmt.Sprintf("the framework is %s: it is offered nothing until it subscribes again", overview.Framework(f, nil, 0).State)
	case q.Job != nil && !slices.Contains(f.Roles, role):
		return "nothing of the job waits for an offer"
	case f.Suppressed[role] && q.Job != nil:
		return "nothing of the job waits for an offer"
	case f.Suppressed[role]:
		return "the framework has asked for no offers in this role (SUPPRESS), until it revives them"
	case q.Held:
		return "this master has just begun to lead, and offers nothing before it has heard of most agents, because there are quotas"
	case len(r.Reasons) == 0:
		return "there are no agents"
	}
	total := 0
	for _, reason := range r.Reasons {
		total += reason.Agents
	}
	if total == 1 {
		return "the only agent is " + q.phrase(r.Reasons[0])
	}
	var parts []string
	for _, reason := range r.Reasons[:min(3, len(r.Reasons))] {
		verb := "are"
		if reason.Agents == 1 {
			verb = "is"
		}
		parts = append(parts, fmt.Sprintf("%d %s %s", reason.Agents, verb, q.phrase(reason)))
	}
	return fmt.Sprintf("of %d agents, %s", total, strings.Join(parts, "; "))
}

func (q Question) phrase(r reeveapi.OfferReason) string {
	if !r.Until.IsZero() {
		return fmt.Sprintf("%s (the first in %s)", r.Text, max(r.Until.Sub(q.Now), 0).Round(time.Second))
	}
	return r.Text
}
