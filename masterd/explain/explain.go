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
	"codeberg.org/reeve/reeve/shared/holding"
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
	since     time.Time
}

// add counts an agent for which this is the reason, with what has been said of it.
func (r *reason) add(a *cluster.Agent, of reason) {
	r.names = append(r.names, a.Info.GetHostname())
	if !of.until.IsZero() && (r.until.IsZero() || of.until.Before(r.until)) {
		r.until = of.until
	}
	if !of.since.IsZero() && (r.since.IsZero() || of.since.Before(r.since)) {
		r.since = of.since
	}
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
	note := func(a *cluster.Agent, of reason) {
		if reasons[of.text] == nil {
			reasons[of.text] = &reason{why: of.why, text: of.text}
		}
		reasons[of.text].add(a, of)
	}
	held := q.held()
	judged := map[ids.Agent]bool{}
	for _, v := range verdicts {
		if a := q.View.Agents[v.Agent]; a != nil { // else it has joined since the view was made
			judged[v.Agent] = true
			note(a, q.agent(a, v, offered[v.Agent], held[v.Agent]))
		}
	}
	for id, a := range q.View.Agents {
		if !judged[id] && a.State != cluster.AgentGone {
			note(a, absent(a))
		}
	}
	for _, r := range reasons {
		slices.Sort(r.names)
		one := reeveapi.OfferReason{Why: r.why, Text: r.text, Agents: len(r.names), Names: r.names[:min(len(r.names), most)], Until: r.until, Since: r.since}
		out.Reasons = append(out.Reasons, one)
	}
	slices.SortFunc(out.Reasons, func(a, b reeveapi.OfferReason) int { return cmp.Or(b.Agents-a.Agents, cmp.Compare(a.Text, b.Text)) })
	out.Summary = q.summary(role, out)
	return out
}

// agent says why one agent that the allocator knows is not offered.
func (q Question) agent(a *cluster.Agent, v allocator.Verdict, offered bool, held []*cluster.Offer) reason {
	if offered {
		return reason{why: reeveapi.WhyOffered, text: "offered to it, and not answered yet"}
	}
	if v.Why == allocator.Inactive {
		return absent(a)
	}
	if r := q.tooSmall(a, v.Why, held); r.why != "" {
		return r
	}
	switch v.Why {
	case allocator.Region:
		return reason{why: reeveapi.WhyRegion, text: "of another region than the master, and it lacks the capability REGION_AWARE"}
	case allocator.Constraint:
		return reason{why: reeveapi.WhyConstraints, text: "excluded by its offer constraints"}
	case allocator.Used:
		if len(held) > 0 {
			return heldBack("in use, or ", held, q.View)
		}
		return reason{why: reeveapi.WhyUsed, text: "in use, or offered to others: what is left is not worth an offer"}
	case allocator.GPUs:
		return reason{why: reeveapi.WhyGPUs, text: "with GPUs, kept for frameworks with the capability GPU_RESOURCES"}
	case allocator.Capability:
		return reason{why: reeveapi.WhyCapability, text: "with nothing left but what it lacks a capability for (refined reservations, revocable or shared resources)"}
	case allocator.Reserved:
		return reason{why: reeveapi.WhyReserved, text: "with nothing left but what is reserved to other roles"}
	case allocator.Limited:
		return reason{why: reeveapi.WhyLimit, text: "held back by the limit of role " + v.By}
	case allocator.Headroom:
		return reason{why: reeveapi.WhyGuarantees, text: "kept free for what other roles are guaranteed"}
	case allocator.Filtered:
		return reason{why: reeveapi.WhyFiltered, text: "declined by it, and not offered again until its filter ends or there is more", until: v.Until}
	default:
		return reason{why: reeveapi.WhyNext, text: "free: offered as soon as those who come first have had it"}
	}
}

// tooSmall says that an instance of the job does not fit on an agent that would otherwise do.
func (q Question) tooSmall(a *cluster.Agent, why allocator.Why, held []*cluster.Offer) reason {
	if q.Job == nil || why != allocator.Used && why != allocator.Filtered && why != allocator.Next {
		return reason{}
	}
	need := q.Job.Spec.Resources
	free := a.Total.Minus(a.Allocated.Unallocate()).Minus(a.Offered.Unallocate())
	if name := lacking(overview.Amounts(a.Total), need); name != "" {
		return reason{why: reeveapi.WhySmall, text: "too small: an instance needs more " + name + " than they have in all"}
	}
	name := lacking(overview.Amounts(free), need)
	if name == "" {
		return reason{}
	}
	for _, o := range held {
		free = free.Plus(o.Resources.Unallocate())
	}
	if lacking(overview.Amounts(free), need) == "" {
		return heldBack("with too little "+name+" free for an instance without what is ", held, q.View)
	}
	return reason{why: reeveapi.WhyTooLittle, text: "with too little " + name + " free for an instance"}
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
func absent(a *cluster.Agent) reason {
	none := func(ids.Agent) (*agentlink.HostUsage, time.Time, bool) { return nil, time.Time{}, false }
	switch state := overview.Agent(a, 0, none).State; state {
	case reeveapi.AgentDeactivated:
		return reason{why: reeveapi.WhyDeactivated, text: "deactivated by an operator"}
	case reeveapi.AgentDraining, reeveapi.AgentDrained:
		return reason{why: reeveapi.WhyDraining, text: state + " on an operator's word"}
	case reeveapi.AgentRecovered:
		return reason{why: reeveapi.WhyRecovered, text: "not back yet since the change of leader"}
	case reeveapi.AgentUnreachable:
		return reason{why: reeveapi.WhyUnreachable, text: "unreachable"}
	case reeveapi.AgentDisconnected:
		return reason{why: reeveapi.WhyDisconnected, text: "disconnected"}
	default: // it has come back since it was judged
		return reason{why: reeveapi.WhyNext, text: "just back"}
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
	if !r.Since.IsZero() {
		return fmt.Sprintf("%s (for %s)", r.Text, holding.Short(q.Now.Sub(r.Since)))
	}
	return r.Text
}
