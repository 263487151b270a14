package validate

import (
	"fmt"
	"slices"

	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/operation"
	"codeberg.org/reeve/reeve/shared/resources"
)

// OperationContext is what Operation has to know besides the operation.
type OperationContext struct {
	Principal string // of who asks, "" if nobody knows
	Operator  bool   // an operator asks; else a framework, which Role, Roles and Shared are about
	Role      string // of the offer
	Roles     []string
	Shared    bool                           // the framework knows shared volumes
	Total     resources.Resources            // of the agent
	Used      func(resources.Resources) bool // some of these volumes are held by a task or an executor
	Known     func(operationID string) bool  // the framework has an operation of that id that it has not acknowledged
}

// Operation checks an operation that converts resources, as operation.Complete returned it, and says what it converts
// (spec 3.4). The error's text is the message of OPERATION_ERROR, or the body of an operator's 400.
func Operation(op *mesosv1.Offer_Operation, in OperationContext) (operation.Conversion, error) {
	if op.Id != nil {
		if err := ids.Check(op.GetId().GetValue()); err != nil {
			return operation.Conversion{}, fmt.Errorf("operation %w", err)
		}
		if in.Known(op.GetId().GetValue()) {
			return operation.Conversion{}, fmt.Errorf("operation '%s' is under way already; an id can be used again when its last status was acknowledged",
				op.GetId().GetValue())
		}
	}
	if !hasBody(op) {
		return operation.Conversion{}, fmt.Errorf("%s lacks the message that goes with it", op.GetType())
	}
	list, err := named(op, in)
	if err != nil {
		return operation.Conversion{}, err
	}
	for _, r := range list {
		if err := operable(op, r, in); err != nil {
			return operation.Conversion{}, err
		}
	}
	if err := wholeOperation(op, list, in); err != nil {
		return operation.Conversion{}, err
	}
	return operation.Of(op)
}

func hasBody(op *mesosv1.Offer_Operation) bool {
	switch op.GetType() {
	case mesosv1.Offer_Operation_RESERVE:
		return op.Reserve != nil
	case mesosv1.Offer_Operation_UNRESERVE:
		return op.Unreserve != nil
	case mesosv1.Offer_Operation_CREATE:
		return op.Create != nil
	case mesosv1.Offer_Operation_DESTROY:
		return op.Destroy != nil
	case mesosv1.Offer_Operation_GROW_VOLUME:
		return op.GetGrowVolume().GetVolume() != nil && op.GetGrowVolume().GetAddition() != nil
	case mesosv1.Offer_Operation_SHRINK_VOLUME:
		return op.GetShrinkVolume().GetVolume() != nil && op.GetShrinkVolume().GetSubtract() != nil
	default:
		return true
	}
}

// named are the resources that an operation is about: for RESERVE those that it makes. They are checked one by one.
func named(op *mesosv1.Offer_Operation, in OperationContext) ([]*mesosv1.Resource, error) {
	var list []*mesosv1.Resource
	switch op.GetType() {
	case mesosv1.Offer_Operation_RESERVE:
		list = op.GetReserve().GetResources()
	case mesosv1.Offer_Operation_UNRESERVE:
		list = op.GetUnreserve().GetResources()
	case mesosv1.Offer_Operation_CREATE:
		list = op.GetCreate().GetVolumes()
	case mesosv1.Offer_Operation_DESTROY:
		list = op.GetDestroy().GetVolumes()
	case mesosv1.Offer_Operation_GROW_VOLUME:
		list = []*mesosv1.Resource{op.GetGrowVolume().GetVolume()}
	case mesosv1.Offer_Operation_SHRINK_VOLUME:
		list = []*mesosv1.Resource{op.GetShrinkVolume().GetVolume()}
	case mesosv1.Offer_Operation_CREATE_DISK, mesosv1.Offer_Operation_DESTROY_DISK:
		return nil, fmt.Errorf("%s is for disks of resource providers, and this agent has none", op.GetType())
	default:
		return nil, fmt.Errorf("unknown operation of type %s", op.GetType())
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("%s names no resources", op.GetType())
	}
	for _, r := range list {
		if _, err := resources.FromProto([]*mesosv1.Resource{r}); err != nil {
			return nil, fmt.Errorf("invalid resources: %w", err)
		}
		if r.ProviderId != nil {
			return nil, fmt.Errorf("resource %s is of resource provider '%s', and this agent has none", show(r), r.GetProviderId().GetValue())
		}
		if in.Operator && r.AllocationInfo != nil {
			return nil, fmt.Errorf("resource %s is allocated; the operator API is for resources that are not: leave out allocation_info", show(r))
		}
		if !in.Operator && r.GetAllocationInfo().GetRole() != in.Role {
			return nil, fmt.Errorf("resource %s is allocated to role '%s' while the offer is for role '%s'", show(r), r.GetAllocationInfo().GetRole(), in.Role)
		}
	}
	return list, nil
}

