package term

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"codeberg.org/reeve/reeve/masterd/cluster"
	"codeberg.org/reeve/reeve/masterd/explain"
	"codeberg.org/reeve/reeve/masterd/jobrecord"
	"codeberg.org/reeve/reeve/masterd/jobspec"
	"codeberg.org/reeve/reeve/masterd/livejob"
	"codeberg.org/reeve/reeve/masterd/placement"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/shared/resources"
)

// looksAtMost bounds how many agents are looked at for one answer, so that the loop is never held up for long: a job that comes
// after that in a very large cluster has reeve explain.
const looksAtMost = 100_000

// nameObstacles adds to what jobs wait for what the jobs, which are a framework like any other, do not see: quotas in the way, and
// the agents that made no offer. all is changed, not what it points to.
func (m *machine) nameObstacles(all map[ids.Job]*reeveapi.Job) map[ids.Job]*reeveapi.Job {
	looks := looksAtMost
	var absent []*cluster.Agent
	for _, name := range slices.Sorted(maps.Keys(all)) {
		j := all[name]
		ask, waits := wants(j)
		if !waits {
			continue
		}
		var why []string
		if looks >= 0 {
			if looks == looksAtMost {
				absent = m.cluster.Absent()
			}
			var seen int
			why, seen = m.silent(why, name, ask, absent)
			looks -= max(seen, 1)
		}
		if text := explain.Quotas(m.cluster.Barriers(j.Spec.Role, ask), ask); text != "" {
			why = append(why, text)
		}
		if len(why) > 0 {
			all[name] = waitsForMore(j, strings.Join(why, "; "))
		}
	}
	return all
}

// wants is what the first instance of a job asks for that waits for a place.
func wants(j *reeveapi.Job) (ask resources.Vector, waits bool) {
	first := slices.IndexFunc(j.Instances, func(i reeveapi.Instance) bool { return livejob.WantsPlace(i.Waiting) })
	if first < 0 {
		return ask, false
	}
	return placement.DemandOf(jobrecord.SpecOf(j, j.Instances[first].Template)).Amounts, true
}

// nameHolders adds to what jobs wait for who has been offered what they would fit into, and has not answered. It changes all as
// nameObstacles does, beside the loop.
func nameHolders(all map[ids.Job]*reeveapi.Job, v *cluster.View, now time.Time) {
	var held *explain.Holdings
	for name, j := range all {
		ask, waits := wants(j)
		if !waits {
			continue
		}
		if held == nil {
			held = new(explain.HoldingsOf(v, now))
		}
		if text := held.Text(ask); text != "" {
			all[name] = waitsForMore(j, text)
		}
	}
}

// silent adds why agents made a job no offer, and says how many agents there were to look at.
func (m *machine) silent(why []string, name ids.Job, ask resources.Vector, absent []*cluster.Agent) (more []string, looked int) {
	heard := m.jobs.Heard(name)
	did := func(id ids.Agent) bool {
		_, did := heard[string(id)]
		return did
	}
	census := m.cluster.Census(ask, did)
	looked = census.Enough + len(absent) + len(heard)
	for _, n := range census.Short {
		looked += n
	}
	away := slices.DeleteFunc(slices.Clone(absent), func(a *cluster.Agent) bool { return did(a.ID) })
	if text := explain.Silent(string(name), census, away, ask, len(heard)); text != "" {
		why = append(why, text)
	}
	return why, looked
}

// waitsForMore is a job with more words in what it and its instances wait for.
func waitsForMore(j *reeveapi.Job, why string) *reeveapi.Job {
	more := *j
	if livejob.WantsPlace(more.Waiting) {
		more.Waiting += "; " + why
	}
	more.Instances = slices.Clone(j.Instances)
	for i := range more.Instances {
		if inst := &more.Instances[i]; livejob.WantsPlace(inst.Waiting) {
			inst.Waiting += "; " + why
		}
	}
	return &more
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
