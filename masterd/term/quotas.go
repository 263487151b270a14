package term

import (
	"context"
	"slices"

	"codeberg.org/reeve/reeve/masterd/explain"
	"codeberg.org/reeve/reeve/masterd/jobrecord"
	"codeberg.org/reeve/reeve/masterd/jobspec"
	"codeberg.org/reeve/reeve/masterd/livejob"
	"codeberg.org/reeve/reeve/masterd/placement"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// nameQuotas adds to what jobs wait for which quotas stand in the way: to the jobs, which are a framework like any other, a
// quota looks as if nothing were there. all is changed, not what it points to.
func (m *machine) nameQuotas(all map[ids.Job]*reeveapi.Job) map[ids.Job]*reeveapi.Job {
	for name, j := range all {
		wants := func(i reeveapi.Instance) bool { return livejob.WantsPlace(i.Waiting) }
		first := slices.IndexFunc(j.Instances, wants)
		if first < 0 {
			continue
		}
		ask := placement.DemandOf(jobrecord.SpecOf(j, j.Instances[first].Template)).Amounts
		why := explain.Quotas(m.cluster.Barriers(j.Spec.Role, ask), ask)
		if why == "" {
			continue
		}
		named := *j
		if livejob.WantsPlace(named.Waiting) {
			named.Waiting += "; " + why
		}
		named.Instances = slices.Clone(j.Instances)
		for i := range named.Instances {
			if inst := &named.Instances[i]; wants(*inst) {
				inst.Waiting += "; " + why
			}
		}
		all[name] = &named
	}
	return all
}

// Judge adds to a plan what the machines know: secrets that are missing, and quotas in the way.
func (t *Term) Judge(ctx context.Context, plan *reeveapi.JobPlan) error {
	return t.explain(t.loop.Inspect(ctx, func() {
		for _, name := range jobspec.Secrets(&plan.Spec) {
			if _, there := t.machine.jobs.Secret(name); !there {
				plan.Lacks = append(plan.Lacks, name)
			}
		}
		ask := placement.DemandOf(&plan.Spec).Amounts
		for i := range ask {
			ask[i] *= int64(plan.Wanted)
		}
		plan.Quota = explain.Quotas(t.machine.cluster.Barriers(plan.Spec.Role, ask), ask)
	}))
}
