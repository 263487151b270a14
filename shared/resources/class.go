package resources

import (
	"cmp"
	"slices"

	"codeberg.org/reeve/reeve/shared/mesosv1"
)

// kind is the shape of a class's amounts.
type kind int8

const (
	kindScalar kind = iota
	kindRanges
	kindSet
)

// class says which amounts may merge. Most resources of a cluster have no extra, so that comparing two classes costs a
// comparison of two short strings.
type class struct {
	name      string
	rank      int8 // of the name in order
	kind      kind
	allocated string // the role it is allocated to, "" if to none
	extra     *extra // nil for what is neither reserved, a special disk, revocable, provided nor shared
}

// extra is the rare half of a class. It is immutable and shared by all entries of its class.
type extra struct {
	key          string // canonical: two extras are the same class exactly if their keys are equal
	reservations []*mesosv1.Resource_ReservationInfo
	disk         *mesosv1.Resource_DiskInfo
	provider     *mesosv1.ResourceProviderID
	revocable    bool
	shared       bool
}

func (c *class) shared() bool    { return c.extra != nil && c.extra.shared }
func (c *class) revocable() bool { return c.extra != nil && c.extra.revocable }

// persistent reports whether it is a persistent volume.
func (c *class) persistent() bool { return c.extra != nil && c.extra.disk.GetPersistence() != nil }

// whole reports whether entries of the class can be neither merged nor split: persistent volumes, mounted disks, block
// devices, and raw disks with an id.
func (c *class) whole() bool {
	if c.extra == nil || c.extra.disk == nil || c.extra.shared {
		return false
	}
	if c.extra.disk.GetPersistence() != nil {
		return true
	}
	switch source := c.extra.disk.GetSource(); source.GetType() {
	case mesosv1.Resource_DiskInfo_Source_MOUNT, mesosv1.Resource_DiskInfo_Source_BLOCK:
		return true
	case mesosv1.Resource_DiskInfo_Source_RAW:
		return source.Id != nil
	default:
		return false
	}
}

// reservations is the stack, the refined one last.
func (c *class) reservations() []*mesosv1.Resource_ReservationInfo {
	if c.extra == nil {
		return nil
	}
	return c.extra.reservations
}

// reservedTo is the role of the topmost reservation, "" if unreserved.
func (c *class) reservedTo() string {
	stack := c.reservations()
	if len(stack) == 0 {
		return ""
	}
	return stack[len(stack)-1].GetRole()
}

// order puts the resources that everybody has first and in the order people write them.
var order = [...]string{"cpus", "mem", "disk", "gpus", "ports"}

func rank(name string) int8 {
	for i, known := range order {
		if name == known {
			return int8(i)
		}
	}
	return int8(len(order))
}

func compareClass(a, b *class) int {
	if a.rank != b.rank {
		return int(a.rank) - int(b.rank)
	}
	if a.rank == int8(len(order)) && a.name != b.name {
		return cmp.Compare(a.name, b.name)
	}
	if a.allocated != b.allocated {
		return cmp.Compare(a.allocated, b.allocated)
	}
	if c := cmp.Compare(a.kind, b.kind); c != 0 {
		return c
	}
	if a.extra == b.extra {
		return 0
	}
	return cmp.Compare(a.extra.id(), b.extra.id())
}

func (x *extra) id() string {
	if x == nil {
		return ""
	}
	return x.key
}

// compareEntry orders entries by class and, where entries can't merge, by amount, so that equal wholes meet.
func compareEntry(a, b *entry) int {
	if c := compareClass(&a.class, &b.class); c != 0 {
		return c
	}
	if a.class.extra == nil || !a.class.whole() && !a.class.shared() {
		return 0
	}
	if c := cmp.Compare(a.scalar, b.scalar); c != 0 {
		return c
	}
	if c := slices.CompareFunc(a.ranges, b.ranges, compareRange); c != 0 {
		return c
	}
	return slices.Compare(a.set, b.set)
}
