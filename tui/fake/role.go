package fake

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"time"

	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// makeRoles gives the roles weights and quotas, and frameworks offers that they think about.
func (c *Cluster) makeRoles() {
	c.weights = map[string]float64{"web": 2}
	c.quotas = map[string]reeveapi.Quota{
		"web":        {Role: "web", Guarantee: reeveapi.Quantities{"cpus": 44}, Limit: reeveapi.Quantities{"cpus": 56, "mem": 160 * gb}},
		"batch":      {Role: "batch", Guarantee: reeveapi.Quantities{"cpus": 8}, Limit: reeveapi.Quantities{"cpus": 16, "mem": 48 * gb}},
		"ci":         {Role: "ci", Limit: reeveapi.Quantities{"cpus": 12}},
		"web/canary": {Role: "web/canary", Limit: reeveapi.Quantities{"cpus": 4}},
		"web/shop":   {Role: "web/shop", Limit: reeveapi.Quantities{"cpus": 24}},
	}
	for i, o := range []struct {
		framework string
		agent     int
		has       reeveapi.Amounts
		age       time.Duration
	}{
		{"spark-etl", 3, reeveapi.Amounts{CPUs: 2, Mem: 4 * gb, Disk: 20 * gb}, 3 * time.Second},
		{"marathon", 7, reeveapi.Amounts{CPUs: 1, Mem: 2 * gb, Disk: 10 * gb}, time.Second},
		{"chronos", 9, reeveapi.Amounts{CPUs: 1, Mem: 2 * gb, Disk: 10 * gb}, 41 * time.Second},
	} {
		f, a := c.framework(o.framework), c.agents[o.agent].val
		c.offers = append(c.offers, &entry[reeveapi.Offer]{reeveapi.Offer{
			ID: fmt.Sprintf("f3c1a9e2-77aa-4e0b-9b1e-2f3c7e5d8a10-O%d", 8790+i*11), Framework: f.ID, FrameworkName: f.Name, Role: f.Roles[0],
			Agent: a.ID, AgentName: a.Name, Resources: o.has, Ports: "[31000-32000]", Made: c.now.Add(-o.age),
		}, c.change()})
	}
	c.countRoles()
}

// countRoles sums what the tasks have and notes the roles that changed.
func (c *Cluster) countRoles() {
	now := map[string]*reeveapi.Role{}
	at := func(name string) *reeveapi.Role {
		if now[name] == nil {
			q := c.quotas[name]
			now[name] = &reeveapi.Role{Name: name, Weight: 1, Frameworks: []string{}, Guarantee: q.Guarantee, Limit: q.Limit}
			if w, ok := c.weights[name]; ok {
				now[name].Weight = w
			}
		}
		return now[name]
	}
	for name := range c.quotas {
		at(name)
	}
	for name := range c.weights {
		at(name)
	}
	for _, f := range c.frameworks {
		r := at(f.val.Roles[0])
		r.Frameworks = append(r.Frameworks, f.val.ID)
	}
	for _, t := range c.tasks {
		if t.val.Ended.IsZero() {
			r := at(t.val.Role)
			r.Allocated = plus(r.Allocated, t.val.Requested)
			r.Consumed = r.Allocated
		}
	}
	for _, a := range c.agents {
		for role, has := range a.val.Reserved {
			r := at(role)
			r.Reserved = plus(r.Reserved, has)
		}
	}
	for _, o := range c.offers {
		r := at(o.val.Role)
		r.Offered = plus(r.Offered, o.val.Resources)
	}
	total := c.figures().Total
	for _, name := range slices.Sorted(maps.Keys(now)) {
		r := now[name]
		held := plus(r.Allocated, r.Offered)
		r.Share = max(held.CPUs/total.CPUs, held.Mem/total.Mem)
		i := slices.IndexFunc(c.roles, func(e *entry[reeveapi.Role]) bool { return e.val.Name == name })
		switch {
		case i < 0:
			c.roles = append(c.roles, &entry[reeveapi.Role]{*r, c.change()})
		case !reflect.DeepEqual(c.roles[i].val, *r):
			c.roles[i].val, c.roles[i].version = *r, c.change()
		}
	}
}

// SetQuota sets a role's quota.
func (c *Cluster) SetQuota(_ context.Context, q reeveapi.Quota) error {
	return c.setting(func() error {
		for name, n := range q.Guarantee {
			if limit, ok := q.Limit[name]; ok && n > limit {
				return fault.New(fault.Invalid, "the guarantee of %s does not fit into the limit", name)
			}
		}
		c.quotas[q.Role] = q
		c.event("QUOTA_SET", q.Role, q.Role, "", "guaranteed "+q.Guarantee.String()+", at most "+q.Limit.String(), "operator")
		return nil
	})
}

// RemoveQuota takes a role's quota away.
func (c *Cluster) RemoveQuota(_ context.Context, role string) error {
	return c.setting(func() error {
		if _, ok := c.quotas[role]; !ok {
			return fault.New(fault.Invalid, "role %s has no quota", role)
		}
		delete(c.quotas, role)
		c.event("QUOTA_REMOVED", role, role, "", "", "operator")
		return nil
	})
}

// SetWeight sets a role's weight.
func (c *Cluster) SetWeight(_ context.Context, w reeveapi.Weight) error {
	return c.setting(func() error {
		c.weights[w.Role] = w.Weight
		c.event("WEIGHT_SET", w.Role, w.Role, "", fmt.Sprintf("weight %g", w.Weight), "operator")
		return nil
	})
}

func (c *Cluster) setting(change func() error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cut != nil {
		return c.cut
	}
	if err := change(); err != nil {
		return err
	}
	c.countRoles()
	c.publish()
	return nil
}
