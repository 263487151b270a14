// Package jobplan says what a job's spec would change, and where its instances would go: a dry run. It judges by a View
// of the cluster, as the jobs machine does by offers; it changes nothing. What frameworks have been offered and hold is not
// free: it places twice, without that and with it, and tells who holds what makes the difference. Quota and filters may still
// keep resources from the job. Start reading at Make.
package jobplan

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"codeberg.org/reeve/reeve/masterd/jobspec"
	"codeberg.org/reeve/reeve/masterd/overview"
	"codeberg.org/reeve/reeve/masterd/placement"
	"codeberg.org/reeve/reeve/masterd/view"
	"codeberg.org/reeve/reeve/shared/holding"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/jobfile"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/shared/resources"
)

// What a plan does.
const (
	Create = "create"
	Update = "update"
	None   = "none"
)

// Cluster is what a plan goes by.
type Cluster struct {
	View   *view.View
	Jobs   []reeveapi.Job             // all that there are
	Images map[string]map[string]bool // by agent id: the images that it has
	Now    time.Time
}

// Make plans a spec. Its error is of kind Invalid or Unsupported.
func Make(spec reeveapi.JobSpec, c Cluster) (reeveapi.JobPlan, error) {
	spec = jobspec.Complete(spec)
	if err := jobspec.Check(spec); err != nil {
		return reeveapi.JobPlan{}, err
	}
	rules, err := placement.Compile(spec.Constraints)
	if err != nil {
		return reeveapi.JobPlan{}, err
	}
	plan := reeveapi.JobPlan{Action: Create, Spec: spec, Wanted: spec.Instances, Agents: []reeveapi.PlanAgent{}}
	var current *reeveapi.Job
	for i := range c.Jobs {
		if c.Jobs[i].Spec.Name == spec.Name && c.Jobs[i].Ended.IsZero() {
			current = &c.Jobs[i]
		}
	}
	s := &site{spec: &spec, rules: rules, ask: placement.DemandOf(&spec), at: placement.NewSite(rules, &spec), now: c.Now}
	if current != nil {
		s.against(&plan, current)
	}
	s.look(c)
	s.place(&plan)
	return plan, nil
}

// site is what placing goes by.
type site struct {
	spec    *reeveapi.JobSpec
	rules   placement.Rules
	ask     placement.Demand
	at      *placement.Site
	agents  []*agent
	staying map[string]int // instances that stay where they are, by agent id
	now     time.Time
}

// agent is one agent and what is left of it.
type agent struct {
	placement.Place
	away   string // why it does not count, "" if it does
	free   resources.Resources
	held   resources.Resources // of what is not free, what frameworks have been offered
	offers []reeveapi.Offer    // that hold it
	takes  int
	later  int
	why    string // it takes no more now
	lack   int    // the resource of which it has too little, -1 if that is not why
}

// against compares with the job as it is: instances that run and may stay need no place.
func (s *site) against(plan *reeveapi.JobPlan, current *reeveapi.Job) {
	plan.Version = current.Version
	plan.Changes = jobfile.Diff(current.Spec, *s.spec)
	plan.Action = Update
	if len(plan.Changes) == 0 {
		plan.Action = None
	}
	stays := jobspec.SameTask(current.Spec, *s.spec)
	s.staying = map[string]int{}
	for _, inst := range current.Instances {
		runs := inst.State == "TASK_RUNNING" || inst.State == "TASK_STARTING" || inst.State == "TASK_STAGING"
		switch {
		case !runs:
		case !stays && s.spec.Kind == reeveapi.Service:
			plan.Replace++
		case inst.Index < s.spec.Instances:
			s.staying[inst.Agent]++
			plan.Wanted--
		}
	}
}

// look takes in the agents and the other jobs.
func (s *site) look(c Cluster) {
	s.keepApart(c.Jobs)
	held, offers := s.held(c.View)
	for _, a := range c.View.Agents {
		one := s.agent(a, held[a.ID], c.Images[string(a.ID)])
		one.offers = offers[one.Host.Agent]
		if a.Usable() && !one.Host.GPUs {
			s.at.SpareGPUs()
		}
		s.agents = append(s.agents, one)
		s.at.Know(one.Host)
		for range s.staying[one.Host.Agent] {
			s.at.Add(one.Host.Agent, s.rules.Where(one.Host))
		}
	}
	slices.SortFunc(s.agents, func(a, b *agent) int {
		return cmp.Or(cmp.Compare(a.Host.Name, b.Host.Name), cmp.Compare(a.Host.Agent, b.Host.Agent))
	})
}

// held is what frameworks keep by offers, by agent.
func (s *site) held(v *view.View) (map[ids.Agent]resources.Resources, map[string][]reeveapi.Offer) {
	sum, offers := map[ids.Agent]resources.Resources{}, map[string][]reeveapi.Offer{}
	for _, o := range v.Offers {
		if holding.Holds(string(o.Framework), o.Made, s.now) {
			sum[o.Agent] = sum[o.Agent].Plus(o.Resources.Unallocate())
			offers[string(o.Agent)] = append(offers[string(o.Agent)], overview.Offer(v, o))
		}
	}
	return sum, offers
}

