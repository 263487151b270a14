package reading

import (
	"net/url"
	"strings"

	"codeberg.org/reeve/reeve/masterd/cluster"
	"codeberg.org/reeve/reeve/masterd/roles"
	"codeberg.org/reeve/reeve/shared/resources"
)

// counts are the metrics of one framework that are counted, by what follows its prefix. All of them exist as long as the
// framework is remembered.
const counts = `
calls calls/subscribe calls/teardown calls/accept calls/decline calls/accept_inverse_offers calls/decline_inverse_offers
calls/revive calls/kill calls/shutdown calls/acknowledge calls/acknowledge_operation_status calls/reconcile
calls/reconcile_operations calls/message calls/request calls/suppress calls/update_framework
events events/subscribed events/offers events/inverse_offers events/rescind events/rescind_inverse_offer events/update
events/update_operation_status events/message events/failure events/error events/heartbeat
operations operations/launch operations/launch_group operations/reserve operations/unreserve operations/create
operations/destroy operations/grow_volume operations/shrink_volume operations/create_disk operations/destroy_disk
offers/sent offers/accepted offers/declined offers/rescinded
tasks/active/task_unknown
tasks/terminal/task_finished tasks/terminal/task_failed tasks/terminal/task_killed tasks/terminal/task_error
tasks/terminal/task_lost tasks/terminal/task_dropped tasks/terminal/task_gone tasks/terminal/task_gone_by_operator`

// frameworkPrefix begins the names of a framework's metrics.
func frameworkPrefix(f *cluster.Framework) string {
	return "master/frameworks/" + url.PathEscape(f.Info.GetName()) + "/" + string(f.ID) + "/"
}

// frameworkCounts writes what was counted of a framework, zeros included.
func frameworkCounts(g map[string]float64, f *cluster.Framework, counted map[string]float64) {
	prefix := frameworkPrefix(f)
	for name := range strings.FieldsSeq(counts) {
		g[prefix+name] = counted[name]
	}
	if f.State == cluster.FrameworkCompleted {
		g[prefix+"subscribed"] = 0
		for _, name := range current {
			g[prefix+"tasks/active/task_"+name] = 0
		}
	}
}

// roleGauges writes what the allocator knows of roles: the filters in force, the share of the resource of which a role
// has most, and quotas (spec 7.5).
func roleGauges(g map[string]float64, v *cluster.View, filters map[string]int) {
	x := newIndex(v)
	var total resources.Resources
	for _, a := range x.registered {
		total = total.Plus(a.Total)
	}
	for _, r := range x.roles() {
		quotaGauges(g, r)
		if len(r.Frameworks) == 0 {
			continue
		}
		g["allocator/mesos/offer_filters/roles/"+r.Name+"/active"] = float64(filters[r.Name])
		held, share := r.Allocated.Plus(r.Offered), 0.0
		for _, name := range scalars {
			if all := total.Scalar(name); all > 0 {
				share = max(share, float64(held.Scalar(name))/float64(all))
			}
		}
		g["allocator/mesos/roles/"+r.Name+"/shares/dominant"] = share
	}
}

// quotaGauges writes what a role is guaranteed and may have at most, and what counts for that: with and without offers.
func quotaGauges(g map[string]float64, r *Role) {
	prefix := "allocator/mesos/quota/roles/" + r.Name + "/resources/"
	write := func(amounts roles.Amounts, what string) {
		for _, name := range amounts.Names() {
			g[prefix+name+"/"+what] = amounts[name].Float()
		}
	}
	write(r.Quota.Guarantee, "guarantee")
	write(r.Quota.Limit, "limit")
	write(r.Consumed, "consumed")
	if !r.Quota.Empty() {
		held := roles.AmountsOf(r.Allocated.Plus(r.Offered))
		for _, name := range r.Quota.Guarantee.Plus(r.Quota.Limit).Names() {
			g[prefix+name+"/offered_or_allocated"] = held[name].Float()
		}
	}
}
