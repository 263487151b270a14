// Package operation is what an offer operation turns into what: RESERVE, UNRESERVE, CREATE, DESTROY, GROW_VOLUME and
// SHRINK_VOLUME as conversions of resources (spec 3.4). Master and agent convert by the same rules, so that they never
// disagree about what an agent has. It owns the arithmetic and knows nothing of who may do what: that is
// masterd/validate's. Start reading at Conversion, then Of.
package operation

import (
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"

	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/resources"
)

// Conversion replaces Consumed by Converted, which are the same things under other conditions.
type Conversion struct{ Consumed, Converted resources.Resources }

// Apply converts what is in a pool, and reports false, with the pool as it was, if the pool lacks something.
func (c Conversion) Apply(pool resources.Resources) (resources.Resources, bool) {
	if !pool.Contains(c.Consumed) {
		return pool, false
	}
	return pool.Minus(c.Consumed).Plus(c.Converted), true
}

// Unallocate is the same conversion of what is on the agent.
func (c Conversion) Unallocate() Conversion {
	return Conversion{c.Consumed.Unallocate(), c.Converted.Unallocate()}
}

// Of is what an operation converts. The error says what is wrong with its resources, or that the operation converts none.
func Of(op *mesosv1.Offer_Operation) (Conversion, error) {
	switch op.GetType() {
	case mesosv1.Offer_Operation_RESERVE:
		return reserve(op.GetReserve())
	case mesosv1.Offer_Operation_UNRESERVE:
		return convert(op.GetUnreserve().GetResources(), popReservation)
	case mesosv1.Offer_Operation_CREATE:
		c, err := convert(op.GetCreate().GetVolumes(), stripVolume)
		return Conversion{Consumed: c.Converted, Converted: c.Consumed}, err
	case mesosv1.Offer_Operation_DESTROY:
		return convert(op.GetDestroy().GetVolumes(), stripVolume)
	case mesosv1.Offer_Operation_GROW_VOLUME:
		return grow(op.GetGrowVolume())
	case mesosv1.Offer_Operation_SHRINK_VOLUME:
		return shrink(op.GetShrinkVolume())
	default:
		return Conversion{}, fmt.Errorf("%s converts no resources", op.GetType())
	}
}

func reserve(op *mesosv1.Offer_Operation_Reserve) (Conversion, error) {
	c, err := convert(op.GetResources(), popReservation)
	if err != nil {
		return Conversion{}, err
	}
	c.Consumed, c.Converted = c.Converted, c.Consumed
	if len(op.GetSource()) > 0 {
		if c.Consumed, err = resources.FromProto(op.GetSource()); err != nil {
			return Conversion{}, err
		}
	}
	return c, nil
}

func grow(op *mesosv1.Offer_Operation_GrowVolume) (Conversion, error) {
	consumed, err := resources.FromProto([]*mesosv1.Resource{op.GetVolume(), op.GetAddition()})
	if err != nil {
		return Conversion{}, err
	}
	amount := op.GetVolume().GetScalar().GetValue() + op.GetAddition().GetScalar().GetValue()
	converted, err := resources.FromProto([]*mesosv1.Resource{resized(op.GetVolume(), amount)})
	return Conversion{Consumed: consumed, Converted: converted}, err
}

func shrink(op *mesosv1.Offer_Operation_ShrinkVolume) (Conversion, error) {
	volume, less := op.GetVolume(), op.GetSubtract().GetValue()
	consumed, err := resources.FromProto([]*mesosv1.Resource{volume})
	if err != nil {
		return Conversion{}, err
	}
	free := resized(volume, less)
	stripVolume(free)
	converted, err := resources.FromProto([]*mesosv1.Resource{resized(volume, volume.GetScalar().GetValue()-less), free})
	return Conversion{Consumed: consumed, Converted: converted}, err
}

func resized(volume *mesosv1.Resource, amount float64) *mesosv1.Resource {
	volume = proto.CloneOf(volume)
	volume.Scalar = &mesosv1.Value_Scalar{Value: new(amount)}
	return volume
}

// convert is the conversion of a list into what change makes of each element.
func convert(list []*mesosv1.Resource, change func(*mesosv1.Resource)) (Conversion, error) {
	before, err := resources.FromProto(list)
	if err != nil {
		return Conversion{}, err
	}
	wire := before.Proto() // whatever form they came in, here they have reservations[]
	for _, r := range wire {
		change(r)
	}
	after, err := resources.FromProto(wire)
	return Conversion{Consumed: before, Converted: after}, err
}

