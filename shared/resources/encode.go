package resources

import (
	"google.golang.org/protobuf/proto"

	"codeberg.org/reeve/reeve/shared/mesosv1"
)

// Proto writes the new form: reservations[] and no role. The messages are fresh; the caller owns them.
func (r Resources) Proto() []*mesosv1.Resource { return r.encode(nil) }

// ProtoOld writes the form for frameworks without RESERVATION_REFINEMENT: role and reservation. What is reserved more
// than once cannot be said in it and keeps reservations[]; such resources are not for those frameworks.
func (r Resources) ProtoOld() []*mesosv1.Resource {
	return r.encode(func(w *mesosv1.Resource) {
		if downgrade(w) {
			w.Reservations = nil
		}
	})
}

// ProtoEndpoint writes the form of operator responses and of the *_full fields of legacy endpoints: reservations[] stays,
// and role and reservation are filled in as well where they can say it (spec 3.5).
func (r Resources) ProtoEndpoint() []*mesosv1.Resource {
	return r.encode(func(w *mesosv1.Resource) { downgrade(w) })
}

// downgrade fills role and reservation from a stack of at most one reservation, and reports whether it could.
func downgrade(w *mesosv1.Resource) bool {
	switch len(w.Reservations) {
	case 0:
		w.Role = new("*")
	case 1:
		only := w.Reservations[0]
		w.Role = new(only.GetRole())
		if only.GetType() == dynamic {
			w.Reservation = &mesosv1.Resource_ReservationInfo{Principal: only.Principal, Labels: only.Labels}
		}
	default:
		return false
	}
	return true
}

func (r Resources) encode(finish func(*mesosv1.Resource)) []*mesosv1.Resource {
	wire := make([]*mesosv1.Resource, 0, len(r.entries))
	for i := range r.entries {
		for range r.entries[i].copies {
			w := r.entries[i].proto()
			if finish != nil {
				finish(w)
			}
			wire = append(wire, w)
		}
	}
	return wire
}

func (e *entry) proto() *mesosv1.Resource {
	w := &mesosv1.Resource{Name: new(e.class.name)}
	switch e.class.kind {
	case kindScalar:
		w.Type = mesosv1.Value_SCALAR.Enum()
		w.Scalar = &mesosv1.Value_Scalar{Value: new(e.scalar.Float())}
	case kindRanges:
		w.Type = mesosv1.Value_RANGES.Enum()
		w.Ranges = protoRanges(e.ranges)
	case kindSet:
		w.Type = mesosv1.Value_SET.Enum()
		w.Set = &mesosv1.Value_Set{Item: append([]string(nil), e.set...)}
	}
	if e.class.allocated != "" {
		w.AllocationInfo = &mesosv1.Resource_AllocationInfo{Role: new(e.class.allocated)}
	}
	if x := e.class.extra; x != nil {
		x.fill(w)
	}
	return w
}

func (x *extra) fill(w *mesosv1.Resource) {
	for _, r := range x.reservations {
		w.Reservations = append(w.Reservations, proto.CloneOf(r))
	}
	if x.disk != nil {
		w.Disk = proto.CloneOf(x.disk)
	}
	if x.provider != nil {
		w.ProviderId = proto.CloneOf(x.provider)
	}
	if x.revocable {
		w.Revocable = &mesosv1.Resource_RevocableInfo{}
	}
	if x.shared {
		w.Shared = &mesosv1.Resource_SharedInfo{}
	}
}

func protoRanges(ranges []Range) *mesosv1.Value_Ranges {
	wire := &mesosv1.Value_Ranges{Range: make([]*mesosv1.Value_Range, len(ranges))}
	for i, r := range ranges {
		wire.Range[i] = &mesosv1.Value_Range{Begin: new(r.Begin), End: new(r.End)}
	}
	return wire
}