// agent is one agent of which so much is held.
func (s *site) agent(a *view.Agent, held resources.Resources, images map[string]bool) *agent {
	rest := a.Total.Minus(a.Allocated.Unallocate())
	one := &agent{
		free: rest.Minus(held).AllocatableTo(s.spec.Role), held: held.AllocatableTo(s.spec.Role),
		Place: placement.Place{Host: placement.Host{
			Agent: string(a.ID), Name: a.Info.GetHostname(), Attributes: placement.Attributes(a.Info.GetAttributes()),
			Roles: placement.RolesOf(rest.AllocatableTo(s.spec.Role)), GPUs: a.Total.Scalar("gpus") > 0, Images: images,
		}},
	}
	one.Pool = placement.NewPool(s.spec.Role, one.free)
	switch {
	case a.Deactivated:
		one.away = "it is deactivated or drains"
	case !a.Usable():
		one.away = "it is not active"
	}
	return one
}

// keepApart notes where the jobs are that this one is to keep apart from, on either's word.
func (s *site) keepApart(all []reeveapi.Job) {
	for _, j := range all {
		if j.Spec.Name != s.spec.Name && (slices.Contains(s.spec.Avoid, j.Spec.Name) || slices.Contains(j.Spec.Avoid, s.spec.Name)) && j.Ended.IsZero() {
			for _, inst := range j.Instances {
				if inst.Agent != "" {
					s.at.Avoid(inst.Agent, j.Spec.Name)
				}
			}
		}
	}
}

// place puts instance after instance where the job likes it best: first into what is free, then the others into that and what
// is held.
func (s *site) place(plan *reeveapi.JobPlan) {
	s.fill(plan.Wanted, func(a *agent) { a.takes, plan.Fits = a.takes+1, plan.Fits+1 })
	for _, a := range s.agents {
		lack, text := s.refusal(a)
		a.why, a.lack = cmp.Or(a.away, a.why, text), lack
		a.Pool = placement.NewPool(s.spec.Role, a.Pool.Left().Plus(a.held))
	}
	s.at.Forget()
	s.fill(plan.Wanted-plan.Fits, func(a *agent) { a.later, plan.Later = a.later+1, plan.Later+1 })
	for _, a := range s.agents {
		plan.Agents = append(plan.Agents, reeveapi.PlanAgent{Name: a.Host.Name, ID: a.Host.Agent, Takes: a.takes, Later: a.later, Reason: s.reason(a)})
	}
	s.explain(plan)
}

// fill puts up to n instances where there is room.
func (s *site) fill(n int, took func(*agent)) {
	var open []*placement.Place
	of := map[*placement.Place]*agent{}
	for _, a := range s.agents {
		if a.away == "" {
			open, of[&a.Place] = append(open, &a.Place), a
		}
	}
	for n > 0 {
		var best *placement.Place
		if best, open = s.at.Choose(open, s.ask, func(*placement.Place, placement.Shortage) {}); best == nil {
			break
		}
		if _, _, ok := best.Pool.Take(s.ask); !ok {
			of[best].why = placement.Reserved().Text
			s.at.Forget()
			open = slices.DeleteFunc(open, func(p *placement.Place) bool { return p == best })
			continue
		}
		took(of[best])
		s.at.Add(best.Host.Agent, s.rules.Where(best.Host))
		n--
	}
}

// reason says why an agent takes no further instance now.
func (s *site) reason(a *agent) string {
	if a.later == 0 {
		return a.why
	}
	return a.why + "; " + holding.Text(holding.ByFramework(a.offers), s.short(a), s.now)
}

// explain says who holds what the instances wait for that have no place now.
func (s *site) explain(plan *reeveapi.JobPlan) {
	var offers []reeveapi.Offer
	var waiting []*agent
	for _, a := range s.agents {
		if a.later > 0 {
			waiting, offers = append(waiting, a), append(offers, a.offers...)
		}
	}
	if len(waiting) == 0 {
		return
	}
	plan.Holders = holding.ByFramework(offers)
	plan.Waits = fmt.Sprintf("%d of %d fit now: %s; %s", plan.Fits, plan.Wanted, holding.Text(plan.Holders, s.short(waiting...), s.now), way(plan))
}

// short is what an instance needs of the resources of which there is too little on agents.
func (s *site) short(agents ...*agent) (need reeveapi.Amounts) {
	ask := s.spec.Resources
	for _, a := range agents {
		switch a.lack {
		case resources.CPUs:
			need.CPUs = ask.CPUs
		case resources.Mem:
			need.Mem = ask.Mem
		case resources.Disk:
			need.Disk = ask.Disk
		case resources.GPUs:
			need.GPUs = ask.GPUs
		}
	}
	return need
}

// way says what has to happen, and how many have no place even then.
func way(plan *reeveapi.JobPlan) string {
	who := "it declines or accepts less"
	if len(plan.Holders) > 1 {
		who = "they decline or accept less"
	}
	switch never := plan.Wanted - plan.Fits - plan.Later; {
	case never > 0:
		return fmt.Sprintf("%d more fit once %s, and %d do not fit even then", plan.Later, who, never)
	case plan.Later == 1 && plan.Wanted == 1:
		return "it fits once " + who
	default:
		return "they fit once " + who
	}
}

// refusal says why an agent takes no further instance, and which resource is short if one is.
func (s *site) refusal(a *agent) (lack int, text string) {
	short, ok := s.at.Refuse(&a.Place, s.ask)
	if !ok && short.Resource >= 0 {
		return short.Resource, fmt.Sprintf("%s left, %s asked", placement.Amount(short.Resource, short.Have), placement.Bare(short.Resource, s.ask.Amounts[short.Resource]))
	}
	return -1, short.Text
}