// popReservation takes the innermost reservation off, as if it had never been refined so far.
func popReservation(r *mesosv1.Resource) {
	if n := len(r.Reservations); n > 0 {
		r.Reservations = r.Reservations[:n-1]
	}
}

// stripVolume makes a disk of a persistent volume.
func stripVolume(r *mesosv1.Resource) {
	r.Shared = nil
	if r.Disk == nil {
		return
	}
	r.Disk.Persistence, r.Disk.Volume = nil, nil
	if r.Disk.Source == nil {
		r.Disk = nil
	}
}

// Original returns the resources as the operator gave them to the agent, before any operation: without volumes, and without
// what was reserved at run time. Amounts stay.
func Original(r resources.Resources) resources.Resources {
	wire := r.Proto()
	for _, one := range wire {
		stripVolume(one)
		for n := len(one.Reservations); n > 0 && one.Reservations[n-1].GetType() == mesosv1.Resource_ReservationInfo_DYNAMIC; n-- {
			one.Reservations = one.Reservations[:n-1]
		}
	}
	original, err := resources.FromProto(wire)
	if err != nil {
		return resources.Resources{} // what is less special is never less valid
	}
	return original
}

// Changed returns the part that operations have made: dynamic reservations and persistent volumes.
func Changed(r resources.Resources) resources.Resources {
	var changed resources.Resources
	for _, part := range r.Split() {
		if !Original(part).Equal(part) {
			changed = changed.Plus(part)
		}
	}
	return changed
}

// Complete returns a copy of an operation in which every resource is in the form with reservations[], and allocated to role
// if it names no other; "" leaves the allocations as they are.
func Complete(op *mesosv1.Offer_Operation, role string) *mesosv1.Offer_Operation {
	op = proto.CloneOf(op)
	for _, r := range listed(op) {
		if r == nil {
			continue
		}
		if one, err := resources.FromProto([]*mesosv1.Resource{r}); err == nil && !one.Empty() {
			r.Reservations, r.Role, r.Reservation = one.Proto()[0].GetReservations(), nil, nil
		}
		if role != "" && r.GetAllocationInfo().GetRole() == "" {
			r.AllocationInfo = &mesosv1.Resource_AllocationInfo{Role: new(role)}
		}
	}
	return op
}

// listed returns every resource that an operation names.
func listed(op *mesosv1.Offer_Operation) []*mesosv1.Resource {
	switch op.GetType() {
	case mesosv1.Offer_Operation_RESERVE:
		return slices.Concat(op.GetReserve().GetSource(), op.GetReserve().GetResources())
	case mesosv1.Offer_Operation_UNRESERVE:
		return op.GetUnreserve().GetResources()
	case mesosv1.Offer_Operation_CREATE:
		return op.GetCreate().GetVolumes()
	case mesosv1.Offer_Operation_DESTROY:
		return op.GetDestroy().GetVolumes()
	case mesosv1.Offer_Operation_GROW_VOLUME:
		return []*mesosv1.Resource{op.GetGrowVolume().GetVolume(), op.GetGrowVolume().GetAddition()}
	case mesosv1.Offer_Operation_SHRINK_VOLUME:
		return []*mesosv1.Resource{op.GetShrinkVolume().GetVolume()}
	default:
		return nil
	}
}

// Volumes returns the persistent volumes in a list, each in the form with reservations[].
func Volumes(list []*mesosv1.Resource) []*mesosv1.Resource {
	r, err := resources.FromProto(list)
	if err != nil {
		return nil
	}
	return r.PersistentVolumes().Proto()
}

// VolumePath is where a persistent volume, in the form with reservations[], lies below a work dir (spec 3.12): the "/" in the
// name of a role are spaces there.
func VolumePath(volume *mesosv1.Resource) string {
	stack := volume.GetReservations()
	role := ""
	if len(stack) > 0 {
		role = stack[len(stack)-1].GetRole()
	}
	return "volumes/roles/" + strings.ReplaceAll(role, "/", " ") + "/" + volume.GetDisk().GetPersistence().GetId()
}
