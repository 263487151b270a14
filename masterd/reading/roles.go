package reading

import (
	"cmp"
	"maps"
	"slices"

	"codeberg.org/reeve/reeve/masterd/cluster"
	"codeberg.org/reeve/reeve/masterd/roles"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosjson"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/mesosv1/master"
	"codeberg.org/reeve/reeve/shared/resources"
)

// Role is what a cluster does for one role. What it has counts for the roles above it, too; its frameworks are those
// directly in it.
type Role struct {
	Name       string
	Frameworks []ids.Framework
	Weight     float64
	Allocated  resources.Resources // with reservations, without allocation roles
	Offered    resources.Resources
	Reserved   resources.Resources
	Consumed   roles.Amounts // of its quota: what is reserved to it, and what it has of the rest
	Quota      roles.Quota
}

// Roles lists every role that a framework is in, that something is reserved to, or that has a weight or a quota, by name.
func Roles(v *cluster.View) []*Role { return newIndex(v).roles() }

func (x *index) roles() []*Role {
	all := map[string]*Role{}
	at := func(name string) *Role {
		if all[name] == nil {
			all[name] = &Role{Name: name, Weight: x.view.Settings.Weight(name), Quota: x.view.Settings.Quotas[name]}
		}
		return all[name]
	}
	for name := range x.view.Settings.Weights {
		at(name)
	}
	for name := range x.view.Settings.Quotas {
		at(name)
	}
	allocated, offered, reserved := x.byRole()
	for _, f := range x.live {
		for _, name := range f.Roles {
			at(name).Frameworks = append(at(name).Frameworks, f.ID)
		}
	}
	for _, sums := range []map[string]resources.Resources{allocated, offered, reserved} {
		for name := range sums {
			at(name)
		}
	}
	for _, r := range all {
		r.Allocated, r.Offered, r.Reserved = below(allocated, r.Name), below(offered, r.Name), below(reserved, r.Name)
		r.Consumed = roles.AmountsOf(r.Reserved).Plus(roles.AmountsOf(r.Allocated.Unreserved()))
	}
	return slices.SortedFunc(maps.Values(all), func(a, b *Role) int { return cmp.Compare(a.Name, b.Name) })
}

// byRole sums what each role itself has.
func (x *index) byRole() (allocated, offered, reserved map[string]resources.Resources) {
	allocated, offered = map[string]resources.Resources{}, map[string]resources.Resources{}
	reserved = map[string]resources.Resources{}
	for _, f := range x.live {
		for _, name := range f.Allocated.AllocationRoles() {
			allocated[name] = allocated[name].Plus(f.Allocated.AllocatedTo(name).Unallocate())
		}
		for _, name := range f.Offered.AllocationRoles() {
			offered[name] = offered[name].Plus(f.Offered.AllocatedTo(name).Unallocate())
		}
	}
	for _, a := range x.registered {
		for _, name := range a.Total.Reservations() {
			reserved[name] = reserved[name].Plus(a.Total.ReservedTo(name))
		}
	}
	return allocated, offered, reserved
}

// below sums over a role and those under it.
func below(sums map[string]resources.Resources, top string) resources.Resources {
	sum := sums[top]
	for _, name := range slices.Sorted(maps.Keys(sums)) {
		if name != top && roles.Below(name, top) {
			sum = sum.Plus(sums[name])
		}
	}
	return sum
}

// GetRoles answers GET_ROLES.
func GetRoles(v *cluster.View) *master.Response_GetRoles {
	m := &master.Response_GetRoles{}
	for _, r := range Roles(v) {
		out := &mesosv1.Role{
			Name:      new(r.Name),
			Weight:    new(r.Weight),
			Resources: r.Allocated.Plus(r.Offered).Proto(),
		}
		for _, f := range r.Frameworks {
			out.Frameworks = append(out.Frameworks, &mesosv1.FrameworkID{Value: new(string(f))})
		}
		m.Roles = append(m.Roles, out)
	}
	return m
}

// GetWeights answers GET_WEIGHTS; without any weight there is no sub-message, as Mesos has it.
func GetWeights(v *cluster.View) *master.Response {
	m := &master.Response{Type: master.Response_GET_WEIGHTS.Enum()}
	if len(v.Settings.Weights) == 0 {
		return m
	}
	m.GetWeights = &master.Response_GetWeights{}
	for _, role := range slices.Sorted(maps.Keys(v.Settings.Weights)) {
		m.GetWeights.WeightInfos = append(m.GetWeights.WeightInfos,
			&mesosv1.WeightInfo{Role: new(role), Weight: new(v.Settings.Weights[role])})
	}
	return m
}

// Weights writes the document of /weights.
func Weights(w *mesosjson.Writer, v *cluster.View) {
	w.OpenList()
	for _, role := range slices.Sorted(maps.Keys(v.Settings.Weights)) {
		w.Open()
		w.FloatField("weight", v.Settings.Weights[role])
		w.TextField("role", role)
		w.Close()
	}
	w.CloseList()
}

// WriteRoles writes the document of /roles.
func WriteRoles(w *mesosjson.Writer, v *cluster.View) {
	w.Open()
	w.Key("roles")
	w.OpenList()
	for _, r := range Roles(v) {
		w.Open()
		w.TextField("name", r.Name)
		w.FloatField("weight", r.Weight)
		w.Key("quota")
		w.Open()
		w.TextField("role", r.Name)
		amountsField(w, "guarantee", r.Quota.Guarantee)
		amountsField(w, "limit", r.Quota.Limit)
		amountsField(w, "consumed", r.Consumed)
		w.Close()
		w.QuantitiesField("resources", r.Allocated.Plus(r.Offered))
		w.QuantitiesField("allocated", r.Allocated)
		w.QuantitiesField("offered", r.Offered)
		w.QuantitiesField("reserved", r.Reserved)
		w.Key("frameworks")
		w.OpenList()
		for _, f := range r.Frameworks {
			w.Text(string(f))
		}
		w.CloseList()
		w.Close()
	}
	w.CloseList()
	w.Close()
}

func amountsField(w *mesosjson.Writer, name string, amounts roles.Amounts) {
	w.Key(name)
	w.Open()
	for _, one := range amounts.Names() {
		w.FloatField(one, amounts[one].Float())
	}
	w.Close()
}
