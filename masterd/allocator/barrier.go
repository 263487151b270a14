package allocator

import "codeberg.org/reeve/reeve/shared/resources"

// Barrier is what a quota keeps from a role of one resource.
type Barrier struct {
	Resource int    // index of a Vector
	Limit    string // the role whose limit it is; "" for what is kept for the guarantees of others
	Most     int64  // of a limit: what that role may have; else what is free in the cluster
	Taken    int64  // of that: what it has, or was offered, or what others below it are guaranteed; else what is kept
}

// Barriers says which quotas leave less than ask to a role, by resource; of each chain of limits the lowest. It changes nothing.
func (a *Allocator) Barriers(role string, ask resources.Vector) []Barrier {
	if len(a.quotas.byRole) == 0 {
		return nil
	}
	var all []Barrier
	var limited [len(ask)]bool
	var own, path resources.Vector // what the quotas on the way have to get, and that with those below them
	for q := a.quotaOf(role); q != nil; q = q.parent {
		for i := range scalars {
			others := q.below[i] - path[i]
			if !limited[i] && ask[i] > 0 && q.Limit[i] != NoLimit && q.consumed[i]+others+ask[i] > q.Limit[i] {
				limited[i] = true
				all = append(all, Barrier{Resource: i, Limit: q.role, Most: q.Limit[i], Taken: q.consumed[i] + others})
			}
			own[i] += q.own[i]
			path[i] = q.own[i] + q.below[i]
		}
	}
	for i := range scalars {
		free, kept := a.quotas.spare[i], a.quotas.owed[i]-own[i]
		if !limited[i] && ask[i] > 0 && kept > 0 && free >= ask[i] && free-kept < ask[i] {
			all = append(all, Barrier{Resource: i, Most: free, Taken: kept})
		}
	}
	return all
}
