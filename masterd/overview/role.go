package overview

import (
	"cmp"
	"reflect"
	"slices"

	"codeberg.org/reeve/reeve/masterd/cluster"
	"codeberg.org/reeve/reeve/masterd/reading"
	"codeberg.org/reeve/reeve/masterd/roles"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// Roles lists every role that somebody is in, has something or was told of by an operator, by name.
func Roles(v *cluster.View) []reeveapi.Role {
	var total reeveapi.Amounts
	for _, a := range v.Agents {
		if a.State == cluster.AgentActive || a.State == cluster.AgentDisconnected {
			add(&total, Amounts(a.Total))
		}
	}
	list := []reeveapi.Role{}
	for _, r := range reading.Roles(v) {
		one := reeveapi.Role{
			Name: r.Name, Weight: r.Weight, Frameworks: []string{}, Share: share(Amounts(r.Allocated.Plus(r.Offered)), total),
			Allocated: Amounts(r.Allocated), Offered: Amounts(r.Offered), Reserved: Amounts(r.Reserved), Consumed: amounts(r.Consumed),
			Guarantee: quantities(r.Quota.Guarantee), Limit: quantities(r.Quota.Limit),
		}
		for _, id := range r.Frameworks {
			one.Frameworks = append(one.Frameworks, string(id))
		}
		list = append(list, one)
	}
	return list
}

// share is the largest part that somebody has of a resource.
func share(has, all reeveapi.Amounts) float64 {
	most := 0.0
	for _, pair := range [...][2]float64{{has.CPUs, all.CPUs}, {has.Mem, all.Mem}, {has.Disk, all.Disk}, {has.GPUs, all.GPUs}} {
		if pair[1] > 0 {
			most = max(most, pair[0]/pair[1])
		}
	}
	return most
}

func amounts(a roles.Amounts) reeveapi.Amounts {
	return reeveapi.Amounts{CPUs: a["cpus"].Float(), Mem: a["mem"].Float(), Disk: a["disk"].Float(), GPUs: a["gpus"].Float()}
}

func quantities(a roles.Amounts) reeveapi.Quantities {
	if len(a) == 0 {
		return nil
	}
	q := reeveapi.Quantities{}
	for _, name := range a.Names() {
		q[name] = a[name].Float()
	}
	return q
}

// Quotas lists the quotas that operators have set, by role.
func Quotas(v *cluster.View) []reeveapi.Quota {
	list := []reeveapi.Quota{}
	for role, q := range v.Settings.Quotas {
		list = append(list, reeveapi.Quota{Role: role, Guarantee: quantities(q.Guarantee), Limit: quantities(q.Limit)})
	}
	slices.SortFunc(list, func(a, b reeveapi.Quota) int { return cmp.Compare(a.Role, b.Role) })
	return list
}

// Weights lists the weights that operators have set, by role.
func Weights(v *cluster.View) []reeveapi.Weight {
	list := []reeveapi.Weight{}
	for role, weight := range v.Settings.Weights {
		list = append(list, reeveapi.Weight{Role: role, Weight: weight})
	}
	slices.SortFunc(list, func(a, b reeveapi.Weight) int { return cmp.Compare(a.Role, b.Role) })
	return list
}

// Offers lists the outstanding offers, oldest first.
func Offers(v *cluster.View) []reeveapi.Offer {
	list := make([]reeveapi.Offer, 0, len(v.Offers))
	for _, o := range v.Offers {
		list = append(list, Offer(v, o))
	}
	slices.SortFunc(list, func(a, b reeveapi.Offer) int { return cmp.Or(a.Made.Compare(b.Made), cmp.Compare(a.ID, b.ID)) })
	return list
}

func (w *Watcher) roleDiff(line *reeveapi.Watch, v *cluster.View) {
	seen := map[string]bool{}
	for _, r := range Roles(v) {
		seen[r.Name] = true
		if old, known := w.roles[r.Name]; !known || !reflect.DeepEqual(old, r) {
			w.roles[r.Name] = r
			line.Roles = append(line.Roles, r)
		}
	}
	for name := range w.roles {
		if !seen[name] {
			delete(w.roles, name)
			line.RolesRemoved = append(line.RolesRemoved, name)
		}
	}
}

// offerDiff: an offer never changes.
func (w *Watcher) offerDiff(line *reeveapi.Watch, v *cluster.View) {
	for id, o := range v.Offers {
		if at, known := w.offered[string(id)]; !known || !at.Equal(o.Made) {
			w.offered[string(id)] = o.Made
			line.Offers = append(line.Offers, Offer(v, o))
		}
	}
	for id := range w.offered {
		if v.Offers[ids.Offer(id)] == nil {
			delete(w.offered, id)
			line.OffersRemoved = append(line.OffersRemoved, id)
		}
	}
}

// Offer shows one offer.
func Offer(v *cluster.View, o *cluster.Offer) reeveapi.Offer {
	one := reeveapi.Offer{
		ID: string(o.ID), Framework: string(o.Framework), Role: o.Role, Agent: string(o.Agent),
		Resources: Amounts(o.Resources), Ports: o.Resources.Unallocate().Text("ports"), Made: o.Made, Until: o.Until,
	}
	if f := v.Frameworks[o.Framework]; f != nil {
		one.FrameworkName = f.Info.GetName()
	}
	if a := v.Agents[o.Agent]; a != nil {
		one.AgentName = a.Info.GetHostname()
	}
	return one
}