// operable checks one resource of an operation.
func operable(op *mesosv1.Offer_Operation, r *mesosv1.Resource, in OperationContext) error {
	switch op.GetType() {
	case mesosv1.Offer_Operation_RESERVE:
		return reservable(op.GetReserve(), r, in)
	case mesosv1.Offer_Operation_UNRESERVE:
		if !dynamic(r) {
			return fmt.Errorf("resource %s is not dynamically reserved", show(r))
		}
		if persistent(r) {
			return fmt.Errorf("a dynamically reserved persistent volume %s cannot be unreserved directly. Please destroy the persistent volume first then unreserve the resource", show(r))
		}
		return nil
	case mesosv1.Offer_Operation_CREATE:
		return creatable(r, in)
	default: // DESTROY and both that resize
		if !persistent(r) {
			return fmt.Errorf("resource %s is not a persistent volume", show(r))
		}
		return nil
	}
}

func show(r *mesosv1.Resource) string {
	one, err := resources.FromProto([]*mesosv1.Resource{r})
	if err != nil {
		return "'" + r.GetName() + "'"
	}
	return "'" + one.String() + "'"
}

// dynamic says whether a resource's innermost reservation was made at run time.
func dynamic(r *mesosv1.Resource) bool {
	n := len(r.GetReservations())
	return n > 0 && r.GetReservations()[n-1].GetType() == mesosv1.Resource_ReservationInfo_DYNAMIC
}

func persistent(r *mesosv1.Resource) bool { return r.GetDisk().GetPersistence() != nil }

// reservable checks a resource that is to be reserved.
func reservable(op *mesosv1.Offer_Operation_Reserve, r *mesosv1.Resource, in OperationContext) error {
	switch {
	case !dynamic(r) && (len(op.GetSource()) == 0 || len(r.GetReservations()) > 0):
		return fmt.Errorf("resource %s is not dynamically reserved", show(r))
	case persistent(r):
		return fmt.Errorf("persistent volume %s cannot be reserved; reserve the disk before a volume is made of it", show(r))
	case r.Revocable != nil:
		return fmt.Errorf("resource %s is revocable and cannot be reserved", show(r))
	case len(op.GetSource()) > 0 && !in.Operator:
		return fmt.Errorf("a reserve operation with 'source' changes reservations, which only operators may; use UNRESERVE and RESERVE")
	case len(r.GetReservations()) == 0:
		return nil
	}
	last := r.GetReservations()[len(r.GetReservations())-1]
	if in.Principal != "" && last.Principal == nil {
		return fmt.Errorf("a reserve operation was attempted by principal '%s', but there is a reserved resource in the request with no principal set", in.Principal)
	}
	if in.Principal != "" && last.GetPrincipal() != in.Principal {
		return fmt.Errorf("a reserve operation was attempted by principal '%s', but there is a reserved resource in the request with principal '%s' set",
			in.Principal, last.GetPrincipal())
	}
	if in.Operator {
		return nil
	}
	if last.GetRole() != in.Role {
		return fmt.Errorf("a reserve operation was attempted for a resource allocated to role '%s', but the reservation has role '%s'", in.Role, last.GetRole())
	}
	if !slices.Contains(in.Roles, in.Role) {
		return fmt.Errorf("a reserve operation was attempted for a resource allocated to role '%s', but the framework has not subscribed to that role", in.Role)
	}
	return nil
}

// creatable checks a disk that is to become a persistent volume.
func creatable(r *mesosv1.Resource, in OperationContext) error {
	volume, p := r.GetDisk().GetVolume(), r.GetDisk().GetPersistence()
	switch {
	case r.GetDisk() == nil:
		return fmt.Errorf("resource %s does not have DiskInfo", show(r))
	case p == nil:
		return fmt.Errorf("'persistence' is not set in DiskInfo")
	case volume == nil:
		return fmt.Errorf("expecting 'volume' to be set for persistent volume")
	case volume.GetContainerPath() == "":
		return fmt.Errorf("expecting 'volume.container_path' to be set for persistent volume")
	case volume.GetMode() == mesosv1.Volume_RO:
		return fmt.Errorf("read-only persistent volume not supported: a task can use it read-only, but it is created RW")
	case volume.HostPath != nil:
		return fmt.Errorf("expecting 'host_path' to be unset for persistent volume")
	case r.GetDisk().GetSource() != nil:
		return fmt.Errorf("persistent volume '%s' is on a disk of type %s; this version makes volumes on the agent's own disk only: leave out disk.source",
			p.GetId(), r.GetDisk().GetSource().GetType())
	case len(r.GetReservations()) == 0:
		return fmt.Errorf("persistent volumes cannot be created from unreserved resources")
	case r.Shared != nil && !in.Operator && !in.Shared:
		return fmt.Errorf("create volume operation with a shared volume was attempted by a framework without the SHARED_RESOURCES capability")
	}
	if err := ids.Check(p.GetId()); err != nil {
		return fmt.Errorf("persistence %w", err)
	}
	if in.Principal != "" && p.GetPrincipal() != in.Principal {
		return fmt.Errorf("create volume operation was attempted by principal '%s', but there is a volume in the operation with principal '%s' set in DiskInfo",
			in.Principal, p.GetPrincipal())
	}
	return nil
}

