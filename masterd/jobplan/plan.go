// Package jobplan says what a job's spec would change, and where its instances would go now: a dry run. It judges by a View
// of the cluster, as the jobs machine does by offers; it changes nothing. Quota, filters and other frameworks may still
// keep resources from the job. Start reading at Make.
package jobplan

import (
	"cmp"
	"fmt"
	"slices"

	"codeberg.org/reeve/reeve/masterd/jobspec"
	"codeberg.org/reeve/reeve/masterd/placement"
	"codeberg.org/reeve/reeve/masterd/view"
	"codeberg.org/reeve/reeve/shared/jobfile"
	"codeberg.org/reeve/reeve/shared/reeveapi"
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
	s := &site{spec: &spec, rules: rules, ask: placement.DemandOf(&spec), at: placement.NewSite(rules, &spec)}
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
}

// agent is one agent and what is left of it.
type agent struct {
	placement.Place
	takes int
	why   string
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
	for _, a := range c.View.Agents {
		free := a.Total.Minus(a.Allocated.Unallocate()).AllocatableTo(s.spec.Role)
		one := &agent{Place: placement.Place{
			Host: placement.Host{
				Agent: string(a.ID), Name: a.Info.GetHostname(), Attributes: placement.Attributes(a.Info.GetAttributes()),
				Roles: placement.RolesOf(free), GPUs: a.Total.Scalar("gpus") > 0, Images: c.Images[string(a.ID)],
			},
			Pool: placement.NewPool(s.spec.Role, free),
		}}
		if a.Usable() && !one.Host.GPUs {
			s.at.SpareGPUs()
		}
		if !a.Usable() {
			one.why = "it is not active"
			if a.Deactivated {
				one.why = "it is deactivated or drains"
			}
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

// place puts instance after instance where the job likes it best.
func (s *site) place(plan *reeveapi.JobPlan) {
	var open []*placement.Place
	of := map[*placement.Place]*agent{}
	for _, a := range s.agents {
		if a.why == "" {
			open, of[&a.Place] = append(open, &a.Place), a
		}
	}
	for plan.Fits < plan.Wanted {
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
		of[best].takes++
		s.at.Add(best.Host.Agent, s.rules.Where(best.Host))
		plan.Fits++
	}
	for _, a := range s.agents {
		plan.Agents = append(plan.Agents, reeveapi.PlanAgent{
			Name: a.Host.Name, ID: a.Host.Agent, Takes: a.takes, Reason: cmp.Or(a.why, s.refusal(a)),
		})
	}
}

// refusal says why an agent takes no further instance.
func (s *site) refusal(a *agent) string {
	lack, ok := s.at.Refuse(&a.Place, s.ask)
	if !ok && lack.Resource >= 0 {
		return fmt.Sprintf("%s left, %s asked", placement.Amount(lack.Resource, lack.Have), placement.Bare(lack.Resource, s.ask.Amounts[lack.Resource]))
	}
	return lack.Text
}
