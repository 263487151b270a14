package resources

import (
	"math"
	"slices"
	"strings"

	"codeberg.org/reeve/reeve/shared/mesosv1"
)

// Milli is an amount in thousandths.
type Milli int64

// Float is the amount as the wire writes it.
func (m Milli) Float() float64 { return float64(m) / 1000 }

// MilliOf rounds a wire amount to thousandths, as Mesos does before it compares, adds or subtracts.
func MilliOf(amount float64) Milli { return Milli(math.Round(amount * 1000)) }

// Vector is the flat form that the allocator counts with: cpus, mem, disk and gpus in thousandths, ports as a count.
type Vector [5]int64

// The places in a Vector.
const (
	CPUs = iota
	Mem
	Disk
	GPUs
	Ports
)

// Vector sums over all classes. Persistent and shared volumes count once each.
func (r Resources) Vector() Vector {
	var v Vector
	for i := range r.entries {
		e := &r.entries[i]
		place := int(e.class.rank)
		switch {
		case place == len(v):
		case place == Ports && e.class.kind == kindRanges:
			v[Ports] += countRanges(e.ranges)
		case place != Ports && e.class.kind == kindScalar:
			v[place] += int64(e.scalar)
		}
	}
	return v
}

// Scalar sums the scalars of that name over all classes.
func (r Resources) Scalar(name string) Milli {
	var sum Milli
	for i := range r.entries {
		if e := &r.entries[i]; e.class.name == name {
			sum += e.scalar
		}
	}
	return sum
}

// Ranges is the union of the ranges of that name over all classes, sorted and coalesced. Don't write to it.
func (r Resources) Ranges(name string) []Range {
	var union []Range
	for i := range r.entries {
		e := &r.entries[i]
		switch {
		case e.class.name != name || e.class.kind != kindRanges:
		case union == nil:
			union = e.ranges
		default:
			union = unionRanges(union, e.ranges)
		}
	}
	return union
}

// Set is the union of the items of that name over all classes, sorted. Don't write to it.
func (r Resources) Set(name string) []string {
	var union []string
	for i := range r.entries {
		if e := &r.entries[i]; e.class.name == name && e.class.kind == kindSet {
			union = unionSets(union, e.set)
		}
	}
	return union
}

// Names lists the names in it, each once: cpus, mem, disk, gpus and ports first, then by the alphabet.
func (r Resources) Names() []string {
	var names []string
	for i := range r.entries {
		if name := r.entries[i].class.name; len(names) == 0 || names[len(names)-1] != name {
			names = append(names, name)
		}
	}
	return names
}

// Split returns one value for each entry, for callers that treat classes differently.
func (r Resources) Split() []Resources {
	parts := make([]Resources, len(r.entries))
	for i := range r.entries {
		parts[i] = Resources{entries: r.entries[i : i+1 : i+1]}
	}
	return parts
}

// filter keeps the entries that keep says yes to.
func (r Resources) filter(keep func(*class) bool) Resources {
	kept := 0
	for i := range r.entries {
		if keep(&r.entries[i].class) {
			kept++
		}
	}
	if kept == len(r.entries) {
		return r
	}
	some := make([]entry, 0, kept)
	for i := range r.entries {
		if keep(&r.entries[i].class) {
			some = append(some, r.entries[i])
		}
	}
	return Resources{entries: some}
}

// Allocate returns r with every entry allocated to role.
func (r Resources) Allocate(role string) Resources {
	ordered := true
	all := make([]entry, len(r.entries))
	for i := range r.entries {
		ordered = ordered && r.entries[i].class.allocated == r.entries[0].class.allocated
		all[i] = r.entries[i]
		all[i].class.allocated = role
	}
	if !ordered {
		return build(all)
	}
	return Resources{entries: all}
}

// Unallocate returns r without allocation roles: what it is on the agent.
func (r Resources) Unallocate() Resources { return r.Allocate("") }

// AllocatedTo returns what is allocated to exactly that role; "" asks for what is allocated to none.
func (r Resources) AllocatedTo(role string) Resources {
	return r.filter(func(c *class) bool { return c.allocated == role })
}

// AllocationRoles lists the roles that something in it is allocated to, sorted.
func (r Resources) AllocationRoles() []string {
	return r.roles(func(c *class) string { return c.allocated })
}

// Unreserved returns what no role has reserved.
func (r Resources) Unreserved() Resources {
	return r.filter(func(c *class) bool { return len(c.reservations()) == 0 })
}

// ReservedTo returns what is reserved to exactly that role.
func (r Resources) ReservedTo(role string) Resources {
	return r.filter(func(c *class) bool { return role != "" && c.reservedTo() == role })
}

// AllocatableTo returns what may be offered to that role: unreserved, or reserved to it or to a role above it.
func (r Resources) AllocatableTo(role string) Resources {
	return r.filter(func(c *class) bool {
		owner := c.reservedTo()
		return owner == "" || owner == role || strings.HasPrefix(role, owner+"/")
	})
}

// Reservations lists the roles that something in it is reserved to, sorted.
func (r Resources) Reservations() []string {
	return r.roles((*class).reservedTo)
}

// Dynamic returns what was reserved at run time.
func (r Resources) Dynamic() Resources {
	return r.filter(func(c *class) bool {
		stack := c.reservations()
		return len(stack) > 0 && stack[len(stack)-1].GetType() == mesosv1.Resource_ReservationInfo_DYNAMIC
	})
}

// PersistentVolumes returns the persistent volumes.
func (r Resources) PersistentVolumes() Resources { return r.filter((*class).persistent) }

// Shared returns what may be used by several tasks at once.
func (r Resources) Shared() Resources { return r.filter((*class).shared) }

// Once has what is shared one time: however many tasks have it, it need not be there more often.
func (r Resources) Once() Resources {
	if r.Shared().Empty() {
		return r
	}
	once := slices.Clone(r.entries)
	for i := range once {
		once[i].copies = min(once[i].copies, 1)
	}
	return Resources{entries: once}
}

// Nonshared returns what only one task has at a time.
func (r Resources) Nonshared() Resources { return r.filter(func(c *class) bool { return !c.shared() }) }

// Revocable returns what may be taken back from a task at any time.
func (r Resources) Revocable() Resources { return r.filter((*class).revocable) }

// Nonrevocable returns what stays with a task until it ends.
func (r Resources) Nonrevocable() Resources {
	return r.filter(func(c *class) bool { return !c.revocable() })
}

func (r Resources) roles(of func(*class) string) []string {
	var roles []string
	for i := range r.entries {
		if role := of(&r.entries[i].class); role != "" {
			roles = append(roles, role)
		}
	}
	slices.Sort(roles)
	return slices.Compact(roles)
}