// wholeOperation checks what holds for all resources of an operation together.
func wholeOperation(op *mesosv1.Offer_Operation, list []*mesosv1.Resource, in OperationContext) error {
	switch op.GetType() {
	case mesosv1.Offer_Operation_RESERVE:
		return sameAmounts(op.GetReserve())
	case mesosv1.Offer_Operation_CREATE:
		return newVolumes(list, in.Total)
	case mesosv1.Offer_Operation_DESTROY:
		volumes, err := resources.FromProto(list)
		if err != nil {
			return fmt.Errorf("invalid resources: %w", err)
		}
		plain := volumes.Unallocate()
		switch {
		case !in.Total.Contains(plain):
			return fmt.Errorf("persistent volumes not found: %s", plain)
		case in.Used(plain):
			return fmt.Errorf("persistent volumes in use: %s; they can be destroyed when no task has them", plain)
		}
	case mesosv1.Offer_Operation_GROW_VOLUME:
		return growable(op.GetGrowVolume())
	case mesosv1.Offer_Operation_SHRINK_VOLUME:
		return shrinkable(op.GetShrinkVolume())
	default: // nothing else
	}
	return nil
}

// sameAmounts checks a reservation that takes the place of another.
func sameAmounts(op *mesosv1.Offer_Operation_Reserve) error {
	if len(op.GetSource()) == 0 {
		return nil
	}
	from, err := resources.FromProto(op.GetSource())
	if err != nil {
		return fmt.Errorf("invalid resources in 'source': %w", err)
	}
	to, err := resources.FromProto(op.GetResources())
	if err != nil {
		return fmt.Errorf("invalid resources: %w", err)
	}
	switch {
	case !from.PersistentVolumes().Empty():
		return fmt.Errorf("'source' has persistent volumes, whose reservation cannot change: %s", from.PersistentVolumes())
	case len(from.AllocationRoles()) > 0:
		return fmt.Errorf("'source' is allocated: leave out allocation_info")
	case !from.ToUnreserved().Equal(to.ToUnreserved()):
		return fmt.Errorf("'source' and 'resources' have different amounts: %s and %s", from, to)
	}
	return nil
}

// newVolumes checks that a volume's id is its role's only one on the agent.
func newVolumes(list []*mesosv1.Resource, total resources.Resources) error {
	taken := map[string]bool{}
	for _, r := range total.PersistentVolumes().Proto() {
		taken[operation.VolumePath(r)] = true
	}
	for _, r := range list {
		at, id := operation.VolumePath(r), r.GetDisk().GetPersistence().GetId()
		if taken[at] {
			role := r.GetReservations()[len(r.GetReservations())-1].GetRole()
			return fmt.Errorf("persistence ID '%s' already exists for role '%s' on this agent; choose another or destroy that volume", id, role)
		}
		taken[at] = true
	}
	return nil
}

func growable(op *mesosv1.Offer_Operation_GrowVolume) error {
	volume, addition := op.GetVolume(), op.GetAddition()
	if err := resizable(volume); err != nil {
		return err
	}
	if _, err := resources.FromProto([]*mesosv1.Resource{addition}); err != nil {
		return fmt.Errorf("invalid resource in the 'GrowVolume.addition' field: %w", err)
	}
	if addition.GetScalar().GetValue() <= 0 {
		return fmt.Errorf("the size of the 'GrowVolume.addition' field must be greater than zero")
	}
	grown, err := operation.Of(&mesosv1.Offer_Operation{Type: mesosv1.Offer_Operation_DESTROY.Enum(), Destroy: &mesosv1.Offer_Operation_Destroy{
		Volumes: []*mesosv1.Resource{volume},
	}})
	if err != nil {
		return err
	}
	more, err := resources.FromProto([]*mesosv1.Resource{addition})
	if err != nil {
		return err
	}
	if len(grown.Converted.Plus(more).Split()) != 1 { // they are not of one kind
		return fmt.Errorf("incompatible resources in the 'volume' and 'addition' fields: %s can only grow by disk that is reserved as it is, not by %s", show(volume), show(addition))
	}
	return nil
}

func shrinkable(op *mesosv1.Offer_Operation_ShrinkVolume) error {
	if err := resizable(op.GetVolume()); err != nil {
		return err
	}
	less := resources.MilliOf(op.GetSubtract().GetValue())
	switch {
	case less <= 0:
		return fmt.Errorf("value of 'ShrinkVolume.subtract' must be greater than zero")
	case less >= resources.MilliOf(op.GetVolume().GetScalar().GetValue()):
		return fmt.Errorf("value of 'ShrinkVolume.subtract' must be less than the volume's size of %v MB", op.GetVolume().GetScalar().GetValue())
	}
	return nil
}

// resizable checks a volume that is to get another size.
func resizable(volume *mesosv1.Resource) error {
	switch {
	case volume.Shared != nil:
		return fmt.Errorf("shared volume %s cannot be resized", show(volume))
	case volume.GetDisk().GetSource().GetType() == mesosv1.Resource_DiskInfo_Source_MOUNT:
		return fmt.Errorf("volume %s is a whole disk of type MOUNT and cannot be resized", show(volume))
	}
	return nil
}
