package action

import (
	"context"
	"fmt"

	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// SetQuota gives a role a quota in place of what it had; r is the role as it is now, nil for one that nobody knows yet.
func SetQuota(r *reeveapi.Role, q reeveapi.Quota) (Action, error) {
	if len(q.Guarantee)+len(q.Limit) == 0 {
		return Action{}, fmt.Errorf("say guarantee=cpus:2,mem:1024 or limit=cpus:8 or both; \":quota %s none\" takes a quota away", q.Role)
	}
	act := Action{
		Title: "Set the quota of role " + q.Role, Button: "Set quota", Done: "role " + q.Role + " has its new quota",
		Preview: []Line{
			{Text: "guaranteed  " + or(q.Guarantee, "nothing")},
			{Text: "at most     " + or(q.Limit, "no limit")},
		},
		Steps: []Step{{Target: q.Role, Run: func(ctx context.Context, d Doer) error { return d.SetQuota(ctx, q) }}},
	}
	if r != nil {
		act.Preview = append(act.Preview, Line{Text: fmt.Sprintf("before: guaranteed %s, at most %s", or(r.Guarantee, "nothing"), or(r.Limit, "no limit")), Note: true})
		for _, name := range []string{"cpus", "mem", "disk", "gpus"} {
			if n, ok := q.Limit[name]; ok && r.Consumed.Of(name) > n {
				act.Preview = append(act.Preview, Line{Text: fmt.Sprintf("It has %g %s already, more than the limit.", r.Consumed.Of(name), name), Warn: true})
			}
		}
	}
	if q.Force {
		act.Preview = append(act.Preview, Line{Text: "Forced: also if the cluster is too small, or the role has more already.", Warn: true})
	}
	act.Preview = append(act.Preview, Line{}, Line{Text: "Offers that it does not allow are taken back; no task is killed.", Note: true})
	return act, nil
}

func or(q reeveapi.Quantities, otherwise string) string {
	if text := q.String(); text != "" {
		return text
	}
	return otherwise
}

// RemoveQuota takes a role's quota away.
func RemoveQuota(r *reeveapi.Role) (Action, error) {
	if len(r.Guarantee)+len(r.Limit) == 0 {
		return Action{}, fmt.Errorf("role %s has no quota", r.Name)
	}
	name := r.Name
	return Action{
		Title: "Take the quota of role " + name + " away", Button: "Remove quota", Done: "role " + name + " has no quota now",
		Preview: []Line{
			{Text: "guaranteed  " + or(r.Guarantee, "nothing")},
			{Text: "at most     " + or(r.Limit, "no limit")},
			{},
			{Text: "Afterwards nothing is kept for it, and it may have as much as there is.", Note: true},
		},
		Steps: []Step{{Target: name, Run: func(ctx context.Context, d Doer) error { return d.RemoveQuota(ctx, name) }}},
	}, nil
}

// SetWeight gives a role a weight; r is the role as it is now, nil for one that nobody knows yet.
func SetWeight(r *reeveapi.Role, w reeveapi.Weight) Action {
	before := 1.0
	if r != nil {
		before = r.Weight
	}
	return Action{
		Title: "Set the weight of role " + w.Role, Button: "Set weight", Done: fmt.Sprintf("role %s has the weight %g", w.Role, w.Weight),
		Preview: []Line{
			{Text: fmt.Sprintf("weight %g, was %g", w.Weight, before)},
			{},
			{Text: "All offers are taken back if a framework is in the role or below it.", Note: true},
		},
		Steps: []Step{{Target: w.Role, Run: func(ctx context.Context, d Doer) error { return d.SetWeight(ctx, w) }}},
	}
}
